# SPDX-License-Identifier: AGPL-3.0-or-later
"""The networks that are known, as their public lanes tell: keys, profile, heads.

What stands in the `commons` of a network is its own word. A kind of statement that this version does
not know is kept and passed on, and means nothing here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar

from protocol.lanes.claims import IDENTITY_KINDS, BackedBy
from protocol.lanes.entry import COMMONS, IDENTITY, LINK_PREFIX, Body, Entry, EntryFault, decode_body
from protocol.lanes.growing import advance, begin_identity
from protocol.lanes.identity import Epoch, Identity
from protocol.wire.shape import AtMost, Range

NETWORK_ADDRESSES_MAX = 8
_COMMONS_END = 2**53 + 1
"""Behind the last place that a lane can have."""
Text = Annotated[str, AtMost(120)]


@dataclass(frozen=True, slots=True)
class Profile:
    """What a network says of itself: handle, name, main currency, and the addresses of its home node."""

    KIND: ClassVar[str] = "networks/profile"
    handle: Annotated[str, AtMost(32)]
    name: Text
    currency: Annotated[str, AtMost(12)]
    unit_word: Annotated[str, AtMost(32)]
    scale: Annotated[int, Range(0, 9)]
    addresses: Annotated[tuple[Text, ...], AtMost(NETWORK_ADDRESSES_MAX)]


COMMONS_KINDS: dict[str, type[Body]] = {Profile.KIND: Profile}


@dataclass(slots=True)
class Known:
    """A network as its public lanes tell."""

    identity: Identity
    arrival: int
    profile: Profile | None = None
    forked: bool = False
    """Whether it is proved to have said two things at one place."""
    connected: bool = False
    """Whether its home node is connected to this one now: not part of the fold."""


class Directory:
    """All known networks by id."""

    def __init__(self) -> None:
        self.networks: dict[bytes, Known] = {}
        self._met = 0
        """How many were ever met."""
        self.forked: dict[bytes, int] = {}
        """Networks that are `forked`, and from which place of their commons on others may have heard something else."""

    def begin(self) -> None:
        """Know nobody as connected: a process begins."""
        for known in self.networks.values():
            known.connected = False

    def note_fork(self, network: bytes, lane: str, seq: int) -> None:
        """Know a network as one that has said two things at one place."""
        self.networks[network].forked = True
        common = seq if lane == COMMONS else _COMMONS_END
        self.forked[network] = min(common, self.forked.get(network, _COMMONS_END))

    def pardon(self, network: bytes) -> None:
        """Know a network as one that has not forked."""
        self.networks[network].forked = False
        self.forked.pop(network, None)

    def find(self, handle: str) -> list[bytes]:
        """Return the ids of the networks that call themselves so, in the order in which they were met."""
        return [
            network
            for network, known in self.networks.items()
            if known.profile is not None and known.profile.handle == handle
        ]

    def handle(self, network: bytes) -> str | None:
        """Return what a network calls itself, if it has said so."""
        known = self.networks.get(network)
        return known.profile.handle if known is not None and known.profile is not None else None

    def by_transport(self, key: bytes) -> bytes | None:
        """Return the network whose home node has this libp2p key."""
        return next((id for id, known in self.networks.items() if known.identity.transport == key), None)

    def admit(self, entry: Entry) -> bool:
        """Fold the next entry of a public lane in; its place and signature are the caller's to check.

        Tells whether it means something here.

        Raises EntryFault where the entry is not valid; then nothing has changed.
        """
        if entry.header.lane == IDENTITY:
            self._admit_key_event(entry)
            return True
        assert is_public(entry.header.lane), "what is not public is another's to fold"
        return self._admit_word(entry)

    def verify(self, entry: Entry) -> None:
        """Check that the key of its epoch signed an entry, within what later epochs confirmed.

        Raises EntryFault.
        """
        known = self.networks.get(entry.network)
        if known is not None and entry.header.lane.startswith(LINK_PREFIX):
            if known.identity.signed_in(entry) is None:
                raise EntryFault("a record that no key of the network has signed")
            return
        key = None if known is None else known.identity.key_of(entry.header.epoch)
        if known is None or key is None:
            raise EntryFault("an entry of an unknown network or epoch")
        if not known.identity.was_said(entry):
            raise EntryFault("an entry of a closed epoch")
        if not entry.signed_by(key):
            raise EntryFault("an entry that the network's key has not signed")

    def is_given_up(self, entry: Entry) -> bool:
        """Tell whether an entry is none any more, since its author has opened a later epoch without it."""
        known = self.networks.get(entry.network)
        return known is not None and entry.header.lane != IDENTITY and not known.identity.was_said(entry)

    def is_forged(self, entry: Entry) -> bool:
        """Tell whether nobody can have taken an entry, whatever key events it has heard.

        The network's id names the key of its first epoch. Later ones may be opened by other events elsewhere.
        """
        known = self.networks.get(entry.network)
        return known is None or (entry.header.epoch == 0 and not entry.signed_by(known.identity.epochs[0].key))

    def is_pardoned(self, entry: Entry) -> bool:
        """Tell whether what an entry proves against its author is pardoned: its epoch was ended by others than its key.

        Whoever stole a key could else make proofs with it for ever.
        """
        known = self.networks.get(entry.network)
        return known is not None and entry.header.epoch < known.identity.renewed

    def is_backed(self, epoch: Epoch) -> bool:
        """Tell whether the guardians' word by which an epoch was opened stands in their own identities."""
        recovered = epoch.recovered
        if recovered is None:
            return True
        standing = [one for one in recovered.backed if (recovered.claim, one) in self._backings(one.guardian)]
        return len(standing) >= epoch.guardians.needed

    def backing(self, guardian: bytes, claim: bytes) -> BackedBy | None:
        """Return the first word of a guardian that backs a claim, by its digest, None where there is none."""
        return next((backing for said, backing in self._backings(guardian) if said == claim), None)

    def _backings(self, guardian: bytes) -> Iterator[tuple[bytes, BackedBy]]:
        """Yield the claims that a network backs; not what it dates before a recovery of its own was in force."""
        known = self.networks.get(guardian)
        since = 0
        for epoch in () if known is None else known.identity.epochs:
            if epoch.recovered is not None:
                since = max(since, epoch.recovered.in_force_ms)
            if epoch.backs is not None and epoch.backs.at_ms >= since:
                yield epoch.backs.claim, BackedBy(guardian, epoch.event, epoch.backs.at_ms)

    def unhear(self, network: bytes) -> None:
        """Drop what a network has said of itself: what stands is heard again."""
        self.networks[network].profile = None

    def forget(self, network: bytes) -> None:
        """Know a network no longer."""
        del self.networks[network]
        self.forked.pop(network, None)

    def _admit_key_event(self, entry: Entry) -> None:
        body, _ = decode_body(entry.body_bytes, IDENTITY_KINDS)
        known = self.networks.get(entry.network)
        if known is None:
            self.networks[entry.network] = Known(begin_identity(entry, body), self._met)
            self._met += 1
        else:
            known.identity = advance(known.identity, entry, body)

    def _admit_word(self, entry: Entry) -> bool:
        if entry.network not in self.networks:
            raise EntryFault("an entry of an unknown network")
        try:
            body, _ = decode_body(entry.body_bytes, COMMONS_KINDS, skips=True)
        except EntryFault:
            return False
        if isinstance(body, Profile):
            self.networks[entry.network].profile = body
        return True


def is_public(lane: str) -> bool:
    """Tell whether a lane is for everybody."""
    return lane in (IDENTITY, COMMONS)
