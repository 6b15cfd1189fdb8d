// SPDX-License-Identifier: AGPL-3.0-or-later
// The service worker: opens pages without a line, as they were last, and says so; what is newer is asked for first.

const SHELL = "mutirao-shell";
const PAGES = "mutirao-pages";
const SCRIPTS = ["app", "cbor", "enter", "join", "keys", "offline", "queue", "sign", "told"];
const FILES = ["mutirao.css", "icons.svg", "archivo.woff2", ...SCRIPTS.map((one) => `${one}.js`)].map((one) => `/static/${one}`).concat("/tile.svg");
// What is worth seeing as it was; forms are not.
const KEPT = /^\/($|statement|offers|needs|more|members|payments|payment-requests)(\/[0-9a-f-]{36})?$/;

addEventListener("install", (event) =>
  event.waitUntil(caches.open(SHELL).then((shell) => shell.addAll([...FILES, "/offline"])).then(() => skipWaiting())),
);
addEventListener("activate", (event) => event.waitUntil(clients.claim()));

async function asItWas(kept) {
  const text = (await kept.text()).replace("<html ", "<html data-offline ");
  const headers = ["Content-Type", "Content-Security-Policy"].map((name) => [name, kept.headers.get(name)]);
  return new Response(text, { headers });
}

async function page(request, path) {
  try {
    const answer = await fetch(request);
    if (answer.ok && KEPT.test(path)) await (await caches.open(PAGES)).put(path, answer.clone());
    return answer;
  } catch {
    return asItWas((KEPT.test(path) && (await caches.match(path))) || (await caches.match("/offline")));
  }
}

// Who signs in or out, or reads another language, leaves nothing behind.
async function sent(request, path) {
  if (["/sign-in", "/sign-out", "/language"].includes(path)) await caches.delete(PAGES);
  try {
    return await fetch(request);
  } catch {
    return asItWas(await caches.match("/offline"));
  }
}

// Files are answered from here at once, and renewed for the next time.
async function file(event, path) {
  const shell = await caches.open(SHELL);
  const kept = await shell.match(path);
  const newer = fetch(event.request).then((answer) => (answer.ok && shell.put(path, answer.clone()), answer));
  if (!kept) return newer;
  event.waitUntil(newer.catch(() => null));
  return kept;
}

addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(request.method === "GET" ? page(request, pathname) : sent(request, pathname));
  else if (request.method === "GET" && FILES.includes(pathname)) event.respondWith(file(event, pathname));
});
