"""A server of the Model Context Protocol over standard input and output, with one tool."""

import sys
from typing import Any

import msgspec

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"name": "get_weather", "description": "Tell the weather.", "inputSchema": SCHEMA}


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    match asked["method"]:
        case "initialize":
            return {
                "protocolVersion": asked["params"]["protocolVersion"],
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "weather", "version": "1"},
            }
        case "tools/list":
            return {"tools": [TOOL]}
        case "tools/call":
            city = asked["params"]["arguments"]["city"]
            return {"content": [{"type": "text", "text": f"rain in {city}"}]}
    return {}


for line in sys.stdin:
    request = msgspec.json.decode(line)
    if "id" in request:
        told = {"jsonrpc": "2.0", "id": request["id"], "result": answer(request)}
        sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
        sys.stdout.buffer.flush()
