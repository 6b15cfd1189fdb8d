// SPDX-License-Identifier: AGPL-3.0-or-later
// A member's day, held against the generated types: who is there, a payment, one too many, the statement.

import type { components, paths } from "./schema.js";

declare const process: { argv: string[] };

type PayHere = components["schemas"]["PayHere"];
type Paid = components["schemas"]["PaymentShown"];
type Problem = components["schemas"]["Problem"];
type Members = paths["/v1/members"]["get"]["responses"]["200"]["content"]["application/json"];
type Lines = paths["/v1/accounts/{id}/entries"]["get"]["responses"]["200"]["content"]["application/json"];

const [url, token] = process.argv.slice(2);

async function ask(path: string, body?: PayHere): Promise<unknown> {
  const headers: Record<string, string> = { Authorization: `Bearer ${token}` };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const method = body === undefined ? "GET" : "POST";
  const answer = await fetch(url + path, { method, headers, body: body && JSON.stringify(body) });
  return await answer.json();
}

function hold(fact: boolean, said: string): void {
  if (!fact) throw new Error(said);
}

const members = (await ask("/v1/members")) as Members;
const handles = members.items.map((member) => member.handle);
hold(handles.includes("ana") && handles.includes("bia"), handles.join());

const bread: PayHere = {
  payee: "ana",
  amount: { value: "150", asset_code: "HORA", asset_scale: 2 },
  note: "bread",
  pending: false,
};
const paid = (await ask("/v1/payments", bread)) as Paid;
hold(paid.state === "posted" && paid.note === "bread", JSON.stringify(paid));

const much: PayHere = { ...bread, amount: { value: "999900", asset_code: "HORA", asset_scale: 2 } };
const refused = (await ask("/v1/payments", much)) as Problem;
const code: "LIMIT_EXCEEDED" | Problem["code"] = refused.code;
hold(code === "LIMIT_EXCEEDED" && !refused.transient && refused.ways.length > 0, JSON.stringify(refused));

const lines = (await ask("/v1/accounts/bia/entries?limit=50")) as Lines;
hold(lines.items[lines.items.length - 1].amount.value === "-150", JSON.stringify(lines.items));
console.log(`TypeScript: ${handles.length} members, paid ${paid.amount.value}, refused: ${refused.heading}`);
