# SPDX-License-Identifier: AGPL-3.0-or-later
"""Honey with a label, for stories: Serra's growers issue it, and Riacho buys, whose group decides whom it trusts."""

from hashlib import sha256
from typing import Any

from simulation.groups import exchange, linked
from simulation.world import World

from protocol.book.declaration import NOBODY
from protocol.book.refusals import Reason, Refused
from protocol.book.signed import parse_uuid
from protocol.book.timezones import DAY_MS
from protocol.practices.governance.motions.entries import Ballot, Vote
from protocol.practices.market.intents import Offer, Price
from protocol.practices.marks.labels.entries import LabelTheme
from protocol.practices.marks.labels.index import LabelIndex
from protocol.practices.marks.labels.wishes import (
    CredentialWanted,
    DeclareScheme,
    IssueLabel,
    LabelToVerify,
    RevokeLabel,
    TrustIssuer,
)
from tests.protocol.practices.market.fair import by, pinned

HONEY, JAM = "02910", "21494"
RULES = sha256(b"No sugar is fed. Hives stand 3 km from any field that is sprayed.").hexdigest()


def countryside() -> World:
    """Riacho (HORA; ana, edu) and Serra (FLOR; growers, elio), linked."""
    world = World()
    exchange(world, "riacho", "HORA", "ana", "edu")
    exchange(world, "serra", "FLOR", "growers", "elio")
    linked(world, "riacho", "serra", 1_000)
    world.tick(2)
    return world


def scheme(world: World, name: str = "serra", owner: str = "growers", **changed: Any) -> Any:
    """Declare the scheme of honey."""
    terms: dict[str, Any] = {"name": "Honey of the hills", "rules": RULES, "topic": LabelTheme.BIODIVERSITY}
    wish = DeclareScheme(**{**terms, "codes": ("0291",), **changed})
    return world.granted(name, "label-schemes.declare", wish, actor=by(world, name, owner))


def issue(world: World, scheme_id: str, name: str = "serra", issuer: str = "growers", **changed: Any) -> Any:
    """Label Elio's honey."""
    wish = IssueLabel(**{"scheme": scheme_id, "holder": "elio", "codes": (HONEY,), **changed})
    shown = world.granted(name, "labels.issue", wish, actor=by(world, name, issuer))
    world.tick(2)
    return shown


def decided(world: World, name: str, operation: str, wish: Any, *voters: str, subject: str = "") -> None:
    """Put a wish to the vote of a group, and let it be carried."""
    motion = world.granted(name, operation, wish, subject=subject)
    for one in voters:
        actor = by(world, name, one)
        vote = Vote(parse_uuid(motion.id) or b"", Ballot.YES, actor.member or "")
        world.granted(name, "motions.vote", vote, subject=motion.id, actor=actor)
    world.now += 8 * DAY_MS
    world.tick(2)
    assert world.granted(name, "motions.show", subject=motion.id).state.value == "executed"


def trust(world: World, did: str, name: str = "riacho", voters: tuple[str, ...] = ("ana", "edu"), **more: Any) -> None:
    """Let a group decide that it trusts an issuer."""
    decided(world, name, "label-issuers.trust", TrustIssuer(did, **more), *voters)


def honey(world: World, code: str = HONEY, **more: Any) -> str:
    """Let Elio offer honey, or something else; returns the offer's id."""
    said = {"text": "", "code": code, "unit": "KGM", "labels": (), **more}
    return pinned(world, "serra", Offer("elio", "From the hills", quantity=0, prices=(Price("FLOR", 2, 900),), **said))


def revoke(world: World, label: str) -> Any:
    """Let the growers take a label back."""
    return world.granted("serra", "labels.revoke", RevokeLabel(), subject=label, actor=by(world, "serra", "growers"))


def verified(world: World, name: str = "riacho", **asked: Any) -> Any:
    """Ask whether a label counts; returns what is told, or the refusal."""
    return world.ask(name, "labels.verify", LabelToVerify(**asked), actor=NOBODY)


def reason(shown: Any) -> Reason | None:
    """Return why a label does not count."""
    return shown.reason if isinstance(shown, Refused) else None


def credential(world: World, label: str, name: str = "serra", *, status: bool = False) -> bytes:
    """Return a label, or its status list, as a file."""
    shown = world.granted(name, "labels.credential", CredentialWanted(label, status), actor=NOBODY)
    return shown.credential.encode()


def index(world: World, name: str) -> LabelIndex:
    return world.nodes[name].replica.book.of(LabelIndex)
