# SPDX-License-Identifier: AGPL-3.0-or-later
"""A peer that speaks the protocol but lies loses its connection; who is honest loses nothing and goes on."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest
from processes.harness import Commune, Member, Node, link_up, units, until
from processes.liar import Liar

from protocol.book.money import Amount
from protocol.lanes.entry import LEDGER, encode_body, seal
from protocol.peers.messages import Entries, Heads, Hello, LaneRange, LinkNews, Message, NodeRole, Wanted
from protocol.peers.reconcile import HeadIndex
from protocol.practices.between.links.entries import ClaimItem, HoldItem, LinkRecord
from protocol.practices.between.links.wishes import AcceptLink, LinksWanted, RaiseLink
from protocol.practices.people.members.entries import Suspended
from protocol.wire.codec import encode

MEGABYTE = 1024 * 1024


@dataclass
class Town:
    """Two honest networks, linked; Ana of Riacho pays Edna of Serra."""

    riacho: Node
    serra: Node
    ana: Member
    edna: Member

    def goes_on(self) -> None:
        """Check that the honest still pay each other, and that their books are whole."""
        assert self.riacho.readiness == self.serra.readiness == 200
        before = self.ana.balance
        assert self.ana.pay_through("edna@serra", 0.01)["state"] == "posted"
        assert self.ana.balance == before - 1
        assert self.riacho.is_zero_sum and self.serra.is_zero_sum

    def has_dropped(self, liar: Liar, reason: str) -> bool:
        """Tell whether Riacho's log says that it has parted with a liar for this reason."""
        lines = (json.loads(line) for line in self.riacho.log.splitlines() if line.startswith("{"))
        return any(line.get("peer") == liar.peer_id and reason in line.get("reason", "") for line in lines)


@pytest.fixture(scope="module")
def town(lasting: Commune) -> Iterator[Town]:
    riacho, serra = lasting.riacho_and_serra()
    town = Town(riacho, serra, riacho.join("ana"), serra.join("edna"))
    link_up(riacho, serra, 100)
    yield town
    for node in (riacho, serra):
        node.stop()
        node.verify_book()


@pytest.fixture
def liar() -> Iterator[Liar]:
    liar = Liar(f"liar-{os.urandom(3).hex()}")
    yield liar
    liar.close()


def introduced(liar: Liar, node: Node) -> None:
    """Let a liar call a node, and wait until they know each other."""
    liar.call(node)
    until(
        lambda: (node.api.find(f"/v1/networks/{liar.network_id}") or {}).get("handle"),
        "the node knows the liar by name",
    )
    until(lambda: any(isinstance(one, Hello) for one in list(liar.heard)), "the liar knows the node")


def linked(liar: Liar, node: Node, limit: float) -> str:
    """Open a link between a node and a liar that has a shop, each granting so much."""
    liar.open_shop("LIE", "lia")
    introduced(liar, node)
    until(lambda: node.network in liar.replica.journal.directory.networks, "the liar knows the network")
    offer = {"partner": liar.network_id, "limit": units(limit), "currency": node.currency}
    link = node.api.post("/v1/links", offer)["id"]
    until(lambda: liar.ask("links.list", LinksWanted()).items, "the offer reaches the liar")
    liar.ask("links.accept", AcceptLink(Amount(round(limit * 100), None, 2), "LIE"), subject=link)
    until(lambda: node.api.get(f"/v1/links/{link}")["state"] == "open", "the link is open")
    return link


@contextmanager
def dropped_for(reason: str, liar: Liar, town: Town) -> Iterator[None]:
    """Check that what is said here costs the liar its connection, for the right reason, and nobody else anything."""
    downs, balances, rss = liar.downs, town.riacho.balances(), town.riacho.rss_bytes
    yield
    until(lambda: liar.downs > downs, f"the liar is dropped: {reason}")
    until(lambda: town.has_dropped(liar, reason), f"the log tells why: {reason}", 5)
    assert town.riacho.balances() == balances
    assert town.riacho.rss_bytes - rss < 50 * MEGABYTE
    town.goes_on()


# What a stranger may say.


def _a_bad_signature(liar: Liar, town: Town) -> None:
    [word] = liar.words(1)
    liar.say(Entries((word.wire[:-1] + bytes([word.wire[-1] ^ 1]),)))


def _a_gap_in_a_chain(liar: Liar, town: Town) -> None:
    one, _, three = liar.words(3)
    liar.say(Entries((one.wire, three.wire)))


def _a_body_that_was_changed(liar: Liar, town: Town) -> None:
    one, other = liar.words(2)
    liar.say(Entries((encode((one.header_bytes, one.salt, other.body_bytes, one.signature)),)))


