// SPDX-License-Identifier: AGPL-3.0-or-later
// The member's key in this browser (Ed25519, never handed out), what it signs, and what the browser keeps.

const STORES = ["keys", "queue", "state"];
const root = document.documentElement;

export const networkText = root.dataset.network;

export const textOf = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
export const bytesOf = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
export const joined = (...parts) => Uint8Array.from(parts.flatMap((one) => [...one]));
export const network = () => bytesOf(networkText);

// What is kept, by key, in one of the stores.

function opened() {
  return new Promise((done, fail) => {
    const asked = indexedDB.open("mutirao", 1);
    asked.onupgradeneeded = () => STORES.forEach((name) => asked.result.createObjectStore(name));
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => fail(asked.error);
  });
}

async function within(store, mode, act) {
  const base = await opened();
  try {
    return await new Promise((done, fail) => {
      const deed = base.transaction(store, mode);
      const asked = act(deed.objectStore(store));
      deed.oncomplete = () => done(asked.result);
      deed.onabort = () => fail(deed.error);
    });
  } finally {
    base.close();
  }
}

export const get = (store, key) => within(store, "readonly", (kept) => kept.get(key));
export const all = (store) => within(store, "readonly", (kept) => kept.getAll());
export const put = (store, key, value) => within(store, "readwrite", (kept) => kept.put(value, key));
export const drop = (store, key) => within(store, "readwrite", (kept) => kept.delete(key));
// Raises ConstraintError where there is one already, in whichever tab that was put.
export const add = (store, key, value) => within(store, "readwrite", (kept) => kept.add(value, key));

// The key.

export const myKey = () => get("keys", networkText);

// Raises where this browser has no Ed25519, or no safe way to this node (HTTPS).
export async function makeKey(handle) {
  const pair = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
  const held = {
    handle,
    secret: pair.privateKey,
    public: new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey)),
    isMembers: false,
  };
  await put("keys", networkText, held);
  return held;
}

const ofKind = (kind, data) => joined(new TextEncoder().encode(`mutirao/v1/${kind}\0`), data);

export const sign = async (key, kind, data) =>
  new Uint8Array(await crypto.subtle.sign("Ed25519", key.secret, ofKind(kind, data)));
export const digest = async (kind, data) => new Uint8Array(await crypto.subtle.digest("SHA-256", ofKind(kind, data)));

// The API of this node.

export async function post(path, body, token) {
  const headers = { "Content-Type": "application/json", "Accept-Language": root.lang };
  if (token) headers.Authorization = `Bearer ${token}`;
  const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  return { status: answer.status, told: await answer.json() };
}

// What shows that the key is held: what the node asked to have signed names its network, and ours.
export async function proof(key) {
  const { told } = await post("/v1/challenges", { key: textOf(key.public) });
  const challenge = bytesOf(told.challenge);
  if (network().some((byte, at) => byte !== challenge[at])) throw new Error("a challenge of another network");
  return {
    key: textOf(key.public),
    challenge: told.challenge,
    signature: textOf(await sign(key, "session", challenge)),
  };
}
