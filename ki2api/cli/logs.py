"""Sets the log up, once, for the whole process."""

import asyncio
import logging
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

import loguru
import msgspec

from ki2api.cli.writer import Writer
from ki2api.settings import LogSettings

if TYPE_CHECKING:
    from loguru import Message, Record

TEXT = "<dim>{time:HH:mm:ss.SSS}</dim> <level>{level: <7}</level> {extra[flow]} {message}"


def configure(settings: LogSettings) -> None:
    """Send the log to standard error, and the standard library's into it.

    `finish` writes what is left of it.
    """
    loguru.logger.remove()
    loguru.logger.configure(extra={"flow": "-"}, patcher=_one_line)
    # backtrace and diagnose would print the values of variables, tokens and prompts among them.
    loguru.logger.add(
        _JsonLines(sys.stderr) if settings.format == "json" else Writer(sys.stderr),
        level=settings.level.upper(),
        format="{message}" if settings.format == "json" else TEXT,
        backtrace=False,
        diagnose=False,
    )
    logging.basicConfig(handlers=[_Intercepted()], level=logging.WARNING, force=True)


def finish() -> None:
    """End the log; for those who leave without the interpreter's own end."""
    loguru.logger.remove()


class _Intercepted(logging.Handler):
    """Hands records of the standard library to loguru."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError):
            return  # a request that the second signal cut off, as it was meant to
        level = "ERROR" if record.levelno >= logging.ERROR else "WARNING"
        loguru.logger.opt(exception=record.exc_info).log(level, "{}", record.getMessage().strip())


class _Line(msgspec.Struct, omit_defaults=True):
    """A line of the log as JSON."""

    time: str
    level: str
    flow: str
    message: str


class _JsonLines(Writer):
    """Writes each message as a line of JSON."""

    def write(self, text: str) -> None:
        message = cast("Message", text)
        record = message.record
        # The formatted text has the traceback, where there is one.
        line = _Line(
            record["time"].isoformat(),
            record["level"].name.lower(),
            record["extra"]["flow"],
            message.rstrip("\n"),
        )
        super().write(_json(line))

    def own(self, words: str) -> str:
        return _json(_Line(datetime.now(UTC).astimezone().isoformat(), "warning", "-", words))


def _json(line: _Line) -> str:
    return msgspec.json.encode(line).decode() + "\n"


def _one_line(record: "Record") -> None:
    # A line break in a message would let whoever wrote it forge a line of the log.
    record["message"] = record["message"].replace("\r", "\\r").replace("\n", "\\n")
