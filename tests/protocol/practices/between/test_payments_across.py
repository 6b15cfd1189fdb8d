# SPDX-License-Identifier: AGPL-3.0-or-later
"""Payments between networks (PROTOCOL 3): over intermediaries, refused, cut off, killed in the middle."""

import pytest
from simulation.groups import balance, exchange, linked, offer_payment, pay, state
from simulation.world import World, whole

from protocol.book.declaration import Actor, Role
from protocol.book.issuer_groups import NOT_CONVERTIBLE, NOT_IN_GROUP
from protocol.book.signed import parse_uuid
from protocol.book.timezones import DAY_MS
from protocol.practices.between.links.wishes import FreezeLink, LinksWanted
from protocol.practices.between.quotes.answers import HOLD_WAIT_MS
from protocol.practices.between.quotes.state import AskQuote
from protocol.practices.governance.motions.entries import Ballot, Vote
from protocol.practices.money.currencies.views import CloseCurrency, KeepCurrencyHome
from protocol.practices.money.issuer_groups import AdmitIssuers, KeepCurrency, MakeIssuerGroup
from protocol.practices.money.payments.entries import Pay
from protocol.practices.people.invitations import Invite
from protocol.practices.people.mandates import GiveMandate
from protocol.practices.people.members.views import Approve, Join


def chain(limit: int = 1_000, fee: int = 0) -> World:
    """Riacho (HORA), Serra (FLOR, 2 for 1) and Encants (ECO, 3 for 1 FLOR), each linked to the next."""
    world = World()
    exchange(world, "riacho", "HORA", "ana")
    exchange(world, "serra", "FLOR", "bia")
    exchange(world, "encants", "ECO", "clara")
    linked(world, "riacho", "serra", limit, rate="2", fee=fee)
    linked(world, "serra", "encants", limit, rate="3", fee=fee)
    world.tick(2)
    return world


def settled(world: World) -> bool:
    """Tell whether nothing is held anywhere."""
    return not any(
        account.balance_minor
        for node in world.nodes.values()
        for account in node.replica.book.ledger.accounts.values()
        if account.id.startswith("holds.")
    )


def test_a_payment_passes_through_a_network_that_keeps_its_fee() -> None:
    world = chain(fee=1)
    payment = pay(world, "riacho", "ana", "clara@encants", 60, "serra")
    assert state(world, "riacho", payment) == "posted"
    # 60 ECO are 20 FLOR on the second link; Serra adds its fee of 1 FLOR: 21 FLOR are 10.50 HORA.
    assert balance(world, "riacho", "ana") == -10_50
    assert balance(world, "encants", "clara") == 60_00
    assert world.nodes["serra"].balance("exchange.FLOR") == 1_00
    assert world.zero_sum() and settled(world)


def test_a_payment_that_an_intermediary_cannot_pass_on_comes_back() -> None:
    world = chain()
    link = next(
        one for one in world.granted("serra", "links.list", LinksWanted()).items if one.partner_handle == "encants"
    )
    request = offer_payment(world, "riacho", "ana", "clara@encants", 60, "serra")
    world.start("serra", "links.freeze", FreezeLink(), subject=link.id)
    world.run()
    payment = world.nodes["riacho"].answers[request].id
    shown = world.granted("riacho", "payments.show", subject=payment)
    assert (shown.state, shown.reason) == ("voided", "LINK_NOT_OPEN")
    assert balance(world, "riacho", "ana") == 0 and settled(world)


def cut_off_behind_serra(world: World) -> None:
    """Let a payment go on from Serra, and cut the wire before it comes to Encants."""
    while not world.nodes["serra"].replica.book.passing.get("FLOR"):
        world.deliver(1)
    world.cut("serra", "encants")


