# SPDX-License-Identifier: AGPL-3.0-or-later
"""A receipt of a payment to another network holds what only the payee's node could release."""

from dataclasses import replace
from hashlib import sha256

from simulation.groups import account, exchange, linked, pay
from simulation.world import World

from protocol.book.declaration import EntriesWanted
from protocol.book.money import Amount
from protocol.book.payments import PaymentState
from protocol.book.uuids import drawn_id
from protocol.book.wishes import Brought, sign_wish
from protocol.lanes.entry import IDENTITY, LEDGER, parse
from protocol.practices.between.links.wishes import FreezeLink
from protocol.practices.between.quotes.state import AskQuote
from protocol.practices.money.payments.entries import Pay
from protocol.practices.money.receipts import Receipt, ReceiptFault, verify_receipt
from protocol.practices.people.invitations import Invite
from protocol.practices.people.joinings import sign_joining
from protocol.practices.people.members.views import Approve, Join
from protocol.wire.codec import decode, encode
from protocol.wire.keys import KeyPair
from protocol.wire.shape import from_map, to_map


def paid(world: World, *, arrives: bool) -> tuple[Pay, str]:
    """Let Ana, by her key, pay Bia at Serra; returns her order and the payment's id."""
    exchange(world, "riacho", "HORA", "caio")
    exchange(world, "serra", "FLOR", "bia")
    link = linked(world, "riacho", "serra", 1_000)
    keys, network = KeyPair.from_seed(world.seed()), world.nodes["riacho"].network
    code = world.granted("riacho", "invitations.create", Invite()).code
    world.granted("riacho", "members.join", Join(code, "ana", None, sign_joining(keys, network, "ana")))
    world.granted("riacho", "members.approve", Approve(), subject="ana")
    payer = account(world, "riacho", "ana")
    quote = world.granted("riacho", "quotes.create", AskQuote("bia@serra", Amount(10), payer=payer))
    order = Pay(
        f"mutirao:{quote.payee_network}/{quote.payee}", quote.amount, payer, payment=drawn_id(bytes),
        max_debit=quote.debit, invoice=quote.invoice, condition=quote.condition,
    )  # fmt: skip
    signed = sign_wish(keys, "payments.create", order, network=network, order_seq=1, not_after_ms=quote.expires_at)
    if not arrives:
        world.cut("riacho", "serra")
        world.granted("serra", "links.freeze", FreezeLink(), subject=link)
    id = world.granted("riacho", "payments.create", Brought(signed)).id
    world.tick(2)
    return order, id


def receipt_of(world: World, id: str) -> bytes:
    node = world.nodes["riacho"]
    wanted = world.granted("riacho", "receipts.show", subject=id)
    assert isinstance(wanted, EntriesWanted)
    ledger = {e.header.seq: e.wire for e in node.disk if (e.network, e.header.lane) == (node.network, LEDGER)}
    identity = tuple(e.wire for e in node.disk if (e.network, e.header.lane) == (node.network, IDENTITY))
    return wanted.show(identity, tuple(ledger[seq] for seq in wanted.ledger_seqs)).document


def test_a_payment_that_arrived_shows_the_preimage_of_what_the_member_signed() -> None:
    world = World()
    order, id = paid(world, arrives=True)
    kinds, document = world.nodes["riacho"].replica.book.kinds, receipt_of(world, id)
    found = verify_receipt(document, kinds, world.nodes["riacho"].network)
    assert (found.faults, found.signed) == ((), True)
    assert found.attested is not None and found.attested.state is PaymentState.POSTED
    assert found.preimage is not None and sha256(found.preimage).digest() == order.condition

    # Without the entry that shows it the network's word that it arrived is not enough.
    receipt = from_map(Receipt, decode(document, bytes_max=2**20))
    kept = tuple(wire for wire in receipt.entries if found.preimage not in parse(wire).body_bytes)
    assert len(kept) < len(receipt.entries)
    book = world.nodes["riacho"].replica.book
    payment = book.payments[drawn_id(bytes)]
    assert payment.closed in payment.rests_on, "whichever hold ends last"
    # Nor is the preimage of another payment.
    pay(world, "riacho", account(world, "riacho", "caio"), "bia@serra", 1)
    settled = [e for e in world.nodes["riacho"].disk if e.header.lane == LEDGER and b"abroad/settled" in e.body_bytes]
    swapped = replace(receipt, entries=(*kept, settled[-1].wire))
    assert verify_receipt(encode(to_map(swapped)), kinds).faults == (ReceiptFault.PREIMAGE_MISSING,)
    bare = verify_receipt(encode(to_map(replace(receipt, entries=kept))), kinds)
    assert (bare.faults, bare.preimage) == ((ReceiptFault.PREIMAGE_MISSING,), None)


def test_a_payment_on_its_way_has_a_receipt_and_no_preimage_yet() -> None:
    world = World()
    _, id = paid(world, arrives=False)
    found = verify_receipt(receipt_of(world, id), world.nodes["riacho"].replica.book.kinds)
    assert (found.faults, found.preimage) == ((), None)
    assert found.attested is not None and found.attested.state is PaymentState.PENDING
