# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the trace tells of a communal bank: a council that is elected, and a project that it pays in two tranches."""

from dataclasses import replace

from riacho import DAY_MS, NODE, Riacho, hora

from protocol.book.declaration import MotionWish
from protocol.book.money import Amount
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.timezones import MINUTE_MS
from protocol.book.wishes import Brought
from protocol.practices.credit.funds.entries import PayFund
from protocol.practices.credit.funds.state import Funds
from protocol.practices.governance.councils.entries import BoardElected, ComptrollerElected, CouncilFounded
from protocol.practices.governance.councils.state import Councils
from protocol.practices.governance.councils.views import ElectBoard, ElectComptroller, FoundCouncil
from protocol.practices.governance.motions.entries import Ballot, MakeMotion, Vote
from protocol.practices.governance.projects.entries import (
    EndorseProject,
    ProjectApproved,
    ProjectEndorsed,
    ProjectFunded,
    ProjectProposed,
    ProjectReported,
    ProjectStopped,
    ReportProject,
    ReportReviewed,
    ReportVerdict,
    ReviewReport,
)
from protocol.practices.governance.projects.state import Projects
from protocol.practices.governance.projects.views import ApproveProject, FundProject, ProposeProject, StopProject

NOTHING = bytes(16)
NOBODY = "B" * 16
BOARD = ("benta", "celso", "davi", "edite", "fausto")
ALL = (*BOARD, "gilda", "heitor")


def councils(told: Riacho) -> None:
    """Five are elected and Gilda looks at the accounts; Heitor digs a well, and reports on it."""
    for handle in ALL:
        told.admit(handle, has_key=False)
    _carry(told, MotionWish("councils.create", "", FoundCouncil("Banco comunal")))
    [council] = told.world.nodes[NODE].replica.book.of(Councils).by_id
    path = uuid_text(council)
    _refused_elections(told, council)
    _carry(told, MotionWish("councils.elect", path, ElectBoard(BOARD[:4])))
    _carry(told, MotionWish("councils.elect-comptroller", path, ElectComptroller("gilda")))
    benta, fausto, gilda = (told.id_of(one) for one in ("benta", "fausto", "gilda"))
    told.refuse("six on a board of five", BoardElected(council, (fausto, told.id_of("heitor"))), "SEATS_TAKEN")
    told.refuse("a comptroller on the board", BoardElected(council, (gilda,)), "SEATS_APART")
    told.refuse("one of the board as comptroller", ComptrollerElected(council, benta), "SEATS_APART")
    fund = _fund(told)
    well = ProposeProject(council, "A well", "HORA", (hora(2_00), hora(1_00)), fund)
    name = told.do("projects.propose", well, who="heitor").id
    project = parse_uuid(name) or NOTHING
    told.refuse(
        "what a board of four approves", ProjectEndorsed(None, EndorseProject(project, benta)), "BOARD_INCOMPLETE"
    )
    _carry(told, MotionWish("councils.elect", path, ElectBoard(("fausto",))))
    _refused_proposals(told, council, project)
    _refused_approvals(told, council, project)
    for who in BOARD[:3]:
        told.do("projects.endorse", EndorseProject(project), name, who)
    told.refuse(
        "approval of what is approved", ProjectEndorsed(None, EndorseProject(project, fausto)), "STATE_CONFLICT"
    )
    told.refuse("a second tranche before the first", ProjectFunded(project, 2), "STATE_CONFLICT")
    told.refuse("a project stopped without a vote", ProjectStopped(project), "MOTION_NEEDED")
    told.do("funds.pay", PayFund(fund, hora(3_00)), uuid_text(fund), "heitor")
    told.do("projects.fund", FundProject(), name, "benta")
    _reports(told, project)
    told.do("projects.report", ReportProject(project, 1, hora(1_50)), name, "heitor")
    told.refuse(
        "a report on what is reported",
        ProjectReported(None, ReportProject(project, 1, hora(1), None, told.id_of("heitor"))),
        "STATE_CONFLICT",
    )
    _refused_reviews(told, project)
    told.do("projects.review", ReviewReport(project, 1, ReportVerdict.REJECTED, "no receipts"), name, "gilda")
    told.do("projects.report", ReportProject(project, 1, hora(2_00)), name, "heitor")
    told.do("projects.review", ReviewReport(project, 1, ReportVerdict.ACCEPTED), name, "gilda")
    told.do("projects.fund", FundProject(), name, "benta")
    told.do("projects.report", ReportProject(project, 2, hora(1_00)), name, "heitor")
    told.do("projects.review", ReviewReport(project, 2, ReportVerdict.ACCEPTED), name, "gilda")
    told.refuse("a project stopped that is reported", ProjectStopped(project), "STATE_CONFLICT")
    _stopped(told, replace(well, title="A pump"))
    for handle in ALL:
        told.leave(handle)
    told.refuse("a tranche for who has left", ProjectFunded(project, 3), "STATE_CONFLICT")


