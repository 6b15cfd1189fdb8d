# SPDX-License-Identifier: AGPL-3.0-or-later
"""Replicas: how one is invited, admitted and dismissed, and what a book knows of them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from protocol.book.book import Book
from protocol.book.declaration import At, Desk, Doc, Entered, OneOf, Plan, ToldOnce, Write
from protocol.book.ledger import Posting
from protocol.book.refusals import DUPLICATE, NOT_FOUND, RECOVERING, STATE_CONFLICT, Reason, Refused, refuse
from protocol.lanes.entry import Millis
from protocol.practices.between.networks.entries import ReplicaAdmitted, ReplicaDismissed, ReplicaInvited
from protocol.practices.people.invitations import INVITATION_UNKNOWN
from protocol.wire.keys import digest, id_text, parse_id

INVITATION_LIFE_MS = 7 * 24 * 3_600 * 1_000


@dataclass(slots=True)
class ReplicaPlace:
    """A place for a replica: open until somebody shows the code, or dismissed."""

    code: bytes
    arrival: int
    at_ms: Millis
    not_after_ms: Millis
    transport: bytes | None = None
    dismissed: bool = False

    def state_at(self, now: Millis) -> str:
        """Return how far it has come."""
        if self.dismissed:
            return "dismissed"
        if self.transport is not None:
            return "admitted"
        return "invited" if now <= self.not_after_ms else "expired"


@dataclass(slots=True)
class Replicas:
    """The replicas of this network, by the digest of the code that invited them."""

    places: dict[bytes, ReplicaPlace] = field(default_factory=dict[bytes, ReplicaPlace])

    def admitted(self, transport: bytes) -> bool:
        """Tell whether the node with this libp2p key is a replica of ours."""
        return any(place.transport == transport and not place.dismissed for place in self.places.values())

    def transports(self) -> Iterator[bytes]:
        """Return the libp2p keys of our replicas."""
        return (one.transport for one in self.places.values() if one.transport is not None and not one.dismissed)

    def any_admitted(self) -> bool:
        """Tell whether some node is a replica of ours."""
        return any(place.transport is not None and not place.dismissed for place in self.places.values())


def replica_code_digest(code: bytes) -> bytes:
    """Return the digest under which an invitation's 16-byte code is written down."""
    return digest("replica-code", code)


def admit(desk: Desk, transport: bytes, code: bytes | None) -> Plan | None:
    """Return what lets a node in as our replica, nothing where it is one; or None where its code opens no place.

    Only a home lets a new one in. Who recovers writes nothing: it may well have let this one in already, in an entry
    that it has lost.
    """
    replicas = desk.book.of(Replicas)
    if replicas.admitted(transport):
        return Plan("")
    place = None if code is None else replicas.places.get(replica_code_digest(code))
    if place is None or place.state_at(desk.now) != "invited" or desk.silent not in (None, RECOVERING):
        return None
    return Plan("", () if desk.silent else (Write(ReplicaAdmitted(place.code, transport)),))


def is_copied(desk: Desk) -> bool:
    """Tell whether some node is a replica of ours."""
    return any(place.state_at(desk.now) == "admitted" for place in desk.book.of(Replicas).places.values())


@dataclass(frozen=True, slots=True)
class InviteReplica:
    """Make room for a replica of this network's books: a second node, or an auditor's."""


@dataclass(frozen=True, slots=True)
class DismissReplica:
    """Send a replica nothing more."""


@dataclass(frozen=True, slots=True)
class ReplicasWanted:
    """All replicas."""


@dataclass(frozen=True, slots=True)
class ReplicaShown:
    """A replica of this network, or an invitation to become one."""

    id: str
    state: Annotated[
        str,
        OneOf(
            (
                "invited",
                "admitted",
                "expired",
                "dismissed",
            )
        ),
        Doc("invited, admitted, expired, dismissed"),
    ]
    invited_at: At
    not_after: At
    transport: Annotated[bytes | None, Doc("libp2p key of the node that was let in")]
    code: Annotated[str | None, ToldOnce, Doc("told once: `mutirao init --replica-of` shows it to our node")] = None


def check(book: Book, entered: Entered) -> Reason | None:
    """Accept places for replicas once each."""
    refused = book.misplaced(entered)
    if refused is not None:
        return refused.reason
    body, places = entered.body, book.of(Replicas).places
    if isinstance(body, ReplicaInvited):
        return DUPLICATE if body.code in places else None
    assert isinstance(body, ReplicaAdmitted | ReplicaDismissed)
    place = places.get(body.code)
    if place is None:
        return INVITATION_UNKNOWN
    if isinstance(body, ReplicaAdmitted) and place.state_at(entered.at_ms) != "invited":
        return STATE_CONFLICT
    return None


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    """Keep the place."""
    body, places = entered.body, book.of(Replicas).places
    if isinstance(body, ReplicaInvited):
        places[body.code] = ReplicaPlace(body.code, entered.seq, entered.at_ms, body.not_after_ms)
    elif isinstance(body, ReplicaAdmitted):
        places[body.code].transport = body.transport
    elif isinstance(body, ReplicaDismissed):
        places[body.code].dismissed = True
    return ()


def plan_invite(desk: Desk, wish: InviteReplica) -> Plan | Refused:
    """Write the digest of a new code; the code itself is told once."""
    del wish
    code = desk.chance(16)
    invited = ReplicaInvited(replica_code_digest(code), desk.now + INVITATION_LIFE_MS)
    shown = ReplicaShown(id_text(invited.code), "invited", desk.now, invited.not_after_ms, None, code.hex())
    return Plan(shown.id, (Write(invited),), answer=shown)


def plan_dismiss(desk: Desk, id: str, wish: DismissReplica) -> Plan | Refused:
    """Dismiss a replica, or withdraw an invitation."""
    del wish
    place = desk.book.of(Replicas).places.get(parse_id(id) or b"")
    if place is None:
        return refuse(NOT_FOUND)
    if place.dismissed:
        return refuse(STATE_CONFLICT, state="dismissed")
    return Plan(id, (Write(ReplicaDismissed(place.code)),))


def show_replica(desk: Desk, id: str) -> ReplicaShown | Refused:
    """Show a replica."""
    place = desk.book.of(Replicas).places.get(parse_id(id) or b"")
    return refuse(NOT_FOUND) if place is None else _replica(place, desk.now)


def list_replicas(desk: Desk, wanted: ReplicasWanted, after: int) -> Iterable[tuple[int, ReplicaShown]]:
    """List replicas in the order of their invitations."""
    del wanted
    return (
        (place.arrival, _replica(place, desk.now))
        for place in desk.book.of(Replicas).places.values()
        if place.arrival > after
    )


def _replica(place: ReplicaPlace, now: Millis) -> ReplicaShown:
    return ReplicaShown(id_text(place.code), place.state_at(now), place.at_ms, place.not_after_ms, place.transport)
