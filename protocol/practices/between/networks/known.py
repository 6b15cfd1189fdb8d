# SPDX-License-Identifier: AGPL-3.0-or-later
"""The networks that a node knows: how each is found and shown, and what ours says of itself."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated

from protocol.book.book import Book
from protocol.book.declaration import Desk, Doc, Plan, Write
from protocol.book.personal import NAME_CHARS_MAX, text_refusal
from protocol.book.refusals import FORBIDDEN, MALFORMED, NETWORK_UNKNOWN, RECOVERING, Reason, Refused, Stage, refuse
from protocol.lanes.claims import HOT_GRANT_MAX
from protocol.lanes.directory import NETWORK_ADDRESSES_MAX, Directory, Profile
from protocol.lanes.entry import COMMONS
from protocol.peers.ties import TIES, Tie
from protocol.practices.between.links.link import LinkState
from protocol.practices.between.links.state import Links
from protocol.wire.keys import id_text, parse_id

HANDLE_AMBIGUOUS = Reason(
    "HANDLE_AMBIGUOUS",
    Stage.SUBJECT,
    409,
    "Several networks bear this handle; use the network's id",
    "Several networks bear this handle; use one of the ids {networks}.",
    heading="Several networks are called so",
    ways=("use a network's id: {networks}",),
)
NETWORK_ADDRESS_CHARS_MAX = 120


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
    if len(addresses) > NETWORK_ADDRESSES_MAX or any(len(one) > NETWORK_ADDRESS_CHARS_MAX for one in addresses):
        return refuse(MALFORMED, field="addresses")
    name = was.name if wish.name is None else wish.name
    profile = Profile(was.handle, name, was.currency, was.unit_word, was.scale, addresses)
    return Plan(id, (Write(profile, COMMONS),))


def nearest(book: Book, found: Sequence[bytes]) -> list[bytes]:
    """Return those of the networks that call themselves alike which are tied to ours most nearly, in that order.

    Anybody may take any name: that of a partner, of a member of our federations, or of who is behind our partners
    means who has had it there, and a stranger makes it ambiguous for nobody but those who know strangers alone.
    """
    if len(found) < 2:
        return list(found)
    ties: dict[bytes, Tie] = {}
    for tell in book.fillings(TIES):
        for network, tie in tell(book):
            ties[network] = max(tie, ties.get(network, Tie.STRANGER))
    most = max(ties.get(one, Tie.STRANGER) for one in found)
    return [one for one in found if ties.get(one, Tie.STRANGER) is most]


def find_network(book: Book, name: str) -> bytes | Refused:
    """Return the known network that an id or a handle names."""
    directory, network = book.of(Directory), parse_id(name)
    if network is None:
        own = directory.handle(book.network) == name
        found = [book.network] if own else nearest(book, directory.find(name))
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
    return network_shown(desk, network)


def list_networks(desk: Desk, wanted: NetworksWanted, after: int) -> Iterable[tuple[int, NetworkShown]]:
    """List known networks in the order in which they were met."""
    return (
        (known.arrival + 1, network_shown(desk, network))
        for network, known in desk.book.of(Directory).networks.items()
        if known.arrival + 1 > after
        and (wanted.handle is None or (known.profile is not None and known.profile.handle == wanted.handle))
    )


def network_shown(desk: Desk, network: bytes) -> NetworkShown:
    """Return a known network as it is shown."""
    known = desk.book.of(Directory).networks[network]
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