def _stopped(told: Riacho, pump: ProposeProject) -> None:
    """One project is withdrawn; all approve another, and stop it once a tranche is paid, which is reported on."""
    idle = told.do("projects.propose", pump, who="heitor").id
    told.do("projects.stop", StopProject(), idle, "heitor")
    both = told.do("projects.propose", pump, who="heitor").id
    _carry(told, MotionWish("projects.approve", both, ApproveProject()))
    _carry(told, MotionWish("projects.stop", both, StopProject()))
    name = told.do("projects.propose", pump, who="heitor").id
    project = parse_uuid(name) or NOTHING
    _carry(told, MotionWish("projects.approve", name, ApproveProject()))
    told.do("funds.pay", PayFund(_fund(told), hora(2_00)), uuid_text(_fund(told)), "heitor")
    told.do("projects.fund", FundProject(), name, "benta")
    _carry(told, MotionWish("projects.stop", name, StopProject()))
    told.refuse("a tranche of what was stopped", ProjectFunded(project, 2), "STATE_CONFLICT")
    told.do("projects.report", ReportProject(project, 1, hora(2_00)), name, "heitor")
    told.do("projects.review", ReviewReport(project, 1, ReportVerdict.ACCEPTED), name, "gilda")


def _fund(told: Riacho) -> bytes:
    """Return the fund that pays."""
    funds = told.world.nodes[NODE].replica.book.of(Funds).by_id
    return next(one.id for one in funds.values() if one.currency == "HORA")


def _carry(told: Riacho, wish: MotionWish) -> None:
    """Let Ana, Bia and all of the council's who may carry a motion, and a day pass."""
    asked = told.do(
        "motions.create", MakeMotion("The council", (wish,), closes=told.world.now + DAY_MS + MINUTE_MS), who="bia"
    )
    vote = Vote(parse_uuid(asked.id) or NOTHING, Ballot.YES)
    told.do("motions.vote", Brought(told.sign("motions.vote", vote, "ana new")), asked.id, "ana")
    for who in ("bia", *ALL):
        if who not in asked.recused:
            told.do("motions.vote", vote, asked.id, who)
    told.world.now += DAY_MS + MINUTE_MS
    told.world.tick(1)
    shown = told.do("motions.show", None, asked.id)
    assert shown.state == "executed", shown


def _refused_elections(told: Riacho, council: bytes) -> None:
    benta = told.id_of("benta")
    for says, code, body in (
        ("a council twice", "DUPLICATE", CouncilFounded(council, "Another")),
        ("a council that nobody has voted for", "MOTION_NEEDED", CouncilFounded(NOTHING, "Another")),
        ("an election to no council", "NOT_FOUND", BoardElected(NOTHING, (benta,))),
        ("an election of none", "MALFORMED", BoardElected(council, ())),
        ("an election of one twice", "MALFORMED", BoardElected(council, (benta, benta))),
        ("an election of nobody", "MEMBER_UNKNOWN", BoardElected(council, (NOBODY,))),
        ("an election without a vote", "MOTION_NEEDED", BoardElected(council, (benta,))),
        ("a comptroller of no council", "NOT_FOUND", ComptrollerElected(NOTHING, benta)),
        ("nobody as comptroller", "MEMBER_UNKNOWN", ComptrollerElected(council, NOBODY)),
        ("a comptroller without a vote", "MOTION_NEEDED", ComptrollerElected(council, benta)),
    ):
        told.refuse(says, body, code)


def _refused_proposals(told: Riacho, council: bytes, project: bytes) -> None:
    fund = _fund(told)
    said = ProjectProposed(NOTHING, council, told.id_of("heitor"), "A well", "HORA", (1_00,), None, 30)
    told.accept("a project of the commons", said)
    told.accept("a project of a fund", replace(said, fund=fund))
    told.accept("a project of just the most", replace(said, tranches=(2**63 - 2, 1)))
    for says, code, changed in (
        ("without tranches", "MALFORMED", {"tranches": ()}),
        ("of more than the most", "AMOUNT_TOO_LARGE", {"tranches": (2**63 - 2, 2)}),
        ("of no council", "NOT_FOUND", {"council": NOTHING}),
        ("in no currency", "CURRENCY_UNKNOWN", {"currency": "NADA"}),
        ("of nobody", "MEMBER_UNKNOWN", {"member": NOBODY}),
        ("twice", "DUPLICATE", {"project": project}),
        ("of no fund", "NOT_FOUND", {"fund": NOTHING}),
        ("of a fund in another currency", "CURRENCY_MISMATCH", {"fund": fund, "currency": "LUA"}),
        ("in which it has no account", "ACCOUNT_UNKNOWN", {"currency": "LUA"}),
    ):
        told.refuse(f"a project proposed {says}", replace(said, **changed), code)


