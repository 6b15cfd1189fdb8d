# SPDX-License-Identifier: AGPL-3.0-or-later
"""A forger: writes entries that no honest node writes, so that often all but one of the rules are kept.

Each field is filled by its declared type from what has its name in the group, now and then from what has not.
"""

from copy import deepcopy
from dataclasses import fields, replace
from enum import Enum
from random import Random
from typing import Annotated, Any, NewType, get_args, get_origin, get_type_hints

from protocol.book.accounts import commons_account, exchange_account
from protocol.book.declaration import MEMBERS, MotionWish, OwnId
from protocol.book.money import Amount
from protocol.book.signed import Envelope, Signed, parse_uuid
from protocol.book.uuids import drawn_id
from protocol.book.wishes import Brought
from protocol.lanes.entry import Body
from protocol.practices import governance, money, people
from protocol.practices.between.abroad.entries import Reconciled
from protocol.practices.between.links.entries import link_account
from protocol.practices.between.rests import RestSwept
from protocol.practices.governance.boards import Board, Seated, SeatMembers
from protocol.practices.governance.bylaws.entries import BackEmergency, CallEmergency, ChangeRule, EmergencyCalled
from protocol.practices.governance.bylaws.state import Bylaws
from protocol.practices.governance.companies.entries import ConfirmWork, FoundCompany, LogWork
from protocol.practices.governance.companies.state import WORK
from protocol.practices.governance.companies.views import SetWorkers
from protocol.practices.governance.councils.entries import BoardElected, ComptrollerElected, CouncilFounded
from protocol.practices.governance.councils.state import Councils
from protocol.practices.governance.motions.entries import (
    Ballot,
    MakeMotion,
    MotionClosed,
    MotionCounted,
    MotionExecuted,
    MotionState,
    Vote,
    VoteSecretly,
)
from protocol.practices.governance.motions.state import Motions
from protocol.practices.governance.projects.entries import (
    EndorseProject,
    ProjectApproved,
    ProjectEndorsed,
    ProjectFunded,
    ProjectProposed,
    ProjectReported,
    ReportProject,
    ReportReviewed,
    ReportVerdict,
    ReviewReport,
)
from protocol.practices.governance.projects.state import Projects
from protocol.practices.money.currencies.views import SetLevy
from protocol.practices.money.due_days import DueDayHeld, DueDays, DueDaySet
from protocol.practices.money.dues.state import AllDues
from protocol.practices.money.dues.views import SetDues
from protocol.practices.money.issuer_groups import AdmitIssuers, MakeIssuerGroup
from protocol.practices.money.masses.entries import MassPaid
from protocol.practices.money.mixed.entries import MixedPaid, PayMixed
from protocol.practices.money.obligations.entries import GiveConsent
from protocol.practices.money.obligations.state import Consents
from protocol.practices.money.openings import BalanceOpened, BalancesOpened
from protocol.practices.money.payments.entries import Paid
from protocol.practices.money.requests.views import AskPayment
from protocol.practices.money.schedules.entries import Rhythm, Scheduled, SchedulePayment
from protocol.practices.money.schedules.state import Schedules
from protocol.practices.money.voted_rates import RateVoted
from protocol.practices.people.guardians import BackKey, NameGuardians
from protocol.practices.people.imports import MemberImported
from protocol.practices.people.invitations import Invitations, Invite
from protocol.practices.people.joinings import sign_joining
from protocol.practices.people.mandates import GiveMandate
from protocol.practices.people.members.entries import MemberJoined, MemberLeft, Suspended
from protocol.practices.people.members.views import Approve, Suspend
from protocol.practices.people.returns import MemberReturned
from protocol.wire.codec import encode
from protocol.wire.shape import AtMost, Length, PersonalText, Range, split_optional, to_map
from tests.protocol.practices.desk import DAY_MS, NETWORK, Group, keys_of

KINDS: tuple[type[Body], ...] = tuple(
    kind for practice in (*people.PRACTICES, *money.PRACTICES, *governance.PRACTICES) for kind in practice.entries
)
WEIGHTS: dict[type[Body], int] = {
    Paid: 30, Scheduled: 20, MemberJoined: 20, Suspended: 1, MemberLeft: 1, ProjectReported: 40, ProjectProposed: 12,
}  # fmt: skip
"""How often a kind is written, where not 6 times: those that must fit in many ways more, those that end much less."""


