// The cells of the table in docs/clients.md that these SDKs show: each is one small conversation.

import assert from "node:assert/strict";

export { assert };

export const URL = process.env.GATEWAY;
export const KEY = process.env.KEY;
export const MODEL = "claude-sonnet-4.5";
export const PIXEL =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=";
export const PLACE = {
  type: "object",
  properties: { location: { type: "string" } },
  required: ["location"],
};
export const PLACED = { city: "Oslo", degrees: 12 };
export const SAYS_PLACED = `[[sim:text say=${JSON.stringify(PLACED)}]]`;

const cells = [];

/** Let a client show a feature; `show` throws when it does not. */
export function cell(client, feature, show) {
  cells.push({ client, feature, show });
}

/** Run all cells one after the other, and tell each on a line of its own. */
export async function run() {
  for (const { client, feature, show } of cells) {
    let error = null;
    try {
      await show();
    } catch (caught) {
      error = String(caught.stack ?? caught);
    }
    console.log(JSON.stringify({ client, feature, error }));
  }
}

/** Expect a promise to be rejected by this class of error, and return it. */
export async function refused(kind, promise) {
  let caught = null;
  try {
    await promise;
  } catch (error) {
    caught = error;
  }
  assert.ok(caught instanceof kind, `${kind.name} expected, but: ${caught?.stack}`);
  return caught;
}

/** Let accounts that a cell has tired serve again. */
export async function reset() {
  const headers = { authorization: `Bearer ${KEY}` };
  const answer = await fetch(`${URL}/v1/token/reset`, { method: "POST", headers });
  assert.equal(answer.status, 200);
}
