// `@anthropic-ai/sdk` for JavaScript.

import Anthropic from "@anthropic-ai/sdk";
import { betaZodTool } from "@anthropic-ai/sdk/helpers/beta/zod";
import { z } from "zod";
import { assert, cell, KEY, MODEL, PIXEL, PLACE, PLACED, refused, reset, SAYS_PLACED, URL } from "./cells.mjs";

const NAME = "anthropic-js";
const WEATHER = {
  name: "get_weather",
  description: "Get the current weather in a given location",
  input_schema: PLACE,
};
const CLOCK = {
  name: "get_time",
  description: "Get the current time in a given location",
  input_schema: PLACE,
};
const PICTURE = { type: "image", source: { type: "base64", media_type: "image/png", data: PIXEL } };

const client = new Anthropic({ baseURL: URL, apiKey: KEY, maxRetries: 0 });
const ask = (content, more = {}) => ({
  model: MODEL,
  max_tokens: 1000,
  messages: typeof content === "string" ? [{ role: "user", content }] : content,
  ...more,
});
const create = (content, more) => client.messages.create(ask(content, more));
const streamed = (content, more) => client.messages.stream(ask(content, more)).finalMessage();
const words = (reply) => reply.content.filter((b) => b.type === "text").map((b) => b.text).join("");
const calls = (reply) => reply.content.filter((block) => block.type === "tool_use");

/** Ask both ways, and look at both answers. */
async function both(content, more, look) {
  look(await create(content, more));
  look(await streamed(content, more));
}

cell(NAME, "text", () =>
  both("Hello, Claude!", {}, (reply) => {
    assert.match(words(reply), /Hello, Claude!/);
    assert.equal(reply.stop_reason, "end_turn");
    assert.equal(reply.model, MODEL);
    assert.ok(reply.usage.input_tokens > 0 && reply.usage.output_tokens > 0);
  }),
);

cell(NAME, "stream", async () => {
  const pieces = [];
  const stream = client.messages.stream(ask("[[sim:pause after=2 seconds=0.3]] 写一首关于春天的诗"));
  stream.on("text", (piece) => pieces.push(piece));
  const reply = await stream.finalMessage();
  assert.ok(pieces.length > 1);
  assert.equal(pieces.join(""), words(reply));
});

cell(NAME, "system", () =>
  both("Hello", { system: [{ type: "text", text: "Be terse." }] }, (reply) =>
    assert.match(words(reply), /Hello/),
  ),
);

cell(NAME, "history", () =>
  both(
    [
      { role: "user", content: "First question" },
      { role: "assistant", content: [{ type: "text", text: "First answer" }] },
      { role: "user", content: "Second question" },
    ],
    {},
    (reply) => assert.match(words(reply), /Second question/),
  ),
);

cell(NAME, "tools", () =>
  both("What is the weather in San Francisco?", { tools: [WEATHER] }, (reply) => {
    assert.equal(reply.stop_reason, "tool_use");
    assert.deepEqual(calls(reply)[0].input, { location: "San Francisco" });
  }),
);

cell(NAME, "parallel tools", async () => {
  const tools = [WEATHER, CLOCK];
  const question = { role: "user", content: "Tell me both the weather and the time in Paris." };
  for (const way of [create, streamed]) {
    const asked = await way([question], { tools });
    assert.deepEqual(calls(asked).map((call) => call.name).sort(), ["get_time", "get_weather"]);
    const results = calls(asked).map((call) => ({
      type: "tool_result",
      tool_use_id: call.id,
      content: `${call.name} knows`,
    }));
    const messages = [question, { role: "assistant", content: asked.content }];
    const told = await way([...messages, { role: "user", content: results.reverse() }], { tools });
    assert.match(words(told), /get_time knows/);
    assert.match(words(told), /get_weather knows/);
  }
});

cell(NAME, "images", () =>
  both(
    [{ role: "user", content: [PICTURE, { type: "text", text: "What is this?" }] }],
    {},
    (reply) => assert.match(words(reply), /png image of 1 × 1 pixels/),
  ),
);

cell(NAME, "images in tool results", () =>
  both(
    [
      { role: "user", content: "Show me the weather." },
      { role: "assistant", content: [{ type: "tool_use", id: "toolu_1", name: "get_weather", input: {} }] },
      {
        role: "user",
        content: [
          {
            type: "tool_result",
            tool_use_id: "toolu_1",
            content: [{ type: "text", text: "see the map" }, PICTURE],
          },
        ],
      },
    ],
    { tools: [WEATHER] },
    (reply) => assert.match(words(reply), /see the map/),
  ),
);

