"""Encodings of the names in archives, which neither ZIP nor tar record reliably.

A ZIP file made on Windows has names in the code page of its country, and claims nothing about it.
"""

import struct
import zipfile
import zlib
from collections.abc import Sequence

ENCODINGS = (
    "utf-8",
    "gb18030",
    "cp932",
    "cp949",
    "big5hkscs",
    "cp866",
    "cp1251",
    "cp437",
    "cp850",
    "cp1252",
    "cp852",
    "cp1250",
    "cp737",
    "cp1253",
    "cp862",
    "cp1255",
    "cp1256",
    "cp874",
)
"""Encodings that programs for Windows write names in, besides UTF-8."""
ZIP_ENCODING = "cp437"
"""Encoding of names by the ZIP format, without the flag for UTF-8."""
TAR_ENCODING = "latin-1"
UTF_8_FLAG = 0x800
UNICODE_PATH = 0x7075
"""Id of Info-ZIP's extra field with a name in UTF-8. Source: APPNOTE.TXT, 4.6.9."""
MAX_SAMPLE_BYTES = 2**14
"""Maximum size of the names that an encoding is guessed from."""


def zip_names(members: Sequence[zipfile.ZipInfo]) -> list[str]:
    """Return the names of a ZIP archive's members, with `/` between folders.

    Programs of Windows also write backslashes, which the format forbids.
    """
    raw = [_raw_name(member) for member in members]
    unknown = [name for name in raw if isinstance(name, bytes)]
    encoding = guess_encoding(unknown, ZIP_ENCODING)
    return [
        (decode_name(name, encoding, ZIP_ENCODING) if isinstance(name, bytes) else name).replace(
            "\\", "/"
        )
        for name in raw
    ]


def guess_encoding(names: Sequence[bytes], otherwise: str) -> str:
    """Return the encoding that names are probably in, together; `otherwise` if none fits."""
    sample = b"\n".join(name for name in names if not name.isascii())[:MAX_SAMPLE_BYTES]
    if not sample:
        return "utf-8"
    try:
        for name in names:
            name.decode()
    except UnicodeDecodeError:
        pass
    else:
        return "utf-8"
    try:
        # Not in all images. Imported here: most archives need no guess.
        import chardet

        found = chardet.detect(
            sample, include_encodings=ENCODINGS, no_match_encoding=otherwise, compat_names=False
        )
    except (ImportError, TypeError):
        return otherwise
    return found["encoding"] or otherwise


def decode_name(name: bytes, encoding: str, otherwise: str) -> str:
    """Decode a name, with another encoding if it is not in the one of the others."""
    for tried in (encoding, "utf-8"):
        try:
            return name.decode(tried)
        except UnicodeDecodeError:
            continue
    return name.decode(otherwise)


def _raw_name(member: zipfile.ZipInfo) -> bytes | str:
    """Return a member's name as bytes, or as text if the archive says how it is encoded.

    `filename` has been cut at a NUL, and more.
    """
    name = member.orig_filename
    if name.isascii() or member.flag_bits & UTF_8_FLAG:
        return name
    raw = name.encode(ZIP_ENCODING)
    return _unicode_path(member.extra, raw) or raw


def _unicode_path(extra: bytes, raw: bytes) -> str | None:
    """Return the name in an extra field, unless it belongs to an earlier name."""
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        field, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == UNICODE_PATH and len(field) > 5 and field[0] == 1:
            if struct.unpack_from("<I", field, 1)[0] != zlib.crc32(raw):
                return None
            try:
                return field[5:].decode()
            except UnicodeDecodeError:
                return None
    return None
