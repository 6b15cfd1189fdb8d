// SPDX-License-Identifier: AGPL-3.0-or-later
"use strict";
// New events are fetched while somebody looks, as the rows that the server makes of them.
const list = document.getElementById("events");
const EVERY_MS = 2000, ROWS_MAX = 200;
document.getElementById("live").hidden = false;
async function look() {
  if (document.visibilityState !== "visible") return;
  const answer = await fetch(`/events?after=${list.dataset.newest}`);
  if (!answer.ok || answer.redirected) return;
  const made = document.createElement("template");
  made.innerHTML = await answer.text();
  const rows = [...made.content.querySelectorAll("li")];
  if (!rows.length) return;
  list.dataset.newest = rows[0].dataset.seq;
  document.getElementById("none")?.remove();
  list.prepend(...rows);
  while (list.children.length > ROWS_MAX) list.lastElementChild.remove();
}
(async () => {
  for (;;) {
    await new Promise((done) => setTimeout(done, EVERY_MS));
    try { await look(); } catch { /* the line is cut; it may come back */ }
  }
})();
