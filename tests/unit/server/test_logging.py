"""Logs are on standard error, one line for each event, libraries' lines included."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROGRAM = """
import logging, sys, structlog
from cellblock_server.telemetry.logging import configure

configure(sys.argv[1], sys.argv[2])
structlog.contextvars.bind_contextvars(session_id="sess_1")
log = structlog.get_logger("ours")
log.debug("small")
log.info("large", number=1)
logging.getLogger("theirs").warning("of a %s", "library")
logging.getLogger("sqlalchemy.engine").info("SELECT 1")
sesame = "local-" + "value"
try:
    1 / 0
except ZeroDivisionError as error:
    log.error("fault", exc_info=error)
"""


def said(level: str, style: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, level, style], capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    return done.stderr


def lines(level: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in said(level, "json").splitlines()]


def test_lines_for_programs_carry_context_level_and_time() -> None:
    large = lines("info")[0]
    assert large.pop("timestamp").endswith("Z")
    assert large == {
        "event": "large",
        "level": "info",
        "logger": "ours",
        "number": 1,
        "session_id": "sess_1",
    }


def test_lines_of_libraries_look_the_same() -> None:
    (theirs,) = (line for line in lines("info") if line["logger"] == "theirs")
    assert (theirs["event"], theirs["level"], theirs["session_id"]) == (
        "of a library",
        "warning",
        "sess_1",
    )


def test_an_error_is_one_line_with_its_traceback() -> None:
    fault = lines("info")[-1]
    assert fault["event"] == "fault"
    assert fault["exception"].startswith("Traceback")
    assert fault["exception"].endswith("ZeroDivisionError: division by zero")


@pytest.mark.parametrize("style", ["json", "console"])
def test_an_error_does_not_show_the_values_of_variables(style: str) -> None:
    text = said("info", style)
    assert "ZeroDivisionError" in text
    assert "local-value" not in text


def test_less_important_lines_are_left_out() -> None:
    assert [line["event"] for line in lines("error")] == ["fault"]
    assert "small" in [line["event"] for line in lines("debug")]


def test_the_database_does_not_tell_every_step() -> None:
    assert "sqlalchemy.engine" not in [line["logger"] for line in lines("debug")]


def test_lines_for_people_have_no_colours_in_a_file() -> None:
    text = said("info", "console")
    assert "large" in text
    assert "session_id=sess_1" in text
    assert "\x1b" not in text


@pytest.mark.parametrize("style", ["json", "console"])
def test_work_goes_on_when_no_line_can_be_written(style: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM + "print('done')", "info", style],
            stdout=subprocess.PIPE,
            stderr=full,
            text=True,
            check=False,
        )
    assert done.stdout == "done\n"
