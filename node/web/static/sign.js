// SPDX-License-Identifier: AGPL-3.0-or-later
// The confirmation: shows what it decodes from the very bytes that the key then signs, and sends them.

import { decode } from "./cbor.js";
import { bytesOf, drop, myKey } from "./keys.js";
import { enqueue, envelope, signed } from "./queue.js";
import { draw, forPeople, momentText, told, uuidOf } from "./told.js";

export default async function (part) {
  const form = part.closest("form");
  const slip = JSON.parse(part.dataset.slip);
  const say = (which) => part.querySelectorAll("[data-said]").forEach((one) => (one.hidden = one.dataset.said !== which));
  const key = await myKey();
  if (!key) return say("no-key");
  const number = Math.max(Date.now(), slip.order_seq + 1);
  const data = envelope(key, slip, bytesOf(slip.fields), number);
  const shown = decode(data);
  const wish = decode(shown.get(3));
  const found = await told(wish, slip).catch(() => null);
  if (!found) return say("amiss");
  const until = { label: part.dataset.until, kind: "moment", text: momentText(shown.get(6), slip) };
  draw(part.querySelector("[data-signed]"), [...forPeople(found, slip), until]);
  draw(part.querySelector("[data-all]"), [...found, until]);
  for (const one of document.querySelectorAll("[data-told]")) one.hidden = true;
  for (const one of document.querySelectorAll("[data-signer]")) one.textContent = part.dataset.by;
  say("key");

  let pressed = false;
  form.addEventListener("submit", async (event) => {
    if (event.submitter?.value !== "do") return;
    event.preventDefault();
    if (pressed) return;
    pressed = true;
    const made = await signed(key, data);
    form.elements._signed.value = made.data;
    form.elements._signature.value = made.signature;
    const body = new URLSearchParams(new FormData(form, event.submitter));
    const own = slip.rows.find((row) => row.name === "payment");
    const id = slip.waits && uuidOf(wish.get(own.n));
    if (id) {
      const beside = Object.entries(slip.texts).flatMap(([name, one]) => [[name, one.text], [`${name}_salt`, one.salt]]);
      await enqueue({ id, path: slip.waits, number, state: "waits", told: forPeople(found, slip), body: { signed: made, ...Object.fromEntries(beside) } });
    }
    let answer = null;
    try {
      answer = await fetch(location.href, { method: "POST", body });
    } catch {
      // No line: it is told below.
    }
    pressed = false;
    if (!answer || answer.status >= 500) return id ? location.assign("/offline") : say("no-line");
    if (id) await drop("queue", id);
    if (answer.redirected) return location.assign(answer.url);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const place of ["#main", "h1"]) document.querySelector(place).replaceWith(document.adoptNode(page.querySelector(place)));
    window.scrollTo(0, 0);
    dispatchEvent(new Event("mutirao-page"));
  });
}
