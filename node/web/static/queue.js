// SPDX-License-Identifier: AGPL-3.0-or-later
// Signed wishes that wait for the line: each under its own id, sent in order by one tab at a time, and done once, since
// the node knows what was made under that id.

import { decode, encode } from "./cbor.js";
import { add, all, bytesOf, drop, myKey, network, post, proof, put, sign, textOf } from "./keys.js";

const STALE = ["ORDER_STALE", "ORDER_REPLAYED", "ORDER_AHEAD"];
const DONE_BEFORE = "PAYMENT_EXISTS";

// Returns the bytes of an envelope around a wish's fields.
export const envelope = (key, slip, fields, number) =>
  encode(
    new Map([
      [1, network()],
      [2, slip.operation],
      [3, fields],
      [4, key.public],
      [5, number],
      [6, slip.not_after_ms],
      ...(slip.head ? [[7, bytesOf(slip.head)]] : []),
    ]),
  );

export const signed = async (key, data) => ({ data: textOf(data), signature: textOf(await sign(key, "wish", data)) });

// Puts a wish into the queue; false where one of this id waits there already.
export async function enqueue(item) {
  try {
    await add("queue", item.id, item);
    return true;
  } catch (error) {
    if (error?.name !== "ConstraintError") throw error;
    return false;
  }
}

async function again(item, key, number) {
  const old = decode(bytesOf(item.body.signed.data));
  item.body.signed = await signed(key, encode(old.set(5, number)));
  await put("queue", item.id, item);
}

async function send(item, key, token) {
  for (let tries = 0; tries < 2; tries++) {
    const { status, told } = await post(item.path, item.body, token);
    if (status < 300) return { ...item, state: "sent", page: item.path.replace("/v1", "") + `/${told.id}` };
    if (told.code === DONE_BEFORE) return { ...item, state: "sent", page: item.path.replace("/v1", "") };
    if (status >= 500 || status === 429 || status === 401) throw new Error(told.code);
    if (!STALE.includes(told.code)) return { ...item, state: "refused", heading: told.heading ?? told.title, detail: told.detail };
    await again(item, key, told.figures.order_seq + 1);
  }
  throw new Error("numbers run away");
}

export const waiting = async () => (await all("queue")).filter((one) => one.state === "waits");

// Sends what waits; raises where there is no line, or the key opens nothing.
export async function flush() {
  if (!(await waiting()).length) return;
  await navigator.locks.request("mutirao-queue", async () => {
    const key = await myKey();
    const { token } = (await post("/v1/sessions", await proof(key))).told;
    for (const item of (await waiting()).sort((one, other) => one.number - other.number))
      // What was withdrawn meanwhile is not put back.
      if (await stillThere(item)) await put("queue", item.id, await send(item, key, token));
  });
}

const stillThere = async (item) => (await waiting()).some((one) => one.id === item.id);

export const withdraw = (id) => navigator.locks.request("mutirao-queue", () => drop("queue", id));
