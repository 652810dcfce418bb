"""InvokeMCP: a strict search of the web with made-up pages, in both bindings (kiro.md §6.4)."""

import re
from collections.abc import Mapping
from typing import Any, TypeAlias

import msgspec

from ki2api.simulator.access import Gate
from ki2api.simulator.accounts import Fault, SimAccount
from ki2api.simulator.http import Request, Wire
from ki2api.simulator.operations import Operation, binding_of, media_type, object_in
from ki2api.simulator.records import RecordedSearch
from ki2api.simulator.refusals import JSON_10, REFUSALS, Refusal, refusal, words_for
from ki2api.simulator.scenarios.values import Values
from ki2api.simulator.world import World

SEARCH_SCENARIOS: Mapping[str, str] = {
    "refuse": "refuse with `status` (503), or in the words of `kind` (a name of the table)",
    "error": "200 with an error of JSON-RPC",
    "failed": "200 with a result that says isError",
    "fault": "200 with a result whose own error is set",
    "nothing": "200 with no pages",
    "garbage": "200 with a body that is no JSON",
    "slow": "an answer after `seconds` (1)",
    "hang": "no answer ever",
}
"""What `Simulator.order_search` knows."""
_Answer: TypeAlias = dict[str, Any]
_TARGET = "AmazonCodeWhispererStreamingService.InvokeMCP"
_PROFILE = "x-amzn-kiro-profile-arn"
_ID = re.compile(r"web_search_tooluse_[0-9A-Za-z]{22}_[0-9]{13}_[0-9A-Za-z]{8}")
_LONGEST_QUERY = 200
_UNAVAILABLE = 503
_DAY = 86_400_000
_FIRST_DAY = 1_745_971_200_000
"""2025-04-30, in milliseconds."""
_SITES = ("example.com/guide", "docs.example.org/pages", "www.example.net/news")
_SERVER: _Answer = {
    "protocolVersion": "2024-11-05",
    "capabilities": {"tools": {}},
    "serverInfo": {"name": "simulator", "version": "1"},
}
_TOOLS: _Answer = {
    "tools": [
        {
            "name": "web_search",
            "description": "Searches the web.",
            "inputSchema": {
                "type": "object",
                "properties": {"query": {"type": "string"}},
                "required": ["query"],
            },
        }
    ]
}


class SearchPlane:
    """The one operation of MCP on one host."""

    def __init__(self, world: World, gate: Gate) -> None:
        self._world = world
        self._gate = gate

    def find(self, request: Request) -> Operation | None:
        """Find the operation that a request names, in either binding."""
        if request.method != "POST":
            return None
        if media_type(request) == JSON_10:
            is_called = request.headers.get("x-amz-target") == _TARGET
            return self._invoke if is_called and request.path in {"/", "/mcp"} else None
        is_rest = media_type(request) == "application/json" and request.path == "/mcp"
        return self._invoke if is_rest else None

    async def _invoke(self, request: Request, wire: Wire) -> None:
        account = self._gate.admit(request)
        call = object_in(request)
        self._gate.check_profile(request, account, request.headers.get(_PROFILE))
        self._gate.check_standing(account)
        if account.search_refused:
            raise refusal("not-authorized", rule="no-search")
        if call.get("jsonrpc") != "2.0":
            raise refusal("improper", rule="mcp-jsonrpc")
        match call.get("method"):
            case "initialize":
                await self._respond(wire, call, result=_SERVER)
            case "notifications/initialized":
                await wire.respond(200, {"content-type": "application/json"})
            case "tools/list":
                await self._respond(wire, call, result=_TOOLS)
            case "tools/call":
                await self._search(request, wire, account, call)
            case _:
                fault = {"code": -32601, "message": "Method not found"}
                await self._respond(wire, call, error=fault)

    async def _search(
        self, request: Request, wire: Wire, account: SimAccount, call: _Answer
    ) -> None:
        query = _query(call)
        record = RecordedSearch(account.name, self._gate.host, binding_of(request), query)
        self._world.searches.append(record)
        faults = self._world.search_faults
        fault = faults.popleft() if faults else Fault("")
        values = Values(fault.values)
        match fault.name:
            case "refuse":
                status = values.integer("status", _UNAVAILABLE)
                words = REFUSALS.get(values.word("kind")) or words_for(status, None)
                raise Refusal(words, rules=("refuse",))
            case "hang":
                await wire.fall_silent()
            case "garbage":
                await wire.respond(200, {"content-type": "application/json"}, b"<html></html>")
            case "error":
                told = {"code": -32000, "message": "The search failed."}
                await self._respond(wire, call, error=told)
            case "slow":
                await self._world.options.sleep(values.number("seconds", 1.0))
                await self._respond(wire, call, result=_result(_found(query)))
            case name:
                await self._respond(wire, call, result=_disturbed(name, query))

    async def _respond(self, wire: Wire, call: _Answer, **told: _Answer) -> None:
        headers = {
            "content-type": "application/json",
            "x-amzn-requestid": self._world.identifiers.uuid(),
        }
        answer = {"jsonrpc": "2.0", "id": call.get("id"), **told}
        await wire.respond(200, headers, msgspec.json.encode(answer))


def _query(call: _Answer) -> str:
    """Read what is searched for, as strictly as any report has it."""
    if not _ID.fullmatch(str(call.get("id"))):
        raise refusal("improper", rule="mcp-id")
    match call.get("params"):
        case {"name": "web_search", "arguments": {"query": str(query), **rest}} if not rest:
            if query and query == " ".join(query.split()) and len(query) <= _LONGEST_QUERY:
                return query
            raise refusal("improper", rule="mcp-query")
        case _:
            raise refusal("improper", rule="mcp-params")


def _disturbed(fault: str, query: str) -> _Answer:
    match fault:
        case "failed":
            return {"content": [{"type": "text", "text": "It failed."}], "isError": True}
        case "fault":
            return _result({**_found(query, 0), "error": "It failed."})
        case "nothing":
            return _result(_found(query, 0))
        case _:
            return _result(_found(query))


def _result(found: _Answer) -> _Answer:
    text = msgspec.json.encode(found).decode()
    return {"content": [{"type": "text", "text": text}], "isError": False}


def _found(query: str, count: int = len(_SITES)) -> _Answer:
    slug = re.sub(r"\W+", "-", query.lower()).strip("-")[:60]
    results = [
        {
            "title": f"{query}: page {number}",
            "url": f"https://{site}/{slug}",
            "snippet": f"What page {number} says of {query}.",
            # The last one has no date.
            "publishedDate": _FIRST_DAY + number * _DAY if number < len(_SITES) else None,
            "id": f"{slug}-{number}",
            "domain": site.partition("/")[0],
            "maxVerbatimWordLimit": 30,
            "publicDomain": False,
        }
        for number, site in enumerate(_SITES[:count], start=1)
    ]
    return {"results": results, "totalResults": count, "query": query, "error": None}
