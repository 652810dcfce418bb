"""Requests that are drawn from our own OpenAPI document: each answer is one that it describes.

KI2API_WALKS=500 draws so many of each kind for each operation.
"""

import os
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from ki2api.app import create_app
from ki2api.web.openapi.document import document
from tests.journeys.described import JSON, Described
from tests.journeys.drawing import Drawing

WALKS = int(os.environ.get("KI2API_WALKS", "12"))
PATHS: dict[str, Any] = document(create_app().routes)["paths"]
OPERATIONS = [(path, method) for path, item in PATHS.items() for method in item]
READING = [path for path, method in OPERATIONS if "requestBody" in PATHS[path][method]]
ANYTHING = "/api/event_logging/batch"
CHOOSING = [
    (path, method)
    for path, method in sorted(OPERATIONS, key=lambda each: each[1] == "delete")
    if PATHS[path][method]["parameters"]
]
walk = settings(
    max_examples=WALKS,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    database=None,
)


@pytest.fixture(scope="module")
def http(house: Any) -> httpx.Client:
    gateway, _ = house
    client: httpx.Client = gateway.http()
    return client


@pytest.fixture(scope="module")
def described(http: httpx.Client) -> Described:
    return Described(http)


@pytest.fixture(scope="module")
def drawing(http: httpx.Client, described: Described) -> Drawing:
    kept = http.post("/v1/responses", json=described.examples("/v1/responses")["whole"]).json()
    items = http.get(f"/v1/responses/{kept['id']}/input_items").json()
    here = {"account": "first", "model_id": "claude-sonnet-4.5", "after": items["last_id"]}
    return Drawing(described, here | {"response_id": kept["id"]})


def posted(http: httpx.Client, path: str, body: Any) -> httpx.Response:
    headers = {"content-type": JSON}  # httpx sends no body for null
    return http.post(path, content=msgspec.json.encode(body), headers=headers)


def served(answer: httpx.Response, described: Described, path: str, method: str) -> None:
    assert answer.status_code != 500, answer.text
    described.check(answer, path, method)


@pytest.mark.parametrize("path", READING)
@walk
@given(data=st.data())
def test_whatever_the_schema_allows_has_an_answer_that_is_described(
    data: st.DataObject, http: httpx.Client, described: Described, drawing: Drawing, path: str
) -> None:
    body = data.draw(drawing.allowed(described.body_of(path)))
    if isinstance(body, dict):  # what one draws alone mostly lacks something or has too much
        body = body | data.draw(st.sampled_from([{}, *described.examples(path).values()]))
    served(posted(http, path, body), described, path, "post")


@pytest.mark.parametrize("path", sorted({*READING} - {ANYTHING}))
@walk
@given(data=st.data())
def test_what_the_schema_refuses_is_refused(
    data: st.DataObject, http: httpx.Client, described: Described, drawing: Drawing, path: str
) -> None:
    schema = described.body_of(path)
    body = data.draw(drawing.changed(schema))
    assume(described.faults(schema, body))
    answer = posted(http, path, body)
    assert answer.status_code == 400
    served(answer, described, path, "post")


@pytest.mark.parametrize(("path", "method"), CHOOSING)
@walk
@given(data=st.data())
def test_whatever_parameters_come_the_answer_is_described(
    data: st.DataObject,
    http: httpx.Client,
    described: Described,
    drawing: Drawing,
    path: str,
    method: str,
) -> None:
    where: dict[str, dict[str, str]] = {"path": {}, "query": {}, "header": {}}
    for each in PATHS[path][method]["parameters"]:
        name, place = each["name"], each["in"]
        text = drawing.allowed(each["schema"], name).map(written) | st.text(max_size=20)
        if place == "path":
            where[place][name] = quote(data.draw(text.filter(one_segment)), safe="")
        elif each.get("required") or data.draw(st.booleans()):
            value = data.draw(text)
            where[place][name] = quote(value) if place == "header" else value
    answer = http.request(
        method, path.format(**where["path"]), params=where["query"], headers=where["header"]
    )
    served(answer, described, path, method)


def written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def one_segment(text: str) -> bool:
    return text.strip("/. ") != "" and "/" not in text


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_each_operation_refuses_as_described(
    http: httpx.Client, described: Described, path: str, method: str
) -> None:
    url = path.format(model_id="m", response_id="r")
    is_open = PATHS[path][method].get("security") == []
    refusals = {
        403: {"origin": "https://evil.example"},
        431: {"x-long": "x" * 40_000},
        200 if is_open else 401: {"authorization": "Bearer wrong"},
    }
    if path in READING:
        refusals[415] = {"content-type": "text/plain"}
    answers = {status: http.request(method, url, headers=refusals[status]) for status in refusals}
    answers[405] = http.request("PATCH", url)
    for status, answer in answers.items():
        assert answer.status_code == status
        served(answer, described, path, method)