def test_cut_off_before_it_went_on_the_money_waits_a_while_and_comes_back() -> None:
    world = chain()
    request = offer_payment(world, "riacho", "ana", "clara@encants", 60, "serra")
    world.cut("serra", "encants")
    world.tick(HOLD_WAIT_MS // 1_000)
    assert balance(world, "riacho", "ana") == -10_00
    world.tick(3)
    shown = world.granted("riacho", "payments.show", subject=world.nodes["riacho"].answers[request].id)
    assert (shown.state, shown.reason) == ("voided", "PEER_UNREACHABLE")
    assert balance(world, "riacho", "ana") == 0 and settled(world)


def test_cut_off_in_the_middle_the_money_waits_and_then_arrives() -> None:
    world = chain()
    offer_payment(world, "riacho", "ana", "clara@encants", 60, "serra")
    cut_off_behind_serra(world)
    world.tick(600)
    assert balance(world, "riacho", "ana") == -10_00, "no clock releases money"
    assert not settled(world)
    world.join("serra", "encants")
    world.tick(3)
    assert balance(world, "encants", "clara") == 60_00
    assert world.zero_sum() and settled(world)


def test_a_currency_stays_open_while_a_payment_of_others_passes_through_it() -> None:
    world = chain()
    offer_payment(world, "riacho", "ana", "clara@encants", 60, "serra")
    cut_off_behind_serra(world)
    world.tick(3)
    refused = world.ask("serra", "currencies.close", CloseCurrency(), subject="FLOR")
    assert refused.reason.code == "STATE_CONFLICT"
    assert refused.figures["state"] == "payments of other networks are passing through"
    world.restart("serra")
    assert world.ask("serra", "currencies.close", CloseCurrency(), subject="FLOR") == refused
    world.join("serra", "encants")
    world.tick(3)
    assert settled(world) and world.nodes["serra"].replica.book.passing == {"FLOR": 0}


@pytest.mark.parametrize("victim", ["riacho", "serra", "encants"])
@pytest.mark.parametrize("after", range(12))
def test_killed_after_any_step_the_payment_happens_once(victim: str, after: int) -> None:
    world = chain()
    offer_payment(world, "riacho", "ana", "clara@encants", 60, "serra")
    world.deliver(after)
    world.restart(victim)
    world.tick(15)
    assert balance(world, "riacho", "ana") == -10_00
    assert balance(world, "encants", "clara") == 60_00
    assert world.zero_sum() and settled(world)
    assert not world.drops


def test_what_comes_back_from_abroad_frees_the_cap_of_the_mandate_that_it_was_paid_under() -> None:
    world = chain()
    code = world.granted("riacho", "invitations.create", Invite()).code
    world.granted("riacho", "members.join", Join(code, "rui"))
    world.granted("riacho", "members.approve", Approve(), subject="rui")
    wish = GiveMandate("ana", "rui", cap=whole(50), not_after=world.now + 86_400_000)
    mandate = world.granted("riacho", "members.mandate", wish, subject="ana").mandates[-1].id
    link = next(
        one for one in world.granted("serra", "links.list", LinksWanted()).items if one.partner_handle == "encants"
    )
    for ended, spent in (("voided", 0), ("posted", 50_00)):
        asked = AskQuote("clara@encants", whole(300), payer="ana", via=("serra",))
        quote = world.granted("riacho", "quotes.create", asked)
        wish = Pay(
            payer=quote.payer,
            payee="clara@encants",
            amount=whole(300),
            invoice=quote.invoice,
            mandate=parse_uuid(mandate),
        )
        request = world.start("riacho", "payments.create", wish)
        if ended == "voided":
            world.start("serra", "links.freeze", FreezeLink(), subject=link.id)
        world.run()
        assert state(world, "riacho", world.nodes["riacho"].answers[request].id) == ended
        world.granted("serra", "links.freeze", FreezeLink(frozen=False), subject=link.id)
        (held,) = world.granted("riacho", "members.show", subject="rui").mandates
        assert held.spent.value == spent


def test_what_is_kept_among_a_group_neither_leaves_nor_comes_from_abroad() -> None:
    world = chain()
    world.granted("serra", "issuer-groups.create", MakeIssuerGroup("flor", "FLOR"))
    world.granted("serra", "issuer-groups.admit", AdmitIssuers(("bia",)), subject="flor")
    # Once quoted, and kept before it is paid.
    quoted = [
        world.granted(name, "quotes.create", AskQuote(payee, whole(10), payer=payer))
        for name, payer, payee in (("riacho", "ana", "bia@serra"), ("serra", "bia", "clara@encants"))
    ]
    world.granted("serra", "issuer-groups.keep", KeepCurrency("FLOR"), subject="flor")
    assert world.ask("riacho", "quotes.create", AskQuote("bia@serra", whole(10), payer="ana")).reason is NOT_IN_GROUP
    assert world.ask("serra", "quotes.create", AskQuote("clara@encants", whole(10), payer="bia")).reason is NOT_IN_GROUP
    through = AskQuote("clara@encants", whole(60), payer="ana", via=("serra",))
    assert world.ask("riacho", "quotes.create", through).reason is NOT_IN_GROUP
    refused = world.ask(
        "serra",
        "payments.create",
        Pay(payer=quoted[1].payer, payee="clara@encants", amount=whole(10), invoice=quoted[1].invoice),
    )
    assert refused.reason is NOT_IN_GROUP
    request = world.start(
        "riacho",
        "payments.create",
        Pay(payer=quoted[0].payer, payee="bia@serra", amount=whole(10), invoice=quoted[0].invoice),
    )
    world.run()
    shown = world.granted("riacho", "payments.show", subject=world.nodes["riacho"].answers[request].id)
    assert (shown.state, shown.reason) == ("voided", "NOT_IN_GROUP")
    assert balance(world, "riacho", "ana") == 0 and settled(world)


def test_what_is_not_converted_is_paid_at_home_and_not_abroad() -> None:
    world = chain()
    asked = world.granted("serra", "currencies.keep-home", KeepCurrencyHome(), subject="FLOR").id
    serra = world.nodes["serra"].replica.book
    bia = Actor(Role.MEMBER, serra.member_by_handle["bia"])
    vote = Vote(parse_uuid(asked) or b"", Ballot.YES)
    world.granted("serra", "motions.vote", vote, subject=asked, actor=bia)
    world.now += 7 * DAY_MS
    world.tick(2)
    assert not serra.currencies["FLOR"].convertible
    for name, payer, payee in (("riacho", "ana", "bia@serra"), ("serra", "bia", "clara@encants")):
        refused = world.ask(name, "quotes.create", AskQuote(payee, whole(10), payer=payer))
        assert refused.reason is NOT_CONVERTIBLE
    through = AskQuote("clara@encants", whole(60), payer="ana", via=("serra",))
    assert world.ask("riacho", "quotes.create", through).reason is NOT_CONVERTIBLE
    home = world.granted("serra", "payments.create", Pay("commons.FLOR", whole(10), payer="bia"))
    assert home.state.value == "posted" and world.nodes["serra"].balance("commons.FLOR") == 10_00
    assert all(not world.nodes[name].balance(f"holds.{code}") for name, code in (("riacho", "HORA"), ("serra", "FLOR")))
    assert world.zero_sum() and settled(world)
