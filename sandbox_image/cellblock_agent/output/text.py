"""Text from the sandbox, made fit for protobuf and logs."""


def make_encodable(value: object) -> str:
    """Any value as text that can be encoded in UTF-8: lone surrogates become U+FFFD."""
    text = value if isinstance(value, str) else str(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def truncate_text(text: str, max_bytes: int) -> str:
    """The longest beginning of `text` that has at most `max_bytes` of UTF-8."""
    if len(text) * 4 <= max_bytes:
        return text
    return text.encode()[:max_bytes].decode(errors="ignore")


def truncate_text_start(text: str, max_bytes: int) -> str:
    """The longest end of `text` that has at most `max_bytes` of UTF-8."""
    if len(text) * 4 <= max_bytes:
        return text
    data = text.encode()
    if len(data) <= max_bytes:
        return text
    return data[len(data) - max_bytes :].decode(errors="ignore")


def escape_unprintable(name: str) -> str:
    """A file's name for people: what is not UTF-8 or not printable is escaped."""
    clean = name.encode("utf-8", "backslashreplace").decode()
    return "".join(sign if sign.isprintable() else f"\\x{ord(sign):02x}" for sign in clean)
