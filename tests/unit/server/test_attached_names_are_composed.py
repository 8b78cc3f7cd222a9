"""A name that macOS decomposed is attached as people type it."""

import unicodedata
from datetime import UTC, datetime

import pytest

from cellblock_server.files.attachments import WantedAttachment
from cellblock_server.store.records import FilePurpose, FileRecord

COMPOSED = "café 9.41\u202fAM.csv"
DECOMPOSED = unicodedata.normalize("NFD", COMPOSED)


@pytest.mark.parametrize("given", ["", DECOMPOSED])
def test_a_decomposed_name_is_composed(given: str) -> None:
    file = FileRecord(
        id="file-1",
        tenant="t",
        filename=DECOMPOSED,
        bytes=1,
        mime_type="text/csv",
        sha256="0" * 64,
        purpose=FilePurpose.ASSISTANTS,
        create_time=datetime(2026, 1, 1, tzinfo=UTC),
    )
    assert WantedAttachment(file, given, unpack=False).name() == COMPOSED
