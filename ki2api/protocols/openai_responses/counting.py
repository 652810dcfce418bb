"""How many tokens a request would take."""

import msgspec


def input_tokens_body(tokens: int) -> bytes:
    """Write the answer to POST /v1/responses/input_tokens."""
    return msgspec.json.encode({"object": "response.input_tokens", "input_tokens": tokens})
