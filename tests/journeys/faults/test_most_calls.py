"""However repeats and repairs multiply, one request calls Kiro only so often."""

import re
from typing import Any

import httpx
import pytest

from tests.journeys.faults.conftest import KEY

FORMAT = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}
BODY = {
    "model": "claude-sonnet-4.5",
    "messages": [{"role": "user", "content": "Hello"}],
    "response_format": FORMAT,
}
UNFIT = [("reset", 2, {}), ("text", 1, {"say": "no"})]
"""Two attempts that fail and a third whose reply is no JSON: then the model is asked anew."""


@pytest.mark.parametrize(
    ("most", "called", "code"), [(5, 5, "upstream_calls_spent"), (30, 6, "invalid_reply")]
)
def test_repeats_and_repairs_multiply_up_to_the_most_that_is_allowed(
    shop_of: Any, most: int, called: int, code: str
) -> None:
    shop = shop_of(max_calls=most)
    for name, times, values in UNFIT * 2:
        shop.simulator.order(name, times, **values)
    url = f"http://{shop.address[0]}:{shop.address[1]}/v1/chat/completions"
    headers = {"authorization": f"Bearer {KEY}"}
    answer = httpx.post(url, json=BODY, headers=headers, trust_env=False)
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, code)
    assert answer.headers["x-should-retry"] == "false"
    assert len(shop.simulator.requests) == called
    shop.settle()
    assert any(line.endswith(f"failed: {code}\n") for line in shop.log)
    noted = [line for line in shop.log if re.search(r"kiro: called 5 times for this request", line)]
    assert len(noted) == (most == 5)
