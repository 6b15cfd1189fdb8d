# SPDX-License-Identifier: AGPL-3.0-or-later
"""Six real nodes tell what stays with their enterprises, and come to what one that knew all would say."""

import json
from fractions import Fraction
from typing import Any

import pytest
from processes.harness import Commune, Node, mutirao, start, units, until

from protocol.practices.chains.engine.chain import Enterprise, ProductiveChain
from protocol.practices.chains.engine.retained import retained
from protocol.wire.codec import encode

NETWORKS = {"alba": "ALB", "brisa": "BRI", "cedro": "CED", "duna": "DUN", "eira": "EIR", "fonte": "FON"}
FIGURES = {"turnover": 917_331, "wages": 300_007, "surplus": 100_003}
WITHIN_SECONDS = 60.0


def bought(at: int) -> int:
    """Return what the mill of the network at this place buys of the next one's in a month, in hundredths."""
    return 70_001 + 10_000 * at


def private_of(at: int) -> tuple[str, str, str]:
    """Return what is called how, what a figure rests on, and where that is exactly: nobody else's."""
    return f"Padaria da Dona Filomena {at}", f"invoice 4711-{at}", f"-23.55051{at}"


def centrally() -> dict[str, Fraction]:
    """Return what stays with each, of one chain that has all of them."""
    names = list(NETWORKS)
    one = Enterprise(*(Fraction(FIGURES[key]) for key in ("turnover", "wages", "surplus")))
    inside = {(name, names[(at + 1) % 6]): Fraction(bought(at)) for at, name in enumerate(names)}
    return dict(retained(ProductiveChain(dict.fromkeys(names, one), inside)).stays)


def told(node: Node) -> dict[str, Any]:
    return {one["handle"]: one for one in node.api.all("/v1/retained-shares")}


def is_settled(node: Node, central: dict[str, Fraction]) -> bool:
    shown = told(node)
    return shown.keys() == central.keys() and all(
        abs(Fraction(shown[name]["share"]) - share) <= Fraction(1, 10**6) for name, share in central.items()
    )


def command(node: Node, *words: str) -> Any:
    done = mutirao(*words, "--node", node.url, "--token", node.api.token or "", "--json")
    assert done.returncode == 0, (words, done.stderr)
    return json.loads(done.stdout)


@pytest.mark.soak
@pytest.mark.timeout(240)
def test_six_nodes_settle_and_show_no_ledger(commune: Commune) -> None:
    nodes = [commune.found(name, code, serves=False) for name, code in NETWORKS.items()]
    for one, other in zip(nodes, (*nodes[1:], nodes[0]), strict=True):
        commune.connect(one, other)
    start(*nodes)
    for node in nodes:
        node.api.post("/v1/parameters/chains.published/set", {"value": "everybody"})
    for at, node in enumerate(nodes):
        figures = {name: units(value / 100) for name, value in FIGURES.items()}
        name, source, north = private_of(at)
        node.api.post("/v1/enterprises", {"handle": "mill", "name": name, "place": f"{north},-46.63331", **figures})
        supplier = f"{nodes[(at + 1) % 6].handle}/mill"
        until(lambda node=node, other=nodes[(at + 1) % 6]: node.knows(other), "the supplier's network is known")
        value = units(bought(at) / 100)
        row = {"buyer": "mill", "item": "grain", "value": value, "supplier": supplier, "source": source}
        node.api.post("/v1/supply", row)
        node.api.post("/v1/supply", {"buyer": "mill", "item": "oil", "value": units(1_234.57)})
    central = centrally()
    for node in nodes:
        until(lambda node=node: is_settled(node, central), f"{node.handle} says what all say", WITHIN_SECONDS)
    alba = nodes[0]
    assert {name: one["basis"] for name, one in told(alba).items()} == {
        name: "reckoned" if name == "alba" else "declared" for name in NETWORKS
    }
    listed = command(alba, "retained-shares", "list", "--network", "brisa")["items"]
    assert [(one["enterprise"], one["said"]) for one in listed] == [("mill", "reckoned")]
    refused = alba.api.ask("GET", f"/v1/chains/federation-links?federation={'A' * 43}")
    assert (refused.status, refused.code) == (404, "FEDERATION_UNKNOWN")

    brisa = nodes[1]
    alba.kill()
    brisa.api.post("/v1/enterprises/mill/correct", {"wages": units(FIGURES["wages"] / 100 + 200)})
    was = Fraction(told(brisa)["alba"]["share"])
    start(alba)
    until(lambda: Fraction(told(alba)["alba"]["share"]) > was, "alba hears of it after its restart", WITHIN_SECONDS)

    for node in nodes:
        node.kill()
    held = b"".join(path.read_bytes() for path in brisa.home.rglob("*") if path.is_file())
    assert encode(bought(1)) in held and private_of(1)[0].encode() in held, "what is its own it holds"
    for at in (0, 2, 3, 4, 5):
        assert encode(bought(at)) not in held, f"a single purchase of {nodes[at].handle}"
        assert not [text for text in private_of(at) if text.encode() in held], nodes[at].handle
