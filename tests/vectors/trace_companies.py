# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the trace tells of self-managed companies: hours, an advance, two votes, and a month that is shared out."""

from riacho import DAY_MS, NODE, Riacho, hora

from protocol.book.signed import parse_uuid
from protocol.book.uuids import drawn_id
from protocol.book.wishes import Brought
from protocol.practices.governance.companies.entries import (
    Advanced,
    CompanyFounded,
    Confirmed,
    ConfirmWork,
    FoundCompany,
    Logged,
    LogWork,
    SurplusAllocated,
    TakeAdvance,
    WorkersSet,
)
from protocol.practices.governance.companies.state import period_at
from protocol.practices.governance.companies.views import AllocateSurplus, SetWorkers
from protocol.practices.governance.motions.entries import Ballot, Vote

NOTHING = bytes(16)
NOBODY = "B" * 16


def companies(told: Riacho) -> None:
    """Tereza signs his hours, Ursula tells hers, Vilma goes and is paid what was kept for her."""
    for handle, has_key in (("teares", False), ("tereza", True), ("ursula", False), ("vilma", False)):
        told.admit(handle, has_key=has_key)
    workers = ("tereza", "ursula", "vilma")
    told.do("companies.create", FoundCompany("HORA", workers), who="teares")
    company, olga, pia = (told.id_of(one) for one in ("teares", "ursula", "vilma"))
    told.say("bia", "teares", 30_00)
    _refused_founding(told)
    signed = LogWork("teares", "60", work=drawn_id(told.world.rng.randbytes))
    told.wish("work.create", signed, "tereza")
    spoken = told.do("work.create", LogWork("teares", "20"), who="ursula").id
    work = parse_uuid(spoken) or NOTHING
    _refused_hours(told, work)
    for says, hours, when in (("of a December", "1", 202_312), ("of a whole month", "744", None)):
        told.accept(f"hours {says}", Logged(None, LogWork("teares", hours, when, None, olga, NOTHING)))
    for says, hours, when in (("of a month 13", "1", 202_313), ("of more than a month", "744.01", None)):
        told.refuse(f"hours {says}", Logged(None, LogWork("teares", hours, when, None, olga, NOTHING)), "MALFORMED")
    told.do("work.confirm", ConfirmWork(work), spoken, "vilma")
    told.refuse("hours confirmed twice", Confirmed(None, ConfirmWork(work, pia)), "STATE_CONFLICT")
    late = told.do("work.create", LogWork("teares", "20"), who="vilma").id
    told.do("work.confirm", ConfirmWork(parse_uuid(late) or NOTHING), late, "ursula")
    told.do("work.create", LogWork("teares", "1"), who="vilma")
    told.do("companies.advance", TakeAdvance("teares", "ursula", hora(2_00)), "teares", "teares")
    _refused_advances(told)
    period = _month(told)
    fine = SurplusAllocated(company, period, 20_00, 4_00, 2_00, 1_00, 50_00)
    told.refuse("a surplus that the workers have not shared out", fine, "MOTION_NEEDED")
    asked = AllocateSurplus(hora(20_00), period, capital_basis_points=50_00)
    _carry(told, told.do("companies.allocate", asked, "teares", "ursula").id)
    told.refuse("a month shared out twice", fine, "MONTH_SHARED")
    told.refuse(
        "hours of a month that is shared out",
        Logged(None, LogWork("teares", "1", period, None, olga, NOTHING)),
        "MONTH_SHARED",
    )
    _carry(
        told, told.do("companies.set-workers", SetWorkers(("tereza", "ursula"), (150, 100), 1), "teares", "ursula").id
    )
    for handle in ("teares", *workers):
        told.leave(handle)
    told.refuse(
        "a confirmation of who works there no more", Confirmed(None, ConfirmWork(work, pia)), "MEMBER_NOT_ACTIVE"
    )


def _month(told: Riacho) -> int:
    return period_at(told.world.nodes[NODE].replica.book, told.world.now)


def _carry(told: Riacho, motion: str) -> None:
    vote = Vote(parse_uuid(motion) or NOTHING, Ballot.YES)
    told.do("motions.vote", Brought(told.sign("motions.vote", vote, "tereza")), motion, "tereza")
    for who in ("ursula", "vilma"):
        told.do("motions.vote", vote, motion, who)
    told.world.now += 7 * DAY_MS
    told.world.tick(1)


