"""Sets the log up, once, for the whole process."""

import asyncio
import logging
import sys
from datetime import UTC, datetime
from traceback import format_exception
from typing import TYPE_CHECKING, cast

import loguru
import msgspec

from ki2api.cli.harmless import below, harmless
from ki2api.cli.writer import Writer
from ki2api.settings import LogSettings

if TYPE_CHECKING:
    from loguru import Message, Record

WORDS = "{message}{extra[trace]}"
TEXT = "<dim>{extra[at]}</dim> <level>{level: <7}</level> {extra[flow]} " + WORDS + "\n"


def configure(settings: LogSettings) -> None:
    """Send the log to standard error, and the standard library's into it.

    `finish` writes what is left of it.
    """
    form = WORDS if settings.format == "json" else TEXT
    loguru.logger.remove()
    loguru.logger.configure(extra={"flow": "-"}, patcher=_made_harmless)
    # backtrace and diagnose would print the values of variables, tokens and prompts among them.
    loguru.logger.add(
        _JsonLines(sys.stderr) if settings.format == "json" else Writer(sys.stderr),
        level=settings.level.upper(),
        # A function: to a mere text loguru adds the traceback in a form of its own.
        format=lambda _: form,
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
        line = _Line(
            record["time"].isoformat(),
            record["level"].name.lower(),
            record["extra"]["flow"],
            str(message),
        )
        super().write(_json(line))

    def own(self, words: str) -> str:
        return _json(_Line(datetime.now(UTC).astimezone().isoformat(), "warning", "-", words))


def _json(line: _Line) -> str:
    return msgspec.json.encode(line).decode() + "\n"


def _made_harmless(record: "Record") -> None:
    """Let nothing that a stranger has put into a message, a name or an exception act in the log."""
    record["message"] = harmless(record["message"])
    error = record["exception"]
    trace = "" if error is None else "".join(format_exception(error.value))
    extra = record["extra"]
    extra["flow"] = harmless(str(extra["flow"]))
    extra["trace"] = below(trace) if trace else ""
    # loguru's own way to write it takes a fifth of all that a line costs.
    extra["at"] = record["time"].time().isoformat("milliseconds")
