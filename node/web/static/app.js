// SPDX-License-Identifier: AGPL-3.0-or-later
// Begins what a page needs of scripts, keeps the last state for when there is no line, and sends what waits.

import { all, drop, myKey, networkText, put } from "./keys.js";
import { flush } from "./queue.js";

const root = document.documentElement;
const signedIn = "member" in root.dataset;

async function begin() {
  for (const part of document.querySelectorAll("[data-script]:not([data-begun])")) {
    part.dataset.begun = "";
    await (await import(`./${part.dataset.script}.js`)).default(part);
  }
}

// The strip under the frieze: says how old what is seen is, and what waits.
async function tell() {
  const queue = await all("queue");
  const is = {
    off: "offline" in root.dataset || !navigator.onLine,
    waits: queue.some((one) => one.state === "waits"),
    sent: queue.some((one) => one.state === "sent"),
    refused: queue.some((one) => one.state === "refused"),
  };
  const minutes = Math.round((Number(root.dataset.made) - Date.now()) / 60_000);
  const age = new Intl.RelativeTimeFormat(root.lang, { numeric: "auto" });
  for (const one of document.querySelectorAll("[data-when]")) {
    one.hidden = !is[one.dataset.when];
    if (one.dataset.text)
      one.textContent = one.dataset.text.replace("{age}", minutes > -120 ? age.format(minutes, "minute") : age.format(Math.round(minutes / 60), "hour"));
  }
  document.querySelector("[data-line]").hidden = !Object.values(is).some(Boolean);
}

async function keep() {
  if (!signedIn || location.pathname !== "/" || "offline" in root.dataset) return;
  const answer = await fetch("/state");
  if (answer.ok) await put("state", networkText, await answer.json());
  const key = await myKey();
  if (key && key.handle === root.dataset.member && !key.isMembers) await put("keys", networkText, { ...key, isMembers: true });
  if ("caches" in window) await Promise.all([(await caches.open("mutirao-shell")).add("/offline"), (await caches.open("mutirao-pages")).add("/")]);
}

async function send() {
  try {
    await flush();
  } finally {
    await tell();
    dispatchEvent(new Event("mutirao-sent"));
  }
}

addEventListener("mutirao-page", begin);
addEventListener("online", () => send().catch(() => null));
addEventListener("offline", tell);
navigator.serviceWorker?.register("/sw.js");
if (location.pathname === "/sign-in") await drop("state", networkText);
await tell();
await begin();
await Promise.allSettled([keep(), send()]);
setInterval(() => send().catch(() => null), 20_000);
root.dataset.ready = "";
