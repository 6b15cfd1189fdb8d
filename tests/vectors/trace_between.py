# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the trace tells of money between networks: payments that pass, what a closed link left, and cleared circles."""

from collections.abc import Callable
from dataclasses import replace

from riacho import NODE, Riacho
from simulation.groups import exchange, linked, offer_payment, pay
from simulation.world import World, whole

from protocol.book.signed import parse_uuid
from protocol.book.wishes import Brought
from protocol.lanes.entry import LEDGER
from protocol.practices.between.abroad.state import Forwards
from protocol.practices.between.acceptances import SetAcceptance
from protocol.practices.between.clearing.circles import encode_circle
from protocol.practices.between.clearing.entries import CircleBegun, Cleared, Failed
from protocol.practices.between.clearing.part import OpenRound, SetClearing, ValueCurrency
from protocol.practices.between.clearing.rounds import CUT_WAIT_MS, ROUND_EVERY_MS
from protocol.practices.between.clearing.state import Clearing
from protocol.practices.between.links.entries import link_account
from protocol.practices.between.links.wishes import CloseLink, FreezeLink, LinksWanted, SetLinkRate
from protocol.practices.between.quotes.state import AskQuote
from protocol.practices.between.rests import RestSwept
from protocol.practices.between.writeoffs.entries import LinkWrittenOff, WrittenOffAnswered
from protocol.practices.between.writeoffs.state import open_toward
from protocol.practices.between.writeoffs.views import WriteOffLink
from protocol.practices.money.payments.entries import Pay
from protocol.practices.money.payments.views import PaymentsWanted
from protocol.wire.keys import parse_id


def abroad(told: Riacho) -> None:
    """Payments to and from two other networks, through Riacho between them, and by another way than at first."""
    world = told.world
    exchange(world, "serra", "FLOR", "elio")
    exchange(world, "encants", "ECO", "clara")
    linked(world, NODE, "serra", 300, rate="1.5")
    linked(world, NODE, "encants", 300, rate="7", fee=1)
    world.tick(2)
    bia = told.account("bia")
    told.do("acceptances.set", SetAcceptance(whole(300, "FLOR")), "serra.FLOR")
    sent = pay(world, NODE, bia, "elio@serra", 10)
    give_back(world, "serra", "elio", "bia@riacho", world.granted("serra", "payments.show", subject=sent).id)
    pay(world, "serra", "elio", "bia@riacho", 3)
    come = told.do("payments.list", PaymentsWanted()).items[-1].id
    give_back(world, NODE, bia, "elio@serra", come)
    pay(world, "serra", "elio", "clara@encants", 5, NODE)
    world.tick(2)
    last_hop = next(one for one in told.do("links.list", LinksWanted()).items if one.partner_handle == "encants")

    def stopped(node: str, ask: Callable[[], int]) -> None:
        ask()
        world.start(node, "links.freeze", FreezeLink(), subject=last_hop.id)
        world.run()
        world.tick(2)
        world.granted(node, "links.freeze", FreezeLink(frozen=False), subject=last_hop.id)
        world.tick(2)

    stopped("encants", lambda: offer_payment(world, NODE, bia, "clara@encants", 7))
    stopped("encants", lambda: offer_payment(world, "serra", "elio", "clara@encants", 5, NODE))
    quote = told.do("quotes.create", AskQuote("elio@serra", whole(10), payer="ana"), who="ana")
    order = told.order(
        "ana", f"mutirao:{quote.payee_network}/{quote.payee}", 0, name="ana new", amount=quote.amount,
        max_debit=quote.debit, invoice=quote.invoice, condition=quote.condition, head=quote.head,
    )  # fmt: skip
    told.do("payments.create", Brought(order), who="ana")
    world.tick(2)
    # Over Serra it costs less than straight to Encants.
    linked(world, "serra", "encants", 300, rate="6")
    world.tick(2)
    stopped("encants", lambda: offer_payment(world, NODE, bia, "clara@encants", 7))


def give_back(world: World, node: str, payer: str, payee: str, first: str) -> None:
    """Pay 1.00 of a payment from abroad back."""
    quote = world.granted(node, "quotes.create", AskQuote(payee, whole(1), payer=payer, refunds=first))
    wish = Pay(payer=quote.payer, payee=payee, amount=whole(1), invoice=quote.invoice, refunds=parse_uuid(first))
    world.granted(node, "payments.create", wish)
    world.run()


