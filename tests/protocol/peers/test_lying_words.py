# SPDX-License-Identifier: AGPL-3.0-or-later
"""Lies that a signed entry, a record, a question or a quote may tell: each costs its teller a connection at most."""

from dataclasses import replace

import pytest
from simulation.groups import account, balance, exchange, linked, pay, says
from simulation.world import World, whole

from protocol.book.money import AMOUNT_MINOR_MAX, Amount
from protocol.book.signed import parse_uuid
from protocol.events import Received
from protocol.lanes.entry import COMMONS, IDENTITY, Entry, decode_body, encode_body, seal
from protocol.peers import compare
from protocol.peers.messages import (
    Entries,
    Heads,
    Item,
    LinkNews,
    QuoteDenied,
    QuoteGiven,
    QuoteWanted,
    Span,
    pack,
    unpack,
)
from protocol.practices.between.links.entries import HoldItem, LinkRecord, Settings, Terms, link_id, link_lane
from protocol.practices.between.links.state import Links
from protocol.practices.between.quotes.invoices import condition_of, encode_invoice, read_invoice
from protocol.practices.between.quotes.state import AskQuote
from protocol.practices.money.payments.entries import Pay


def world_of_two() -> World:
    world = World()
    exchange(world, "riacho", "HORA", "ana", "caio")
    exchange(world, "serra", "FLOR", "bia")
    return world


def sealed(world: World, name: str, lane: str, body: bytes) -> Entry:
    """Return the next entry of a network's lane, rightly signed, whatever its body says."""
    node = world.nodes[name]
    assert node.keyring is not None
    head = node.replica.journal.held.head(node.network, lane)
    return seal(
        node.keyring.hot, network=node.network, lane=lane, epoch=0,
        seq=0 if head is None else head.position.seq + 1, prev=None if head is None else head.id,
        body=body, salt=bytes(16),
    )  # fmt: skip


def links_of(world: World, name: str) -> list[bytes]:
    return list(world.nodes[name].replica.book.of(Links).by_id)


def test_a_signed_word_that_is_no_cbor_means_nothing() -> None:
    world = world_of_two()
    world.join("riacho", "serra")
    world.tick(2)
    entry = sealed(world, "riacho", COMMONS, b"\xff\xff")
    assert says(world, Entries((entry.wire,))) is None
    assert world.nodes["serra"].disk[-1].id == entry.id, "kept and passed on, as any word that means nothing here"


def test_a_key_event_that_is_no_cbor_is_none() -> None:
    world = world_of_two()
    world.join("riacho", "serra")
    world.tick(2)
    entry = sealed(world, "riacho", IDENTITY, b"\xff\xff")
    assert says(world, Entries((entry.wire,))) == "body: indefinite length"


def test_a_record_whose_terms_are_turned_round_costs_the_connection() -> None:
    world = world_of_two()
    world.join("riacho", "serra")
    world.tick(2)
    low, high = sorted((world.nodes["riacho"].network, world.nodes["serra"].network))
    terms = Terms(high, low, "HORA", 2, bytes(16))
    record = LinkRecord(terms, Settings("HORA", 1, 1, 0), 100, 0, 0, 0, 0, (), (), (), 0, None)
    entry = sealed(world, "riacho", link_lane(link_id(terms)), encode_body(record, world.now))
    assert says(world, LinkNews(entry.wire)) == "a record in another link's lane"


def test_who_names_lanes_without_end_is_asked_for_so_many_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare, "LANES_WANTED_MAX", 10)
    world = world_of_two()
    world.join("riacho", "serra")
    world.tick(2)
    items = tuple(Item(bytes([number]) * 32, IDENTITY, 0, 5, bytes(32)) for number in range(60))
    says(world, Heads((Span(None, "", None, items),)))
    session = world.nodes["serra"].replica.gossip.sessions.by_peer["riacho"]
    assert len(session.wanted) == 10


