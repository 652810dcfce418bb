import pytest

from ki2api.errors import ContextTooLong, GatewayError, InvalidRequest, NoAccountLeft, WrongMethod


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (InvalidRequest("No."), "No."),
        (InvalidRequest("No.", path="tools[0]"), "tools[0]: No."),
        (InvalidRequest("No.", path="tools[0]", rule="T14"), "tools[0]: No (rule T14)."),
        (WrongMethod("No.", allow="GET"), "No."),
        (NoAccountLeft("No.", usable_in=2), "No."),
        (
            ContextTooLong("prompt is too long: 2 > 1", rule="§3.8"),
            "prompt is too long: 2 > 1 (rule §3.8)",
        ),
    ],
)
def test_a_message_has_its_place_in_front_and_its_rule_behind(
    error: GatewayError, message: str
) -> None:
    assert error.message == message


def test_an_error_shows_its_sentence_to_whoever_prints_it() -> None:
    assert str(InvalidRequest("No.", path="tools[0]", rule="T14")) == "No."