def rests(told: Riacho) -> None:
    """A rate changes while something is owed; what that leaves is swept once nothing is."""
    world = told.world
    exchange(world, "moinho", "MILHO", "tia")
    link = linked(world, "moinho", NODE, 500, rate="1.5")
    world.tick(2)
    pay(world, "moinho", "tia", "bia@riacho", 15)
    world.tick(2)
    world.granted(NODE, "links.set-rate", SetLinkRate("3", sure=True), subject=link)
    pay(world, NODE, told.account("bia"), "tia@moinho", 10)
    world.tick(2)
    for name in ("moinho", NODE):
        world.granted(name, "links.close", CloseLink(), subject=link)
    world.tick(3)
    mirror = link_account(parse_id(link) or b"", "HORA")
    told.refuse("a rest on a member's account", RestSwept(told.account("bia")), "ACCOUNT_UNKNOWN")
    told.refuse("a rest of nothing", RestSwept(mirror), "STATE_CONFLICT")


def written_off(told: Riacho) -> None:
    """A partner is gone with a payment open and is written off; it was not, and claims."""
    world, book = told.world, told.world.nodes[NODE].replica.book
    exchange(world, "barra", "SAL", "nora")
    link = linked(world, "barra", NODE, 500)
    id = parse_id(link) or b""
    pay(world, "barra", "nora", "bia@riacho", 3)
    offer_payment(world, NODE, told.account("bia"), "nora@barra", 2)
    world.deliver(1)
    world.cut(NODE, "barra")
    [one] = open_toward(book, id)
    gone = LinkWrittenOff(id, 0, 3_00, (one.hold,))
    told.refuse("a partner written off for more than it has claimed", replace(gone, paid=1), "STATE_CONFLICT")
    told.refuse("a partner written off without what is open", replace(gone, holds=()), "STATE_CONFLICT")
    told.refuse("an answer to nothing", WrittenOffAnswered(id, one.hold, None), "STATE_CONFLICT")
    told.do("links.write-off", WriteOffLink(), link)
    told.refuse("a partner written off twice", replace(gone, holds=()), "STATE_CONFLICT")
    told.refuse("a late claim by another preimage", WrittenOffAnswered(id, one.hold, bytes(32)), "ORDER_MISMATCH")
    world.join(NODE, "barra")
    world.tick(15)


def clearing(told: Riacho) -> None:
    """Debts in a ring are cleared: by Riacho's own circle, by another's, once not at all, and once by a probe."""
    world = told.world
    told.do("currencies.value", ValueCurrency("6"), "HORA")
    world.granted("serra", "currencies.value", ValueCurrency("4"), subject="FLOR")
    for name in (NODE, "serra", "encants"):
        world.granted(name, "clearing-terms.set", SetClearing(on=True, publish=True, loss_ppm=500_000))
    last_hop = next(one for one in told.do("links.list", LinksWanted()).items if one.partner_handle == "encants")
    state = world.nodes[NODE].replica.book.of(Clearing)

    def owe_round() -> None:
        pay(world, NODE, told.account("bia"), "elio@serra", 3)
        pay(world, "serra", "elio", "clara@encants", 12)
        pay(world, "encants", "clara", "bia@riacho", 4)

    def turn(*, stopped: bool = False) -> None:
        owe_round()
        world.now += ROUND_EVERY_MS
        world.granted(NODE, "clearings.open", OpenRound())
        world.tick(1)
        world.granted("encants", "links.freeze", FreezeLink(frozen=stopped), subject=last_hop.id)
        world.tick(CUT_WAIT_MS // 1_000 + 3)
        world.granted("encants", "links.freeze", FreezeLink(frozen=False), subject=last_hop.id)
        world.tick(2)

    for _ in range(16):
        turn()
        if state.initiated and world.nodes[NODE].replica.book.of(Forwards).circles:
            break
    for _ in range(16):
        turn(stopped=True)
        if any(one.left for one in state.rounds.values()):
            break
    for name in (NODE, "serra", "encants"):
        world.granted(name, "clearing-terms.set", SetClearing(publish=False))
    owe_round()
    world.granted("serra", "clearings.open", OpenRound())
    world.tick(5)
    # What would be written were a hold of Riacho's waived: put down by hand.
    done = next(iter(state.initiated.values()))
    circle = replace(done.circle, round=state.newest(world.now))
    begun = CircleBegun(encode_circle(circle), bytes(16), done.worth, done.cost, done.currency)
    world.nodes[NODE].replica.journal.write(begun, LEDGER, world.now)
    told.refuse("a claim whose preimage does not fit", Cleared(circle.id, bytes(32)), "ORDER_MISMATCH")
    world.nodes[NODE].replica.journal.write(Failed(circle.id, "BALANCE_OPEN"), LEDGER, world.now)
    world.tick(1)
    told.refuse("a circle that was begun already", begun, "STATE_CONFLICT")
    told.refuse("a circle that is cleared twice", Cleared(done.id, bytes(32)), "STATE_CONFLICT")
