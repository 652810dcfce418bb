// Runs every cell against GATEWAY with KEY, and prints a line of JSON for each.

import "./openai.mjs";
import "./anthropic.mjs";
import { run } from "./cells.mjs";

await run();
