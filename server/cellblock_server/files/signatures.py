"""Signatures: how the content of files begins, by MIME type.

Of formats where the library has none, another format's, or an outdated name. Sources: the formats'
specifications.
"""

import re

ZIP = "application/zip"
_ZIP = rb"PK(?:\x03\x04|\x05\x06|\x07\x08)"
_OLE = rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HDF5 = rb"\x89HDF\r\n\x1a\n"
_ARROW = rb"ARROW1\0\0"
_SQLITE = rb"SQLite format 3\0"
_EBML = rb"\x1a\x45\xdf\xa3"
_OGG = rb"OggS"
_FTYP = rb".{4}ftyp"
_OFFICE = "application/vnd.openxmlformats-officedocument"

SIGNATURES = {
    kind: re.compile(pattern, re.DOTALL)
    for kind, pattern in {
        # one format, one signature
        "image/png": rb"\x89PNG\r\n\x1a\n",
        "image/gif": rb"GIF8[79]a",
        "image/jpeg": rb"\xff\xd8\xff",
        "image/webp": rb"RIFF.{4}WEBP",
        "image/tiff": rb"II[*+]\0|MM\0[*+]",
        "image/vnd.adobe.photoshop": rb"8BPS\0[\x01\x02]",
        "image/avif": _FTYP + rb"(?:avi[fs]|mif1.{4}(?:.{4}){0,6}avif)",
        "image/heic": _FTYP + rb"(?:hei[cxms]|hev[cxms]|m(?:if|sf)1.{4}(?:.{4}){0,6}hei[cx])",
        "image/heif": _FTYP + rb"m(?:if|sf)1",
        "image/jp2": rb"\0\0\0\x0cjP  \r\n\x87\n",
        "image/jxl": rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n",
        "image/emf": rb"\x01\0\0\0.{36} EMF",
        "image/wmf": rb"\xd7\xcd\xc6\x9a",
        "audio/vnd.wave": rb"(?:RIFF|RF64).{4}WAVE",
        "audio/aiff": rb"FORM.{4}AIF[FC]",
        "audio/flac": rb"fLaC",
        "audio/midi": rb"MThd\0\0\0\x06",
        "audio/ogg": _OGG,
        "audio/mp4": _FTYP + rb"M4[AB]",
        "video/quicktime": _FTYP + rb"qt  |.{4}(?:moov|mdat|wide|free|skip)",
        "video/3gpp": _FTYP + rb"3g[gp]",
        "video/mp4": _FTYP + rb"(?:isom|iso[2-9]|mp4[12]|avc1|dash|M4V|MSNV|mmp4|f4v)",
        "video/vnd.avi": rb"RIFF.{4}AVI ",
        "video/webm": _EBML + rb".{0,60}webm",
        "video/matroska": _EBML + rb".{0,60}matroska",
        "video/x-flv": rb"FLV\x01",
        "video/mpeg": rb"\0\0\x01[\xba\xb3]",
        "font/woff2": rb"wOF2",
        "font/woff": rb"wOFF",
        "font/otf": rb"OTTO\0",
        "font/ttf": rb"\0\x01\0\0\0|true\0",
        "font/collection": rb"ttcf\0",
        "application/pdf": rb"(?:\xef\xbb\xbf)?\s{0,16}%PDF-",
        "application/rtf": rb"\s{0,16}\{\\rtf",
        "application/postscript": rb"\x04?%!PS|\xc5\xd0\xd3\xc6",
        "application/vnd.apache.parquet": rb"PAR1",
        "application/vnd.apache.arrow.file": _ARROW,
        "application/vnd.apache.arrow.stream": rb"\xff\xff\xff\xff..\0\0\x10\0\0\0",
        "application/vnd.apache.avro": rb"Obj\x01",
        "application/vnd.apache.orc": rb"ORC",
        "application/vnd.sqlite3": _SQLITE,
        "application/x-hdf5": _HDF5,
        "application/x-hdf": rb"\x0e\x03\x13\x01|" + _HDF5,
        "application/x-netcdf": rb"CDF[\x01\x02\x05]|" + _HDF5,
        "application/x-matlab-data": rb"MATLAB 5\.0|MATLAB 7\.|" + _HDF5,
        "application/x-spss-sav": rb"\$FL[23]",
        "application/x-stata-dta": rb"<stata_dta>|[\x69-\x73][\x01\x02]\x01\0",
        "application/x-sas-data": rb"\0{12}\xc2\xea\x81\x60",
        "application/x-sas-xport": rb"HEADER RECORD\*{7}LIB(?:RARY|V8)",
        "application/vnd.shp": rb"\0\0\x27\x0a\0{20}",
        "application/fits": rb"SIMPLE  =",
        "application/dicom": rb".{128}DICM",
        "application/wasm": rb"\0asm",
        "application/x-7z-compressed": rb"7z\xbc\xaf\x27\x1c",
        "application/vnd.rar": rb"Rar!\x1a\x07",
        "application/gzip": rb"\x1f\x8b\x08",
        "application/x-bzip2": rb"BZh[1-9]1AY&SY",
        "application/x-xz": rb"\xfd7zXZ\0",
        "application/zstd": rb"\x28\xb5\x2f\xfd",
        "application/x-lz4": rb"\x04\x22\x4d\x18",
        "application/x-tar": rb".{257}ustar",
        "application/vnd.debian.binary-package": rb"!<arch>\ndebian-binary",
        "application/vnd.microsoft.portable-executable": rb"MZ.{58}",
        "application/x-elf": rb"\x7fELF",
        "application/java-vm": rb"\xca\xfe\xba\xbe\0\0\0[\x2d-\x4f]",
        "model/gltf-binary": rb"glTF[\x01\x02]\0\0\0",
        "image/vnd.dwg": rb"AC10\d\d",
        "application/x-mobipocket-ebook": rb".{60}BOOKMOBI",
        # formats in a container: the name decides which
        ZIP: _ZIP,
        "application/x-ole-storage": _OLE,
        "application/geopackage+sqlite3": _SQLITE,
        "image/svg+xml": rb"\x1f\x8b\x08",
        "audio/webm": _EBML,
        "audio/matroska": _EBML,
        "video/ogg": _OGG,
        "audio/x-ms-wma": rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11",
        "video/x-ms-wmv": rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11",
        "application/vnd.shx": rb"\0\0\x27\x0a\0{20}",
        "application/vnd.ms-excel": _OLE + rb"|\x09[\0\x02\x04\x08]",
        **dict.fromkeys(
            (
                "application/msword",
                "application/vnd.ms-outlook",
                "application/vnd.ms-powerpoint",
                "application/vnd.visio",
                "application/x-mspublisher",
            ),
            _OLE,
        ),
        **dict.fromkeys(
            (
                "application/java-archive",
                "application/vnd.android.package-archive",
                "application/vnd.google-earth.kmz",
                "application/vnd.ms-visio.drawing",
            ),
            _ZIP,
        ),
        # too short to be certain: the name must say the same
        "audio/mpeg": rb"ID3[\x02-\x04]|\xff[\xe2\xe3\xf2\xf3\xfa\xfb]",
        "audio/aac": rb"\xff[\xf0\xf1\xf8\xf9]|ADIF",
        "image/bmp": rb"BM",
        "image/vnd.microsoft.icon": rb"\0\0\x01\0",
        "video/mp2t": rb"\x47.{187}\x47",
        "application/vnd.dbf": rb"[\x03\x30\x31\x83\x8b\xf5]",
    }.items()
}
"""Patterns that the beginning of a file must match, the most certain first."""
_TYPES = list(SIGNATURES)
BY_NAME_ONLY = frozenset(_TYPES[_TYPES.index("application/geopackage+sqlite3") :])
"""Types that a signature alone does not prove."""
UNSIGNED = frozenset({"application/x-matlab-data", "application/x-stata-dta", "audio/mpeg"})
"""Types with older versions that have no signature: the name is trusted."""