def _refused_founding(told: Riacho) -> None:
    company, bia = told.id_of("teares"), told.id_of("bia")
    for says, code, wish in (
        ("twice", "DUPLICATE", FoundCompany("HORA", ("ursula",), member=company)),
        ("with a worker twice", "DUPLICATE", FoundCompany("HORA", ("ursula", "ursula"), member=bia)),
        ("without workers", "MALFORMED", FoundCompany("HORA", (), member=bia)),
        ("with a worker that is nobody", "MEMBER_UNKNOWN", FoundCompany("HORA", (NOBODY,), member=bia)),
        ("in no currency", "CURRENCY_UNKNOWN", FoundCompany("NADA", ("ursula",), member=bia)),
        ("in which it has no account", "ACCOUNT_UNKNOWN", FoundCompany("LUA", ("ursula",), member=bia)),
        ("by word of who has a key", "FORBIDDEN", FoundCompany("HORA", ("ursula",), member=told.id_of("tereza"))),
    ):
        told.refuse(f"a company founded {says}", CompanyFounded(None, wish), code)
    workers = WorkersSet(company, (told.id_of("ursula"),), (), 0)
    told.refuse("workers whom nobody has chosen", workers, "MOTION_NEEDED")
    told.refuse("workers of no company", WorkersSet(bia, workers.workers, (), 0), "NOT_FOUND")
    told.refuse("no workers", WorkersSet(company, (), (), 0), "MALFORMED")
    told.refuse("workers of whom one is nobody", WorkersSet(company, (NOBODY,), (), 0), "MEMBER_UNKNOWN")
    told.refuse(
        "workers of whom one comes twice", WorkersSet(company, (*workers.workers, *workers.workers), (), 0), "DUPLICATE"
    )


def _refused_hours(told: Riacho, work: bytes) -> None:
    olga, bia = told.id_of("ursula"), told.id_of("bia")
    for says, code, wish in (
        ("in no company", "NOT_FOUND", LogWork("bia", "1", None, None, olga, NOTHING)),
        ("of who does not work there", "NOT_A_WORKER", LogWork("teares", "1", None, None, bia, NOTHING)),
        ("twice", "DUPLICATE", LogWork("teares", "1", None, None, olga, work)),
        ("of none", "MALFORMED", LogWork("teares", "0", None, None, olga, NOTHING)),
        ("of nobody", "MEMBER_UNKNOWN", LogWork("teares", "1", None, None, NOBODY, NOTHING)),
        ("by word of who has a key", "FORBIDDEN", LogWork("teares", "1", None, None, told.id_of("tereza"), NOTHING)),
    ):
        told.refuse(f"hours {says}", Logged(None, wish), code)
    for says, code, wish in (
        ("by who has worked them", "FORBIDDEN", ConfirmWork(work, olga)),
        ("by who does not work there", "NOT_A_WORKER", ConfirmWork(work, bia)),
        ("by nobody", "MEMBER_UNKNOWN", ConfirmWork(work, NOBODY)),
        ("of which there are none", "NOT_FOUND", ConfirmWork(NOTHING, olga)),
    ):
        told.refuse(f"hours confirmed {says}", Confirmed(None, wish), code)


def _refused_advances(told: Riacho) -> None:
    for says, code, wish in (
        ("by no company", "NOT_FOUND", TakeAdvance("bia", "ursula", hora(1))),
        ("to who does not work there", "NOT_A_WORKER", TakeAdvance("teares", "bia", hora(1))),
        ("to nobody", "MEMBER_UNKNOWN", TakeAdvance("teares", NOBODY, hora(1))),
        ("of nothing", "AMOUNT_NOT_POSITIVE", TakeAdvance("teares", "ursula", hora(0))),
    ):
        told.refuse(f"an advance {says}", Advanced(None, wish), code)
    company, period = told.id_of("teares"), _month(told)
    for says, code, body in (
        ("of no company", "NOT_FOUND", SurplusAllocated(told.id_of("bia"), period, 1, 0, 0, 0, 0)),
        ("of no month", "MALFORMED", SurplusAllocated(company, 202_600, 1, 0, 0, 0, 0)),
        ("of more than there is", "MALFORMED", SurplusAllocated(company, period, 1, 1, 1, 0, 0)),
        ("of a month without hours", "NO_HOURS", SurplusAllocated(company, 202_401, 1, 0, 0, 0, 0)),
    ):
        told.refuse(f"a surplus shared {says}", body, code)
