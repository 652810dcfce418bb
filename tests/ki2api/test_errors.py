import pytest

from ki2api.errors import ContextTooLong, GatewayError, InvalidRequest


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (InvalidRequest("No."), "No."),
        (InvalidRequest("No.", path="tools[0]"), "tools[0]: No."),
        (InvalidRequest("No.", path="tools[0]", rule="T14"), "tools[0]: No (rule T14)."),
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
