// SPDX-License-Identifier: AGPL-3.0-or-later
// What signed bytes say, in words: each value by its field, written as the reader's language writes it.

import { bytesOf, digest, joined, textOf } from "./keys.js";

const hex = (bytes) => [...bytes].map((one) => one.toString(16).padStart(2, "0")).join("");
export const uuidOf = (bytes) => hex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");

export function amountText(value, scale, locale) {
  const digits = String(value).replace("-", "").padStart(scale + 1, "0");
  const whole = new Intl.NumberFormat(locale, { useGrouping: "always" }).format(BigInt(digits.slice(0, digits.length - scale)));
  const mark = new Intl.NumberFormat(locale).formatToParts(0.5)[1].value;
  return (value < 0 ? "\u2212" : "") + whole + (scale ? mark + digits.slice(-scale) : "");
}

export const momentText = (at, { locale, zone }) =>
  new Date(at).toLocaleString(locale, { dateStyle: "medium", timeStyle: "short", timeZone: zone });

function one(value, row, slip) {
  switch (row.kind) {
    case "amount":
      return `${amountText(value.get(1), value.get(3), slip.locale)} ${value.get(2) ?? ""}`.trim();
    case "moment":
      return momentText(value, slip);
    case "yes":
      return value ? slip.yes : slip.no;
    case "uuid":
      return uuidOf(value);
    case "bytes":
      return textOf(value);
    case "private":
      return slip.texts[row.name].text;
    case "list":
      return value.map((each) => one(each, row.of, slip)).join("; ");
    case "map":
      return lines(value, row.rows, slip).map((each) => `${each.label}: ${each.text}`).join(", ");
    default:
      return slip.names[value] ?? row.words?.[value] ?? String(value);
  }
}

const lines = (fields, rows, slip) =>
  rows
    .filter((row) => fields.has(row.n))
    .map((row) => ({ ...row, text: one(fields.get(row.n), row, slip), isCode: isCode(row) }));

// What machines alone read.
const isCode = ({ kind, rows, of }) =>
  kind === "uuid" || kind === "bytes" || (kind === "map" && rows.every(isCode)) || (kind === "list" && isCode(of));

// Raises where the bytes hold a field that has no name, or name another text than the one that is told.
export async function told(fields, slip) {
  if ([...fields.keys()].some((number) => !slip.rows.some((row) => row.n === number))) throw new Error("a field without a name");
  for (const row of slip.rows.filter((each) => each.kind === "private" && fields.has(each.n))) {
    const { text, salt } = slip.texts[row.name];
    const named = await digest("text", joined(bytesOf(salt), new TextEncoder().encode(text)));
    if (hex(named) !== hex(fields.get(row.n))) throw new Error("another text than the one that is signed");
  }
  return lines(fields, slip.rows, slip);
}

// What people read of it: no code, and of what is on or off only what is on.
export const forPeople = (found, slip) => found.filter((each) => !each.isCode && !(each.kind === "yes" && each.text === slip.no));

export function draw(list, found) {
  list.replaceChildren(
    ...found.map(({ label, text, kind, isCode }) => {
      const [pair, name, value] = ["div", "dt", "dd"].map((tag) => document.createElement(tag));
      name.textContent = label;
      const inner = document.createElement(isCode ? "code" : kind === "amount" ? "span" : "bdi");
      if (kind === "amount") inner.className = "amount";
      inner.textContent = text;
      value.append(inner);
      pair.append(name, value);
      return pair;
    }),
  );
}
