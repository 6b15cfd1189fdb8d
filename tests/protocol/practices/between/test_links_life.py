# SPDX-License-Identifier: AGPL-3.0-or-later
"""The life of a link: proposed, accepted, capped, raised, given back, frozen, and closed once debts are paid."""

import time

import pytest
from simulation.groups import balance, exchange, linked, pay
from simulation.world import World, whole

from protocol.book.declaration import Actor, Role
from protocol.book.money import Amount
from protocol.book.refusals import Refused
from protocol.lanes.directory import Profile
from protocol.lanes.entry import COMMONS
from protocol.practices.between.links.wishes import (
    AcceptLink,
    CapLink,
    CloseLink,
    FreezeLink,
    GiveBackLink,
    ProposeLink,
    RaiseLink,
    SetLinkRate,
)
from protocol.practices.between.quotes.state import AskQuote
from protocol.practices.money.currencies.views import CloseCurrency, CreateCurrency
from protocol.practices.money.payments.entries import Pay
from protocol.practices.money.requests.views import AskPayment
from protocol.practices.people.invitations import Invite
from protocol.practices.people.members.views import Join


def two(limit: int = 400) -> tuple[World, str]:
    world = World()
    exchange(world, "riacho", "HORA", "ana", limit=5_000)
    exchange(world, "serra", "FLOR", "bia", limit=5_000)
    return world, linked(world, "riacho", "serra", limit)


def shown(world: World, name: str, link: str):  # noqa: ANN201
    return world.granted(name, "links.show", subject=link)


def quoted(world: World, name: str, payee: str, units: int, payer: str):  # noqa: ANN201
    return world.ask(name, "quotes.create", AskQuote(payee, whole(units), payer=payer))


def order(world: World, quote, payee: str, units: int, name: str = "riacho"):  # noqa: ANN001, ANN201
    wish = Pay(payer=quote.payer, payee=payee, amount=whole(units), invoice=quote.invoice)
    return world.ask(name, "payments.create", wish)


def test_a_link_is_proposed_offered_and_open() -> None:
    world = World()
    exchange(world, "riacho", "HORA", "ana")
    exchange(world, "serra", "FLOR", "bia")
    world.join("riacho", "serra")
    world.tick(2)
    link = world.granted("riacho", "links.create", ProposeLink("serra", whole(400), "HORA")).id
    assert (shown(world, "riacho", link).state, shown(world, "serra", link).state) == ("proposed", "offered")
    assert isinstance(quoted(world, "riacho", "bia@serra", 1, "ana"), Refused), "nothing flows before it is accepted"
    world.granted("serra", "links.accept", AcceptLink(whole(300), "FLOR"), subject=link)
    near, far = shown(world, "riacho", link), shown(world, "serra", link)
    assert (near.state, far.state) == ("open", "open")
    assert (near.limit_given.value, near.limit_received.value) == (400_00, 300_00)
    assert (far.limit_given.value, far.limit_received.value) == (300_00, 400_00)
    again = world.ask("serra", "links.accept", AcceptLink(whole(300), "FLOR"), subject=link)
    assert again.reason.code == "STATE_CONFLICT"


def test_a_quote_for_anothers_account_lets_nobody_pay_from_it() -> None:
    world = World()
    exchange(world, "riacho", "HORA", "ana", "caio")
    exchange(world, "serra", "FLOR", "bia")
    linked(world, "riacho", "serra", 400)
    quote = quoted(world, "riacho", "bia@serra", 10, "ana")
    caio = Actor(Role.MEMBER, world.granted("riacho", "members.show", subject="caio").id)
    for payer, reason in ((None, "ORDER_MISMATCH"), ("caio", "ORDER_MISMATCH"), ("ana", "FORBIDDEN")):
        wish = Pay(payer=payer, payee="bia@serra", amount=whole(10), invoice=quote.invoice)
        assert world.ask("riacho", "payments.create", wish, actor=caio).reason.code == reason
    assert balance(world, "riacho", "ana") == 0


def test_one_payment_takes_a_quarter_of_the_line_at_most_unless_the_stewards_say_otherwise() -> None:
    world, link = two(limit=400)
    assert shown(world, "riacho", link).largest_payment.value == 100_00
    assert quoted(world, "riacho", "bia@serra", 101, "ana").reason.code == "LINK_PAYMENT_TOO_LARGE"
    world.granted("riacho", "links.cap", CapLink(holds_percent=100), subject=link)
    assert order(world, quoted(world, "riacho", "bia@serra", 101, "ana"), "bia@serra", 101).state == "pending"
    world.tick(2)
    assert balance(world, "serra", "bia") == 101_00


