"""SDKs and frameworks: programs that say hello."""

from collections.abc import Mapping

from ki2api.cli.connections.connection import Connection, Piece

OPENAI_PYTHON = Connection(
    "OpenAI SDK for Python",
    (
        Piece(
            "After `pip install openai`",
            "python",
            """
from openai import OpenAI

client = OpenAI(base_url="<url>/v1", api_key="<key>")
reply = client.chat.completions.create(
    model="<model>", messages=[{"role": "user", "content": "Hello!"}]
)
print(reply.choices[0].message.content)
""",
        ),
    ),
    "By the environment: OPENAI_BASE_URL and OPENAI_API_KEY.",
)
OPENAI_JS = Connection(
    "OpenAI SDK for JavaScript",
    (
        Piece(
            "After `npm install openai`",
            "js",
            """
import OpenAI from "openai";

const client = new OpenAI({ baseURL: "<url>/v1", apiKey: "<key>" });
const reply = await client.chat.completions.create({
  model: "<model>",
  messages: [{ role: "user", content: "Hello!" }],
});
console.log(reply.choices[0].message.content);
""",
        ),
    ),
    "By the environment: OPENAI_BASE_URL and OPENAI_API_KEY.",
)
ANTHROPIC_PYTHON = Connection(
    "Anthropic SDK for Python",
    (
        Piece(
            "After `pip install anthropic`",
            "python",
            """
from anthropic import Anthropic

client = Anthropic(base_url="<url>", api_key="<key>")
reply = client.messages.create(
    model="<model>", max_tokens=1024, messages=[{"role": "user", "content": "Hello!"}]
)
print(reply.content[0].text)
""",
        ),
    ),
    "The address has no /v1. By the environment: ANTHROPIC_BASE_URL and ANTHROPIC_API_KEY.",
)
ANTHROPIC_JS = Connection(
    "Anthropic SDK for JavaScript",
    (
        Piece(
            "After `npm install @anthropic-ai/sdk`",
            "js",
            """
import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({ baseURL: "<url>", apiKey: "<key>" });
const reply = await client.messages.create({
  model: "<model>",
  max_tokens: 1024,
  messages: [{ role: "user", content: "Hello!" }],
});
console.log(reply.content[0].text);
""",
        ),
    ),
    "The address has no /v1. By the environment: ANTHROPIC_BASE_URL and ANTHROPIC_API_KEY.",
)
AI_SDK = Connection(
    "Vercel AI SDK",
    (
        Piece(
            "After `npm install ai @ai-sdk/openai-compatible`",
            "js",
            """
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText } from "ai";

const ki2api = createOpenAICompatible({ name: "ki2api", baseURL: "<url>/v1", apiKey: "<key>" });
const { text } = await generateText({ model: ki2api("<model>"), prompt: "Hello!" });
console.log(text);
""",
        ),
        Piece(
            "Or, after `npm install ai @ai-sdk/anthropic`",
            "js",
            """
import { createAnthropic } from "@ai-sdk/anthropic";
import { generateText } from "ai";

const ki2api = createAnthropic({ baseURL: "<url>/v1", apiKey: "<key>" });
const { text } = await generateText({ model: ki2api("<model>"), prompt: "Hello!" });
console.log(text);
""",
        ),
    ),
    "Here the address ends in /v1 for both. `createOpenAI` calls /v1/responses by default.",
)
LANGCHAIN = Connection(
    "LangChain",
    (
        Piece(
            "After `pip install langchain-openai`",
            "python",
            """
from langchain_openai import ChatOpenAI

model = ChatOpenAI(
    base_url="<url>/v1",
    api_key="<key>",
    model="<model>",
)
print(model.invoke("Hello!").content)
""",
        ),
        Piece(
            "Or, after `pip install langchain-anthropic`",
            "python",
            """
from langchain_anthropic import ChatAnthropic

model = ChatAnthropic(
    base_url="<url>",
    api_key="<key>",
    model="<model>",
)
print(model.invoke("Hello!").content)
""",
        ),
    ),
)
SDKS: Mapping[str, Connection] = {
    "openai-python": OPENAI_PYTHON,
    "openai-js": OPENAI_JS,
    "anthropic-python": ANTHROPIC_PYTHON,
    "anthropic-js": ANTHROPIC_JS,
    "ai-sdk": AI_SDK,
    "langchain": LANGCHAIN,
}
