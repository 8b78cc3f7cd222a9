"""Log lines caused by sandboxes and unauthenticated callers: limited, and omissions counted."""

import logging
from collections.abc import Iterator

import pytest
import structlog
from structlog.testing import LogCapture

from cellblock_server.telemetry.log_limits import LEFT_OUT, LineLimiter, LogLimits, printable
from tests.support.waiting import eventually

LIMITS = LogLimits(lines=3, lines_of_all=5, window=10.0, characters=50, named=2)


class Seconds:
    """A clock that a test advances."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def limiter(seconds: Seconds) -> LineLimiter:
    return LineLimiter(LIMITS, seconds)


@pytest.fixture
def written(limiter: LineLimiter) -> Iterator[LogCapture]:
    """Return the lines that pass the limiter."""
    capture = LogCapture()
    before = structlog.get_config()
    structlog.configure(
        processors=[structlog.stdlib.add_log_level, limiter, capture],
        cache_logger_on_first_use=False,
    )
    yield capture
    structlog.configure(**before)


def left_out(written: LogCapture) -> list[tuple[str, str, int]]:
    return [
        (line["of"], line.get("subject", ""), line["count"])
        for line in written.entries
        if line["event"] == LEFT_OUT
    ]


def test_each_sandbox_has_its_own_limit_of_lines(written: LogCapture, seconds: Seconds) -> None:
    log = structlog.get_logger()
    for _ in range(1000):
        log.warning("egress_refused", session_id="sess_1")
    log.warning("egress_refused", session_id="sess_2")
    log.info("egress_request", session_id="sess_1")
    assert [line["event"] for line in written.entries] == ["egress_refused"] * 4 + [
        "egress_request"
    ]
    seconds.now = 10.0
    log.warning("egress_refused", session_id="sess_1")
    assert left_out(written) == [("egress_refused", "sess_1", 997)]
    assert written.entries[-1]["event"] == "egress_refused"


def test_all_sandboxes_together_have_a_limit(
    written: LogCapture, limiter: LineLimiter, seconds: Seconds
) -> None:
    log = structlog.get_logger()
    for number in range(1000):
        log.info("egress_request", session_id=f"sess_{number}")
    assert len(written.entries) == 5
    seconds.now = 10.0
    limiter.report()
    assert left_out(written) == [("egress_request", "", 995)]


def test_most_frequent_omissions_are_named_and_the_rest_is_counted(
    written: LogCapture, limiter: LineLimiter, seconds: Seconds
) -> None:
    log = structlog.get_logger()
    for name, lines in (("a", 10), ("b", 8), ("c", 5), ("d", 4)):
        for _ in range(lines):
            log.info(name)
    seconds.now = 10.0
    limiter.report()
    assert left_out(written) == [("a", "", 7), ("b", "", 5), ("others", "", 3)]


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ({"event": "call", "code": "OK", "level": "info"}, 20),
        ({"event": "call", "code": "UNAUTHENTICATED", "level": "info"}, 3),
        ({"event": "call", "code": "OK", "level": "debug"}, 3),
        ({"event": "execution_ended", "level": "info"}, 20),
        ({"event": "console_login_refused", "level": "warning"}, 3),
        ({"event": "fault", "level": "error"}, 3),
    ],
)
def test_calls_with_a_key_have_their_own_rate(
    written: LogCapture, line: dict[str, str], count: int
) -> None:
    log = structlog.get_logger()
    for _ in range(20):
        getattr(log, line["level"])(line["event"], **{k: v for k, v in line.items() if k == "code"})
    assert len(written.entries) == count


def test_long_text_is_truncated(written: LogCapture) -> None:
    structlog.get_logger().info("egress_request", target="x" * 1000)
    assert written.entries[0]["target"] == "x" * 50 + "… (950 more characters)"


def test_lines_of_libraries_are_limited_and_printable(
    limiter: LineLimiter, written: LogCapture, seconds: Seconds
) -> None:
    records = [
        logging.LogRecord(
            "aiohttp.server", logging.ERROR, "", 0, "bad %s", ("\x1b[2J\u202e",), None
        )
        for _ in range(10)
    ]
    assert [limiter.filter(record) for record in records] == [True] * 3 + [False] * 7
    assert records[0].getMessage() == "bad \\x1b[2J\\u202e"
    seconds.now = 10.0
    limiter.report()
    assert left_out(written) == [("aiohttp.server error", "", 7)]


async def test_omissions_are_reported_without_another_line(written: LogCapture) -> None:
    limiter = LineLimiter(LogLimits(lines=1, window=0.05))
    structlog.configure(processors=[structlog.stdlib.add_log_level, limiter, written])
    for _ in range(5):
        structlog.get_logger().info("egress_request", session_id="sess_1")
    await eventually(lambda: left_out(written) == [("egress_request", "sess_1", 4)])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb\tc", "a\nb\tc"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\u202eabc\u2066", "\\u202eabc\\u2066"),
        ("\ud800", "\\ud800"),
        ("Smörgås", "Smörgås"),
    ],
)
def test_text_of_a_library_has_no_terminal_sequences(text: str, shown: str) -> None:
    assert printable(text) == shown
