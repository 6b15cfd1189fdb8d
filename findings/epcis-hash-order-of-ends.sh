#!/bin/bash
# SPDX-License-Identifier: AGPL-3.0-or-later
# The hash of an EPCIS event with a source and a destination depends on whose program reckons it, and in the reference
# on the order in which a business transaction is written.
#
# Versions:  PyPI epcis-event-hash-generator 1.9.3 (the reference), npm epcis2.js 2.7.3 (its bundled file), on Node 20
# Input:     an ObjectEvent with a quantity, a purchase order, a source and a destination, of urn:uuid and own URIs
# Behaviour: with either end alone both give one hash; with both ends they differ: the reference puts destinationList
#            before sourceList, the other the other way round, as the standard's table has it. In the reference, a
#            bizTransaction whose `type` stands behind it in the JSON gives another hash than one where it stands first.
# For us:    an event has one end only, and the type first; our own hash does not depend on how the JSON is laid out.
set -euo pipefail
there=$(mktemp -d)
trap 'rm -rf "$there"' EXIT
cd "$there"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check epcis-event-hash-generator==1.9.3 2>/dev/null
npm pack --silent epcis2.js@2.7.3 >/dev/null
tar xzf epcis2.js-2.7.3.tgz

cat >expected <<'EXPECTED'
destination alone: alike
source alone: alike
both ends: differ
the type behind, in the reference: another hash
the type behind, in epcis2.js: the same hash
EXPECTED

cat >make.py <<'PLAY'
import json
import logging

from epcis_event_hash_generator import hash_generator, json_to_py

logging.disable(logging.CRITICAL)
CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
A, B = "urn:uuid:aa44f1dc-1f47-4356-a7eb-50bd3b260ca6", "urn:uuid:0b44f1dc-1f47-4356-a7eb-50bd3b260ca6"
base = {
    "type": "ObjectEvent", "eventTime": "2026-11-20T10:00:00.123Z", "eventTimeZoneOffset": "+00:00",
    "action": "OBSERVE", "bizStep": "receiving", "quantityList": [{"epcClass": A, "quantity": 38.5, "uom": "KGM"}],
    "bizTransactionList": [{"type": "po", "bizTransaction": B}],
}
source = {"sourceList": [{"type": "owning_party", "source": "mutirao:rjz3/ana"}]}
destination = {"destinationList": [{"type": "owning_party", "destination": "mutirao:vqm2/bia"}]}
behind = {"bizTransactionList": [{"bizTransaction": B, "type": "po"}]}
events = {
    "destination alone": base | destination, "source alone": base | source, "both ends": base | source | destination,
    "plain": base, "behind": base | behind,
}


def hashed(event):
    document = {
        "@context": [CONTEXT], "type": "EPCISDocument", "schemaVersion": "2.0",
        "creationDate": "2026-12-01T00:00:00Z", "epcisBody": {"eventList": [event]},
    }
    found = json_to_py.event_list_from_epcis_document_str(json.dumps(document))
    return hash_generator.epcis_hashes_from_events(found)[0]


print(json.dumps({name: [event, hashed(event)] for name, event in events.items()}))
PLAY
venv/bin/python make.py >events.json

cat >play.cjs <<'PLAY'
const { eventToHashedId } = require("./package/dist/epcis2.node.js");
const told = require("./events.json");
const here = (name) => eventToHashedId(told[name][0], {});
for (const name of ["destination alone", "source alone", "both ends"])
  console.log(`${name}: ${here(name) === told[name][1] ? "alike" : "differ"}`);
const said = (same) => (same ? "the same hash" : "another hash");
console.log(`the type behind, in the reference: ${said(told.plain[1] === told.behind[1])}`);
console.log(`the type behind, in epcis2.js: ${said(here("plain") === here("behind"))}`);
PLAY
node play.cjs 2>/dev/null | tee seen
diff expected seen
