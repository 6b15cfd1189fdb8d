// SPDX-License-Identifier: AGPL-3.0-or-later
// Deterministic CBOR as the protocol spells it (docs/decisions/0003): whole numbers, bytes, text, arrays, maps whose keys
// are natural numbers, true, false, null. A value has one spelling, and only that spelling is read. Text is brought into
// NFC where it is typed: by which version of Unicode, the node alone decides.

const SIZES = [1, 2, 4, 8];

function head(out, major, count) {
  const number = BigInt(count);
  if (number < 24n) return out.push((major << 5) | Number(number));
  const step = SIZES.findIndex((size) => number < 1n << BigInt(8 * size));
  out.push((major << 5) | (24 + step));
  for (let at = SIZES[step] - 1; at >= 0; at--) out.push(Number((number >> BigInt(8 * at)) & 255n));
}

function write(out, value) {
  if (typeof value === "number" || typeof value === "bigint") {
    if (typeof value === "number" && !Number.isSafeInteger(value)) throw new TypeError("not a whole number");
    const number = BigInt(value);
    if (BigInt.asIntN(64, number) !== number) throw new RangeError("beyond int64");
    head(out, number < 0n ? 1 : 0, number < 0n ? -1n - number : number);
  } else if (value instanceof Uint8Array) {
    head(out, 2, value.length);
    for (const byte of value) out.push(byte);
  } else if (typeof value === "string") {
    if (/\p{Cs}/u.test(value)) throw new TypeError("not text");
    const text = new TextEncoder().encode(value);
    head(out, 3, text.length);
    for (const byte of text) out.push(byte);
  } else if (Array.isArray(value)) {
    head(out, 4, value.length);
    for (const one of value) write(out, one);
  } else if (value instanceof Map) {
    head(out, 5, value.size);
    for (const key of [...value.keys()].sort((one, other) => (one < other ? -1 : 1))) {
      if (!["number", "bigint"].includes(typeof key) || key < 0) throw new TypeError("a key is no natural number");
      write(out, key);
      write(out, value.get(key));
    }
  } else if (value === false || value === true || value === null) {
    out.push(value === null ? 0xf6 : value ? 0xf5 : 0xf4);
  } else {
    throw new TypeError("outside the model");
  }
}

export function encode(value) {
  const out = [];
  write(out, value);
  return Uint8Array.from(out);
}

const CONSTANTS = { 20: false, 21: true, 22: null };

function read(data, place) {
  const first = data[place.at++];
  const [major, low] = [first >> 5, first & 31];
  if (major === 7 && low in CONSTANTS) return CONSTANTS[low];
  if (!(major < 6 && low < 28)) throw new TypeError("outside the model");
  let count = BigInt(low);
  if (low > 23) {
    count = 0n;
    for (let left = SIZES[low - 24]; left > 0; left--) count = (count << 8n) | BigInt(data[place.at++]);
  }
  const number = major === 1 ? -1n - count : count;
  if (major < 2) return number === BigInt(Number(number)) && Number.isSafeInteger(Number(number)) ? Number(number) : number;
  if (count > BigInt(data.length)) throw new RangeError("truncated");
  const size = Number(count);
  if (major < 4) {
    const bytes = data.slice(place.at, (place.at += size));
    if (bytes.length < size) throw new RangeError("truncated");
    return major === 2 ? bytes : new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  }
  const items = Array.from({ length: size * (major - 3) }, () => read(data, place));
  return major === 4 ? items : new Map(Array.from({ length: size }, (_, at) => [items[2 * at], items[2 * at + 1]]));
}

// What is read and spelt again must be the same bytes: so no other spelling passes.
export function decode(data) {
  const place = { at: 0 };
  const value = read(data, place);
  const again = encode(value);
  if (place.at !== data.length || again.some((byte, at) => byte !== data[at]) || again.length !== data.length)
    throw new TypeError("not the one spelling");
  return value;
}
