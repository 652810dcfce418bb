"""The simulated search of the web."""

from typing import Any

import httpx
import msgspec
import pytest

pytestmark = pytest.mark.anyio
ID = f"web_search_tooluse_{'a' * 22}_1763812800000_{'b' * 8}"
TARGET = "AmazonCodeWhispererStreamingService.InvokeMCP"


def searching(query: Any = "red pandas", **changed: Any) -> dict[str, Any]:
    params = {"name": "web_search", "arguments": {"query": query}}
    return {"jsonrpc": "2.0", "id": ID, "method": "tools/call", "params": params, **changed}


async def post(caller: Any, call: Any, path: str = "/mcp", **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    profile = {"x-amzn-kiro-profile-arn": caller.account.profile_arn}
    given = {**caller.headers, **profile, "content-type": "application/json", **named}
    answer: httpx.Response = await caller.http.post(
        caller.simulator.urls.runtime + path, content=msgspec.json.encode(call), headers=given
    )
    return answer


def found_in(answer: httpx.Response) -> Any:
    return msgspec.json.decode(answer.json()["result"]["content"][0]["text"])


async def test_the_same_query_finds_the_same_pages(caller: Any) -> None:
    one, two = [await post(caller, searching()) for _ in range(2)]
    assert one.json() == two.json()
    assert one.json()["id"] == ID
    found = found_in(one)
    assert found["totalResults"] == len(found["results"]) == 3
    assert found["query"] == "red pandas"
    assert [search.query for search in caller.simulator.searches] == ["red pandas"] * 2


async def test_the_other_binding_searches_too(caller: Any) -> None:
    json_10 = {"content_type": "application/x-amz-json-1.0", "x_amz_target": TARGET}
    assert (await post(caller, searching(), "/", **json_10)).status_code == 200
    assert caller.simulator.searches[0].binding == "json-1.0"
    json_10["x_amz_target"] += "s"
    assert (await post(caller, searching(), "/", **json_10)).status_code == 404
    assert (await post(caller, searching(), "/nowhere", **json_10)).status_code == 404


async def test_it_introduces_itself_and_its_tool(caller: Any) -> None:
    hello = await post(caller, {"jsonrpc": "2.0", "id": 1, "method": "initialize"})
    assert hello.json()["result"]["serverInfo"]
    ready = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    assert (await post(caller, ready)).content == b""
    listed = await post(caller, {"jsonrpc": "2.0", "id": 2, "method": "tools/list"})
    assert [tool["name"] for tool in listed.json()["result"]["tools"]] == ["web_search"]
    unknown = await post(caller, {"jsonrpc": "2.0", "id": 3, "method": "prompts/list"})
    assert unknown.json()["error"]["code"] == -32601


@pytest.mark.parametrize(
    ("call", "rule"),
    [
        (searching(jsonrpc="1.0"), "mcp-jsonrpc"),
        (searching(id="7"), "mcp-id"),
        (searching(id=f"{ID}c"), "mcp-id"),
        (searching(params={"name": "web_fetch"}), "mcp-params"),
        (searching(query=7), "mcp-params"),
        (
            searching(params={"name": "web_search", "arguments": {"query": "x", "y": 1}}),
            "mcp-params",
        ),
        (searching(""), "mcp-query"),
        (searching("two  spaces"), "mcp-query"),
        (searching("x" * 201), "mcp-query"),
    ],
)
async def test_a_call_in_another_form_is_refused(caller: Any, call: Any, rule: str) -> None:
    answer = await post(caller, call)
    assert (answer.status_code, answer.headers["x-simulator-rule"]) == (400, rule)
    assert caller.simulator.searches == []


async def test_a_search_needs_the_accounts_profile(caller: Any) -> None:
    assert (await post(caller, searching(), x_amzn_kiro_profile_arn="")).status_code == 400
    arn = "arn:aws:codewhisperer:us-east-1:1:profile/OTHER"
    assert (await post(caller, searching(), x_amzn_kiro_profile_arn=arn)).status_code == 403


async def test_an_accounts_standing_counts_here_too(caller: Any) -> None:
    caller.account.throttle(1, retry_after=7)
    throttled = await post(caller, searching())
    assert (throttled.status_code, throttled.headers["retry-after"]) == (429, "7")
    caller.account.search_refused = True
    assert (await post(caller, searching())).status_code == 403


@pytest.mark.parametrize(
    ("fault", "values", "status"),
    [
        ("refuse", {}, 503),
        ("refuse", {"status": 500}, 500),
        ("refuse", {"kind": "throttled"}, 429),
        ("error", {}, 200),
        ("failed", {}, 200),
        ("fault", {}, 200),
        ("nothing", {}, 200),
        ("garbage", {}, 200),
        ("slow", {"seconds": 0}, 200),
    ],
)
async def test_faults_come_in_order(
    caller: Any, fault: str, values: dict[str, Any], status: int
) -> None:
    caller.simulator.order_search(fault, **values)
    assert (await post(caller, searching())).status_code == status
    assert len(found_in(await post(caller, searching()))["results"]) == 3


async def test_what_each_fault_says(caller: Any) -> None:
    for fault in ("error", "failed", "fault", "nothing"):
        caller.simulator.order_search(fault)
    error, failed, fault_, nothing = [await post(caller, searching()) for _ in range(4)]
    assert error.json()["error"]["code"] == -32000
    assert failed.json()["result"]["isError"]
    assert found_in(fault_)["error"]
    assert found_in(nothing)["results"] == []
    assert found_in(nothing)["error"] is None


async def test_a_fault_that_does_not_exist_cannot_be_ordered(caller: Any) -> None:
    with pytest.raises(KeyError):
        caller.simulator.order_search("nonsense")


async def test_nothing_is_got(caller: Any) -> None:
    answer = await caller.http.get(f"{caller.simulator.urls.runtime}/mcp", headers=caller.headers)
    assert answer.status_code == 404


async def test_a_search_may_hang(caller: Any) -> None:
    caller.simulator.order_search("hang")
    caller.http.timeout = 0.05
    with pytest.raises(httpx.ReadTimeout):
        await post(caller, searching())