def test_a_question_that_a_rate_carries_beyond_int64_is_denied() -> None:
    world = world_of_two()
    exchange(world, "campo", "MATE", "eva")
    linked(world, "riacho", "serra", 1_000, rate="1000000")
    linked(world, "serra", "campo", 1_000)
    campo = world.nodes["campo"].network
    wanted = QuoteWanted(
        bytes(16), links_of(world, "riacho")[0], (campo,), "eva", AMOUNT_MINOR_MAX, 0, True, "ana", "", None, None
    )
    world.give("serra", Received("riacho", pack(wanted)))
    assert [(source, target) for source, target, _ in world.wires] == [("serra", "riacho")]


def test_the_longest_question_fits_into_an_invoice() -> None:
    world = world_of_two()
    linked(world, "riacho", "serra", 1_000)
    flower = "\U0001f33a"
    wanted = QuoteWanted(
        bytes(16), links_of(world, "riacho")[0], (), "bia", 100, 2, False, "@" + flower * 119, flower * 500, None, None
    )
    world.give("serra", Received("riacho", pack(wanted)))
    assert isinstance(unpack(world.wires[-1][2]), QuoteGiven)


def test_a_hold_that_takes_the_id_of_an_ended_one_is_waived() -> None:
    world = world_of_two()
    exchange(world, "campo", "MATE", "eva")
    linked(world, "riacho", "serra", 1_000)
    linked(world, "serra", "campo", 1_000)
    payment = parse_uuid(pay(world, "riacho", "ana", "eva@campo", 10, "serra"))
    world.tick(3)
    pay(world, "riacho", "ana", "bia@serra", 1)
    world.tick(3)
    assert payment is not None
    riacho = world.nodes["riacho"]
    lane = link_lane(links_of(world, "riacho")[0])
    newest = next(one for one in reversed(riacho.disk) if (one.network, one.header.lane) == (riacho.network, lane))
    body, _ = decode_body(newest.body_bytes, {LinkRecord.KIND: LinkRecord})
    assert isinstance(body, LinkRecord) and not body.holds
    hold = HoldItem(payment, 5_00, condition_of(bytes(32)), b"")
    again = sealed(
        world, "riacho", lane, encode_body(replace(body, placed=body.placed + 5_00, holds=(hold,)), world.now)
    )
    assert says(world, LinkNews(again.wire)) is None
    serra = world.nodes["serra"].replica.book.of(Links).by_id[links_of(world, "riacho")[0]]
    assert dict(serra.side.own.waived) == {payment: "PAYMENT_EXISTS"}


@pytest.mark.parametrize(
    ("payee", "amount", "reason"),
    [
        ("b" * 100 + "@serra", whole(10), "MALFORMED"),
        ("bia@serra", whole(10, "X" * 50), "MALFORMED"),
        ("bia@serra", replace(whole(10), asset_scale=50), "SCALE_EXCEEDED"),
        ("e\u0301@serra", whole(10), "TEXT_NOT_NFC"),
        ("bia@serra", whole(10, "e\u0301"), "TEXT_NOT_NFC"),
    ],
    ids=["long payee", "long code", "too many decimals", "payee not NFC", "code not NFC"],
)
def test_a_wish_that_no_question_can_say_is_refused(payee: str, amount: Amount, reason: str) -> None:
    world = world_of_two()
    linked(world, "riacho", "serra", 1_000)
    assert world.ask("riacho", "quotes.create", AskQuote(payee, amount, payer="ana")).reason.code == reason


@pytest.mark.parametrize("payee", ["holds.FLOR", "exchange.FLOR"])
def test_nobody_pays_into_an_account_that_nobody_owns(payee: str) -> None:
    world = world_of_two()
    linked(world, "riacho", "serra", 1_000)
    refused = world.ask("riacho", "quotes.create", AskQuote(f"{payee}@serra", whole(10), payer="ana"))
    assert refused.reason.code == "ACCOUNT_UNKNOWN"


def test_a_quote_pays_once_and_whom_the_member_names() -> None:
    world = world_of_two()
    linked(world, "riacho", "serra", 1_000)
    quote = world.granted("riacho", "quotes.create", AskQuote("bia@serra", whole(10), payer="ana"))
    wish = Pay(payer=quote.payer, payee="bia@serra", amount=whole(10), invoice=quote.invoice)
    assert world.ask("riacho", "payments.create", replace(wish, payee="dora@serra")).reason.code == "ORDER_MISMATCH"
    world.granted("riacho", "payments.create", wish)
    assert world.ask("riacho", "payments.create", wish).reason.code == "QUOTE_UNKNOWN"
    world.tick(2)
    assert balance(world, "riacho", "ana") == -10_00


