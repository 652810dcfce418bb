"""Frameworks: what `ki2api connect` prints of them is run as it stands, and each calls a tool."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ki2api.cli.connections import CONNECTIONS, Address
from ki2api.simulator.answer import Call

LISTED = "frameworks.txt"
WEATHER = Call("get_weather", {"city": "Oslo"})
LANGCHAIN = """
from langchain_{kind} import {model} as Model

def get_weather(city: str) -> str:
    "Tell the weather of a city."
    return f"rain in {{city}}"

model = Model(base_url={url!r}, api_key={key!r}, model={name!r}, **{more}).bind_tools([get_weather])
asked = model.invoke("What is the weather in Oslo?")
(call,) = asked.tool_calls
result = {{"role": "tool", "tool_call_id": call["id"], "content": get_weather(**call["args"])}}
for piece in model.stream([("user", "What is the weather in Oslo?"), asked, result]):
    print(piece.text, end="")
"""
PYDANTIC_AI = """
from pydantic_ai import Agent
from pydantic_ai.models.{kind} import {model} as Model
from pydantic_ai.providers.{kind} import {provider} as Provider

agent = Agent(Model({name!r}, provider=Provider(base_url={url!r}, api_key={key!r})))

@agent.tool_plain
def get_weather(city: str) -> str:
    "Tell the weather of a city."
    return f"rain in {{city}}"

print(agent.run_sync("What is the weather in Oslo?").output)
"""
AI = """
import {{ {create} }} from "@ai-sdk/{kind}";
import {{ generateText, stepCountIs, tool }} from "ai";
import {{ z }} from "zod";

const provider = {create}({{ name: "ki2api", baseURL: "{url}", apiKey: "{key}" }});
const get_weather = tool({{
  description: "Tell the weather of a city.",
  inputSchema: z.object({{ city: z.string() }}),
  execute: ({{ city }}) => `rain in ${{city}}`,
}});
const {{ text, totalUsage }} = await generateText({{
  model: provider("{name}"),
  prompt: "What is the weather in Oslo?",
  tools: {{ get_weather }},
  stopWhen: stepCountIs(3),
}});
if (!(totalUsage.inputTokens > 0)) throw new Error("no usage");
console.log(text);
"""


@pytest.fixture
def run(lab: Any, python: Callable[[str], Path]) -> Callable[[str, str], str]:
    """Runs a program in Python or JavaScript, and returns what it prints."""

    def run(language: str, text: str) -> str:
        if language == "python":
            return str(lab.run(python(LISTED) / "python", "-c", text))
        lab.library()
        (lab.project / "program.mjs").write_text(text)
        return str(lab.run("node", lab.project / "program.mjs"))

    return run


@pytest.mark.parametrize("client", ["langchain", "ai-sdk"])
def test_what_connect_prints_says_hello(
    lab: Any, served: Callable[..., Any], run: Callable[[str, str], str], client: str
) -> None:
    served()
    address = Address(lab.gateway.url, "claude-sonnet-4.5", "ki2api-key-2024")
    for piece in CONNECTIONS[client].pieces:
        assert "A poem" in run(piece.language, address.put_into(piece))


def values(lab: Any, kind: str) -> dict[str, str]:
    v1 = "" if kind == "anthropic" else "/v1"
    return {
        "kind": kind,
        "url": lab.gateway.url + v1,
        "key": "ki2api-key-2024",
        "name": "claude-sonnet-4.5",
    }


@pytest.mark.shows("langchain", "tool loop")
@pytest.mark.parametrize(
    ("kind", "model", "more"),
    [
        ("openai", "ChatOpenAI", "{}"),
        ("anthropic", "ChatAnthropic", "{}"),
        ("openai", "ChatOpenAI", "{'use_responses_api': True}"),
    ],
)
def test_langchain(
    lab: Any, served: Callable[..., Any], run: Any, kind: str, model: str, more: str
) -> None:
    served(WEATHER)
    program = LANGCHAIN.format(**values(lab, kind), model=model, more=more)
    assert "rain in Oslo" in run("python", program)
    lab.show(f"langchain-{kind}{'-responses' if 'responses' in more else ''}")


@pytest.mark.shows("pydantic-ai", "tool loop")
@pytest.mark.parametrize(
    ("kind", "model", "provider"),
    [
        ("openai", "OpenAIChatModel", "OpenAIProvider"),
        ("anthropic", "AnthropicModel", "AnthropicProvider"),
    ],
)
def test_pydantic_ai(
    lab: Any, served: Callable[..., Any], run: Any, kind: str, model: str, provider: str
) -> None:
    served(WEATHER)
    program = PYDANTIC_AI.format(**values(lab, kind), model=model, provider=provider)
    assert "rain in Oslo" in run("python", program)
    lab.show(f"pydantic-ai-{kind}")


@pytest.mark.shows("ai-sdk", "tool loop", "usage")
@pytest.mark.parametrize(
    ("kind", "create"),
    [
        ("openai-compatible", "createOpenAICompatible"),
        ("anthropic", "createAnthropic"),
        ("openai", "createOpenAI"),
    ],
)
def test_ai_sdk(lab: Any, served: Callable[..., Any], run: Any, kind: str, create: str) -> None:
    served(WEATHER)
    told = {**values(lab, kind), "url": f"{lab.gateway.url}/v1"}
    assert "rain in Oslo" in run("js", AI.format(**told, create=create))
    lab.show(f"ai-sdk-{kind}")


@pytest.mark.shows("llm", "tool loop")
def test_llm(lab: Any, served: Callable[..., Any], python: Callable[[str], Path]) -> None:
    served(Call("llm_version", {}))
    url = f"{lab.gateway.url}/v1"
    lab.write(
        ".config/io.datasette.llm/extra-openai-models.yaml",
        "- {model_id: kiro, model_name: claude-sonnet-4.5, supports_tools: true,"
        f" api_base: {url}, api_key_name: ki2api}}",
    )
    options = ["-T", "llm_version", "--key", "ki2api-key-2024"]
    program = "from llm.cli import cli; cli()"
    told = lab.run(
        python(LISTED) / "python", "-c", program, "-m", "kiro", *options, "Which version?"
    )
    assert "Done: 0.36" in told
    lab.show("llm")
