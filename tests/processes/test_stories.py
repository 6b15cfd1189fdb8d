# SPDX-License-Identifier: AGPL-3.0-or-later
"""Two practices, LETS and community exchange systems, told between real nodes, by HTTP and by command."""

import json
from pathlib import Path
from typing import Any, Protocol

import pytest
from processes.harness import Api, Commune, Member, Node, link_up, mutirao, start, text_of, units, until

from cli.keys import bytes_of
from protocol.wire.keys import KeyPair

pytestmark = pytest.mark.timeout(120)

Json = dict[str, Any]


class Refusal(Exception):
    """A rule has refused it; the problem says which and why."""

    def __init__(self, problem: Json) -> None:
        super().__init__(problem["code"], problem["detail"])
        self.code = problem["code"]
        self.figures = problem["figures"]
        self.detail = problem["detail"]


class Hand(Protocol):
    """One way to act on a node: the same nouns and verbs, by another road."""

    def act(self, node: Node, noun: str, verb: str, subject: str = "", **fields: str) -> Json:
        """Do as the steward; amounts are written as members write them."""
        ...

    def pay(self, member: Member, payee: str, amount: str) -> Json:
        """Pay by an order that the member signs; returns the payment once it is on its way no more."""
        ...

    def leave(self, member: Member) -> Json:
        """Let a member leave by its own word."""
        ...

    def show(self, node: Node, noun: str, subject: str) -> Json:
        """Show one thing."""
        ...


class ByHttp:
    """Acts as a client program does."""

    def act(self, node: Node, noun: str, verb: str, subject: str = "", **fields: str) -> Json:
        amounts = ("limit", "credit_limit", "amount")
        body: Json = {name: units(value) if name in amounts else value for name, value in fields.items()}
        if "basis_points" in body:
            body["basis_points"] = int(fields["basis_points"])
        path = f"/v1/{noun}/{subject}/{verb}" if subject else f"/v1/{noun}"
        return self._post(node.api, path, body)

    def pay(self, member: Member, payee: str, amount: str) -> Json:
        question = member.question(payee, float(amount))
        price = self._post(member.node.api, "/v1/quotes", question)
        signed = member.sign(price)
        order = {"data": text_of(signed.data), "signature": text_of(signed.signature)}
        payment = self._post(member.node.api, "/v1/payments", {"order": order})
        return member.node.ended(payment["id"])

    def leave(self, member: Member) -> Json:
        assert member.keys is not None
        door = Api(member.node.http_port, None)
        key = text_of(member.keys.public)
        asked = door.post("/v1/challenges", {"key": key})["challenge"]
        challenge = bytes_of(asked)
        assert challenge.startswith(member.node.network), "what is signed names the network"
        signature = text_of(member.keys.sign("session", challenge))
        session = door.post("/v1/sessions", {"key": key, "challenge": asked, "signature": signature})
        return self._post(Api(member.node.http_port, session["token"]), f"/v1/members/{member.handle}/leave", {})

    def show(self, node: Node, noun: str, subject: str) -> Json:
        return node.api.get(f"/v1/{noun}/{subject}")

    def _post(self, api: Api, path: str, body: Json) -> Json:
        reply = api.ask("POST", path, body)
        if reply.status >= 400:
            raise Refusal(reply.json)
        return reply.json


class ByCommand:
    """Acts as somebody at a terminal does."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def act(self, node: Node, noun: str, verb: str, subject: str = "", **fields: str) -> Json:
        options = [word for name, value in fields.items() for word in (f"--{name.replace('_', '-')}", value)]
        return self._run(node, noun, verb, *([subject] if subject else []), *options)

    def pay(self, member: Member, payee: str, amount: str) -> Json:
        return self._run(member.node, "pay", payee, amount, "--key", self._key_of(member))

    def leave(self, member: Member) -> Json:
        return self._run(member.node, "members", "leave", member.handle, "--key", self._key_of(member))

    def show(self, node: Node, noun: str, subject: str) -> Json:
        return self._run(node, noun, "show", subject)

    def _key_of(self, member: Member) -> str:
        """Write a member's key as `mutirao keys new` does."""
        assert member.keys is not None
        file = self._folder / f"{member.node.handle}-{member.handle}.key"
        if not file.exists():
            seed = _seed_of(member.handle)
            held = {"form": "mutirao-key-1", "public_key": text_of(member.keys.public), "secret_seed": text_of(seed)}
            file.touch(mode=0o600)
            file.write_text(json.dumps(held))
        return str(file)

    def _run(self, node: Node, *words: str) -> Json:
        who = {} if "--key" in words else {"MUTIRAO_TOKEN": node.api.token or ""}
        done = mutirao(*words, "--json", MUTIRAO_NODE=node.url, **who)
        told = json.loads(done.stdout or "{}")
        if done.returncode == 1:
            assert done.stderr.startswith(f"mutirao: {told['code']}: "), done.stderr
            raise Refusal(told)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return told


def _seed_of(handle: str) -> bytes:
    return handle.encode().ljust(32, b".")


def keys_of(handle: str) -> KeyPair:
    return KeyPair.from_seed(_seed_of(handle))


@pytest.fixture(params=["http", "command"])
def hand(request: pytest.FixtureRequest, tmp_path: Path) -> Hand:
    return ByHttp() if request.param == "http" else ByCommand(tmp_path)


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


def member(hand: Hand, node: Node, handle: str, **limit: str) -> Member:
    """Let somebody with a key of its own join, by this hand where the node must decide."""
    name = f"{handle}-{type(hand).__name__[2:].lower()}"
    joined = node.join(name, keys=keys_of(name))
    if limit:
        hand.act(node, "members", "set-limits", name, **limit)
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

    assert hand.leave(ana)["state"] == "left"
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
