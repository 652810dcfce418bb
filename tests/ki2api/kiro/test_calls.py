"""How the operation that answers conversations is called."""

from ki2api.kiro.calls import Call, generate_call


def test_rest_names_the_operation_in_its_path() -> None:
    assert generate_call(b"{}", "rest") == Call(
        "POST",
        "/generateAssistantResponse",
        {
            "content-type": "application/json",
            "accept": "application/vnd.amazon.eventstream",
            "x-amzn-kiro-agent-mode": "vibe",
        },
        b"{}",
    )


def test_json_1_0_names_the_operation_in_a_header() -> None:
    assert generate_call(b"{}", "json-1.0") == Call(
        "POST",
        "/",
        {
            "content-type": "application/x-amz-json-1.0",
            "accept": "application/vnd.amazon.eventstream",
            "x-amz-target": "AmazonCodeWhispererStreamingService.GenerateAssistantResponse",
        },
        b"{}",
    )
