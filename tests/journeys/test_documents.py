"""Files and pictures by both official SDKs, against the real server and the simulator."""

import base64
from typing import Any

import anthropic
import openai
import pytest

MODEL = "claude-sonnet-4.5"
PDF = base64.b64encode(b"%PDF-1.7\n1 0 obj <</Type /Page>> endobj").decode()
NOTES = base64.b64encode(b"# Notes\n\nbuy milk").decode()


def file(name: str, data: str) -> Any:
    return {"type": "file", "file": {"filename": name, "file_data": data}}


def document(source: Any, **more: Any) -> Any:
    return {"type": "document", "source": source, **more}


def pdf(**more: Any) -> Any:
    return document({"type": "base64", "media_type": "application/pdf", "data": PDF}, **more)


def asked(client: openai.OpenAI, content: list[Any], model: str = MODEL) -> str:
    reply = client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": content}]
    )
    return reply.choices[0].message.content or ""


def told(client: anthropic.Anthropic, *turns: Any, **more: Any) -> str:
    messages: Any = [
        {"role": "assistant" if at % 2 else "user", "content": turn}
        for at, turn in enumerate(turns)
    ]
    reply = client.messages.create(model=MODEL, max_tokens=100, messages=messages, **more)
    return "".join(block.text for block in reply.content if block.type == "text")


def test_openai_sends_files(house: Any) -> None:
    gateway, _ = house
    client = gateway.openai()
    said = {"type": "text", "text": "Look"}
    text = asked(client, [file("report.pdf", f"data:application/pdf;base64,{PDF}"), said])
    assert text.endswith("You said: Look\nI have the document report (pdf).")
    assert "buy milk" in asked(client, [file("notes.md", f"data:text/markdown;base64,{NOTES}")])
    two = [file("a.pdf", PDF), file("a.pdf", PDF), said]
    assert asked(client, two).endswith("document a (pdf).\nI have the document a (2) (pdf).")


def test_anthropic_sends_documents(house: Any) -> None:
    gateway, _ = house
    client = gateway.anthropic()
    assert told(client, [pdf(title="Q3")]).endswith("I have the document Q3 (pdf).")
    assert "in 2026" in told(client, [pdf(title="Q3", context="in 2026")])
    text = {"type": "text", "media_type": "text/plain", "data": "buy milk"}
    assert "buy milk" not in told(client, [document(text), {"type": "text", "text": "Hm?"}])
    assert told(client, [{"type": "text", "text": "Hm?"}, document(text)]).endswith("</document>")
    content = {"type": "content", "content": [{"type": "text", "text": "buy milk"}]}
    assert told(client, [document(content)])
    assert told(client, [pdf()], "I see.", "And now?").endswith("You said: And now?")


def test_a_tool_gives_a_document(house: Any) -> None:
    gateway, _ = house
    use = {"type": "tool_use", "id": "t1", "name": "read", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": [pdf(title="Q3")]}
    tools = [{"name": "read", "description": "Reads", "input_schema": {"type": "object"}}]
    text = told(gateway.anthropic(), "Read it", [use], [result], tools=tools)
    assert text.startswith("The tool read says: (the result is a document, attached")


@pytest.mark.parametrize(
    ("content", "path"),
    [
        (file("a.zip", "data:application/zip;base64,UEsDBP8="), "file.file_data"),
        ({"type": "file", "file": {"file_id": "file-1"}}, "file.file_id"),
        (file("a.pdf", "data:application/pdf;base64,aGk="), "file.file_data"),
        ({"type": "image_url", "image_url": {"url": "https://a.example/b"}}, "image_url.url"),
    ],
)
def test_what_is_not_taken_is_refused_with_its_place(house: Any, content: Any, path: str) -> None:
    gateway, simulator = house
    before = len(simulator.refused)
    with pytest.raises(openai.BadRequestError) as refused:
        asked(gateway.openai(), [content])
    assert refused.value.param == f"messages[0].content[0].{path}"
    assert len(simulator.refused) == before


def test_a_model_without_eyes_reads_words_and_no_documents(house: Any) -> None:
    gateway, _ = house
    client = gateway.openai()
    assert "buy milk" in asked(client, [file("a.txt", NOTES)], "glm-5")
    with pytest.raises(openai.BadRequestError, match="reads no documents but text"):
        asked(client, [file("a.pdf", PDF)], "glm-5")


def test_the_stage_that_fetches_reaches_nothing_of_the_inside(start: Any, simulator: Any) -> None:
    simulator.add_account("work")
    gateway = start(simulator, rest='[[pipeline]]\nstage = "fetch-images"\nafter = "normalize"')
    image = {"type": "image_url", "image_url": {"url": "https://localhost/secret.png"}}
    with pytest.raises(openai.BadRequestError, match="its host has no public address") as refused:
        asked(gateway.openai(), [image])
    assert refused.value.param == "messages[0].content[0].image_url.url"
