"""Configuration on the pages is valid for the server, the engine and Prometheus."""

import configparser
import json
import os
from pathlib import Path

import pytest
import yaml

from cellblock_server.config import read_configuration
from tests.support.samples import Sample, all_languages, samples

EXECUTED = {"console", "python", "sh", "sql"}
READ = {"toml", "yaml", "json", "ini"}
INSTRUCTIONS = ("FROM ", "USER ", "RUN ", "ENV ", "COPY ")
SHOWN = {"text"}
"""Languages of blocks that only show something, such as signatures and trees."""
KNOWN = EXECUTED | READ | SHOWN | {"dockerfile"}


def test_all_code_blocks_have_a_known_language() -> None:
    assert all_languages() == KNOWN


@pytest.mark.parametrize("sample", samples("toml"), ids=str)
def test_settings_on_the_pages_are_accepted(
    sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("CELLBLOCK_")]:
        monkeypatch.delenv(name)
    file = tmp_path / "config.toml"
    file.write_text(sample.text)
    assert read_configuration(file, {}).warnings() == []


@pytest.mark.parametrize("sample", samples("yaml", "json", "ini"), ids=str)
def test_other_files_are_well_formed(sample: Sample) -> None:
    if sample.language == "yaml":
        assert yaml.safe_load(sample.text)
    elif sample.language == "json":
        assert json.loads(sample.text)
    else:
        parser = configparser.ConfigParser(strict=False, interpolation=None)
        parser.read_string(sample.text)
        assert parser.sections() == ["Service"]


@pytest.mark.parametrize("sample", samples("dockerfile"), ids=str)
def test_dockerfiles_use_known_instructions(sample: Sample) -> None:
    assert all(line.startswith(INSTRUCTIONS) for line in sample.text.splitlines())