def test_only_the_debtor_lowers_a_limit_and_only_what_nothing_rests_on() -> None:
    world, link = two()
    pay(world, "riacho", "ana", "bia@serra", 50)
    world.tick(2)
    assert world.ask("serra", "links.raise", RaiseLink(whole(300)), subject=link).reason.code == "STATE_CONFLICT"
    world.granted("serra", "links.raise", RaiseLink(whole(500)), subject=link)
    assert shown(world, "riacho", link).limit_received.value == 500_00
    refused = world.ask("riacho", "links.give-back", GiveBackLink(whole(451)), subject=link)
    assert (refused.reason.code, refused.figures["available"]) == ("LINK_LIMIT_EXCEEDED", 450_00)
    world.granted("riacho", "links.give-back", GiveBackLink(whole(450)), subject=link)
    assert shown(world, "serra", link).limit_given.value == 50_00
    assert shown(world, "riacho", link).status == "FULL"


def test_a_frozen_link_takes_nothing_new_until_it_is_thawed() -> None:
    world, link = two()
    world.granted("serra", "links.freeze", FreezeLink(), subject=link)
    assert quoted(world, "riacho", "bia@serra", 1, "ana").reason.code == "LINK_NOT_OPEN"
    world.granted("serra", "links.freeze", FreezeLink(frozen=False), subject=link)
    pay(world, "riacho", "ana", "bia@serra", 1)


def test_a_closing_link_lets_debts_be_paid_back_and_nothing_else() -> None:
    world, link = two()
    pay(world, "riacho", "ana", "bia@serra", 50)
    world.tick(2)
    world.granted("serra", "links.cap", CapLink(holds_percent=100), subject=link)
    world.granted("serra", "links.close", CloseLink(), subject=link)
    world.tick(3)
    assert shown(world, "riacho", link).state == "closing"
    assert quoted(world, "riacho", "bia@serra", 1, "ana").reason.code == "LINK_NOT_OPEN", "that would be new debt"
    quote = quoted(world, "serra", "ana@riacho", 12, "bia")
    assert order(world, quote, "ana@riacho", 12, "serra").state == "pending"
    world.tick(3)
    quote = quoted(world, "serra", "ana@riacho", 39, "bia")
    assert quote.reason.code == "LINK_LIMIT_EXCEEDED", "38 are left"
    order(world, quoted(world, "serra", "ana@riacho", 38, "bia"), "ana@riacho", 38, "serra")
    world.tick(3)
    near, far = shown(world, "riacho", link), shown(world, "serra", link)
    assert (near.state, far.state) == ("closed", "closed")
    assert (near.limit_received.value, far.limit_received.value) == (0, 0)
    assert balance(world, "riacho", "ana") == 0 == balance(world, "serra", "bia")


def test_a_changed_rate_counts_for_quotes_from_then_on() -> None:
    world, link = two()
    old = quoted(world, "riacho", "bia@serra", 30, "ana")
    assert old.debit == Amount(30_00, "HORA", 2)
    world.granted("serra", "links.set-rate", SetLinkRate("1.5", sure=True), subject=link)
    new = quoted(world, "riacho", "bia@serra", 30, "ana")
    assert new.debit == Amount(20_00, "HORA", 2)
    assert order(world, old, "bia@serra", 30).state == "pending", (
        "a quote that is worth more than it needs still counts"
    )
    world.tick(2)
    assert balance(world, "serra", "bia") == 30_00
    assert world.nodes["serra"].balance("exchange.FLOR") == 15_00, "what it brought too much stays in the open"
    world.granted("serra", "links.set-rate", SetLinkRate("0.5", sure=True), subject=link)
    late = order(world, new, "bia@serra", 30)
    world.tick(2)
    came_back = world.granted("riacho", "payments.show", subject=late.id)
    assert (came_back.state, came_back.reason) == ("voided", "QUOTE_EXPIRED"), "one that is worth less does not"
    assert world.zero_sum()


def test_a_quote_tells_nobody_what_anothers_account_can_pay() -> None:
    world, _ = two()
    bia = world.granted("serra", "members.show", subject="bia").id
    exchange_member = Actor(Role.MEMBER, bia)
    asked = AskQuote("ana@riacho", whole(1), payer="bia")
    assert not isinstance(world.ask("serra", "quotes.create", asked, actor=exchange_member), Refused)
    stranger = Actor(Role.MEMBER, "somebody-else")
    assert world.ask("serra", "quotes.create", asked, actor=stranger).reason.code == "FORBIDDEN"