def founded() -> Group:
    """Ana and Bia with keys, Caio and Dora without, who may each owe 50.00 and hold 80.00."""
    group = Group()
    group.currency(limit=50_00, ceiling=80_00)
    group.admit("ana", "bia")
    group.admit("caio", "dora", custodial=True)
    return group


def write(group: Group, body: Body) -> None:
    """Write an entry that no plan of the story's own would write."""
    entry = group.seal(body)
    entered = group.entered(entry)
    assert group.book.check(entered) is None, body
    group.fold(entry, entered)


def carry(group: Group, motion: str) -> None:
    """Let all four vote for a motion."""
    vote = Vote(parse_uuid(motion) or b"", Ballot.YES)
    for who in ("ana", "bia"):
        group.do(who, "motions.vote", Brought(group.sign("motions.vote", vote, keys_of(who))), motion)
    for who in ("caio", "dora"):
        group.do(who, "motions.vote", vote, motion)


def lived_in() -> Group:
    """A group with one of each thing: payments, requests, a schedule, a mandate, members of every state."""
    group = founded()
    keys = keys_of("ana")
    carry(group, group.do("bia", "dues.create", SetDues("the hall", "HORA", Amount(1_00, "HORA", 2))).id)
    group.pass_time(group.now + 7 * DAY_MS)
    group.pay("ana", "bia", 10_00)
    group.pay("ana", "caio", 10_00)
    group.pay("caio", "dora", 10_00, pending=True)
    mandate = GiveMandate(
        group.account("ana").id, group.member("bia").id, Amount(90_00, "HORA", 2), 2**47, drawn_id(bytes)
    )
    group.do("ana", "members.mandate", Brought(group.sign("members.mandate", mandate, keys)), "ana")
    group.add_key("ana", keys_of("phone"), 5_00)
    group.do("bia", "payment-requests.create", AskPayment(Amount(10_00, "HORA", 2)))
    owed = group.do("caio", "payment-requests.create", AskPayment(Amount(10_00, "HORA", 2), payer="ana")).id
    milk = SchedulePayment(payee="bia", amount=Amount(1, "HORA", 2), first_at=group.now, rhythm=Rhythm.DAILY, times=3)
    group.do("caio", "scheduled-payments.create", milk)
    group.join("elis")
    group.admit("fia", custodial=True)
    group.do("steward", "members.suspend", Suspend(), "fia")
    group.currency("FLOR")
    for handle in ("caio", "dora"):
        group.do("steward", "members.approve", Approve("FLOR"), handle)
    group.invite()
    group.admit("gina", custodial=True)
    group.leave("gina")
    group.do("steward", "invitations.create", Invite(back="gina"))
    guarded(group)
    consenting(group, parse_uuid(owed) or b"")
    rest = Reconciled(bytes(32), 2_00, 2_00, 1_00, 1_00, "HORA")
    write(group, rest)
    write(group, RestSwept(link_account(rest.link, "HORA")))
    working(group)
    group.do("steward", "issuer-groups.create", MakeIssuerGroup("par", "Who takes it"))
    group.do("steward", "issuer-groups.admit", AdmitIssuers(("bia",)), "par")
    seated(group)
    moved(group)
    return group


def seated(group: Group) -> None:
    """Bia, Caio and Dora sit on the committee: Ana and Hugo have chosen them."""
    chosen = group.do("steward", "boards.seat", SeatMembers(("bia", "caio", "dora")), "committee").id
    vote = Vote(parse_uuid(chosen) or b"", Ballot.YES)
    group.do("ana", "motions.vote", Brought(group.sign("motions.vote", vote, keys_of("ana"))), chosen)
    group.do("hugo", "motions.vote", vote, chosen)
    group.now += 7 * DAY_MS
    motion = parse_uuid(chosen) or b""
    for body in (MotionClosed(motion), MotionExecuted(motion, 1)):
        write(group, body)
    write(group, Seated(Board.COMMITTEE, tuple(group.member(one).id for one in ("bia", "caio", "dora"))))


