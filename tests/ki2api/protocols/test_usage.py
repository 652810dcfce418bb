from ki2api.events import Usage
from ki2api.protocols.usage import facts


def test_the_source_is_told_and_what_else_is_known() -> None:
    assert facts(Usage(1, 2, "estimate")) == {"source": "estimate"}
    assert facts(Usage(1, 2, "derived", credits=0.0, context_percent=7.5)) == {
        "source": "derived",
        "credits": 0.0,
        "context_percent": 7.5,
    }
    thought = facts(Usage(1, 2, "upstream", thinking=1))
    assert thought == {"source": "upstream", "thinking_source": "estimate"}
