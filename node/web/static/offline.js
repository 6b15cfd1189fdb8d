// SPDX-License-Identifier: AGPL-3.0-or-later
// Without a line: what waits, what became of it, and a payment within the group that is signed now and goes later.

import { decode, encode } from "./cbor.js";
import { all, bytesOf, digest, drop, get, joined, myKey, networkText, put, textOf } from "./keys.js";
import { enqueue, envelope, signed, withdraw } from "./queue.js";
import { amountText, draw, forPeople, told, uuidOf } from "./told.js";

const WEEK_MS = 7 * 24 * 60 * 60_000;

function drawnId() {
  const id = crypto.getRandomValues(new Uint8Array(16));
  id[6] = (id[6] & 0x0f) | 0x40;
  id[8] = (id[8] & 0x3f) | 0x80;
  return id;
}

// What was typed, in minor units; comma and point are both taken. Undefined where it is none.
export function minorOf(text, scale) {
  const found = /^([0-9]{1,15})(?:[.,]([0-9]{1,9}))?$/.exec(text.trim());
  if (!found || (found[2] ?? "").length > scale) return undefined;
  return BigInt(found[1] + (found[2] ?? "").padEnd(scale, "0"));
}

export default async function (part) {
  const list = part.querySelector("[data-queue]");
  const form = part.querySelector("form[data-pay]");
  const slip = part.querySelector("[data-slip]");
  const say = (which) => part.querySelectorAll("[data-said]").forEach((one) => (one.hidden = one.dataset.said !== which));
  const [state, key] = [await get("state", networkText), await myKey()];

  async function refresh() {
    const rows = (await all("queue")).sort((one, other) => one.number - other.number);
    list.replaceChildren(
      ...rows.map((item) => {
        const row = part.querySelector(`template[data-state=${item.state}]`).content.firstElementChild.cloneNode(true);
        draw(row.querySelector("dl"), item.told);
        if (item.page) row.querySelector("a").href = item.page;
        if (item.heading) row.querySelector("h3").textContent = item.heading;
        if (item.detail) row.querySelector("[data-detail]").textContent = item.detail;
        row.querySelector("button").addEventListener("click", () => withdraw(item.id).then(refresh));
        return row;
      }),
    );
    part.querySelector("[data-empty]").hidden = rows.length > 0;
  }

  addEventListener("mutirao-sent", refresh);
  await refresh();
  if (!state || !key) return say("no-key");
  form.hidden = false;
  for (const { id, currency } of state.accounts) form.elements.account.add(new Option(currency, id));
  for (const handle of state.people) part.querySelector("datalist").append(new Option(handle));
  const minds = (await get("state", "draft")) ?? uuidOf(drawnId());
  await put("state", "draft", minds);

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const account = state.accounts.find((one) => one.id === form.elements.account.value);
    const minor = minorOf(form.elements.amount.value, account.scale);
    if (!minor) return say("amount");
    const [payee, note] = [form.elements.payee.value.trim().toLowerCase(), form.elements.note.value.trim().normalize("NFC")];
    if (payee.includes("@")) return say("abroad");
    // What waits counts in what is left.
    const spent = (await all("queue")).filter((one) => one.state === "waits" && one.account === account.id);
    const left = BigInt(account.headroom ?? 2n ** 62n) - spent.reduce((sum, one) => sum + BigInt(one.minor), 0n);
    part.querySelector("[data-left]").textContent = `${amountText(left, account.scale, state.locale)} ${account.currency}`;
    if (minor > left) return say("left");
    const salt = crypto.getRandomValues(new Uint8Array(16));
    const values = {
      payee,
      amount: new Map([[1, minor], [2, account.currency], [3, account.scale]]),
      payer: account.id,
      pending: false,
      payment: bytesOf(textOf(Uint8Array.from(minds.replace(/-/g, "").match(/../g), (one) => parseInt(one, 16)))),
      ...(note && { note: await digest("text", joined(salt, new TextEncoder().encode(note))) }),
    };
    const fields = new Map(Object.entries(values).map(([name, value]) => [state.rows.find((row) => row.name === name).n, value]));
    const wish = { ...state, operation: "payments.create", not_after_ms: Date.now() + WEEK_MS, texts: { note: { text: note, salt: textOf(salt) } } };
    const number = Math.max(Date.now(), state.order_seq + 1);
    const data = envelope(key, wish, encode(fields), number);
    const found = forPeople(await told(decode(decode(data).get(3)), wish), wish);
    draw(slip.querySelector("dl"), found);
    [form.hidden, slip.hidden] = [true, false];
    say("");
    slip.querySelector("[data-back]").onclick = () => ([form.hidden, slip.hidden] = [false, true]);
    slip.querySelector("[data-sign]").onclick = async () => {
      const body = { signed: await signed(key, data), ...(note && { note, note_salt: textOf(salt) }) };
      // The draft is one for all tabs: what two of them sign is paid once.
      const isNew = await enqueue({ id: minds, path: "/v1/payments", number, state: "waits", told: found, body, account: account.id, minor: String(minor) });
      if ((await get("state", "draft")) === minds) await drop("state", "draft");
      slip.hidden = true;
      say(isNew ? "signed" : "twice");
      await refresh();
      dispatchEvent(new Event("online"));
    };
  });
}