def working(group: Group) -> None:
    """Hugo is a company in which Caio and Dora work; some hours of theirs wait, some count."""
    group.admit("hugo", custodial=True)
    group.do("hugo", "companies.create", FoundCompany("HORA", ("caio", "dora")))
    group.do("caio", "work.create", LogWork("hugo", "10"))
    spoken = group.do("dora", "work.create", LogWork("hugo", "10")).id
    group.do("caio", "work.confirm", ConfirmWork(parse_uuid(spoken) or b""), spoken)


def guarded(group: Group) -> None:
    """Bia backs a new key for Ana, alone as Ana wishes it; it is not in place yet."""
    ana, bia = group.member("ana").id, group.member("bia").id
    new = keys_of("newer")
    name = group.sign("guardians.name", NameGuardians(ana, (bia, group.member("elis").id), 1), keys_of("ana"))
    group.do("ana", "guardians.name", Brought(name), "ana")
    back = group.sign("guardians.back", BackKey(ana, new.public, group.joining("ana", new)), keys_of("bia"))
    group.do("bia", "guardians.back", Brought(back), "ana")


def consenting(group: Group, owed: bytes) -> None:
    """Ana lets what she owes Caio be set off, and Caio his balance fall for it."""
    told = GiveConsent(2**47, group.account("ana").id, requests=(owed,), draw=Amount(10_00, "HORA", 2))
    signed = replace(told, consent=drawn_id(group.chance))
    consent = group.sign("set-off-consents.create", signed, keys_of("ana"))
    group.do("ana", "set-off-consents.create", Brought(consent))
    group.do("caio", "set-off-consents.create", replace(told, account=group.account("caio").id, requests=()))


def moved(group: Group) -> None:
    """Four motions, ten days later: a draft, one that is open, one whose time is over, and one that was carried."""
    group.do("ana", "motions.create", MakeMotion("a draft", draft=True))
    levy = (MotionWish("currencies.set-levy", "HORA", SetLevy(0)),)
    carried = group.do("caio", "motions.create", MakeMotion("no levy", levy)).id
    group.do("dora", "motions.create", MakeMotion("a word"))
    group.do("dora", "motions.create", MakeMotion("who leads", secret=True))
    carry(group, carried)
    group.do("caio", "emergencies.create", CallEmergency("members.idle_days", "9"))
    group.do("steward", "bylaws.change", ChangeRule("8"), "members.idle_days")
    chosen = group.do("caio", "companies.set-workers", SetWorkers(("caio", "dora"), hired=1), "hugo").id
    for who in ("caio", "dora"):
        group.do(who, "motions.vote", Vote(parse_uuid(chosen) or b"", Ballot.YES), chosen)
    group.now += 10 * DAY_MS
    for motion in (carried, chosen):
        write(group, MotionClosed(parse_uuid(motion) or b""))
    group.do("bia", "motions.create", MakeMotion("another word"))
    group.do("bia", "motions.create", MakeMotion("who leads now", secret=True))
    group.do("caio", "emergencies.create", CallEmergency("payments.day_cap.HORA", "9"))


def deciding(electorate: str = MEMBERS, entries: int = 12) -> Group:
    """The same group, while it, or a company, does what it has decided: the next entries are its own."""
    group = deepcopy(LIVED_IN)
    states = group.book.of(Motions).by_id.values()
    [carried] = [one.id for one in states if one.state is MotionState.CARRIED and one.electorate == electorate]
    write(group, MotionExecuted(carried, entries))
    return group


def banked() -> Group:
    """The same group with a council, Caio on its board and Dora its comptroller, and a project in each state."""
    group = deciding(entries=40)
    group.admit("ivo", "juca", custodial=True)
    ana, bia, caio, dora, ivo, juca = (group.member(one).id for one in ("ana", "bia", "caio", "dora", "ivo", "juca"))
    council = b"c" * 16
    write(group, CouncilFounded(council, "bank"))
    write(group, BoardElected(council, (ana, bia, caio, ivo, juca)))
    write(group, ComptrollerElected(council, dora))
    for name, member in ((b"p" * 16, ivo), (b"q" * 16, caio), (b"r" * 16, caio), (b"s" * 16, caio)):
        write(group, ProjectProposed(name, council, member, "a pump", "HORA", (60_00, 60_00), None, 30))
    for name in (b"q" * 16, b"r" * 16, b"s" * 16):
        write(group, ProjectApproved(name))
    for name in (b"r" * 16, b"s" * 16):
        write(group, ProjectFunded(name, 1))
    write(group, ProjectReported(None, ReportProject(b"s" * 16, 1, Amount(5_00, "HORA", 2), None, caio)))
    return group


