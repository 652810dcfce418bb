import loguru
import pytest

from ki2api.errors import UnknownRoute
from ki2api.events import Usage
from ki2api.web.journal import _usage, refusal


@pytest.mark.parametrize(
    ("usage", "words"),
    [
        (Usage(10, 2, "upstream", cache_read=5), ["15+2 tok"]),
        (Usage(10, 2, "derived", credits=0.01697), ["10+2 tok (derived)", "0.0170 credits"]),
        (Usage(10, 2, "estimate"), ["10+2 tok (estimate)"]),
    ],
)
def test_the_log_says_who_counted(usage: Usage, words: list[str]) -> None:
    assert _usage(usage) == words


@pytest.mark.parametrize(
    ("target", "method", "told"),
    [
        ("/v1/nothing", "GET", "GET '/v1/nothing' 404 failed: "),
        ("/v1/chat/completions?key=mine", "", "'/v1/chat/completions' 404 failed: "),
        ("/sk-ant-api03-0123456789/models", "POST", "POST '/sk-a.../models' 404 failed: "),
        ("/v1/" + 300 * "x/", "GET", f"GET '/v1/{98 * 'x/'}' 404 failed: "),
        ("", "", "a connection 404 failed: "),
    ],
)
def test_what_may_be_a_key_in_a_path_is_not_told(target: str, method: str, told: str) -> None:
    lines: list[str] = []
    number = loguru.logger.add(lines.append, format="{message}")
    refusal("req_1", target, 404, UnknownRoute("No."), method=method)
    loguru.logger.remove(number)
    assert lines[0].startswith(told)
