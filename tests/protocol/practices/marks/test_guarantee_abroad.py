# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is certified in one network is seen by another's buyers: as it stands, and suspended by its day."""

from typing import Any

from simulation.groups import exchange, linked
from simulation.world import World

from protocol.book.declaration import NOBODY
from protocol.book.signed import parse_uuid
from protocol.book.timezones import DAY_MS
from protocol.practices.governance.motions.entries import Ballot, Vote
from protocol.practices.marks.guarantee.entries import (
    ApplyForPlot,
    CertifierKind,
    CertifyVerdict,
    ClearIssue,
    RaiseIssue,
    ReportVisit,
)
from protocol.practices.marks.guarantee.state import CertificationState
from protocol.practices.marks.guarantee.wishes import (
    CallVisit,
    CertificationsWanted,
    DecideCertification,
    DrawVisit,
    EnrolCertifier,
    RegisterPlot,
)
from tests.protocol.practices.market.fair import by
from tests.protocol.practices.marks.farmers import LOTTERY, NUMBERS, RULES, stamp

PEERS = ("ana", "bia", "caio")


def id_of(name: str) -> bytes:
    return parse_uuid(name) or b""


def countryside() -> World:
    """Serra, where Elio farms and four may visit him; Riacho, which buys there; linked."""
    world = World()
    exchange(world, "serra", "FLOR", "elio", *PEERS, "gil")
    exchange(world, "riacho", "HORA", "edu")
    linked(world, "riacho", "serra", 1_000)
    for one in PEERS:
        say(world, one, "certifiers.enrol", EnrolCertifier(CertifierKind.PEER))
    say(world, "gil", "certifiers.enrol", EnrolCertifier(CertifierKind.CONSUMER))
    return world


def say(world: World, who: str, name: str, wish: Any, subject: str = "") -> Any:
    return world.granted("serra", name, wish, subject=subject, actor=by(world, "serra", who))


def visited(world: World, *, days: int) -> tuple[str, str]:
    """Let all four visit Elio, and Ana find something that has to be put right within so many days."""
    wish = RegisterPlot("hill-3", "geo:-23.55678,-46.63456", 250, ("0123",))
    plot = say(world, "elio", "plots.register", wish)
    name = say(world, "elio", "certifications.apply", ApplyForPlot(id_of(plot.id), RULES)).id
    called = CallVisit(id_of(name), LOTTERY, stamp(world.now + DAY_MS))
    visit = world.granted("serra", "visits.call", called).id
    world.now += 2 * DAY_MS
    world.granted("serra", "visits.draw", DrawVisit(NUMBERS), subject=visit)
    for one in (*PEERS, "gil"):
        say(world, one, "visits.report", ReportVisit(id_of(visit), kept=True), visit)
    say(world, "ana", "visits.raise", RaiseIssue(id_of(visit), days, "no hedge"), visit)
    return name, visit


def certify(world: World, name: str) -> None:
    verdict = DecideCertification(CertifyVerdict.CERTIFIED)
    motion = say(world, "ana", "certifications.decide", verdict, name)
    for one in (*PEERS, "gil"):
        say(world, one, "motions.vote", Vote(id_of(motion.id), Ballot.YES), motion.id)
    world.now += 8 * DAY_MS
    world.tick(3)


def seen(world: World, name: str) -> Any:
    """Return what Riacho's buyers see."""
    return world.granted("riacho", "certifications.show", subject=f"{name}@serra", actor=NOBODY)


def reliable(world: World, **wanted: Any) -> Any:
    """Return what of Serra's Riacho's buyers find."""
    asked = CertificationsWanted(network="serra", **wanted)
    return world.granted("riacho", "certifications.list", asked, actor=NOBODY).items


def test_buyers_elsewhere_see_what_is_certified_and_that_it_is_suspended_on_day_61() -> None:
    world = countryside()
    name, _ = visited(world, days=60)
    certify(world, name)
    [one] = reliable(world, counts=True)
    assert one == seen(world, name)
    assert (one.holder, one.plot, one.codes, one.counts) == ("elio", "hill-3", ("0123",), True)
    assert "23.5" not in repr(one) and one.visits == one.issues == (), "neither the place nor what was found travels"
    world.now = one.due - DAY_MS // 2
    world.tick(3)
    assert seen(world, name).state is CertificationState.CERTIFIED
    world.now = one.due + DAY_MS // 2
    assert not seen(world, name).counts, "by its day, before anything has come from there"
    assert seen(world, name).suspended_at is None
    world.tick(3)
    after = seen(world, name)
    assert (after.state, after.counts) == (CertificationState.SUSPENDED, False) and after.suspended_at
    assert not reliable(world, counts=True)


def test_what_is_put_right_or_refused_changes_what_buyers_see() -> None:
    world = countryside()
    name, _ = visited(world, days=60)
    certify(world, name)
    assert seen(world, name).due is not None
    say(world, "bia", "certifications.clear", ClearIssue(id_of(name), 1), name)
    world.tick(3)
    assert seen(world, name).due is None
    motion = say(world, "ana", "certifications.decide", DecideCertification(CertifyVerdict.REFUSED), name)
    for one in (*PEERS, "gil"):
        say(world, one, "motions.vote", Vote(id_of(motion.id), Ballot.YES), motion.id)
    world.now += 8 * DAY_MS
    world.tick(3)
    assert not reliable(world)
