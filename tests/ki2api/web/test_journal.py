import pytest

from ki2api.events import Usage
from ki2api.web.journal import _usage


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
