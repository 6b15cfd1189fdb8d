# SPDX-License-Identifier: AGPL-3.0-or-later
"""At the edge of int64 a hold is waived and the money comes back; no node stumbles over a sum it cannot write."""

from simulation.groups import account, balance, offer_payment, pay, state
from simulation.world import World, whole

from protocol.book.ledger import Account
from protocol.book.money import AMOUNT_MINOR_MAX, Amount
from protocol.practices.between.links.wishes import AcceptLink, CapLink, ProposeLink
from protocol.practices.between.quotes.state import AskQuote
from protocol.practices.money.currencies.views import CreateCurrency
from protocol.practices.money.payments.entries import Pay
from protocol.practices.people.invitations import Invite
from protocol.practices.people.members.views import Approve, Join

GREATEST = Amount(AMOUNT_MINOR_MAX, None, 2)


def test_what_rounding_carries_beyond_int64_is_given_back() -> None:
    world = World()
    for name, code, handle in (("riacho", "HORA", "ana"), ("serra", "FLOR", "bia")):
        world.found(name, code)
        world.granted(name, "currencies.create", CreateCurrency(code, code.title(), GREATEST))
        invitation = world.granted(name, "invitations.create", Invite())
        world.granted(name, "members.join", Join(invitation.code, handle))
        world.granted(name, "members.approve", Approve(), subject=handle)
    world.join("riacho", "serra")
    world.tick(2)
    link = world.granted("riacho", "links.create", ProposeLink("serra", GREATEST, "HORA"))
    world.granted("serra", "links.accept", AcceptLink(GREATEST, "FLOR", str(10**12)), subject=link.id)

    # 9223372036854775800 minor FLOR are 9223373 minor HORA, rounded up: worth 9223373000000000000, beyond int64.
    request = offer_payment(world, "riacho", "ana", "bia@serra", AMOUNT_MINOR_MAX // 100)
    world.tick(2)
    payment = world.nodes["riacho"].answers[request].id
    assert state(world, "riacho", payment) == "voided"
    assert world.granted("riacho", "payments.show", subject=payment).reason == "AMOUNT_TOO_LARGE"
    assert balance(world, "riacho", "ana") == balance(world, "serra", "bia") == 0
    assert world.zero_sum()


def rich() -> World:
    """Ana and Caio may each owe as much as can be written, and so may their network."""
    world = World()
    for name, code, handles in (("riacho", "HORA", ("ana", "caio")), ("serra", "FLOR", ("bia", "dora"))):
        world.found(name, code)
        world.granted(name, "currencies.create", CreateCurrency(code, code.title(), GREATEST))
        for handle in handles:
            invitation = world.granted(name, "invitations.create", Invite())
            world.granted(name, "members.join", Join(invitation.code, handle))
            world.granted(name, "members.approve", Approve(), subject=handle)
    world.join("riacho", "serra")
    world.tick(2)
    return world


def lined(world: World, rate: str, rate_there: str) -> None:
    link = world.granted("riacho", "links.create", ProposeLink("serra", GREATEST, "HORA", rate=rate))
    world.granted("serra", "links.accept", AcceptLink(GREATEST, "FLOR", rate_there), subject=link.id)
    world.granted("riacho", "links.cap", CapLink(holds_percent=100), subject=link.id)


def ask_to_pay(world: World, payer: str, payee: str, units: int) -> int:
    quote = world.granted("riacho", "quotes.create", AskQuote(payee, whole(units), payer=payer))
    wish = Pay(payer=quote.payer, payee=payee, amount=whole(units), invoice=quote.invoice)
    return world.start("riacho", "payments.create", wish)


def test_what_would_take_the_account_of_holds_beyond_int64_is_refused() -> None:
    world = rich()
    lined(world, "2", "1")
    first = ask_to_pay(world, "ana", "bia@serra", AMOUNT_MINOR_MAX // 300)
    world.wires.clear()
    riacho = world.nodes["riacho"]
    assert riacho.answers[first].state == "pending"
    second = ask_to_pay(world, "caio", "dora@serra", AMOUNT_MINOR_MAX // 300)
    assert riacho.answers[second].reason.code == "AMOUNT_TOO_LARGE"


def test_what_would_take_the_mirror_account_of_a_partner_beyond_int64_is_refused() -> None:
    world = rich()
    lined(world, "2", "1")
    pay(world, "riacho", "ana", "bia@serra", AMOUNT_MINOR_MAX // 300)
    world.tick(3)
    riacho = world.nodes["riacho"]
    assert riacho.balance(account(world, "riacho", "ana")) < 0
    second = ask_to_pay(world, "caio", "dora@serra", AMOUNT_MINOR_MAX // 300)
    assert riacho.answers[second].reason.code == "AMOUNT_TOO_LARGE"


def test_what_would_take_the_mirror_account_of_a_payer_beyond_int64_is_given_back() -> None:
    world = rich()
    lined(world, "1", "2")
    for payer, payee in (("ana", "bia@serra"), ("caio", "dora@serra")):
        pay(world, "riacho", payer, payee, AMOUNT_MINOR_MAX // 150)
        world.tick(3)
    assert [balance(world, "riacho", payer) < 0 for payer in ("ana", "caio")] == [True, False]
    assert all(abs(one.balance_minor) <= AMOUNT_MINOR_MAX for one in ledger(world).values())


def ledger(world: World) -> dict[str, Account]:
    return world.nodes["serra"].replica.book.ledger.accounts
