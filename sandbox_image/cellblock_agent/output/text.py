"""Text from the sandbox, converted for protobuf and logs."""


def make_encodable(value: object) -> str:
    """Return any value as text that UTF-8 can encode: lone surrogates become U+FFFD."""
    text = value if isinstance(value, str) else str(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def truncate_text(text: str, max_bytes: int) -> str:
    """Return the longest beginning of `text` that has at most `max_bytes` of UTF-8."""
    if len(text) * 4 <= max_bytes:
        return text
    return text.encode()[:max_bytes].decode(errors="ignore")


def truncate_text_start(text: str, max_bytes: int) -> str:
    """Return the longest end of `text` that has at most `max_bytes` of UTF-8."""
    if len(text) * 4 <= max_bytes:
        return text
    data = text.encode()
    if len(data) <= max_bytes:
        return text
    return data[len(data) - max_bytes :].decode(errors="ignore")


def escape_unprintable(name: str) -> str:
    """Return a file's name for people: invalid UTF-8 and unprintable characters are escaped."""
    clean = name.encode("utf-8", "backslashreplace").decode()
    return "".join(sign if sign.isprintable() else f"\\x{ord(sign):02x}" for sign in clean)
