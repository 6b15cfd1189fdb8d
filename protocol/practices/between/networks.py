# SPDX-License-Identifier: AGPL-3.0-or-later
"""Networks: the directory of those that are known, our own profile, and the replicas of our own books."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from protocol.book.book import Book
from protocol.book.declaration import (
    READERS,
    STEWARDS,
    Act,
    At,
    Create,
    Desk,
    Doc,
    Entered,
    List,
    OneOf,
    Plan,
    Practice,
    Show,
    ToldOnce,
    Write,
)
from protocol.book.ledger import Posting
from protocol.book.personal import NAME_CHARS_MAX, text_refusal
from protocol.book.refusals import (
    DUPLICATE,
    FORBIDDEN,
    MALFORMED,
    NETWORK_UNKNOWN,
    NOT_FOUND,
    RECOVERING,
    STATE_CONFLICT,
    Reason,
    Refused,
    Stage,
    refuse,
)
from protocol.lanes.claims import HOT_GRANT_MAX
from protocol.lanes.directory import ADDRESSES_MAX, Directory, Known, Profile
from protocol.lanes.entry import COMMONS, Millis
from protocol.peers.hello import ADMITS
from protocol.peers.standing import COPIED
from protocol.practices.between.links.link import LinkState
from protocol.practices.between.links.state import Links
from protocol.practices.people.invitations import INVITATION_UNKNOWN
from protocol.wire.keys import digest, id_text, parse_id
from protocol.wire.shape import Length

HANDLE_AMBIGUOUS = Reason(
    "HANDLE_AMBIGUOUS",
    Stage.SUBJECT,
    409,
    "Several networks bear this handle; use the network's id",
    "Several networks bear this handle; use one of the ids {networks}.",
    heading="Several networks are called so",
    ways=("use a network's id: {networks}",),
)

INVITATION_LIFE_MS = 7 * 24 * 3_600 * 1_000
ADDRESS_CHARS_MAX = 120
Key = Annotated[bytes, Length(32)]


@dataclass(frozen=True, slots=True)
class ReplicaInvited:
    """Whoever shows the code of this digest becomes a replica, until the date."""

    KIND: ClassVar[str] = "replicas/invited"
    code: Key
    not_after_ms: int


@dataclass(frozen=True, slots=True)
class ReplicaAdmitted:
    """The node with this libp2p key holds a copy of all our lanes."""

    KIND: ClassVar[str] = "replicas/admitted"
    code: Key
    transport: Key


@dataclass(frozen=True, slots=True)
class ReplicaDismissed:
    """The replica of this invitation gets nothing more; what it holds it holds."""

    KIND: ClassVar[str] = "replicas/dismissed"
    code: Key


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

    def any_admitted(self) -> bool:
        """Tell whether some node is a replica of ours."""
        return any(place.transport is not None and not place.dismissed for place in self.places.values())


def code_digest(code: bytes) -> bytes:
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
    place = None if code is None else replicas.places.get(code_digest(code))
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


@dataclass(frozen=True, slots=True)
class SetProfile:
    """Change what the network says of itself to all others."""

    name: Annotated[str | None, Doc("the network's name")] = None
    addresses: Annotated[tuple[str, ...] | None, Doc("multiaddrs at which the home node is reached")] = None


@dataclass(frozen=True, slots=True)
class NetworksWanted:
    """Which networks to list."""

    handle: Annotated[str | None, Doc("only those that call themselves so")] = None


@dataclass(frozen=True, slots=True)
class NetworkShown:
    """A known network, as it describes itself."""

    id: str
    handle: str | None
    name: str | None
    currency: str | None
    unit_word: str | None
    scale: int | None
    addresses: tuple[str, ...]
    epoch: Annotated[int, Doc("how many key events there were since its inception")]
    key: Annotated[str, Doc("the key with which it signs in this epoch, in hexadecimal")]
    rotated: Annotated[int, Doc("the newest epoch that its cold keys opened by a rotation; 0 if there was none")]
    cold_keys: Annotated[int, Doc("how many keys together guard its signing key")]
    cold_needed: Annotated[int, Doc("how many of them have to sign a rotation")]
    hot_grant: Annotated[
        int | None, Doc("how much its signing key alone may grant on a link in all, in minor units; null: no bound")
    ]
    guardians: Annotated[tuple[str, ...], Doc("the networks that may give it new keys if all its own are lost")]
    guardians_needed: Annotated[int | None, Doc("how many of them have to back a recovery")]
    recovery_delay_ms: Annotated[int | None, Doc("how long after that, in milliseconds, the recovery takes effect")]
    recovering: Annotated[
        bool, Doc("our own: nothing is signed until its entries are back; another: a link with it waits for its word")
    ]
    links: Annotated[tuple[str, ...], Doc("our credit lines with it")]
    own: bool
    connected: Annotated[bool, Doc("whether its home node is connected to this one now")]
    forked: Annotated[bool, Doc("proved to have said two things at one place: it gets no new credit")]


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
    invited = ReplicaInvited(code_digest(code), desk.now + INVITATION_LIFE_MS)
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


def plan_set_profile(desk: Desk, id: str, wish: SetProfile) -> Plan | Refused:
    """Publish a new profile in the commons lane."""
    known = desk.book.of(Directory).networks[desk.book.network]
    if parse_id(id) != desk.book.network or known.profile is None:
        return refuse(FORBIDDEN, allowed="our own profile")
    refused = text_refusal("name", wish.name, NAME_CHARS_MAX)
    if refused is not None:
        return refused
    was = known.profile
    addresses = was.addresses if wish.addresses is None else wish.addresses
    if len(addresses) > ADDRESSES_MAX or any(len(one) > ADDRESS_CHARS_MAX for one in addresses):
        return refuse(MALFORMED, field="addresses")
    name = was.name if wish.name is None else wish.name
    profile = Profile(was.handle, name, was.currency, was.unit_word, was.scale, addresses)
    return Plan(id, (Write(profile, COMMONS),))


def find_network(book: Book, name: str) -> bytes | Refused:
    """Return the known network that an id or a handle names."""
    directory, network = book.of(Directory), parse_id(name)
    if network is None:
        found = directory.find(name)
        if len(found) > 1:
            return refuse(HANDLE_AMBIGUOUS, networks=", ".join(map(id_text, found[:8])))
        network = found[0] if found else None
    if network is None or network not in directory.networks:
        return refuse(NETWORK_UNKNOWN, network=name[:64])
    return network


def show_network(desk: Desk, id: str) -> NetworkShown | Refused:
    """Show a known network, by id or handle."""
    network = find_network(desk.book, id)
    if isinstance(network, Refused):
        return network
    return _network(desk, network, desk.book.of(Directory).networks[network])


def list_networks(desk: Desk, wanted: NetworksWanted, after: int) -> Iterable[tuple[int, NetworkShown]]:
    """List known networks in the order in which they were met."""
    return (
        (known.arrival + 1, _network(desk, network, known))
        for network, known in desk.book.of(Directory).networks.items()
        if known.arrival + 1 > after
        and (wanted.handle is None or (known.profile is not None and known.profile.handle == wanted.handle))
    )


def _network(desk: Desk, network: bytes, known: Known) -> NetworkShown:
    profile, identity, own = known.profile, known.identity, network == desk.book.network
    guardians = identity.guardians
    links = desk.book.of(Links).with_partner(network)
    key = identity.key_of(identity.epoch)
    assert key is not None
    return NetworkShown(
        id=id_text(network),
        handle=None if profile is None else profile.handle,
        name=None if profile is None else profile.name,
        currency=None if profile is None else profile.currency,
        unit_word=None if profile is None else profile.unit_word,
        scale=None if profile is None else profile.scale,
        addresses=() if profile is None else profile.addresses,
        epoch=identity.epoch,
        key=key.hex(),
        rotated=identity.rotated,
        cold_keys=len(identity.cold),
        cold_needed=identity.cold_needed,
        hot_grant=None if identity.hot_grant == HOT_GRANT_MAX else identity.hot_grant,
        guardians=tuple(map(id_text, guardians.networks)),
        guardians_needed=guardians.needed if guardians.networks else None,
        recovery_delay_ms=guardians.delay_ms if guardians.networks else None,
        recovering=desk.silent is RECOVERING if own else any(link.state is LinkState.RECOVERING for link in links),
        links=tuple(id_text(link.id) for link in links),
        own=own,
        connected=known.connected,
        forked=known.forked,
    )


PRACTICE = Practice(
    name="networks",
    entries=(ReplicaInvited, ReplicaAdmitted, ReplicaDismissed),
    check=check,
    fold=fold,
    operations=(
        Show("networks", NetworkShown, view=show_network,
             id_is="the network's id, or its handle where only one bears it", example="mutirao networks show serra"),
        List("networks", NetworksWanted, NetworkShown, view=list_networks, example="mutirao networks list"),
        Act("networks", "set-profile", SetProfile, plan=plan_set_profile, who=STEWARDS,
            example="mutirao networks set-profile NETWORK --name 'Riacho Doce'"),
        Create("replicas", InviteReplica, plan=plan_invite, who=STEWARDS, verb="invite",
               example="mutirao replicas invite"),
        Act("replicas", "dismiss", DismissReplica, plan=plan_dismiss, who=STEWARDS,
            example="mutirao replicas dismiss REPLICA"),
        Show("replicas", ReplicaShown, view=show_replica, who=READERS),
        List("replicas", ReplicasWanted, ReplicaShown, view=list_replicas, who=READERS),
    ),
    fills=(ADMITS.by(admit), COPIED.by(is_copied)),
    refusals=(HANDLE_AMBIGUOUS,),
)  # fmt: skip
