"""Unusable TLS files, which gRPC would accept, are refused with a clear message."""

from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from cellblock_server.rpc.tls import TlsError, TlsFiles, server_credentials


@pytest.fixture
def files(tmp_path: Path) -> TlsFiles:
    ours = trustme.CA()
    issued = ours.issue_cert("localhost")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "certificate")
    issued.private_key_pem.write_to_path(tmp_path / "key")
    ours.cert_pem.write_to_path(tmp_path / "ca")
    return TlsFiles(tmp_path / "certificate", tmp_path / "key", tmp_path / "ca")


def remove_certificate(files: TlsFiles) -> str:
    files.certificate.unlink()
    return f"{files.certificate}: No such file or directory"


def replace_key(files: TlsFiles) -> str:
    trustme.CA().issue_cert("localhost").private_key_pem.write_to_path(files.key)
    return "are not a certificate and its key"


def spoil_certificate(files: TlsFiles) -> str:
    files.certificate.write_text("words")
    return "are not a certificate and its key"


def spoil_authority(files: TlsFiles) -> str:
    assert files.client_ca is not None
    files.client_ca.write_text("words")
    return f"{files.client_ca}: has no certificate"


@pytest.mark.parametrize(
    "spoil", [remove_certificate, replace_key, spoil_certificate, spoil_authority]
)
def test_unusable_file_is_reported(files: TlsFiles, spoil: Callable[[TlsFiles], str]) -> None:
    server_credentials(files)
    words = spoil(files)
    with pytest.raises(TlsError, match=words):
        server_credentials(files)
