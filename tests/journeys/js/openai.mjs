// `openai` for JavaScript.

import OpenAI from "openai";
import { assert, cell, KEY, MODEL, PIXEL, PLACE, PLACED, refused, reset, SAYS_PLACED, URL } from "./cells.mjs";

const NAME = "openai-js";
const tool = (name, description) => ({
  type: "function",
  function: { name, description, parameters: PLACE },
});
const WEATHER = tool("get_weather", "Get the current weather in a given location");
const CLOCK = tool("get_time", "Get the current time in a given location");
const PICTURE = { type: "image_url", image_url: { url: `data:image/png;base64,${PIXEL}` } };

const client = new OpenAI({ baseURL: `${URL}/v1`, apiKey: KEY, maxRetries: 0 });
const ask = (content, more = {}) => ({
  model: MODEL,
  messages: typeof content === "string" ? [{ role: "user", content }] : content,
  ...more,
});
const create = (content, more) => client.chat.completions.create(ask(content, more));
const streamed = (content, more) =>
  client.chat.completions
    .stream(ask(content, { stream_options: { include_usage: true }, ...more }))
    .finalChatCompletion();
const words = (reply) => reply.choices[0].message.content ?? "";
const calls = (reply) => reply.choices[0].message.tool_calls ?? [];

/** Ask both ways, and look at both answers. */
async function both(content, more, look) {
  look(await create(content, more));
  look(await streamed(content, more));
}

cell(NAME, "text", () =>
  both("Hello there!", { max_completion_tokens: 1000 }, (reply) => {
    assert.match(words(reply), /Hello there!/);
    assert.equal(reply.choices[0].finish_reason, "stop");
    assert.equal(reply.model, MODEL);
    const { prompt_tokens, completion_tokens, total_tokens } = reply.usage;
    assert.ok(prompt_tokens > 0 && completion_tokens > 0);
    assert.equal(total_tokens, prompt_tokens + completion_tokens);
  }),
);

cell(NAME, "stream", async () => {
  const pieces = [];
  const stream = await client.chat.completions.create(ask("[[sim:pause after=2 seconds=0.3]] 写一首关于春天的诗", { stream: true }));
  for await (const chunk of stream) pieces.push(chunk.choices[0]?.delta?.content ?? "");
  assert.ok(pieces.filter(Boolean).length > 1);
  assert.match(pieces.join(""), /《春》/);
});

cell(NAME, "system", () =>
  both(
    [
      { role: "developer", content: "Be terse." },
      { role: "user", content: "Hello" },
    ],
    {},
    (reply) => assert.match(words(reply), /Hello/),
  ),
);

cell(NAME, "history", () =>
  both(
    [
      { role: "user", content: "First question" },
      { role: "assistant", content: "First answer" },
      { role: "user", content: [{ type: "text", text: "Second question" }] },
    ],
    {},
    (reply) => assert.match(words(reply), /Second question/),
  ),
);

cell(NAME, "tools", () =>
  both("What is the weather in San Francisco?", { tools: [WEATHER] }, (reply) => {
    assert.equal(reply.choices[0].finish_reason, "tool_calls");
    assert.deepEqual(JSON.parse(calls(reply)[0].function.arguments), { location: "San Francisco" });
  }),
);

cell(NAME, "parallel tools", async () => {
  const tools = [WEATHER, CLOCK];
  const question = { role: "user", content: "Tell me both the weather and the time in Paris." };
  for (const way of [create, streamed]) {
    const asked = await way([question], { tools });
    const names = calls(asked).map((call) => call.function.name);
    assert.deepEqual(names.sort(), ["get_time", "get_weather"]);
    const results = calls(asked).map((call) => ({
      role: "tool",
      tool_call_id: call.id,
      content: `${call.function.name} knows`,
    }));
    const messages = [question, asked.choices[0].message, ...results.reverse()];
    const told = await way(messages, { tools });
    assert.match(words(told), /get_time knows/);
    assert.match(words(told), /get_weather knows/);
  }
});

cell(NAME, "images", () =>
  both(
    [{ role: "user", content: [{ type: "text", text: "What is this?" }, PICTURE] }],
    {},
    (reply) => assert.match(words(reply), /png image of 1 × 1 pixels/),
  ),
);

cell(NAME, "images in tool results", () =>
  both(
    [
      { role: "user", content: "Show me the weather." },
      {
        role: "assistant",
        tool_calls: [{ id: "call_1", type: "function", function: { name: "get_weather", arguments: "{}" } }],
      },
      { role: "tool", tool_call_id: "call_1", content: [{ type: "text", text: "see the map" }, PICTURE] },
    ],
    { tools: [WEATHER] },
    (reply) => assert.match(words(reply), /see the map/),
  ),
);

