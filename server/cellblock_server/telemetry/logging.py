"""Structured logs on standard error, for people or for programs.

Lines carry `session_id`, `execution_id` and `rpc` where there is one. They never
carry code, file contents or the values of variables.
"""

import logging
import sys
from contextlib import suppress

import structlog
from structlog.typing import Processor

from cellblock_server.telemetry.log_limits import LineLimiter

SHARED: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def configure(level: str, style: str) -> None:
    """Write lines of `level` and above; `style` is `console` or `json`.

    Lines of libraries, which use the standard library's logging, look the same. `LogLimits` bounds
    all of them.
    """
    limiter = LineLimiter()
    last = _renderers(style)
    threshold = logging.getLevelNamesMapping()[level.upper()]
    # Not through the standard library: that takes several times as long, at each call.
    structlog.configure(
        processors=[*SHARED, limiter, *last],
        logger_factory=_Lines,
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=SHARED,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    handler.addFilter(limiter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(threshold)
    # Migrations and connections log every step.
    for name in ("alembic", "sqlalchemy"):
        logging.getLogger(name).setLevel(max(logging.WARNING, threshold))


def _renderers(style: str) -> list[Processor]:
    if style == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    return [
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            # The default one shows the values of local variables: keys, code, anything.
            exception_formatter=structlog.dev.plain_traceback,
        )
    ]


class _Lines:
    """Writes lines of one module, with its name, to standard error.

    Failures to write are ignored, as with the standard library's handlers: with a full disk or a
    closed pipe there is nowhere to report them.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def _write(self, line: str) -> None:
        with suppress(OSError):
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()

    debug = info = warning = error = critical = _write
