"""Stores that a test's servers use: the default ones, or others by marker or option.

A test with the marker `each_store` runs with SQLite and again with PostgreSQL, one with
`each_blob_store` with a folder and again with an S3 bucket. `--store` and `--blobs` have all tests
run with one of each.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest


@dataclass(frozen=True)
class Stores:
    """Stores of metadata and of the bytes of files."""

    metadata: str = "sqlite"
    blobs: str = "folder"

    def __str__(self) -> str:
        """Return a name for reports."""
        return "-".join(part for part in (self.metadata, self.blobs) if part not in DEFAULTS)


DEFAULTS = ("sqlite", "folder")
DEFAULT = Stores()


def add_options(parser: pytest.Parser) -> None:
    """Let a user choose the stores of all tests."""
    parser.addoption(
        "--store",
        choices=["sqlite", "postgresql"],
        help="where all servers of tests keep their metadata",
    )
    parser.addoption(
        "--blobs",
        choices=["folder", "s3"],
        help="where all servers of tests keep the bytes of files",
    )


def parametrize_stores(metafunc: pytest.Metafunc) -> None:
    """Run a marked test with each store, unless the user chose one."""
    chosen = chosen_stores(metafunc.config)
    others: list[Stores] = []
    if chosen is None:
        markers = {mark.name for mark in metafunc.definition.iter_markers()}
        others += [Stores(metadata="postgresql")] if "each_store" in markers else []
        others += [Stores(blobs="s3")] if "each_blob_store" in markers else []
    if others:
        parameters: Sequence[Any] = [
            pytest.param(DEFAULT, id="default"),
            *(pytest.param(stores, id=str(stores), marks=pytest.mark.slow) for stores in others),
        ]
        metafunc.parametrize("stores", parameters, indirect=True, scope="session")


def chosen_stores(config: pytest.Config) -> Stores | None:
    """Return the stores that the user chose for all tests, if any."""
    metadata, blobs = config.getoption("--store"), config.getoption("--blobs")
    if metadata is None and blobs is None:
        return None
    return Stores(metadata or DEFAULT.metadata, blobs or DEFAULT.blobs)


def stores_of(item: pytest.Item) -> Stores:
    """Return the stores with which a test runs."""
    chosen = chosen_stores(item.config)
    if chosen is not None:
        return chosen
    callspec = getattr(item, "callspec", None)
    found: Stores = DEFAULT if callspec is None else callspec.params.get("stores", DEFAULT)
    return found


def skip_other_stores(item: pytest.Item) -> None:
    """Skip a test that is marked as one of another store."""
    stores = stores_of(item)
    for marker, used in (("only_store", stores.metadata), ("only_blobs", stores.blobs)):
        for mark in item.iter_markers(marker):
            name, why = mark.args
            if name != used:
                item.add_marker(pytest.mark.skip(reason=f"only with {name}: {why}"))