def _refused_approvals(told: Riacho, council: bytes, project: bytes) -> None:
    benta, gilda, heitor = (told.id_of(one) for one in ("benta", "gilda", "heitor"))
    wish = EndorseProject(project, benta)
    for says, code, changed in (
        ("of nothing", "NOT_FOUND", {"project": NOTHING}),
        ("by nobody", "MEMBER_UNKNOWN", {"member": NOBODY}),
        ("by word of who has a key", "FORBIDDEN", {"member": told.id_of("ana")}),
        ("by whom it pays", "PROJECT_RECUSED", {"member": heitor}),
        ("by who is not of the board", "NOT_OF_COUNCIL", {"member": gilda}),
    ):
        told.refuse(f"approval {says}", ProjectEndorsed(None, replace(wish, **changed)), code)
    kept = told.world.nodes[NODE].replica.book.of(Councils).by_id[council]
    first, last = kept.seats[0], kept.seats[-1]
    told.accept("approval in the last moment of a term", ProjectEndorsed(None, wish), first.until_ms - 1)
    told.refuse("approval when the term is over", ProjectEndorsed(None, wish), "NOT_OF_COUNCIL", first.until_ms)
    whole = ProjectEndorsed(None, EndorseProject(project, told.id_of("fausto")))
    told.refuse("approval by the last of a board", whole, "BOARD_INCOMPLETE", last.until_ms - 1)
    told.refuse("approval by all without a vote", ProjectApproved(project), "MOTION_NEEDED")
    told.refuse("approval of no project by all", ProjectApproved(NOTHING), "NOT_FOUND")
    told.refuse("a tranche of what nobody has approved", ProjectFunded(project, 1), "STATE_CONFLICT")
    told.accept("a project that is withdrawn before it is approved", ProjectStopped(project))


def _reports(told: Riacho, project: bytes) -> None:
    heitor = told.id_of("heitor")
    due = told.world.nodes[NODE].replica.book.of(Projects).by_id[project].tranches[0].due_ms or 0
    told.accept("a tranche whose report is 29 days late", ProjectFunded(project, 2), due + 30 * DAY_MS - 1)
    told.refuse(
        "a tranche whose report is 30 days late", ProjectFunded(project, 2), "REPORT_OVERDUE", due + 30 * DAY_MS
    )
    wish = ReportProject(project, 1, hora(2_00), None, heitor)
    told.accept("a report that all is spent", ProjectReported(None, wish))
    told.accept("a report that nothing is spent", ProjectReported(None, replace(wish, spent=hora(0))))
    for says, code, changed in (
        ("of more than was paid", "MALFORMED", {"spent": hora(2_01)}),
        ("of less than nothing", "MALFORMED", {"spent": hora(-1)}),
        ("in another currency", "CURRENCY_MISMATCH", {"spent": Amount(1, "LUA", 2)}),
        ("of parts of a cent", "SCALE_EXCEEDED", {"spent": Amount(1, "HORA", 3)}),
        ("beyond what can be stored", "AMOUNT_TOO_LARGE", {"spent": Amount(2**63 - 1, "HORA", 0)}),
        ("on no project", "NOT_FOUND", {"project": NOTHING}),
        ("on no tranche", "NOT_FOUND", {"tranche": 3}),
        ("on what is not paid", "STATE_CONFLICT", {"tranche": 2}),
        ("by nobody", "MEMBER_UNKNOWN", {"member": NOBODY}),
        ("by another", "FORBIDDEN", {"member": told.id_of("benta")}),
    ):
        told.refuse(f"a report {says}", ProjectReported(None, replace(wish, **changed)), code)


def _refused_reviews(told: Riacho, project: bytes) -> None:
    wish = ReviewReport(project, 1, ReportVerdict.ACCEPTED, None, told.id_of("gilda"))
    told.accept(
        "a report that is rejected",
        ReportReviewed(None, replace(wish, verdict=ReportVerdict.REJECTED, reason=bytes(32))),
    )
    for says, code, changed in (
        ("rejected without a reason", "MALFORMED", {"verdict": ReportVerdict.REJECTED}),
        ("by whom it paid", "PROJECT_RECUSED", {"member": told.id_of("heitor")}),
        ("by who is not the comptroller", "NOT_OF_COUNCIL", {"member": told.id_of("benta")}),
        ("by nobody", "MEMBER_UNKNOWN", {"member": NOBODY}),
        ("by word of who has a key", "FORBIDDEN", {"member": told.id_of("ana")}),
        ("of no project", "NOT_FOUND", {"project": NOTHING}),
        ("of no tranche", "NOT_FOUND", {"tranche": 3}),
        ("of what is not reported", "STATE_CONFLICT", {"tranche": 2}),
    ):
        told.refuse(f"a report looked at {says}", ReportReviewed(None, replace(wish, **changed)), code)
    kept = told.world.nodes[NODE].replica.book.of(Projects).by_id[project]
    council = told.world.nodes[NODE].replica.book.of(Councils).by_id[kept.said.council]
    assert council.comptroller is not None
    ends = council.comptroller.until_ms
    told.accept("a report looked at in the last moment of a term", ReportReviewed(None, wish), ends - 1)
    told.refuse("a report looked at when the term is over", ReportReviewed(None, wish), "NOT_OF_COUNCIL", ends)