def answered(world: World, asked: QuoteWanted | None) -> tuple[QuoteWanted, QuoteGiven]:
    """Carry a question of riacho to campo, or another in its place; returns it and campo's answer, kept back."""
    question = None
    while world.wires:
        source, target, frame = world.wires.pop(0)
        message = unpack(frame)
        if isinstance(message, QuoteWanted) and target == "campo":
            question = message
            frame = pack(message if asked is None else replace(asked, key=message.key, link=message.link))
        if isinstance(message, QuoteGiven) and source == "campo":
            assert question is not None
            return question, message
        world.give(target, Received(source, frame))
    raise AssertionError("nobody answered")


def world_of_three() -> World:
    """Riacho reaches campo over serra, which does not mean well."""
    world = world_of_two()
    exchange(world, "campo", "MATE", "eva", "ivo")
    linked(world, "riacho", "serra", 1_000)
    linked(world, "serra", "campo", 1_000)
    return world


def test_who_passes_a_question_on_cannot_put_another_payee_in() -> None:
    world = world_of_three()
    request = world.start("riacho", "quotes.create", AskQuote("eva@campo", whole(10), payer="ana", via=("serra",)))
    blank = QuoteWanted(bytes(16), bytes(32), (), "ivo", 10, 0, False, "ana@riacho", "", None, None)
    _, given = answered(world, blank)
    world.give("serra", Received("campo", pack(given)))
    world.run()
    assert world.nodes["riacho"].answers[request].reason.code == "PARTNER_REFUSED"


def test_an_invoice_that_was_paid_is_no_answer_to_another_question() -> None:
    world = world_of_three()
    ask = AskQuote("eva@campo", whole(10), payer="ana", via=("serra",))
    first = world.start("riacho", "quotes.create", ask)
    _, paid = answered(world, None)
    world.give("serra", Received("campo", pack(paid)))
    world.run()
    quote = world.nodes["riacho"].answers[first]
    wish = Pay(payer=quote.payer, payee="eva@campo", amount=whole(10), invoice=quote.invoice)
    world.granted("riacho", "payments.create", wish)
    world.tick(3)
    # Serra has the preimage by now: a second hold under its condition would be its own for nothing.
    second = world.start("riacho", "quotes.create", ask)
    _, given = answered(world, None)
    world.give("serra", Received("campo", pack(replace(paid, key=given.key))))
    world.run()
    assert world.nodes["riacho"].answers[second].reason.code == "PARTNER_REFUSED"


def test_who_pays_from_afar_does_not_pass_for_a_member_here() -> None:
    world = world_of_two()
    linked(world, "riacho", "serra", 1_000)
    link, bia = links_of(world, "riacho")[0], account(world, "serra", "bia")
    wanted = QuoteWanted(bytes(16), link, (), "bia", 100, 2, False, bia, "", None, None)
    world.give("serra", Received("riacho", pack(wanted)))
    assert isinstance(unpack(world.wires[-1][2]), QuoteDenied)


def test_a_payee_from_afar_does_not_pass_for_a_member_here() -> None:
    world = world_of_two()
    linked(world, "riacho", "serra", 1_000)
    caio, serra = account(world, "riacho", "caio"), world.nodes["serra"]
    payee = account(world, "serra", "bia")
    request = world.start("riacho", "quotes.create", AskQuote(f"{payee}@serra", whole(10), payer="ana"))
    world.deliver(1)
    _, _, frame = world.wires.pop()
    given = unpack(frame)
    assert isinstance(given, QuoteGiven) and serra.keyring is not None
    invoice = read_invoice(given.invoice)
    assert invoice is not None
    data = encode_invoice(replace(invoice, handle=caio))
    lie = replace(given, invoice=data, signature=serra.keyring.hot.sign("invoice", data))
    world.give("riacho", Received("serra", pack(lie)))
    # Caio would find a payment to him among his own, which he never gets.
    assert world.nodes["riacho"].answers[request].reason.code == "PARTNER_REFUSED"
