// SPDX-License-Identifier: AGPL-3.0-or-later
// Signing in with the key of this browser.

import { myKey, proof } from "./keys.js";

export default async function (form) {
  const key = await myKey();
  if (!key) return;
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      for (const [name, text] of Object.entries(await proof(key))) form.elements[name].value = text;
      form.submit();
    } catch {
      form.querySelector("[data-said]").hidden = false;
    }
  });
}
