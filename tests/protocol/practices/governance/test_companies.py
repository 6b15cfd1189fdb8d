# SPDX-License-Identifier: AGPL-3.0-or-later
"""A company that its workers govern: hours, advances, votes, and a surplus that is shared out to the last unit."""

from random import Random
from typing import Any

import pytest

from protocol.book.guards import BELOW_WHAT_STANDS
from protocol.book.money import Amount
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    CURRENCY_UNKNOWN,
    DUPLICATE,
    FORBIDDEN,
    LIMIT_EXCEEDED,
    MALFORMED,
    MEMBER_UNKNOWN,
    MOTION_NEEDED,
    NOT_FOUND,
    STATE_CONFLICT,
    Refused,
)
from protocol.book.signed import parse_uuid
from protocol.book.uuids import drawn_id
from protocol.book.wishes import Brought
from protocol.practices.governance.companies.entries import (
    ConfirmWork,
    FoundCompany,
    LogWork,
    SurplusAllocated,
    TakeAdvance,
    WorkersSet,
)
from protocol.practices.governance.companies.refusals import MONTH_SHARED, NO_HOURS, NOT_A_WORKER, PAY_SPREAD
from protocol.practices.governance.companies.sharing import sharing
from protocol.practices.governance.companies.state import SET_ASIDE, Companies, WorkState
from protocol.practices.governance.companies.views import AllocateSurplus, SetWorkers, WorkWanted
from protocol.practices.governance.errands import ErrandSpan, ErrandsWanted
from protocol.practices.governance.motions.entries import Ballot, MotionState, Vote
from protocol.practices.governance.parameters import SetParameter
from tests.protocol.practices.desk import DAY_MS, Group, copy_of, keys_of, snapshot

WORKERS = ("ana", "bia", "caio", "dora")
HOURS = {"ana": "160", "bia": "120", "caio": "80", "dora": "40"}
OF_OFICINA = (*WORKERS, "oficina")


def hora(minor: int) -> Amount:
    return Amount(minor, "HORA", 2)


@pytest.fixture
def riacho() -> Group:
    """A workshop of four, and elio who buys of it for 3,000.00."""
    group = Group()
    group.currency(limit=5_000_00)
    group.admit(*OF_OFICINA, "elio", custodial=True)
    group.do("oficina", "companies.create", FoundCompany("HORA", WORKERS))
    group.pay("elio", "oficina", 3_000_00)
    return group


def log(group: Group, worker: str, hours: str, by: str | None = None, **changed: Any) -> str:
    """Log hours on a worker's word, and let a colleague confirm them."""
    name = group.do(worker, "work.create", LogWork("oficina", hours, **changed)).id
    if by is not None:
        group.do(by, "work.confirm", ConfirmWork(parse_uuid(name) or b""), name)
    return name


def all_hours(group: Group) -> None:
    for worker, hours in HOURS.items():
        log(group, worker, hours, by="bia" if worker == "ana" else "ana")


def vote(group: Group, name: str, *voters: str) -> Any:
    for handle in voters or WORKERS:
        group.do(handle, "motions.vote", Vote(parse_uuid(name) or b"", Ballot.YES), name)
    group.pass_time(group.now + 7 * DAY_MS)
    return group.view("steward", "motions.show", name)


def share(group: Group, surplus: int = 3_000_00, **changed: Any) -> Any:
    """Let the workers vote on the surplus of the month, and return how the motion ends."""
    asked = AllocateSurplus(hora(surplus), **({"period": 202609} | changed))
    return vote(group, group.do("ana", "companies.allocate", asked, "oficina").id)


def listed(group: Group, who: str, name: str, wanted: Any) -> list[Any]:
    found = group.list(who, name, wanted)
    assert not isinstance(found, Refused)
    return found


def oficina(group: Group, who: str = "steward") -> Any:
    return group.view(who, "companies.show", "oficina")


