from openai.types.responses import InputTokenCountResponse

from ki2api.protocols.openai_responses.counting import input_tokens_body


def test_the_official_sdk_reads_the_count() -> None:
    assert InputTokenCountResponse.model_validate_json(input_tokens_body(7)).input_tokens == 7
