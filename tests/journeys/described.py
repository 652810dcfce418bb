"""The OpenAPI document of a running server, against which its answers are held."""

import re
from typing import Any

import httpx
import msgspec
from openapi_schema_validator import OAS31Validator

JSON, SSE = "application/json", "text/event-stream"


class Described:
    """The server's own document, and answers held against it."""

    def __init__(self, http: httpx.Client) -> None:
        answer = http.get("/schema")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == JSON
        self.document: dict[str, Any] = answer.json()

    def faults(self, schema: dict[str, Any], value: Any) -> list[str]:
        whole = {**schema, "components": self.document["components"]}
        return [error.message for error in OAS31Validator(whole).iter_errors(value)]

    def check(self, answer: httpx.Response, path: str, method: str) -> None:
        """Fail unless the status is described, and the body is as its schema says."""
        response = self.document["paths"][path][method]["responses"][str(answer.status_code)]
        kind = answer.headers["content-type"].partition(";")[0]
        schema = response["content"][kind]["schema"]
        if kind == JSON:
            assert self.faults(schema, answer.json()) == []
        else:
            events = data_of(answer.text)
            assert events
            assert self.faults(schema["contentSchema"], events) == []

    def body_of(self, path: str) -> dict[str, Any]:
        """Return the schema of the body that a route takes."""
        content = self.document["paths"][path]["post"]["requestBody"]["content"]
        schema: dict[str, Any] = content[JSON]["schema"]
        return schema

    def examples(self, path: str) -> dict[str, Any]:
        body = self.document["paths"][path]["post"].get("requestBody")
        examples = body["content"][JSON]["examples"] if body else {"nothing": {"value": None}}
        return {name: example["value"] for name, example in examples.items()}


def data_of(stream: str) -> list[Any]:
    lines = re.findall(r"^data: (.*)$", stream, re.MULTILINE)
    return [msgspec.json.decode(line) for line in lines if line != "[DONE]"]
