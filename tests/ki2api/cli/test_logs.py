"""What the log makes of the words of strangers."""

import io
import re
from collections.abc import Iterator
from typing import Any, Literal

import loguru
import msgspec
import pytest

from ki2api.cli import logs
from ki2api.settings import LogSettings

Format = Literal["text", "json"]
LINE = re.compile(r"\d\d:\d\d:\d\d\.\d{3} (\w+) +(\S+) (.*)")
STRANGE = [
    "\n12:00:00.000 ERROR   - forged",
    "\r12:00:00.000 ERROR   - forged",
    "\x1b[2J\x1b]0;title\x07",
    "\x9b2J",
    "\0",
    "\x7f",
    "\x08\x08",
    "\x85next line",
    "\u2028\u2029",
    "\u202etxt.exe",
    "\u2066\u200f\u061c",
    "\ud800",
    "\ufeff\U000e0041",
]


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Logs in a form by the product's own set-up, and gives back what was written."""

    def written(form: Format, message: str, flow: str = "-", error: Any = None) -> str:
        stream = io.StringIO()
        with monkeypatch.context() as patch:
            patch.setattr("sys.stderr", stream)
            logs.configure(LogSettings(format=form))
        loguru.logger.bind(flow=flow).opt(exception=error).error("{}", message)
        loguru.logger.remove()
        return stream.getvalue()

    yield written
    loguru.logger.configure(extra={}, patcher=lambda _: None)


@pytest.mark.parametrize("strange", STRANGE)
def test_strangers_words_are_one_line_that_only_shows(written: Any, strange: str) -> None:
    text = written("text", f"a {strange} b", f"req{strange}")
    (line,) = text.removesuffix("\n").split("\n")
    assert LINE.fullmatch(line)
    assert line.isprintable()
    (line,) = written("json", f"a {strange} b", f"req{strange}").splitlines()
    fields = msgspec.json.decode(line)
    assert (fields["message"] + fields["flow"]).isprintable()


@pytest.mark.parametrize("strange", STRANGE)
def test_the_words_of_an_exception_cannot_forge_a_line(written: Any, strange: str) -> None:
    error = ValueError(strange)
    error.__cause__ = KeyError(strange)
    error.add_note(strange)
    first, *rest = written("text", "it failed", error=error).removesuffix("\n").split("\n")
    assert LINE.fullmatch(first)
    assert any("ValueError" in line for line in rest)
    assert all(line.startswith("  | ") and line.isprintable() for line in rest)
    (line,) = written("json", "it failed", error=error).splitlines()
    assert msgspec.json.decode(line)["message"].startswith("it failed\n  | ")


def test_a_name_in_another_script_is_left_as_it_is(written: Any) -> None:
    assert "account 我的-Zoë-حساب is ready" in written("text", "account 我的-Zoë-حساب is ready")


def test_no_value_of_a_variable_is_in_a_traceback(written: Any) -> None:
    secret = f"canary-of-{1 + 1}-variables"
    with pytest.raises(ZeroDivisionError) as caught:
        divide(secret)
    text = written("text", "it failed", error=caught.value)
    assert "return len(secret) // 0" in text
    assert secret not in text


def divide(secret: str) -> int:
    return len(secret) // 0
