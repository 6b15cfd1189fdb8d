#!/bin/bash
# SPDX-License-Identifier: AGPL-3.0-or-later
# The Data Food Consortium's connector never writes an order twice alike: blank nodes are called anew on each trip.
#
# Versions:  npm @datafoodconsortium/connector 1.0.0-beta.2, on Node 20
# Input:     an order with one line, nested, its price without an id, the context 1.16.0 by its old address
# Behaviour: read and written, what was nested stands apart by its id; the price gets a label such as `_:_:df_1_0`; read
#            and written again, it gets another. Ids that were given, texts and amounts stay as they were.
# For us:    everything that counts has an id; what comes back is compared by what it says, never by its bytes.
set -euo pipefail
there=$(mktemp -d)
trap 'rm -rf "$there"' EXIT
cd "$there"
npm install --silent --no-audit --no-fund @datafoodconsortium/connector@1.0.0-beta.2 >/dev/null

cat >expected <<'EXPECTED'
once: line by id true, quantity 2, price 60.00
twice: line by id true, quantity 2, price 60.00
the price is called alike: false
EXPECTED

cat >play.mjs <<'PLAY'
import { Connector } from "@datafoodconsortium/connector";

const context = "https://www.datafoodconsortium.org/wp-content/plugins/wordpress-context-jsonld/context_1.16.0.jsonld";
const order = {
  "@context": context,
  "@id": "urn:example:order",
  "@type": "dfc-b:Order",
  "dfc-b:hasPart": {
    "@id": "urn:example:line",
    "@type": "dfc-b:OrderLine",
    "dfc-b:quantity": "2",
    "dfc-b:hasPrice": { "@type": "dfc-b:Price", "dfc-b:value": "60.00" },
  },
};
const trip = async (text) => {
  const connector = new Connector();
  return connector.export(await connector.import(text));
};
const seen = (name, text) => {
  const things = JSON.parse(text)["@graph"];
  const by = (kind) => things.find((one) => one["@type"] === `dfc-b:${kind}`);
  const apart = by("Order")["dfc-b:hasPart"] === by("OrderLine")["@id"];
  console.log(`${name}: line by id ${apart}, quantity ${by("OrderLine")["dfc-b:quantity"]}, price ${by("Price")["dfc-b:value"]}`);
  return by("Price")["@id"];
};
const once = await trip(JSON.stringify(order));
const twice = await trip(once);
console.log(`the price is called alike: ${seen("once", once) === seen("twice", twice)}`);
PLAY
node play.mjs | tee seen
diff expected seen