def lived_in_with_a_due_day() -> Group:
    """The same group, whose debts were due once a month since before; a month has gone by."""
    group = lived_in()
    group.now -= 40 * DAY_MS
    write(group, DueDaySet("HORA", 1))
    group.now += 40 * DAY_MS
    return group


LIVED_IN = lived_in_with_a_due_day()
DECIDING = deciding()
BANKED = banked()
SHARING_OUT = deciding(f"workers:{LIVED_IN.member('hugo').id}")


class Forger:
    """Whoever fills entries at its pleasure; `wild` is how many fields in a hundred mean nothing at all."""

    def __init__(self, group: Group, random: Random, wild: int) -> None:
        self.group = group
        self.random = random
        self.wild = wild

    def tame(self) -> bool:
        return self.random.randrange(100) >= self.wild

    def built(self, kind: type[Any]) -> Any:
        hints = get_type_hints(kind, include_extras=True)
        found = {one.name: self.filled(one.name, hints[one.name]) for one in fields(kind)}
        if hasattr(kind, "OPERATION") and self.tame():
            # By signature, or by word of mouth.
            found |= dict.fromkeys({"signed", "word"} & found.keys())
            if "word" in found and self.tame() and self.random.random() < 0.5:
                wish = self.filled("word", without_none(hints["word"]))
                found["word"] = self.of_member(wish, self.random.choice(("caio", "dora")))
            else:
                found["signed"] = self.signed(kind)
        if "joining" in found:
            member = self.random.choice([*self.group.book.members.values()])
            keys = keys_of(self.random.choice(("new", "newer")))
            handle = found.get("handle", member.handle)
            found["joining"] = sign_joining(keys, NETWORK, handle) if self.tame() else Signed(b"", bytes(64))
            found["member"] = member.id
        if kind in (MemberJoined, MemberImported):
            found["member"] = "".join(self.random.choices("ABC", k=16))
        if kind is MemberReturned and self.tame():
            [way] = [one for one in self.group.book.of(Invitations).by_id.values() if one.back is not None]
            found |= {"member": way.back, "code": way.code, "joining": None}
        if kind is RateVoted and self.tame():
            found["against"] = "BRL"
        if kind is MassPaid and self.tame():
            found |= {
                "payer": self.group.account("dora").id,
                "payees": (self.group.member("caio").id,),
                "amounts": (1,),
            }
            found |= {"part": 0, "mass": self.random.randbytes(16)}
        if kind is MotionCounted and self.tame():
            found |= {"yes": 0, "no": 0, "abstained": 0}
        if kind is EmergencyCalled and self.tame():
            caio = self.group.member("caio").id
            wish = CallEmergency("chains.monthly_income.FLOR", "1", caio, self.random.randbytes(16))
            found |= {"signed": None, "word": wish, "name": "chains.monthly_income", "currency": "FLOR"}
            found |= {"number": 1_00, "text": None}
        if self.tame():
            found |= self.fitting(kind)
        if kind is MixedPaid and self.tame():
            payer, amounts = self.group.member("caio").id, (Amount(1, "HORA", 2), Amount(1, "FLOR", 2))
            found |= {"signed": None, "word": PayMixed("dora", amounts, payer, self.random.randbytes(16))}
        if kind is BalancesOpened and self.tame():
            known = (f"{self.group.member('caio').id}.FLOR", commons_account("FLOR"))
            found |= {"currency": "FLOR", "balances": tuple(map(BalanceOpened, known, (5_00, -5_00)))}
        return kind(**found)

    def fitting(self, kind: type[Any]) -> dict[str, Any]:
        """Return what fits of kinds that chance alone seldom hits: an office's word, the due day of the next month."""
        dora, caio = self.group.member("dora").id, self.group.member("caio").id
        due_days = self.group.book.of(DueDays).by_currency
        if kind is ProjectEndorsed:
            return {"signed": None, "word": EndorseProject(b"p" * 16, caio)}
        if kind is ReportReviewed:
            return {"signed": None, "word": ReviewReport(b"s" * 16, 1, ReportVerdict.ACCEPTED, None, dora)}
        if kind is DueDayHeld and "HORA" in due_days:
            period = due_days["HORA"].period
            return {"currency": "HORA", "period": period + (89 if period % 100 == 12 else 1)}
        return {}

    def of_member(self, terms: Any, handle: str) -> Any:
        """Return terms about the account of a member, where they are about an account; a vote of its own."""
        names = [one.name for one in fields(terms) if one.name in ("payer", "account")]
        if handle not in ("ana", "bia", "caio", "dora"):
            return terms
        spoken = Vote | VoteSecretly | LogWork | ConfirmWork | CallEmergency | BackEmergency
        if isinstance(terms, spoken | EndorseProject | ReportProject | ReviewReport):
            return replace(terms, member=self.group.member(handle).id)
        return replace(terms, **dict.fromkeys(names, self.group.account(handle).id))

    def filled(self, name: str, hint: Any) -> Any:
        """Return a value of a field's type, of its meaning most of the time."""
        hint, optional = split_optional(hint)
        if optional and self.random.random() < (0.05 if OwnId in get_args(hint) else 0.85):
            return None
        bounds: tuple[Any, ...] = ()
        while get_origin(hint) is Annotated or isinstance(hint, NewType):
            bounds += getattr(hint, "__metadata__", ())
            hint = hint.__supertype__ if isinstance(hint, NewType) else get_args(hint)[0]
        if hint is Signed:
            return Signed(self.random.randbytes(8), bytes(64))
        if hint is Amount:
            return Amount(self.random.choice((1, 5_00, 10_00, 60_00)), "HORA" if self.tame() else "FLOR", 2)
        if any(isinstance(bound, PersonalText) for bound in bounds):
            return bytes(32)
        if hint is bool:
            return self.random.random() < 0.3
        if isinstance(hint, type) and issubclass(hint, Enum):
            return self.random.choice(list(hint))
        if get_origin(hint) is tuple:
            return tuple(self.filled(name, get_args(hint)[0]) for _ in range(self.random.randrange(3)))
        if hint not in (bytes, str, int):
            return self.built(hint)
        known = self.known(name, hint)
        if not self.tame() or not known:
            known = {bytes: [bytes(16), bytes(32)], str: ["", "gil", "A" * 16], int: [0, 1, -1, 2**47, 2**63 - 1]}[hint]
        fitting = [value for value in known if fits(value, bounds)]
        return self.random.choice(fitting or [value for value in wildest(bounds, hint) if fits(value, bounds)])

    def signed(self, kind: type[Any]) -> Signed:
        """Return a signed wish of a kind of entry's operation, now and then of another's."""
        of = kind if self.tame() else self.random.choice([one for one in KINDS if hasattr(one, "OPERATION")])
        handle = self.random.choice(("ana", "ana", "bia", "elis", "new"))
        keys, wish = keys_of(handle), self.of_member(self.built(vars(of)["WISH"]), handle)
        if self.tame() and "member" in (one.name for one in fields(wish)):
            book = self.group.book
            member = book.members[book.member_by_key.get(keys.public, self.group.member("ana").id)]
            joining: dict[str, Any] = {}
            if hasattr(wish, "joining"):
                joining["joining"] = sign_joining(keys_of("new"), NETWORK, member.handle)
            wish = replace(wish, member=member.id, **joining)
        if isinstance(wish, BackKey) and self.tame():
            new = keys_of(self.random.choice(("new", "newer")))
            wish = BackKey(self.group.member("ana").id, new.public, sign_joining(new, NETWORK, "ana"))
        told = self.built(Envelope)
        named = {"operation": vars(of)["OPERATION"], "fields": encode(to_map(wish)), "key": keys.public}
        data = encode(to_map(replace(told, **named)))
        return Signed(data, keys.sign(Envelope.KIND, data))

    def known(self, name: str, hint: type[Any]) -> list[Any]:
        """Return what the group knows by this name."""
        book = self.group.book
        group_company = self.group.member("hugo").id
        accounts = [account.id for account in book.ledger.accounts.values() if account.member]
        if hint is str:
            named: dict[str, list[Any]] = {
                "currency": ["HORA", "FLOR"],
                "code": ["HORA", "FLOR", "ECO"],
                "handle": ["elis", "caio", "gil", "hugo"],
                "name": [*book.parameters, "Ana"],
                "electorate": [MEMBERS],
                "payer": [*accounts, *accounts, *book.members],
                "payee": [*accounts, "bia", "commons.HORA"],
                "company": [group_company, group_company, "hugo", *book.members],
                "group": ["par", "par", "par", "none"],
                "workers": [self.group.member("caio").id, self.group.member("dora").id, self.group.member("bia").id],
                "worker": ["caio", "dora", "ana"],
                "hours": ["1", "7.5", "0"],
                "account": [*accounts, *accounts, exchange_account("HORA")],
            }
            return named.get(name, [*book.members])
        if hint is int:
            return {
                "order_seq": [max(self.group.seqs.values()) + more for more in range(8)],
                "first_at": [self.group.now],
                "not_after": [self.group.now, 2**47],
                "not_after_ms": [self.group.now, 2**47],
                "occurrence": [0, 1, 2],
                "first": [202_609, 202_610],
                "period": [202_609, 202_610],
                "quorum": [50_00, 100_00],
                "majority": [50_00, 100_00],
                "open_ms": [DAY_MS],
                "from_ms": [self.group.now, 2**47],
                "pay": [100],
                "tranche": [1, 1, 2],
                "tranches": [1, 5_00],
                "surplus": [10_00, -5_00],
                "reserve": [0, 0, 1_00],
                "network": [0, 0, 1_00],
                "education": [0, 0, 1_00],
                "capital": [0, 50_00],
            }.get(name, [0, 1, 100])
        schedules = book.of(Schedules).by_id
        ids = {
            "network": [NETWORK],
            "key": [keys_of(who).public for who in ("ana", "bia")],
            "gives_way": [keys_of("ana").public],
            "lost": [keys_of("phone").public],
            "code": [one.code for one in book.of(Invitations).by_id.values()],
            "invitation": [*book.of(Invitations).by_id, self.random.randbytes(16)],
            "keys": [keys_of(who).public for who in ("new", "newer", "newest")],
            "payment": [*book.payments, *(self.random.randbytes(16) for _ in range(4))],
            "request": [*book.requests, self.random.randbytes(16)],
            "requests": [*book.requests],
            "motion": [*book.of(Motions).by_id, self.random.randbytes(16)],
            "change": [*book.of(Bylaws).changes, self.random.randbytes(16)],
            "emergency": [*book.of(Bylaws).emergencies, self.random.randbytes(16)],
            "dues": [*book.of(AllDues).by_id, self.random.randbytes(16)],
            "work": [*book.rows(WORK), self.random.randbytes(16)],
            "council": [*book.of(Councils).by_id, self.random.randbytes(16)],
            "project": [*book.of(Projects).by_id, *[b"r" * 16] * 4, *(self.random.randbytes(16) for _ in range(4))],
            "set_off": [self.random.randbytes(16)],
            "mandate": [*book.mandates, self.random.randbytes(16)],
            "schedule": [*schedules, self.random.randbytes(16)],
            "consent": [*book.of(Consents).by_id, self.random.randbytes(16)],
        }
        return ids.get(name, [])


def without_none(hint: Any) -> Any:
    return next((option for option in get_args(hint) if option is not type(None)), hint)


def fits(value: Any, bounds: tuple[Any, ...]) -> bool:
    for bound in bounds:
        match bound:
            case Range(least, most):
                if not least <= value <= most:
                    return False
            case Length(exact):
                if len(value) != exact:
                    return False
            case AtMost(most):
                if len(value) > most:
                    return False
            case _:
                pass
    return True


def wildest(bounds: tuple[Any, ...], hint: type[Any]) -> list[Any]:
    sizes = [bound.exact for bound in bounds if isinstance(bound, Length)]
    ends = [end for bound in bounds if isinstance(bound, Range) for end in (bound.least, bound.most)]
    return [bytes(size) for size in sizes] if hint is bytes else [""] if hint is str else [0, 1, -1, *ends]