def test_a_surplus_of_3000_is_shared_by_the_rule_and_by_hours(riacho: Group) -> None:
    """Reserve 20% = 600, network 10% = 300, education 5% = 150, the rest by hours 160/120/80/40 = 780/585/390/195."""
    all_hours(riacho)
    asked = riacho.do("ana", "companies.allocate", AllocateSurplus(hora(3_000_00), 202609), "oficina")
    assert (asked.electorate, asked.members) == (f"workers:{riacho.member('oficina').id}", 4)
    assert vote(riacho, asked.id).state is MotionState.EXECUTED
    shown = oficina(riacho)
    [month] = shown.months
    assert (month.reserve, month.network, month.education) == (hora(600_00), hora(300_00), hora(150_00))
    assert [(one.member, one.share.value) for one in sorted(month.shares, key=lambda one: -one.share.value)] == [
        ("ana", 780_00), ("bia", 585_00), ("caio", 390_00), ("dora", 195_00),
    ]  # fmt: skip
    assert [riacho.balance(one) for one in WORKERS] == [780_00, 585_00, 390_00, 195_00]
    assert (riacho.balance("commons"), riacho.balance("oficina")) == (300_00, 0)
    assert riacho.book.ledger.accounts[SET_ASIDE.of("HORA")].balance_minor == 750_00
    assert riacho.statement("ana", "ana")[-1].kind == "surplus"
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_whatever_the_hours_a_share_is_sums_to_the_surplus_exactly(riacho: Group) -> None:
    chance = Random(7)
    company = riacho.book.of(Companies).by_member[riacho.member("oficina").id]
    for _ in range(2_000):
        company.hours = {202609: {one: chance.randint(1, 744_00) for one in chance.sample([*company.pay], 3)}}
        company.pay = {one: chance.randint(1, 300) for one in company.pay}
        company.uncovered_minor = chance.choice((0, 0, chance.randint(1, 2_000)))
        surplus = chance.randint(1, 10**6)
        left = max(0, surplus - company.uncovered_minor)
        parts = [left * chance.randint(0, 33_00) // 100_00 for _ in range(3)]
        reserve, network, education = parts
        kept = chance.randint(0, 100_00)
        body = SurplusAllocated(company.member, 202609, surplus, reserve, network, education, kept)
        month = sharing(riacho.book, company, body)
        shares = sum(one.share_minor for one in month.shares)
        assert month.covered_minor + sum(parts) + shares == surplus
        assert all(one.kept_minor + one.repaid_minor + one.paid_minor == one.share_minor for one in month.shares)


def test_only_the_workers_vote_and_nobody_decides_alone(riacho: Group) -> None:
    all_hours(riacho)
    asked = riacho.do("steward", "companies.allocate", AllocateSurplus(hora(1_000_00), 202609), "oficina")
    for stranger in ("elio", "oficina"):
        ballot = Vote(parse_uuid(asked.id) or b"", Ballot.NO)
        assert riacho.refusal(stranger, "motions.vote", ballot, asked.id) is FORBIDDEN
    assert vote(riacho, asked.id, "ana").reason == "QUORUM_MISSING"
    alone = SurplusAllocated(riacho.member("oficina").id, 202609, 1_000_00, 0, 0, 0, 0)
    assert riacho.check(alone) is MOTION_NEEDED
    assert riacho.check(WorkersSet(alone.company, (riacho.member("elio").id,), (), 0)) is MOTION_NEEDED


def test_hours_on_a_word_count_once_another_worker_confirms_them(riacho: Group) -> None:
    name = log(riacho, "ana", "7.5", note="two chairs")
    told = riacho.view("bia", "work.show", name)
    assert (told.state, told.hours, told.period) == (WorkState.WAITING, "7.50", 202609)
    assert riacho.texts[told.note.digest] == "two chairs"
    confirm = ConfirmWork(parse_uuid(name) or b"")
    assert riacho.refusal("ana", "work.confirm", confirm, name) is FORBIDDEN
    assert riacho.refusal("elio", "work.confirm", confirm, name) is NOT_A_WORKER
    [errand] = [one for one in listed(riacho, "bia", "errands.list", ErrandsWanted()) if one.verb == "work.confirm"]
    assert (errand.id, errand.who) == (name, "ana")
    assert oficina(riacho).waiting == 1
    assert riacho.do("bia", "work.confirm", confirm, name).confirmed_by == "bia"
    assert riacho.refusal("caio", "work.confirm", confirm, name) is STATE_CONFLICT
    assert [one.hours for one in oficina(riacho).workers] == ["7.50", "0.00", "0.00", "0.00"]
    assert isinstance(riacho.view("elio", "work.show", name), Refused), "it is the workers' own"
    assert [one.id for one in listed(riacho, "ana", "work.list", WorkWanted("oficina"))] == [name]


def test_hours_that_their_worker_has_signed_count_at_once(riacho: Group) -> None:
    riacho.admit("fia")
    members = [*WORKERS, "fia"]
    vote(riacho, riacho.do("ana", "companies.set-workers", SetWorkers(tuple(members)), "oficina").id)
    wish = LogWork("oficina", "10", work=drawn_id(riacho.chance))
    assert riacho.refusal("fia", "work.create", wish) is FORBIDDEN
    told = riacho.do("fia", "work.create", Brought(riacho.sign("work.create", wish, keys_of("fia"))))
    assert (told.state, told.confirmed_by) == (WorkState.COUNTED, None)
    forged = LogWork("oficina", "10", member="ana", work=drawn_id(riacho.chance))
    assert (
        riacho.refusal("fia", "work.create", Brought(riacho.sign("work.create", forged, keys_of("fia")))) is FORBIDDEN
    )


def test_an_advance_is_paid_at_once_and_taken_off_the_next_share(riacho: Group) -> None:
    all_hours(riacho)
    wish = TakeAdvance("oficina", "dora", hora(200_00))
    assert riacho.refusal("dora", "companies.advance", wish, "oficina") is FORBIDDEN
    riacho.do("oficina", "companies.advance", wish, "oficina")
    assert (riacho.balance("dora"), riacho.balance("oficina")) == (200_00, 2_800_00)
    share(riacho, 2_800_00)
    [dora] = [one for one in oficina(riacho).months[-1].shares if one.member == "dora"]
    assert (dora.share, dora.repaid, dora.paid) == (hora(182_00), hora(182_00), hora(0))
    assert (riacho.balance("dora"), riacho.balance("oficina")) == (200_00, 182_00)
    assert [one.advances for one in oficina(riacho, "dora").workers] == [None, None, None, hora(18_00)]
    beyond = TakeAdvance("oficina", "dora", hora(5_182_01))
    assert riacho.refusal("oficina", "companies.advance", beyond, "oficina") is LIMIT_EXCEEDED
    stranger = TakeAdvance("oficina", "elio", hora(1))
    assert riacho.refusal("oficina", "companies.advance", stranger, "oficina") is NOT_A_WORKER


def test_pay_is_spread_three_to_one_at_most(riacho: Group) -> None:
    refused = riacho.ask("ana", "companies.set-workers", SetWorkers(WORKERS, (100, 100, 100, 301)), "oficina")
    assert isinstance(refused, Refused) and refused.reason is PAY_SPREAD
    assert refused.figures == {"spread": "301%", "most": "300%", "wish": 1}
    told = vote(
        riacho, riacho.do("ana", "companies.set-workers", SetWorkers(WORKERS, (100, 100, 100, 300)), "oficina").id
    )
    assert told.state is MotionState.EXECUTED
    assert (oficina(riacho).pay_spread, oficina(riacho).pay_spread_most) == ("300%", "300%")
    narrower = riacho.ask("steward", "parameters.set", SetParameter("250%"), "companies.pay_spread")
    assert isinstance(narrower, Refused) and narrower.reason is BELOW_WHAT_STANDS
    assert (narrower.figures["wished"], narrower.figures["standing"]) == ("250%", "300%")
    all_hours(riacho)
    share(riacho)
    # 160, 120 and 80 hours at 1 and 40 at 3: 480 in all, by which 1,950.00 are shared.
    assert [riacho.balance(one) for one in WORKERS] == [650_00, 487_50, 325_00, 487_50]


def test_hired_people_are_counted_and_told_above_a_fifth(riacho: Group) -> None:
    def told() -> list[Any]:
        found = listed(riacho, "steward", "errands.list", ErrandsWanted(ErrandSpan.WEEK))
        return [one for one in found if one.sentence == "companies.hired"]

    vote(riacho, riacho.do("ana", "companies.set-workers", SetWorkers(WORKERS, hired=1), "oficina").id)
    assert (oficina(riacho).hired, oficina(riacho).hired_part, told()) == (1, "20%", [])
    vote(riacho, riacho.do("ana", "companies.set-workers", SetWorkers(WORKERS, hired=2), "oficina").id)
    assert (oficina(riacho).hired_part, [(one.who, one.count) for one in told()]) == ("33.33%", [("oficina", 2)])


def test_capital_is_kept_for_a_worker_and_paid_when_it_goes(riacho: Group) -> None:
    all_hours(riacho)
    share(riacho, capital_basis_points=50_00)
    assert [one.capital for one in oficina(riacho, "ana").workers] == [hora(390_00), None, None, None]
    assert (riacho.balance("ana"), riacho.balance("dora")) == (390_00, 97_50)
    vote(riacho, riacho.do("bia", "companies.set-workers", SetWorkers(WORKERS[:3]), "oficina").id)
    assert riacho.balance("dora") == 195_00
    assert riacho.statement("dora", "dora")[-1].kind == "capital"
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_a_loss_is_shown_covered_by_the_reserve_and_by_the_next_surplus(riacho: Group) -> None:
    all_hours(riacho)
    share(riacho, 1_000_00)
    assert share(riacho, -250_00, period=202610).state is MotionState.EXECUTED
    assert (oficina(riacho).reserve, oficina(riacho).losses) == (hora(0), hora(50_00))
    assert oficina(riacho).months[-1].losses == hora(-200_00)
    told = listed(riacho, "steward", "errands.list", ErrandsWanted(ErrandSpan.WEEK))
    [week] = [one for one in told if one.who == "oficina"]
    assert (week.sentence, week.figure) == ("companies.losses", hora(50_00))
    riacho.pass_time(riacho.now + 31 * DAY_MS)
    log(riacho, "ana", "10", by="bia")
    share(riacho, 150_00, period=None)
    month = oficina(riacho).months[-1]
    assert (month.losses, month.reserve, [one.share for one in month.shares]) == (
        hora(50_00),
        hora(20_00),
        [hora(65_00)],
    )
    assert oficina(riacho).losses == hora(0)


def test_a_company_that_leaves_gives_what_it_kept(riacho: Group) -> None:
    all_hours(riacho)
    share(riacho, capital_basis_points=50_00)
    riacho.pass_time(riacho.now + 20 * DAY_MS)
    log(riacho, "ana", "1")
    commons = riacho.balance("commons")
    riacho.leave("oficina")
    assert riacho.balance("commons") == commons + 750_00
    assert [riacho.balance(one) for one in WORKERS] == [780_00, 585_00, 390_00, 195_00]
    assert isinstance(oficina(riacho), Refused)
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_what_cannot_be_is_refused_and_changes_nothing(riacho: Group) -> None:
    def refused(who: str, name: str, wish: Any, subject: str | None = None) -> Any:
        before = snapshot(riacho.book)
        found = riacho.refusal(who, name, wish, subject)
        assert snapshot(riacho.book) == before
        return found

    assert refused("elio", "companies.create", FoundCompany("HORA", ())) is MALFORMED
    assert refused("elio", "companies.create", FoundCompany("HORA", ("ana",), (100, 100))) is MALFORMED
    assert refused("elio", "companies.create", FoundCompany("HORA", ("ana", "ana"))) is DUPLICATE
    assert refused("elio", "companies.create", FoundCompany("HORA", ("elio",))) is DUPLICATE
    assert refused("elio", "companies.create", FoundCompany("HORA", ("nobody",))) is MEMBER_UNKNOWN
    assert refused("elio", "companies.create", FoundCompany("FLOR", ("ana",))) is CURRENCY_UNKNOWN
    assert refused("elio", "companies.create", FoundCompany("HORA", ("ana",), member="ana")) is FORBIDDEN
    assert refused("oficina", "companies.create", FoundCompany("HORA", ("ana",))) is DUPLICATE
    assert refused("elio", "companies.create", FoundCompany("HORA", ("ana", "bia"), (100, 301))) is PAY_SPREAD
    riacho.currency("FLOR")
    assert refused("elio", "companies.create", FoundCompany("FLOR", ("ana",))) is ACCOUNT_UNKNOWN
    for hours in ("0", "-1", "744.01", "1.005", "ten", ""):
        assert refused("ana", "work.create", LogWork("oficina", hours)) is MALFORMED, hours
    for period in (202610, 202613, 202600):
        assert refused("ana", "work.create", LogWork("oficina", "1", period)) is MALFORMED, period
    assert refused("elio", "work.create", LogWork("oficina", "1")) is NOT_A_WORKER
    assert refused("ana", "work.create", LogWork("elio", "1")) is NOT_FOUND
    log(riacho, "ana", "700", by="bia")
    assert refused("ana", "work.create", LogWork("oficina", "44.01")) is MALFORMED
    empty = AllocateSurplus(hora(100_00), 202608)
    assert refused("ana", "companies.allocate", empty, "oficina") is NO_HOURS
    assert refused("ana", "companies.allocate", AllocateSurplus(hora(3_000_01), 202609), "oficina") is LIMIT_EXCEEDED
    greedy = AllocateSurplus(hora(100_00), 202609, 60_00, 40_01, 0)
    assert refused("ana", "companies.allocate", greedy, "oficina") is MALFORMED
    assert refused("ana", "companies.allocate", AllocateSurplus(hora(1), 202609), "elio") is NOT_FOUND
    share(riacho, 100_00)
    assert refused("ana", "companies.allocate", AllocateSurplus(hora(1), 202609), "oficina") is MONTH_SHARED
    assert refused("ana", "work.create", LogWork("oficina", "1", 202609)) is MONTH_SHARED
