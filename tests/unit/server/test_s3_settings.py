"""Settings for the place of stored bytes; each mistake is reported on one line."""

import ssl
import subprocess
import sys
from pathlib import Path

import pytest
import trustme
from obstore.exceptions import BaseError

from cellblock_server.blobs.s3_client import client
from cellblock_server.blobs.s3_errors import words
from cellblock_server.common.errors import UnavailableError
from cellblock_server.config import ConfigurationError, load
from cellblock_server.config.blobs import Blobs, parse_s3_url
from tests.support.faulty_s3 import faulty_s3
from tests.support.s3 import BUCKET, KEY_ID, SECRET, S3Server

SHAPE = "must be s3://BUCKET"


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("s3://files", ("files", "", "", "")),
        ("s3://files/", ("files", "", "", "")),
        ("s3://my.files/a/b-c_d/", ("my.files", "a/b-c_d", "", "")),
        (
            "s3://files/x?endpoint=https://minio.internal:9000&region=eu-central-1",
            ("files", "x", "https://minio.internal:9000", "eu-central-1"),
        ),
        ("s3://files?endpoint=http://[::1]:9000/", ("files", "", "http://[::1]:9000", "")),
    ],
)
def test_urls_are_parsed(url: str, location: tuple[str, ...]) -> None:
    found = parse_s3_url(url)
    assert (found.bucket, found.prefix, found.endpoint, found.region) == location


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("files", SHAPE),
        ("https://files", SHAPE),
        ("s3://", SHAPE),
        ("s3://UPPER", SHAPE),
        ("s3://ab", SHAPE),
        ("s3://files#x", SHAPE),
        ("s3://files:80", SHAPE),
        ("s3://key:secret@files", "contains credentials"),
        ("s3://files/a//b", "the prefix must be"),
        ("s3://files/a%20b", "the prefix must be"),
        ("s3://files/" + "a" * 513, "the prefix must be"),
        ("s3://files/a/../b", "the prefix must not have"),
        ("s3://files?secret=hunter2", "takes each of endpoint, region once"),
        ("s3://files?region=a&region=b", "takes each of endpoint, region once"),
        ("s3://files?region=", "the region must be"),
        ("s3://files?region=A", "the region must be"),
        ("s3://files?endpoint=", "the endpoint must be"),
        ("s3://files?endpoint=minio:9000", "the endpoint must be"),
        ("s3://files?endpoint=https://u:hunter2@minio", "the endpoint must be"),
        ("s3://files?endpoint=https://minio/path", "the endpoint must be"),
        ("s3://files?endpoint=https://minio:x", "the endpoint must be"),
        ("s3://files?endpoint", SHAPE),
    ],
)
def test_invalid_url_is_reported_without_repeating_it(
    url: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CELLBLOCK_BLOBS__URL", url)
    with pytest.raises(ConfigurationError) as caught:
        load(None, {})
    assert str(caught.value).startswith("CELLBLOCK_BLOBS__URL: blobs.url: ")
    assert words in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert "key:secret" not in str(caught.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_http_is_allowed_for_this_machine(host: str) -> None:
    assert Blobs(url=f"s3://files?endpoint=http://{host}:9000").location is not None


def test_http_to_another_machine_needs_allow_http(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELLBLOCK_BLOBS__URL", "s3://files?endpoint=http://minio:9000")
    with pytest.raises(ConfigurationError, match=r"blobs\.url: .*'minio'.*allow_http = true"):
        load(None, {})
    monkeypatch.setenv("CELLBLOCK_BLOBS__ALLOW_HTTP", "true")
    assert load(None, {}).blobs.location is not None


@pytest.mark.parametrize("name", ["credentials_file", "ca_file"])
def test_bucket_settings_need_a_url(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"CELLBLOCK_BLOBS__{name.upper()}", "/x")
    with pytest.raises(ConfigurationError, match=rf"blobs\.{name}: needs blobs\.url"):
        load(None, {})


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, "No such file"),
        ("", r"must have a section \[default\]"),
        ("[other]\naws_access_key_id = a\n", r"must have a section \[default\]"),
        ("[default]\naws_access_key_id = hunter2\n", "aws_secret_access_key"),
        ("hunter2", "must have a section"),
    ],
)
def test_invalid_credentials_file_is_named_without_its_content(
    tmp_path: Path, text: str | None, problem: str
) -> None:
    file = tmp_path / "credentials"
    if text is not None:
        file.write_text(text)
    settings = Blobs(url="s3://files", credentials_file=str(file))
    expected = rf"blobs\.credentials_file: {file}: .*{problem}"
    with pytest.raises(UnavailableError, match=expected) as it:
        client(settings, parse_s3_url(settings.url))
    assert "hunter2" not in str(it.value)


def test_credentials_are_read_from_the_environment(
    s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    settings = Blobs(url=s3.url("from-environment"))
    bucket = client(settings, parse_s3_url(settings.url))
    bucket.put("x", b"1", use_multipart=False)
    assert s3.keys("from-environment") == ["x"]


def test_tls_needs_a_known_authority(s3: S3Server, tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with faulty_s3(s3.port, context) as proxy:
        url = f"s3://{BUCKET}/tls?endpoint=https://127.0.0.1:{proxy.port}"
        credentials = tmp_path / "credentials"
        credentials.write_text(
            f"[default]\naws_access_key_id={KEY_ID}\naws_secret_access_key={SECRET}\n"
        )
        unknown = Blobs(url=url, credentials_file=str(credentials))
        with pytest.raises(BaseError) as caught:
            client(unknown, parse_s3_url(url), retries=0).put("x", b"1", use_multipart=False)
        assert "blobs.ca_file" in words(caught.value)
        known = unknown.model_copy(update={"ca_file": str(tmp_path / "ca.pem")})
        client(known, parse_s3_url(url)).put("x", b"1", use_multipart=False)
    assert s3.keys("tls") == ["x"]


def test_missing_extra_is_reported_with_what_to_install(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['obstore'] = None\n"
        "from cellblock_server.main import main; sys.exit(main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, f"--state-dir={tmp_path / 'state'}"],
        env={"CELLBLOCK_BLOBS__URL": "s3://files", "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert "blobs.url: s3:// needs obstore: pip install 'cellblock[s3]'" in done.stderr
