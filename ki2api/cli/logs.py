"""Sets the log up, once, for the whole process."""

import logging
import sys
from typing import TYPE_CHECKING

import loguru

from ki2api.settings import LogSettings

if TYPE_CHECKING:
    from loguru import Record

TEXT = "<dim>{time:HH:mm:ss.SSS}</dim> <level>{level: <7}</level> {extra[flow]} {message}"


def configure(settings: LogSettings) -> None:
    """Send the log to standard error, and the standard library's into it."""
    loguru.logger.remove()
    loguru.logger.configure(extra={"flow": "-"}, patcher=_one_line)
    loguru.logger.add(
        sys.stderr,
        level=settings.level.upper(),
        format=TEXT,
        serialize=settings.format == "json",
        # Both would print the values of variables, tokens and prompts among them.
        backtrace=False,
        diagnose=False,
    )
    logging.basicConfig(handlers=[_Intercepted()], level=logging.WARNING, force=True)


class _Intercepted(logging.Handler):
    """Hands records of the standard library to loguru."""

    def emit(self, record: logging.LogRecord) -> None:
        level = "ERROR" if record.levelno >= logging.ERROR else "WARNING"
        loguru.logger.opt(exception=record.exc_info).log(level, "{}", record.getMessage())


def _one_line(record: "Record") -> None:
    # A line break in a message would let whoever wrote it forge a line of the log.
    record["message"] = record["message"].replace("\r", "\\r").replace("\n", "\\n")
