# SPDX-License-Identifier: AGPL-3.0-or-later
"""A group that certifies its own farms, for stories: Elio farms the hill, and eight members may be drawn to visit."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from protocol.book.signed import parse_uuid
from protocol.book.wishes import Brought
from protocol.practices.governance.motions.entries import Ballot, MotionState, Vote
from protocol.practices.marks.guarantee.entries import (
    ApplyForPlot,
    CertifierKind,
    CertifyVerdict,
    RaiseIssue,
    ReportVisit,
)
from protocol.practices.marks.guarantee.wishes import (
    CallVisit,
    DecideCertification,
    DrawVisit,
    EnrolCertifier,
    RegisterPlot,
)
from tests.protocol.practices.desk import DAY_MS, Group, keys_of

PEERS = ("ana", "bia", "caio", "dora", "fabio")
CONSUMERS = ("gil", "hugo", "ines")
RULES = sha256(b"No poison, no burning, hedges of our own trees.").hexdigest()
LOTTERY = "Federal lottery 5912"
NUMBERS = "48213 90772 11804"


def id_of(shown: Any) -> bytes:
    return parse_uuid(shown.id if hasattr(shown, "id") else shown) or b""


def growers() -> Group:
    """Elio, his sister Eva, five peers and three consumers, all of households of their own, but Eva."""
    group = Group()
    group.currency("HORA")
    group.admit("elio", "eva", *PEERS, *CONSUMERS, custodial=True)
    for kind, names in ((CertifierKind.PEER, ("elio", *PEERS)), (CertifierKind.CONSUMER, CONSUMERS)):
        for one in names:
            group.do(one, "certifiers.enrol", EnrolCertifier(kind))
    group.do("eva", "certifiers.enrol", EnrolCertifier(CertifierKind.PEER, household="elio"))
    return group


def plot(group: Group, who: str = "elio", **changed: Any) -> Any:
    terms: dict[str, Any] = {"name": "hill-3", "place": "geo:-23.55678,-46.63456", "ares": 250, "codes": ("0123",)}
    return group.do(who, "plots.register", RegisterPlot(**{**terms, **changed}))


def applied(group: Group, who: str = "elio", **changed: Any) -> str:
    """Let a farmer pledge and ask for a plot to be certified."""
    return group.do(who, "certifications.apply", ApplyForPlot(id_of(plot(group, who, **changed)), RULES)).id


def stamp(at_ms: int) -> str:
    """Return an hour as people write it."""
    return datetime.fromtimestamp(at_ms / 1_000, UTC).isoformat()


def hour(group: Group, days: float) -> str:
    return stamp(group.now + int(days * DAY_MS))


def call(group: Group, certification: str, days: float = 1, who: str = "steward", **changed: Any) -> Any:
    wish = CallVisit(id_of(certification), LOTTERY, hour(group, days), **changed)
    return group.ask(who, "visits.call", wish)


def drawn(group: Group, certification: str, numbers: str = NUMBERS, **changed: Any) -> Any:
    """Call a visit, let a day pass, and tell the numbers of the draw."""
    visit = call(group, certification, **changed).id
    group.pass_time(group.now + 2 * DAY_MS)
    return group.do("steward", "visits.draw", DrawVisit(numbers), visit)


def report(group: Group, visit: str, *visitors: str) -> Any:
    for one in visitors:
        group.do(one, "visits.report", ReportVisit(id_of(visit), kept=True, note="healthy soil"), visit)
    return group.view("steward", "visits.show", visit)


def raise_issue(group: Group, visit: str, who: str, days: int = 60) -> None:
    group.do(who, "visits.raise", RaiseIssue(id_of(visit), days, "no hedge to the east"), visit)


def decide(group: Group, certification: str, verdict: CertifyVerdict = CertifyVerdict.CERTIFIED) -> Any:
    """Let the certifiers decide; returns how the certification stands then."""
    asked = group.do("ana", "certifications.decide", DecideCertification(verdict), certification)
    for one in (*PEERS, *CONSUMERS):
        if group.member(one).keys:
            signed = group.sign("motions.vote", Vote(id_of(asked), Ballot.YES), keys_of(one))
            group.do(one, "motions.vote", Brought(signed), asked.id)
        else:
            group.do(one, "motions.vote", Vote(id_of(asked), Ballot.YES), asked.id)
    group.pass_time(asked.closes)
    assert group.view("steward", "motions.show", asked.id).state is MotionState.EXECUTED
    return shown(group, certification)


def shown(group: Group, certification: str, who: str = "elio") -> Any:
    return group.view(who, "certifications.show", certification)


def certified(group: Group, who: str = "elio", **changed: Any) -> str:
    """Have a plot visited by all who are drawn, and certified."""
    name = applied(group, who, **changed)
    visit = drawn(group, name)
    assert report(group, visit.id, *visit.visitors).complete
    assert decide(group, name).counts
    return name
