# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a payment to another network is for: its payer and its payee both can read it later."""

import pytest
from simulation.groups import account, exchange, linked
from simulation.world import World, whole

from protocol.book.declaration import TextRef
from protocol.book.personal import text_digest
from protocol.book.uuids import drawn_id
from protocol.book.wishes import Brought, sign_wish
from protocol.events import StoreItem
from protocol.practices.between.quotes import answers
from protocol.practices.between.quotes.invoices import INVOICE_LIFE_MS
from protocol.practices.between.quotes.state import AskQuote
from protocol.practices.money.payments.entries import Pay
from protocol.practices.people.invitations import Invite
from protocol.practices.people.joinings import sign_joining
from protocol.practices.people.members.views import Approve, Join
from protocol.wire.keys import KeyPair

SALT = bytes(range(16))


def test_payer_and_payee_keep_the_note_of_a_signed_order() -> None:
    world = World()
    exchange(world, "riacho", "HORA")
    exchange(world, "serra", "FLOR", "bia")
    linked(world, "riacho", "serra", 1_000)
    keys, network = KeyPair.from_seed(world.seed()), world.nodes["riacho"].network
    code = world.granted("riacho", "invitations.create", Invite()).code
    world.granted("riacho", "members.join", Join(code, "ana", None, sign_joining(keys, network, "ana")))
    world.granted("riacho", "members.approve", Approve(), subject="ana")
    payer = account(world, "riacho", "ana")
    quote = world.granted("riacho", "quotes.create", AskQuote("bia@serra", whole(10), payer=payer, note="honey"))
    wish = Pay(
        f"mutirao:{quote.payee_network}/{quote.payee}",
        quote.amount,
        payer,
        payment=drawn_id(bytes),
        note=text_digest(SALT, "honey"),
        max_debit=quote.debit,
        invoice=quote.invoice,
        condition=quote.condition,
    )
    signed = sign_wish(
        keys, "payments.create", wish, network=network, order_seq=1, not_after_ms=quote.expires_at, head=quote.head
    )
    paid = world.granted("riacho", "payments.create", Brought(signed, {"note": "honey"}, {"note": SALT}))
    world.tick(2)
    for name in ("riacho", "serra"):
        kept = {
            one.item.digest: one.item.value.decode() for one in world.nodes[name].events if isinstance(one, StoreItem)
        }
        shown = world.granted(name, "payments.show", subject=paid.id)
        assert isinstance(shown.note, TextRef) and kept[shown.note.digest] == "honey"


def test_notes_of_payments_that_never_come_leave_room_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "NOTES_MAX", 3)
    world = World()
    exchange(world, "riacho", "HORA", "ana")
    exchange(world, "serra", "FLOR", "bia")
    linked(world, "riacho", "serra", 1_000)
    for _ in range(3):
        world.granted("riacho", "quotes.create", AskQuote("bia@serra", whole(10), payer="ana", note="wax"))
    world.now += INVOICE_LIFE_MS
    world.tick(2)
    quote = world.granted("riacho", "quotes.create", AskQuote("bia@serra", whole(10), payer="ana", note="honey"))
    world.granted(
        "riacho", "payments.create", Pay(payer=quote.payer, payee="bia@serra", amount=whole(10), invoice=quote.invoice)
    )
    world.tick(2)
    assert [one.item.value for one in world.nodes["serra"].events if isinstance(one, StoreItem)] == [b"honey"]