cell(NAME, "thinking", () =>
  both("How are you?", { max_tokens: 4000, thinking: { type: "enabled", budget_tokens: 2000 } }, (reply) => {
    assert.equal(reply.content[0].type, "thinking");
    assert.ok(reply.content[0].thinking);
  }),
);

cell(NAME, "stop sequences", () =>
  both("[[sim:text say=one+HALT+two]]", { stop_sequences: ["HALT"] }, (reply) => {
    assert.equal(reply.stop_reason, "stop_sequence");
    assert.equal(reply.stop_sequence, "HALT");
    assert.equal(words(reply), "one ");
  }),
);

cell(NAME, "max tokens", () =>
  both("Write a poem.", { max_tokens: 5 }, (reply) => assert.equal(reply.stop_reason, "max_tokens")),
);

cell(NAME, "structured output", () => {
  const schema = {
    type: "object",
    properties: { city: { type: "string" }, degrees: { type: "integer" } },
    required: ["city", "degrees"],
    additionalProperties: false,
  };
  const output_config = { format: { type: "json_schema", schema } };
  return both(`Where? ${SAYS_PLACED}`, { output_config }, (reply) =>
    assert.deepEqual(JSON.parse(words(reply)), PLACED),
  );
});

cell(NAME, "documents", () =>
  both(
    [
      {
        role: "user",
        content: [
          { type: "document", title: "note", source: { type: "text", media_type: "text/plain", data: "A note." } },
          { type: "text", text: "What does it say?" },
        ],
      },
    ],
    {},
    (reply) => assert.ok(words(reply)),
  ),
);

cell(NAME, "web search", () =>
  both(
    "Please search the web for red pandas.",
    { tools: [{ type: "web_search_20250305", name: "web_search", max_uses: 1 }] },
    (reply) => {
      assert.ok(reply.content.some((block) => block.type === "server_tool_use"));
      assert.ok(reply.content.some((block) => block.type === "web_search_tool_result"));
    },
  ),
);

cell(NAME, "token counting", async () => {
  const { model, messages } = ask("Hi");
  const short = await client.messages.countTokens({ model, messages });
  const long = await client.messages.countTokens({ model, messages, tools: [WEATHER] });
  assert.ok(0 < short.input_tokens && short.input_tokens < long.input_tokens);
});

cell(NAME, "models", async () => {
  const ids = [];
  for await (const model of client.models.list()) ids.push(model.id);
  assert.ok(ids.includes(MODEL));
  assert.equal((await client.models.retrieve(MODEL)).type, "model");
});

const weatherTool = (asked) =>
  betaZodTool({
    name: "get_weather",
    description: "Get the current weather in a given location",
    inputSchema: z.object({ location: z.string() }),
    run: ({ location }) => {
      asked.push(location);
      return "12 degrees and rain";
    },
  });

cell(NAME, "tool runner", async () => {
  // It keeps a message thread; that none is kept here tells it to send the whole again.
  for (const stream of [false, true]) {
    const asked = [];
    const runner = client.beta.messages.toolRunner({
      ...ask("What is the weather in Oslo?"),
      tools: [weatherTool(asked)],
      stream,
    });
    const reply = await runner.runUntilDone();
    assert.deepEqual(asked, ["Oslo"]);
    assert.match(words(reply), /12 degrees/);
  }
});

cell(NAME, "errors", async () => {
  const stranger = new Anthropic({ baseURL: URL, apiKey: "wrong", maxRetries: 0 });
  const unknown = await refused(Anthropic.AuthenticationError, stranger.messages.create(ask("Hi")));
  assert.equal(unknown.status, 401);
  await refused(Anthropic.BadRequestError, create([]));
  await refused(Anthropic.NotFoundError, create("Hi", { model: "no-such-model" }));
  const large = await refused(Anthropic.APIError, create("x".repeat(2_000_000)));
  assert.equal(large.status, 413);
  const failed = await refused(Anthropic.InternalServerError, create("[[sim:unexpected]] Hi"));
  assert.ok(failed.status >= 500);
  await reset();
  const tired = await refused(Anthropic.RateLimitError, create("[[sim:throttled]] Hi"));
  assert.equal(tired.status, 429);
  await reset();
});

cell(NAME, "errors in a stream", async () => {
  await refused(Anthropic.APIError, streamed("[[sim:exception]] Hello"));
  await reset();
});
