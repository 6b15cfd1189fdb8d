# SPDX-License-Identifier: AGPL-3.0-or-later
"""Two practices, LETS and community exchange systems, told between real nodes, by HTTP and by command."""

from typing import Any

import pytest
from processes.hands import Hand, Refusal, keys_of
from processes.harness import Commune, Member, Node, link_up, start, until

pytestmark = pytest.mark.timeout(120)

Json = dict[str, Any]


@pytest.fixture(scope="module")
def village(by_command: Commune) -> tuple[Node, Node, Node]:
    """Three exchanges: Alto counts in A, Baixo in B and Chico in C; Alto is connected to both."""
    alto, baixo, chico = (
        by_command.found(handle, code, serves=False) for handle, code in (("alto", "A"), ("baixo", "B"), ("chico", "C"))
    )
    by_command.connect(alto, baixo)
    by_command.connect(alto, chico)
    start(alto, baixo, chico)
    return alto, baixo, chico


def member(hand: Hand, node: Node, handle: str, *, credit_limit: str = "") -> Member:
    """Let somebody with a key of its own join, by this hand where the node must decide."""
    name = f"{handle}-{type(hand).__name__[2:].lower()}"
    joined = node.join(name, keys=keys_of(name))
    if credit_limit:
        hand.act(node, "members", "set-limits", name, credit_limit=credit_limit)
    return joined


def figure(amount: Json) -> str:
    """Return an amount as members write it."""
    assert amount["asset_scale"] == 2
    return f"{int(amount['value']) / 100:.2f} {amount['asset_code']}"


def test_lets(hand: Hand, commune: Commune) -> None:
    """MISSION, LETS: a limit of -200, a member who leaves in debt, and the levy that repays it."""
    riacho = commune.found("riacho", "HORA")
    ana = member(hand, riacho, "ana", credit_limit="200.00")
    bia = member(hand, riacho, "bia", credit_limit="10000.00")
    caio = member(hand, riacho, "caio", credit_limit="10000.00")

    def commons() -> str:
        return figure(hand.show(riacho, "currencies", "HORA")["commons"])

    hand.pay(ana, bia.handle, "180.00")
    assert ana.balance == -180_00
    with pytest.raises(Refusal) as refused:
        hand.pay(ana, bia.handle, "30.00")
    assert refused.value.code == "LIMIT_EXCEEDED"
    assert refused.value.figures["available"] == 20_00
    assert refused.value.detail.startswith("20.00 HORA left")
    assert ana.balance == -180_00 and bia.balance == 180_00

    assert hand.act(riacho, "members", "leave", ana.handle)["state"] == "left"
    assert commons() == "-180.00 HORA"
    assert ana.balance == 0 and riacho.is_zero_sum

    hand.act(riacho, "currencies", "set-levy", "HORA", basis_points="100")
    hand.pay(bia, caio.handle, "9000.00")
    assert commons() == "-90.00 HORA"
    hand.pay(caio, bia.handle, "8999.00")
    assert commons() == "-0.01 HORA"
    hand.pay(bia, caio.handle, "1.00")
    assert commons() == "0.00 HORA", "18,000 of trade have repaid 180"
    hand.pay(caio, bia.handle, "100.00")
    assert commons() == "0.00 HORA", "and then the levy ends"
    assert bia.balance + caio.balance == 0 and riacho.is_zero_sum
    riacho.stop()
    riacho.verify_book()


def test_community_exchange(hand: Hand, village: tuple[Node, Node, Node]) -> None:
    """MISSION, community exchange systems: 90 A at 1.5 B for A, mirrored at both exchanges."""
    alto, baixo, _ = village
    ana, bia = member(hand, alto, "ana"), member(hand, baixo, "bia")
    until(lambda: alto.knows(baixo) and baixo.knows(alto), "the exchanges know each other")
    link = hand.act(alto, "links", "create", partner=baixo.network_id, limit="500.00", currency="A")["id"]
    until(lambda: baixo.api.find(f"/v1/links/{link}"), "the offer arrives")
    hand.act(baixo, "links", "accept", link, limit="500.00", currency="B", rate="1.5")
    until(lambda: hand.show(alto, "links", link)["state"] == "open", "the link opens")

    payment = hand.pay(ana, f"{bia.handle}@baixo", "135.00")
    assert payment["state"] == "posted"
    assert (figure(payment["debit"]), figure(payment["amount"])) == ("90.00 A", "135.00 B")
    assert ana.balance == -90_00
    assert figure(hand.show(alto, "links", link)["mirror"]) == "90.00 A"
    until(lambda: bia.balance == 135_00, "the seller is paid")
    assert figure(hand.show(baixo, "links", link)["mirror"]) == "-135.00 B"
    assert alto.is_zero_sum and baixo.is_zero_sum
    hand.act(alto, "links", "close", link)


def test_beyond_the_links_limit_neither_leg_moves(hand: Hand, village: tuple[Node, Node, Node]) -> None:
    alto, _, chico = village
    ana, davi = member(hand, alto, "ana-far"), member(hand, chico, "davi")
    link = link_up(alto, chico, 80, rate="1.5")
    before = alto.balances(), chico.balances()
    with pytest.raises(Refusal) as refused:
        hand.pay(ana, f"{davi.handle}@chico", "135.00")
    assert refused.value.code == "LINK_LIMIT_EXCEEDED"
    assert (alto.balances(), chico.balances()) == before
    assert not alto.api.all(f"/v1/payments?account={ana.handle}")
    for node in (alto, chico):
        assert figure(hand.show(node, "links", link)["mirror"]).startswith("0.00")
    hand.act(alto, "links", "close", link)
