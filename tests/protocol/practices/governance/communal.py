# SPDX-License-Identifier: AGPL-3.0-or-later
"""A communal bank for tests: a currency that stays at home, seven members without keys, a council that they elect."""

from typing import Any

from protocol.book.money import Amount
from protocol.book.signed import parse_uuid
from protocol.practices.governance.councils.views import CouncilsWanted, ElectBoard, ElectComptroller, FoundCouncil
from protocol.practices.governance.motions.entries import Ballot, MotionState, Vote
from protocol.practices.governance.projects.entries import EndorseProject, ReportProject, ReportVerdict, ReviewReport
from protocol.practices.governance.projects.views import FundProject, ProposeProject
from protocol.practices.money.currencies.views import KeepCurrencyHome
from protocol.practices.money.openings import OpenBalances, OpeningBalance
from tests.protocol.practices.desk import DAY_MS, Group

BOARD = ("ana", "bia", "caio", "dora", "elio")
PEOPLE = (*BOARD, "flor", "gil")
"""Five for the board, flor the comptroller, gil who has a project."""


def comunal(minor: int) -> Amount:
    return Amount(minor, "COMUNAL", 2)


def id_of(shown: Any) -> bytes:
    return parse_uuid(shown.id) or b""


def carry(group: Group, asked: Any, *voters: str) -> Any:
    """Let these vote yes, those who may of all where nobody is told, and return how the motion has ended."""
    for handle in voters or [one for one in PEOPLE if one not in asked.recused]:
        group.do(handle, "motions.vote", Vote(id_of(asked), Ballot.YES), asked.id)
    group.pass_time(asked.closes)
    return group.view("steward", "motions.show", asked.id)


def elect(group: Group, name: str, *handles: str) -> None:
    """Let all elect these to the board."""
    assert carry(group, group.do("gil", "councils.elect", ElectBoard(handles), name)).state is MotionState.EXECUTED


def bank(*board: str) -> tuple[Group, str]:
    """Return a group whose commons holds 100.00, and its council with this board; flor is the comptroller."""
    group = Group()
    group.currency("COMUNAL")
    group.admit(*PEOPLE, custodial=True)
    asked = group.do("gil", "currencies.keep-home", KeepCurrencyHome(), "COMUNAL")
    assert carry(group, asked).state is MotionState.EXECUTED
    opened = (OpeningBalance("commons", comunal(100_00)), OpeningBalance("flor", comunal(-100_00)))
    group.do("steward", "openings.create", OpenBalances("COMUNAL", opened))
    carry(group, group.do("gil", "councils.create", FoundCouncil("Banco comunal Riacho")))
    found = group.list("ana", "councils.list", CouncilsWanted())
    assert isinstance(found, list)
    [council] = found
    elect(group, council.id, *(board or BOARD))
    asked = group.do("gil", "councils.elect-comptroller", ElectComptroller("flor"), council.id)
    assert carry(group, asked).state is MotionState.EXECUTED
    return group, council.id


def propose(group: Group, council: str, *tranches: int, who: str = "gil", **changed: Any) -> str:
    """Let a member propose a project in tranches (minor units), and return its id."""
    wish = ProposeProject(parse_uuid(council) or b"", "a pump", "COMUNAL", tuple(map(comunal, tranches)), **changed)
    return group.do(who, "projects.propose", wish).id


def endorse(group: Group, project: str, *handles: str) -> Any:
    for handle in handles:
        group.do(handle, "projects.endorse", EndorseProject(parse_uuid(project) or b""), project)
    return group.view("gil", "projects.show", project)


def fund(group: Group, project: str, who: str = "ana") -> Any:
    return group.ask(who, "projects.fund", FundProject(), project)


def report(group: Group, project: str, tranche: int, minor: int, who: str = "gil") -> Any:
    wish = ReportProject(parse_uuid(project) or b"", tranche, comunal(minor))
    return group.ask(who, "projects.report", wish, project)


def review(group: Group, project: str, tranche: int, verdict: ReportVerdict, who: str = "flor", **changed: Any) -> Any:
    wish = ReviewReport(parse_uuid(project) or b"", tranche, verdict, **changed)
    return group.ask(who, "projects.review", wish, project)


def pass_days(group: Group, days: int) -> None:
    group.pass_time(group.now + days * DAY_MS)