cell(NAME, "thinking", () =>
  both("How are you?", { reasoning_effort: "high" }, (reply) =>
    assert.ok(reply.choices[0].message.reasoning_content),
  ),
);

cell(NAME, "stop sequences", () =>
  both("[[sim:text say=one+HALT+two]]", { stop: ["HALT"] }, (reply) => {
    assert.equal(reply.choices[0].finish_reason, "stop");
    assert.equal(words(reply), "one ");
  }),
);

cell(NAME, "max tokens", async () => {
  const reply = await create("Write a poem.", { max_completion_tokens: 5 });
  assert.equal(reply.choices[0].finish_reason, "length");
});

cell(NAME, "structured output", () => {
  const schema = {
    type: "object",
    properties: { city: { type: "string" }, degrees: { type: "integer" } },
    required: ["city", "degrees"],
    additionalProperties: false,
  };
  const response_format = { type: "json_schema", json_schema: { name: "place", schema, strict: true } };
  return both(`Where? ${SAYS_PLACED}`, { response_format }, (reply) =>
    assert.deepEqual(JSON.parse(words(reply)), PLACED),
  );
});

cell(NAME, "documents", () => {
  const file_data = `data:text/plain;base64,${Buffer.from("A note.").toString("base64")}`;
  return both(
    [
      {
        role: "user",
        content: [
          { type: "file", file: { filename: "note.txt", file_data } },
          { type: "text", text: "What does it say?" },
        ],
      },
    ],
    {},
    (reply) => assert.ok(words(reply)),
  );
});

cell(NAME, "web search", () =>
  both("Please search the web for red pandas.", { web_search_options: {} }, (reply) => {
    assert.match(words(reply), /red pandas: page 1/);
    assert.ok(reply.choices[0].message.annotations[0].url_citation.url);
  }),
);

cell(NAME, "models", async () => {
  const ids = [];
  for await (const model of client.models.list()) ids.push(model.id);
  assert.ok(ids.includes(MODEL));
  assert.equal((await client.models.retrieve(MODEL)).id, MODEL);
});

cell(NAME, "tool runner", async () => {
  for (const stream of [false, true]) {
    const asked = [];
    const runner = client.chat.completions.runTools({
      ...ask("What is the weather in Oslo?"),
      stream,
      tools: [
        {
          type: "function",
          function: {
            ...WEATHER.function,
            parse: JSON.parse,
            function: ({ location }) => {
              asked.push(location);
              return "12 degrees and rain";
            },
          },
        },
      ],
    });
    assert.match(await runner.finalContent(), /12 degrees/);
    assert.deepEqual(asked, ["Oslo"]);
  }
});

cell(NAME, "errors", async () => {
  const stranger = new OpenAI({ baseURL: `${URL}/v1`, apiKey: "wrong", maxRetries: 0 });
  const unknown = await refused(OpenAI.AuthenticationError, stranger.chat.completions.create(ask("Hi")));
  assert.equal(unknown.code, "invalid_api_key");
  await refused(OpenAI.BadRequestError, create([]));
  await refused(OpenAI.NotFoundError, create("Hi", { model: "no-such-model" }));
  const large = await refused(OpenAI.APIError, create("x".repeat(2_000_000)));
  assert.equal(large.status, 413);
  const failed = await refused(OpenAI.InternalServerError, create("[[sim:unexpected]] Hi"));
  assert.ok(failed.status >= 500);
  await reset();
  const tired = await refused(OpenAI.RateLimitError, create("[[sim:throttled]] Hi"));
  assert.equal(tired.status, 429);
  await reset();
});

cell(NAME, "errors in a stream", async () => {
  await refused(OpenAI.APIError, streamed("[[sim:exception]] Hello"));
  await reset();
});

const response = (input, more = {}) => ({ model: MODEL, input, ...more });

cell(NAME, "responses", async () => {
  const whole = await client.responses.create(response("Hello there!"));
  assert.match(whole.output_text, /Hello there!/);
  assert.ok(whole.usage.input_tokens > 0 && whole.usage.output_tokens > 0);
  const stream = await client.responses.stream(response("Hello there!")).finalResponse();
  assert.match(stream.output_text, /Hello there!/);
});

cell(NAME, "responses with tools", async () => {
  const tools = [{ type: "function", name: "get_weather", description: "Get the weather", parameters: PLACE, strict: false }];
  const question = { role: "user", content: "What is the weather in San Francisco?" };
  const asked = await client.responses.create(response([question], { tools }));
  const call = asked.output.find((item) => item.type === "function_call");
  assert.deepEqual(JSON.parse(call.arguments), { location: "San Francisco" });
  const result = { type: "function_call_output", call_id: call.call_id, output: "18 degrees" };
  const told = await client.responses.create(response([question, ...asked.output, result], { tools }));
  assert.match(told.output_text, /18 degrees/);
});
