// SPDX-License-Identifier: AGPL-3.0-or-later
// A key is made in this browser, and signs whose it is to be: at joining, and for one more device.

import { encode } from "./cbor.js";
import { makeKey, myKey, network, networkText, put, sign, textOf } from "./keys.js";

export default async function (form) {
  const say = (which) => form.querySelectorAll("[data-said]").forEach((one) => (one.hidden = one.dataset.said !== which));
  let key = await myKey();
  if (key?.isMembers) return say("taken");
  try {
    key ??= await makeKey("");
  } catch {
    return say("old"); // no Ed25519, or no safe way to this node
  }
  say("own");
  form.querySelector("[data-own]").addEventListener("click", async (event) => {
    event.preventDefault();
    if (!form.reportValidity()) return;
    const handle = form.elements.handle.value.trim().toLowerCase();
    form.elements.handle.value = handle;
    await put("keys", networkText, { ...key, handle });
    const data = encode(new Map([[1, network()], [2, handle], [3, key.public]]));
    form.elements["joining.data"].value = textOf(data);
    form.elements["joining.signature"].value = textOf(await sign(key, "joining", data));
    form.submit();
  });
}