def _an_entry_of_anothers_ledger(liar: Liar, town: Town) -> None:
    body = encode_body(Suspended("A" * 16), 0)
    forged = seal(
        liar.hot, network=town.riacho.network, lane=LEDGER, epoch=0, seq=10_000, prev=bytes(32), body=body,
        salt=bytes(16),
    )  # fmt: skip
    liar.say(Entries((forged.wire,)))


def _words_in_anothers_name(liar: Liar, town: Town) -> None:
    [word] = liar.words(1)
    forged = seal(
        liar.hot, network=town.serra.network, lane=word.header.lane, epoch=0, seq=1,
        prev=_head_of(town.serra, liar), body=word.body_bytes, salt=bytes(16),
    )  # fmt: skip
    liar.say(Entries((forged.wire,)))


def _head_of(node: Node, liar: Liar) -> bytes:
    """Return the head of a network's commons, as the liar has heard of it."""
    lane = (node.network, "commons")
    until(lambda: liar.replica.journal.held.heads().get(lane), "the liar hears of it")
    return liar.replica.journal.held.heads()[lane].id or b""


def _what_no_frame_is(liar: Liar, town: Town) -> None:
    liar.say_bytes(os.urandom(1_000))


def _a_frame_in_a_long_form(liar: Liar, town: Town) -> None:
    liar.say_bytes(b"\x82\x18\x01\xa1\x01\x80")


def _a_lane_that_is_not_for_it(liar: Liar, town: Town) -> None:
    liar.say(Wanted((LaneRange(town.riacho.network, LEDGER, 0, 100),)))


def _hello_again(liar: Liar, town: Town) -> None:
    liar.say(Hello(liar.network, NodeRole.HOME, ()))


def _too_many_questions(liar: Liar, town: Town) -> None:
    question = Heads((HeadIndex(None).opening(),), bytes(32))
    # More than twice what a minute allows: a minute may end among them.
    liar.say(*[question] * 2_500)


def _a_frame_of_64_megabytes(liar: Liar, town: Town) -> None:
    liar.say_bytes(bytes(64 * MEGABYTE))


