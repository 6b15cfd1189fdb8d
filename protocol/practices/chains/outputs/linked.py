# SPDX-License-Identifier: AGPL-3.0-or-later
"""What flows in a chain as linked data: JSON-LD in the words of ValueFlows, with a context of our own.

The context that ValueFlows ships is none, and without a datatype a processor makes an integer or a double of a figure:
so each is a text of the type xsd:decimal. Terms are those of its ontology, https.
"""

import json
from typing import Any

from protocol.practices.chains.outputs.flowing import FlowsShown

VALUEFLOWS = "https://w3id.org/valueflows/ont/vf#"
JSON_LD = "application/ld+json"

_DECIMAL = {"@type": "xsd:decimal"}
_ID = {"@type": "@id"}
CHAIN_CONTEXT: dict[str, Any] = {
    "@version": 1.1,
    "@vocab": VALUEFLOWS,
    "vf": VALUEFLOWS,
    "xsd": "http://www.w3.org/2001/XMLSchema#",  # its name in RDF, which is not fetched
    "om2": "http://www.ontology-of-units-of-measure.org/resource/om-2/",
    "name": "https://schema.org/name",
    "hasNumericalValue": {"@id": "om2:hasNumericalValue", **_DECIMAL},
    "hasUnit": {"@id": "om2:hasUnit"},
    "action": {"@id": "vf:action", "@type": "@vocab"},
    "provider": {"@id": "vf:provider", **_ID},
    "receiver": {"@id": "vf:receiver", **_ID},
    "resourceQuantity": {"@id": "vf:resourceQuantity"},
    "resourceClassifiedAs": {"@id": "vf:resourceClassifiedAs"},
}


def linked_text(shown: FlowsShown) -> str:
    """Return the flows of a month as JSON-LD: agents, and an event for each flow."""
    agents = sorted({one for flow in shown.flows for one in (flow.buyer, flow.supplier)})
    base = f"urn:mutirao:{shown.network or 'network'}:"
    graph: list[dict[str, Any]] = [{"@id": f"{base}{one}", "@type": "Organization", "name": one} for one in agents]
    graph += [
        {
            "@id": f"{base}flow:{at}",
            "@type": "EconomicEvent",
            "action": "transfer",
            "provider": f"{base}{flow.supplier}",
            "receiver": f"{base}{flow.buyer}",
            **({"resourceClassifiedAs": flow.item} if flow.item else {}),
            "resourceQuantity": {"@type": "om2:Measure", "hasNumericalValue": flow.value, "hasUnit": shown.unit},
        }
        for at, flow in enumerate(shown.flows)
    ]
    return json.dumps({"@context": CHAIN_CONTEXT, "@graph": graph}, ensure_ascii=False, indent=1) + "\n"
