"""Configuration of the store for files' bytes."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from pydantic import ByteSize, Field, field_validator, model_validator

from cellblock_server.config.loopback import is_loopback
from cellblock_server.config.values import GIB, Section

SHAPE = "s3://BUCKET[/PREFIX][?endpoint=https://HOST[:PORT]&region=NAME]"
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
PREFIX = re.compile(r"[A-Za-z0-9!_.*'()-]+(/[A-Za-z0-9!_.*'()-]+)*")
"""Characters that every store accepts in a key unchanged."""
MAX_PREFIX = 512
REGION = re.compile(r"[a-z0-9-]{1,64}")
HOST = re.compile(r"[A-Za-z0-9.:\[\]-]+")
PARAMETERS = ("endpoint", "region")


@dataclass(frozen=True)
class S3Location:
    """Bucket and prefix in an S3-compatible store."""

    bucket: str
    prefix: str
    """Prefix without slashes at its ends; may be empty."""
    endpoint: str
    """Endpoint `https://host:port`; empty for Amazon's."""
    region: str
    """Region; empty for `AWS_REGION`."""

    def __str__(self) -> str:
        """Return the location for people. It contains no secret."""
        at = f" at {self.endpoint}" if self.endpoint else ""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/") + at


def parse_s3_url(url: str) -> S3Location:
    """Return a parsed location. Raises ValueError without the URL, which may contain a secret."""
    try:
        parts = urlsplit(url)
        pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        raise ValueError(f"must be {SHAPE}") from None
    if parts.username is not None or parts.password is not None:
        raise ValueError("contains credentials: put them into blobs.credentials_file")
    names = [name for name, _value in pairs]
    if parts.scheme != "s3" or parts.fragment or not BUCKET.fullmatch(parts.netloc):
        raise ValueError(f"must be {SHAPE}")
    unknown = sorted(set(names) - set(PARAMETERS))
    if unknown or len(set(names)) < len(names):
        raise ValueError(f"takes each of {', '.join(PARAMETERS)} once, and nothing else")
    given = dict(pairs)
    prefix = parts.path.strip("/")
    if prefix and (len(prefix) > MAX_PREFIX or not PREFIX.fullmatch(prefix)):
        raise ValueError(
            f"the prefix must be at most {MAX_PREFIX} letters, digits and !_.*'()- between slashes"
        )
    if any(part in (".", "..") for part in prefix.split("/")):
        raise ValueError("the prefix must not have . or .. between slashes")
    region = given.get("region", "")
    if "region" in given and not REGION.fullmatch(region):
        raise ValueError("the region must be letters, digits and -")
    return S3Location(parts.netloc, prefix, _endpoint(given), region)


def _endpoint(given: dict[str, str]) -> str:
    if "endpoint" not in given:
        return ""
    wrong = ValueError("the endpoint must be https://HOST[:PORT], or http://… (see allow_http)")
    try:
        parts = urlsplit(given["endpoint"])
        port = parts.port
    except ValueError:
        raise wrong from None
    if (
        parts.scheme not in ("http", "https")
        or not HOST.fullmatch(parts.netloc)
        or not parts.hostname
        or port == 0
        or parts.path.strip("/")
        or parts.query
        or parts.fragment
    ):
        raise wrong
    return f"{parts.scheme}://{parts.netloc}"


class Blobs(Section):
    """Store of files' bytes."""

    url: str = Field(
        "",
        repr=False,
        description="An S3-compatible store: "
        "`s3://bucket/prefix?endpoint=https://host:port&region=name`. The prefix is this server's "
        "alone. Without `endpoint`, Amazon's. "
        "See [storage](../operate/storage.md#files-bytes-in-s3). "
        "Empty: the folder `blobs` in the state folder.",
    )
    credentials_file: str = Field(
        "",
        description="File in the form of AWS's shared credentials; its section `default` is used. "
        "A changed file is used within a minute. Empty: `AWS_ACCESS_KEY_ID` and "
        "`AWS_SECRET_ACCESS_KEY`, or the role of the machine, container or service account.",
    )
    ca_file: str = Field(
        "",
        description="CA certificates (PEM) used to verify the endpoint, with those of the system.",
    )
    allow_http: bool = Field(
        False,
        description="Accept an endpoint with `http://` on another machine. All files can be read "
        "on the way: use it only within a network that you trust.",
    )
    cache_bytes: ByteSize = Field(
        ByteSize(10 * GIB),
        ge=0,
        description="Size of the cache, in the state directory, of files that sessions see as "
        "links. Each tenant has its own. Files that sessions use now are kept in any case.",
    )

    @field_validator("url")
    @classmethod
    def _well_formed(cls, url: str) -> str:
        if url:
            parse_s3_url(url)
        return url

    @model_validator(mode="after")
    def _guarded(self) -> "Blobs":
        location = self.location
        for name in ("credentials_file", "ca_file", "allow_http"):
            if getattr(self, name) and location is None:
                raise ValueError(f"{name}: needs blobs.url to be s3://…")
        if location is None or self.allow_http or not location.endpoint.startswith("http://"):
            return self
        host = urlsplit(location.endpoint).hostname or ""
        if not is_loopback(host):
            raise ValueError(
                f"url: the endpoint {host!r} is not on this machine: anyone on the "
                "network path could read all files; use https://, or set blobs.allow_http = true"
            )
        return self

    @property
    def location(self) -> S3Location | None:
        """Return the location in S3; None for the state folder."""
        return parse_s3_url(self.url) if self.url else None