LIES: dict[str, tuple[Callable[[Liar, Town], None], str]] = {
    "a bad signature": (_a_bad_signature, "the network's key has not signed"),
    "a gap in a chain": (_a_gap_in_a_chain, "entries that are not linked"),
    "a body that was changed": (_a_body_that_was_changed, "the body is not the one that the header names"),
    "an entry of another's ledger": (_an_entry_of_anothers_ledger, "an entry that is not for us"),
    "words in another's name": (_words_in_anothers_name, "the network's key has not signed"),
    "what no frame is": (_what_no_frame_is, "frame: "),
    "a frame in a long form": (_a_frame_in_a_long_form, "frame: "),
    "asking for a ledger": (_a_lane_that_is_not_for_it, "a lane that is not for this peer"),
    "a second hello": (_hello_again, "hello is said once"),
    "too many questions": (_too_many_questions, "too many requests in a minute"),
    "a frame of 64 MB": (_a_frame_of_64_megabytes, "a frame that is too long"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_costs_its_teller_the_connection(town: Town, liar: Liar, lie: str) -> None:
    tell, reason = LIES[lie]
    introduced(liar, town.riacho)
    with dropped_for(reason, liar, town):
        tell(liar, town)
    assert not town.riacho.api.get(f"/v1/networks/{liar.network_id}")["forked"]


def test_a_gap_is_asked_for_and_never_held(town: Town, liar: Liar) -> None:
    introduced(liar, town.riacho)
    *_, last = liar.words(50)
    liar.say(Entries((last.wire,)))
    until(lambda: any(isinstance(one, Wanted) for one in list(liar.heard)), "what is missing is asked for")
    assert last.id not in {name for ids in town.riacho.entries().values() for name in ids}
    town.goes_on()


# Who a stranger may say that it is.


def _in_anothers_name(town: Town) -> Callable[[Message], Message | None]:
    def tongue(message: Message) -> Message | None:
        if isinstance(message, Hello):
            return Hello(town.serra.network, NodeRole.HOME, ())
        return message

    return tongue


def _with_a_forged_inception(town: Town) -> Callable[[Message], Message | None]:
    def tongue(message: Message) -> Message | None:
        if isinstance(message, Hello):
            wire = message.identity[0]
            return replace(message, identity=(wire[:-1] + bytes([wire[-1] ^ 1]),))
        return message

    return tongue


def _as_a_replica(town: Town) -> Callable[[Message], Message | None]:
    def tongue(message: Message) -> Message | None:
        if isinstance(message, Hello):
            return Hello(town.riacho.network, NodeRole.REPLICA, (), os.urandom(16))
        return message

    return tongue


def _without_hello(town: Town) -> Callable[[Message], Message | None]:
    def tongue(message: Message) -> Message | None:
        return Wanted((LaneRange(town.riacho.network, "identity", 0, 0),)) if isinstance(message, Hello) else message

    return tongue


@pytest.mark.parametrize(
    ("tongue", "reason"),
    [
        (_in_anothers_name, "a node that its network has not certified"),
        (_with_a_forged_inception, "the inception is not signed by its key"),
        (_as_a_replica, "a replica that nobody invited"),
        (_without_hello, "the first word is hello"),
    ],
)
def test_nobody_gets_in_under_anothers_name(
    town: Town, liar: Liar, tongue: Callable[[Town], Callable[[Message], Message | None]], reason: str
) -> None:
    liar.tongue = tongue(town)
    with dropped_for(reason, liar, town):
        liar.call(town.riacho)
    assert town.riacho.api.ask("GET", f"/v1/networks/{liar.network_id}").code == "NETWORK_UNKNOWN"


def test_a_forged_peer_id_is_found_out(town: Town, liar: Liar, commune: Commune) -> None:
    """Who answers at Serra's address with another key is not taken for Serra."""
    encants = commune.found("encants", "ECO", serves=False)
    impostor = commune.found("impostor", "LIE")
    encants.dials.append(impostor.address.replace(impostor.peer_id, town.serra.peer_id))
    encants.dials.append(town.riacho.address)
    encants.start()
    until(lambda: encants.knows(town.riacho), "the true address leads to Riacho")
    assert not encants.api.find(f"/v1/networks/{impostor.network_id}")
    assert not impostor.api.find(f"/v1/networks/{encants.network_id}")
    for line in encants.log.splitlines():
        assert not ('"a peer is up"' in line and town.serra.peer_id in line)
    town.goes_on()


# What a partner may say.


def test_a_hold_beyond_the_limit_is_not_taken(town: Town, liar: Liar) -> None:
    link = linked(liar, town.riacho, 50)

    def beyond(record: LinkRecord) -> LinkRecord:
        hold = HoldItem(os.urandom(16), 50_01, os.urandom(32), b"")
        return replace(record, placed=record.placed + hold.amount, holds=(*record.holds, hold))

    liar.tongue = lambda said: liar.resealed(said, beyond) if isinstance(said, LinkNews) else said
    with dropped_for("breaks a rule of the link: LIMIT_BROKEN", liar, town):
        liar.ask("links.raise", RaiseLink(Amount(60_00, None, 2)), subject=link)
    shown = town.riacho.api.get(f"/v1/links/{link}")
    assert (shown["holds_in"], shown["net_debt"]["value"], shown["limit_received"]["value"]) == (0, "0", "5000")


def test_a_wrong_preimage_moves_nothing_and_the_right_one_does(town: Town, liar: Liar) -> None:
    link = linked(liar, town.riacho, 50)
    before = town.ana.balance

    def wrong(record: LinkRecord) -> LinkRecord:
        return replace(record, claims=tuple(ClaimItem(one.id, os.urandom(32)) for one in record.claims))

    wish = town.ana.wish(f"lia@{liar.handle}", 5)
    liar.mute()
    payment = town.riacho.api.post("/v1/payments", wish)["id"]
    with dropped_for("breaks a rule of the link: PREIMAGE_WRONG", liar, town):
        liar.tongue = lambda said: liar.resealed(said, wrong) if isinstance(said, LinkNews) else said
        liar.repeat()
    shown = town.riacho.api.get(f"/v1/links/{link}")
    assert (shown["holds_out"], shown["net_debt"]["value"], shown["mirror"]["value"]) == (1, "0", "0")
    assert town.riacho.payment(payment)["state"] == "pending"
    assert town.ana.balance == before - 5_00 - 1, "held, and one hundredth was paid to go on"

    liar.tongue = lambda said: said
    assert town.riacho.ended(payment)["state"] == "posted"
    assert town.riacho.api.get(f"/v1/links/{link}")["net_debt"]["value"] == "500"


@pytest.mark.soak
def test_two_words_at_one_place_cost_all_new_credit(town: Town, liar: Liar) -> None:
    link = linked(liar, town.riacho, 50)
    one, other = liar.words(1)[0], liar.words(1)[0]
    liar.say(Entries((one.wire,)), Entries((other.wire,)))
    network = f"/v1/networks/{liar.network_id}"
    until(lambda: town.riacho.api.get(network)["forked"], "the proof is kept")
    assert town.riacho.api.get(f"/v1/links/{link}")["state"] == "frozen"
    wish = town.ana.question(f"lia@{liar.handle}", 1)
    assert town.riacho.api.refused("/v1/quotes", wish)["code"] == "LINK_NOT_OPEN"
    offer = {"partner": liar.network_id, "limit": units(1), "currency": "HORA"}
    assert town.riacho.api.refused("/v1/links", offer)["code"] == "LINK_FROZEN"
    until(lambda: (town.serra.api.find(network) or {}).get("forked"), "the proof travels")
    town.goes_on()
