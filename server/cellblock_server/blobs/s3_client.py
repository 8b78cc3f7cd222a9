"""Connection to an S3-compatible store: its address, our credentials, and time limits."""

import configparser
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from obstore.exceptions import BaseError
from obstore.store import S3Store as Client

from cellblock_server.blobs.s3_errors import BlobStoreError, words
from cellblock_server.blobs.s3_timings import S3Timings
from cellblock_server.config.blobs import Blobs, S3Location

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig, S3Config, S3Credential

RETRIES = 4
CREDENTIALS_LAST = timedelta(minutes=1)
"""Time after which the file of credentials is read again."""
SECTION = "default"
KEY_ID, SECRET, TOKEN = "aws_access_key_id", "aws_secret_access_key", "aws_session_token"


def client(
    settings: Blobs,
    location: S3Location,
    *,
    retries: int = RETRIES,
    timings: S3Timings | None = None,
) -> Client:
    """Return a client for a bucket, below its prefix; it connects at the first use.

    Raises BlobStoreError for files that can't be read.
    """
    timings = timings or S3Timings()
    config: S3Config = {
        # Amazon's store and all others understand it, and it needs no DNS name for each bucket.
        "virtual_hosted_style_request": False,
        # The store verifies the received bytes with it, and keeps it.
        "checksum_algorithm": "SHA256",
        # Not all stores have the call that deletes several objects.
        "disable_bulk_delete": True,
    }
    if location.endpoint:
        config["endpoint"] = location.endpoint
    if location.region:
        config["region"] = location.region
    retry: RetryConfig = {
        "max_retries": retries,
        "retry_timeout": timedelta(seconds=timings.retry),
        "backoff": {
            "init_backoff": timedelta(seconds=timings.first_pause),
            "max_backoff": timedelta(seconds=timings.longest_pause),
            "base": 2,
        },
    }
    file = settings.credentials_file
    if file:
        _read_credentials(file)
    try:
        return Client(
            location.bucket,
            prefix=location.prefix or None,
            config=config,
            client_options=_options(settings, location, timings),
            retry_config=retry,
            credential_provider=(lambda: _read_credentials(file)) if file else None,
        )
    except BaseError as error:
        raise BlobStoreError(f"blobs.url: {words(error)}") from error


def _options(settings: Blobs, location: S3Location, timings: S3Timings) -> "ClientConfig":
    options: ClientConfig = {
        # The configuration decides which endpoints may be unencrypted.
        "allow_http": location.endpoint.startswith("http://"),
        "connect_timeout": timedelta(seconds=timings.connect),
        "timeout": timedelta(seconds=timings.answer),
    }
    if settings.ca_file:
        try:
            options["root_certificate"] = Path(settings.ca_file).read_bytes()
        except OSError as error:
            raise _unreadable("ca_file", settings.ca_file, str(error.strerror)) from error
    return options


def _read_credentials(file: str) -> "S3Credential":
    """Return the credentials. Raises BlobStoreError without the file's contents."""
    parser = configparser.RawConfigParser(default_section="")
    try:
        parser.read_string(Path(file).read_text())
        found = parser[SECTION]
        credential: S3Credential = {
            "access_key_id": found[KEY_ID],
            "secret_access_key": found[SECRET],
            "expires_at": datetime.now(UTC) + CREDENTIALS_LAST,
        }
    except OSError as error:
        raise _unreadable("credentials_file", file, str(error.strerror)) from error
    except (UnicodeDecodeError, configparser.Error, KeyError):
        problem = f"must have a section [{SECTION}] with {KEY_ID} and {SECRET}"
        raise _unreadable("credentials_file", file, problem) from None
    if token := found.get(TOKEN):
        credential["token"] = token
    return credential


def _unreadable(key: str, file: str, problem: str) -> BlobStoreError:
    return BlobStoreError(f"blobs.{key}: {file}: {problem}")