def test_an_amount_named_beside_a_quote_is_the_quotes() -> None:
    world, link = two()
    world.granted("serra", "links.set-rate", SetLinkRate("1.5", sure=True), subject=link)
    quote = quoted(world, "riacho", "bia@serra", 30, "ana")
    for amount, fits in ((whole(31), False), (whole(30, "HORA"), False), (whole(20, "HORA"), True)):
        wish = Pay(payer=quote.payer, payee="bia@serra", amount=amount, invoice=quote.invoice)
        result = world.ask("riacho", "payments.create", wish)
        assert (result.reason.code == "ORDER_MISMATCH") is not fits if isinstance(result, Refused) else fits


def test_an_offer_that_nobody_took_up_does_not_decide_whom_a_handle_names() -> None:
    world = World()
    exchange(world, "riacho", "HORA", "ana")
    exchange(world, "serra", "FLOR", "bia")
    exchange(world, "campo", "MATE", "eva")
    linked(world, "riacho", "campo", 400)
    world.join("riacho", "serra")
    world.tick(2)
    # Eve's network calls itself serra too, and proposes a link: payments to serra are not hers by that.
    eve = world.found("eve", "FLOR")
    eve.replica.journal.write(Profile("serra", "Serra", "FLOR", "FLOR", 2, ()), COMMONS, world.now)
    world.join("riacho", "eve")
    world.tick(2)
    ambiguous = world.ask("riacho", "quotes.create", AskQuote("bia@serra", whole(1), payer="ana", via=("campo",)))
    assert ambiguous.reason.code == "HANDLE_AMBIGUOUS"
    world.granted("eve", "currencies.create", CreateCurrency("FLOR", "Flor", whole(100)))
    world.granted("eve", "links.create", ProposeLink("riacho", whole(400), "FLOR"))
    again = world.ask("riacho", "quotes.create", AskQuote("bia@serra", whole(1), payer="ana", via=("campo",)))
    assert again.reason.code == "HANDLE_AMBIGUOUS"


def test_a_closing_link_that_is_lost_pays_no_debt_back_before_it_is_found() -> None:
    world, link = two()
    world.granted("serra", "links.cap", CapLink(holds_percent=100), subject=link)
    pay(world, "riacho", "ana", "bia@serra", 50)
    world.tick(2)
    world.granted("riacho", "links.close", CloseLink(), subject=link)
    world.tick(3)
    world.restart("serra", old_copy=len(world.nodes["serra"].disk))
    world.cut("riacho", "serra")
    world.nodes["serra"].replica.reopen()
    # Riacho is restored as well, and tells nobody anything yet.
    world.restart("riacho", old_copy=len(world.nodes["riacho"].disk))
    world.join("riacho", "serra")
    assert shown(world, "serra", link).state == "closing"
    assert quoted(world, "serra", "ana@riacho", 12, "bia").reason.code == "LINK_NOT_OPEN"


@pytest.mark.parametrize(
    "rate",
    [
        "1e5000000",
        "1e-5000000",
        "0e5000000",
        "1." + "0" * 50,
        "NaN",
        "-1",
        "1_0",
        "٣",
        "1e1",
        " 1",
        "+1",
        ".5",
        "1\n",
        "",
        "1e22",
    ],
)
def test_what_is_no_rate_is_refused_at_once(rate: str) -> None:
    world, link = two()
    before = time.process_time()
    assert world.ask("riacho", "links.set-rate", SetLinkRate(rate), subject=link).reason.code == "MALFORMED"
    assert time.process_time() - before < 0.5


def test_nothing_is_paid_abroad_in_a_closed_currency() -> None:
    world, _ = two()
    quote = quoted(world, "riacho", "bia@serra", 10, "ana")
    world.granted("riacho", "currencies.close", CloseCurrency(), subject="HORA")
    assert order(world, quote, "bia@serra", 10).reason.code == "CURRENCY_CLOSED"
    assert balance(world, "riacho", "ana") == 0


def test_a_payment_abroad_cannot_be_held_until_the_payee_says_so() -> None:
    world, _ = two()
    quote = quoted(world, "riacho", "bia@serra", 10, "ana")
    wish = Pay(payer=quote.payer, payee="bia@serra", amount=whole(10), invoice=quote.invoice, pending=True)
    assert world.ask("riacho", "payments.create", wish).reason.code == "ORDER_MISMATCH"


def test_what_one_member_is_asked_for_nobody_abroad_pays() -> None:
    world, _ = two()
    invitation = world.granted("serra", "invitations.create", Invite())
    world.granted("serra", "members.join", Join(invitation.code, "dora"))
    for payer, reason in (("dora", "FORBIDDEN"), (None, None)):
        asked = world.granted("serra", "payment-requests.create", AskPayment(whole(10), payee="bia", payer=payer))
        wish = AskQuote("bia@serra", whole(10), payer="ana", request=asked.id)
        told = world.ask("riacho", "quotes.create", wish)
        assert (told.reason.code if isinstance(told, Refused) else None) == reason
