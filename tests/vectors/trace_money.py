# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the trace tells of the group's own money: opening balances, the commons and dues."""

from dataclasses import replace

from riacho import DAY_MS, NODE, Riacho
from simulation.world import whole

from protocol.book.accounts import commons_account, exchange_account
from protocol.book.money import Amount
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.uuids import drawn_id
from protocol.book.wishes import Brought
from protocol.practices.governance.motions.entries import Ballot, Vote
from protocol.practices.money.commons import Collect, Collected, PaidOut, PayOut
from protocol.practices.money.currencies.views import CreateCurrency
from protocol.practices.money.due_days import DueDayHeld, DueDaySet, SetDueDay
from protocol.practices.money.dues.entries import DuesEnded, DuesSet, DuesTaken
from protocol.practices.money.dues.state import AllDues
from protocol.practices.money.dues.views import EndDues, SetDues
from protocol.practices.money.openings import BalanceOpened, BalancesOpened, OpenBalances, OpeningBalance
from protocol.practices.money.payments.entries import Pay
from protocol.practices.people.members.views import Approve


def openings(told: Riacho) -> None:
    """A currency begins with the balances of another book, which sum to zero, before anything moves in it."""
    told.do("currencies.create", CreateCurrency("LUA", "Lua", Amount(100_00, "LUA", 2)))
    for handle in ("ana", "bia"):
        told.do("members.approve", Approve("LUA"), handle)
    ana, bia = (f"{told.id_of(handle)}.LUA" for handle in ("ana", "bia"))
    commons = commons_account("LUA")

    def opened(*balances: tuple[str, int], code: str = "LUA") -> BalancesOpened:
        return BalancesOpened(code, tuple(BalanceOpened(*one) for one in balances))

    told.refuse("opening balances that sum to something", opened((ana, -30_00), (bia, 29_99)), "BALANCE_OPEN")
    told.refuse("an opening balance twice", opened((ana, -1), (ana, 1)), "DUPLICATE")
    told.refuse("no opening balance", opened(), "MALFORMED")
    told.refuse(
        "an opening balance in another currency", opened((told.account("ana"), -1), (bia, 1)), "CURRENCY_MISMATCH"
    )
    told.refuse("an opening balance of nobody", opened(("nobody.LUA", -1), (bia, 1)), "ACCOUNT_UNKNOWN")
    told.refuse("opening balances in no currency", opened((ana, 0), code="NADA"), "CURRENCY_UNKNOWN")
    in_use = opened((commons_account("HORA"), 0), code="HORA")
    told.refuse("opening balances in a currency that is in use", in_use, "STATE_CONFLICT")
    begins = (("ana", -30_00), ("bia", 10_00), ("commons", 20_00))
    balances = tuple(OpeningBalance(who, Amount(minor, "LUA", 2)) for who, minor in begins)
    told.do("openings.create", OpenBalances("LUA", balances))
    told.refuse("an opening balance where there was one", opened((ana, -1), (commons, 1)), "DUPLICATE")


def commons(told: Riacho) -> None:
    """The group pays Bia of what it owns, and collects what fees and rounding have brought."""
    bia, name = f"{told.id_of('bia')}.LUA", drawn_id(told.world.rng.randbytes)
    shown = told.do("commons.pay", PayOut("bia", Amount(5_00, "LUA", 2)), "LUA")
    assert shown.balance.value == 15_00
    paid = told.do("payments.create", Pay("ana", Amount(1_00, "HORA", 2), "bia"), who="bia").id
    told.refuse("what the commons pays to itself", PaidOut(name, commons_account("LUA"), 1, None), "ACCOUNT_UNKNOWN")
    told.refuse("what the commons pays as a payment that there is", PaidOut(_id(paid), bia, 1, None), "PAYMENT_EXISTS")
    told.refuse("what is collected of a member", Collected(told.account("bia")), "ACCOUNT_UNKNOWN")
    told.do("commons.collect", Collect(), "HORA")
    told.refuse("what is collected of nothing", Collected(exchange_account("HORA")), "STATE_CONFLICT")


def dues(told: Riacho) -> None:
    """The group votes for dues of 2.00 a month; they are taken once, and end."""
    world = told.world
    book = world.nodes[NODE].replica.book
    members = (told.id_of("ana"), told.id_of("bia"))
    alone = DuesSet(bytes(16), "the hall", "HORA", 2_00, 31, None, 202_401, ())
    told.refuse("dues that nobody has voted for", alone, "MOTION_NEEDED")
    wish = SetDues("the hall", "HORA", whole(2), members=("ana", "bia"))
    motion = told.do("dues.create", wish, who="bia").id
    vote = Vote(_id(motion), Ballot.YES)
    told.do("motions.vote", Brought(told.sign("motions.vote", vote, "ana new")), motion, "ana")
    told.do("motions.vote", vote, motion, "bia")
    world.now += 7 * DAY_MS
    world.tick(1)
    [(name, known)] = book.of(AllDues).by_id.items()
    first = known.next_period
    assert first is not None
    told.refuse("dues before their day", DuesTaken(name, first, members, last=True), "STATE_CONFLICT")
    settling(told)
    world.now += 31 * DAY_MS
    stranger = DuesTaken(name, first, (told.id_of("caio"),), last=True)
    told.refuse("dues of who does not owe them", stranger, "FORBIDDEN")
    twice = DuesTaken(name, first, (members[0], members[0]), last=True)
    told.refuse("dues of a member twice", twice, "FORBIDDEN")
    world.tick(1)
    held = told.said(DueDayHeld)
    told.refuse("a due day that was held", held, "DUPLICATE")
    told.refuse("a due day of no month", replace(held, period=held.period // 100 * 100 + 113), "DUPLICATE")
    told.do("due-days.set", SetDueDay(), "HORA")
    told.refuse("no due day, held", replace(held, period=held.period + 1), "NOT_FOUND")
    told.refuse("dues of a month that was taken", DuesTaken(name, first, members, last=True), "DUPLICATE")
    told.do("dues.end", EndDues(), uuid_text(name))
    told.refuse("dues that have ended", DuesTaken(name, first + 1, (), last=True), "STATE_CONFLICT")
    told.refuse("dues that end twice", DuesEnded(name), "STATE_CONFLICT")
    told.refuse("the end of no dues", DuesEnded(bytes(16)), "NOT_FOUND")


def settling(told: Riacho) -> None:
    """What is owed is settled on the last day of each month: nothing is, and so nothing is due."""
    told.refuse("a due day in no currency", DueDaySet("NADA", 31), "CURRENCY_UNKNOWN")
    told.refuse("a due day in no currency, held", DueDayHeld("NADA", 203_001), "CURRENCY_UNKNOWN")
    told.refuse("no due day that ends", DueDaySet("HORA", None), "NOT_FOUND")
    told.do("due-days.set", SetDueDay(31), "HORA")
    told.refuse("a due day before its day", DueDayHeld("HORA", 203_001), "STATE_CONFLICT")


def _id(name: str) -> bytes:
    found = parse_uuid(name)
    assert found is not None
    return found