OPEN_DOCUMENT = re.compile(
    rb"PK\x03\x04.{26}mimetype(application/(?:vnd\.oasis\.opendocument\.[a-z-]{1,40}|epub\+zip))",
    re.DOTALL,
)
"""First member of an OpenDocument or EPUB file, whose content is the type."""
OFFICE = re.compile(rb"PK\x03\x04.{26}(word|xl|ppt)/", re.DOTALL)
"""Member of an Office file, in a folder that is named after its application."""
OFFICE_TYPES = {
    b"word": (f"{_OFFICE}.wordprocessingml.document", "wordprocessingml", "ms-word"),
    b"xl": (f"{_OFFICE}.spreadsheetml.sheet", "spreadsheetml", "ms-excel"),
    b"ppt": (f"{_OFFICE}.presentationml.presentation", "presentationml", "ms-powerpoint"),
}
"""Usual type of an application's files, and parts of the names of all its types."""


def type_of_content(head: bytes, by_name: str | None) -> str | None:
    """Return the type of content that begins with `head`; None if no signature is certain.

    Where content can have several types, `by_name` decides.
    """
    if by_name is not None and is_of_type(head, by_name):
        declared = _declared_type(head, by_name) if is_document(by_name) else None
        return declared or by_name
    for kind, pattern in SIGNATURES.items():
        if kind in BY_NAME_ONLY:
            return None
        if pattern.match(head):
            return (_declared_type(head, kind) if kind == ZIP else None) or kind
    return None


def is_of_type(head: bytes, mime_type: str) -> bool:
    """Return whether content that begins with `head` can have a type, by its signature."""
    if is_document(mime_type):
        return SIGNATURES[ZIP].match(head) is not None
    pattern = SIGNATURES.get(mime_type)
    return pattern is not None and pattern.match(head) is not None


def has_signature(mime_type: str) -> bool:
    """Return whether each file of the type begins with a known signature."""
    return (mime_type in SIGNATURES or is_document(mime_type)) and mime_type not in UNSIGNED


def is_document(mime_type: str) -> bool:
    """Return whether files of the type are OpenDocument, EPUB or Office files: ZIP archives."""
    return (
        mime_type.startswith(("application/vnd.oasis.opendocument.", _OFFICE))
        or mime_type == "application/epub+zip"
        or mime_type.endswith(".macroenabled.12")
    )


def _declared_type(head: bytes, by_name: str) -> str | None:
    """Return the type that a document in a ZIP archive declares; None if it declares none."""
    if (declared := OPEN_DOCUMENT.match(head)) is not None:
        return declared[1].decode()
    if (member := OFFICE.search(head)) is not None:
        usual, *parts = OFFICE_TYPES[member[1]]
        return by_name if any(part in by_name for part in parts) else usual
    return None
