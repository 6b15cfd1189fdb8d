# SPDX-License-Identifier: AGPL-3.0-or-later
"""A replica becomes the home of its network, on a steward's word, once the home that was is gone for good.

It is a rotation made where the copy of the books is: the promised key signs, the cold keys allow it, and the replica's
own libp2p key is certified as that of the home. Whatever the old home may still sign counts nowhere (PROTOCOL 6).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from node.keeping.home import (
    DATABASE,
    HIGH_WATER,
    INVITATION,
    KEYS,
    HomeUnusable,
    locked,
    read_key,
    read_keys,
    write_key,
)
from node.loop.batch import Batch
from node.store.connections import StorageUnusable
from node.store.highwater import HighWater
from node.store.storage import Storage
from protocol.events import Forget
from protocol.lanes.claims import ColdSignature, Rotation, RotationClaim
from protocol.lanes.entry import IDENTITY, LEDGER, Entry, Millis
from protocol.lanes.growing import cold_signature
from protocol.lanes.identity import Identity, promise
from protocol.lanes.journal import Keyring
from protocol.practices import PRACTICES
from protocol.practices.between.networks.entries import ReplicaDismissed
from protocol.practices.between.networks.replicas import Replicas
from protocol.replica import Replica
from protocol.wire.keys import SEED_BYTES, KeyPair, id_text

_HOT = "hot key. Signs what this network says every day. Never let two running nodes have it."
_NEXT = "next key. Takes the place of the hot key when that is lost or stolen. KEEP IT ELSEWHERE."
_PREIMAGE = "preimage key. From this come the secrets that release payments to this network. Keep it as the hot key."


@dataclass(frozen=True, slots=True)
class TakenOver:
    """What `mutirao takeover` prints: the epoch that the new home opens, and on how many ledger entries it stands."""

    network_id: str
    epoch: int
    key: str
    ledger_entries: int


async def take_over(
    home: Path,
    *,
    next_key: Path,
    cold_keys: Sequence[Path],
    now: Callable[[], Millis],
    chance: Callable[[int], bytes],
) -> TakenOver:
    """Make the home of a replica, stopped, the home of its network; a crash is mended by doing it again.

    Raises HomeUnusable, and then nothing has changed.
    """
    with locked(home):
        keys = read_keys(home)
        if keys.keyring is not None:
            raise HomeUnusable(f"{home} is the home of its network already: `mutirao rotate` changes its key")
        try:
            storage = await Storage.open(home / DATABASE)
        except StorageUnusable as error:
            raise HomeUnusable(str(error)) from None
        try:
            return await _take_over(home, storage, KeyPair.from_seed(keys.transport), next_key, cold_keys, now, chance)
        finally:
            await storage.close()


async def _take_over(
    home: Path,
    storage: Storage,
    transport: KeyPair,
    next_key: Path,
    cold_keys: Sequence[Path],
    now: Callable[[], Millis],
    chance: Callable[[int], bytes],
) -> TakenOver:
    network = await storage.network()
    if network is None:
        raise HomeUnusable(f"{home / DATABASE} does not say whose it is: restore a backup")
    seed = read_key(next_key)
    coming = KeyPair.from_seed(seed)
    colds = [(path, KeyPair.from_seed(read_key(path))) for path in cold_keys]
    replica = Replica(network, PRACTICES, chance=chance, keyring=Keyring(coming, bytes(SEED_BYTES)))
    for _ in replica.load(storage.entries()):
        pass
    journal = replica.journal
    known = journal.directory.networks.get(network)
    # What is not here, the change of keys drops everywhere, the network's own name with it.
    if known is None or known.profile is None or journal.held.head(network, LEDGER) is None:
        raise HomeUnusable(f"{home} holds none of its network's books: there is nothing to go on from")
    if known.identity.key_of(known.identity.epoch) != coming.public:
        _check_keys(known.identity, coming, colds)
        following = _prepared(home / KEYS, seed, chance)
        await storage.commit(Batch(_written(replica, known.identity, coming, following, transport, colds, now)))
    _change_files(home / KEYS)
    reach = await storage.reach(network)
    assert reach is not None
    mark = HighWater(home / HIGH_WATER, network)
    mark.advance(reach)
    mark.close()
    epoch = journal.directory.networks[network].identity.epoch
    return TakenOver(id_text(network), epoch, coming.public.hex(), reach.seq + 1)


def _check_keys(identity: Identity, coming: KeyPair, colds: Sequence[tuple[Path, KeyPair]]) -> None:
    if promise(coming.public) != identity.next_digest:
        raise HomeUnusable("this is not the key that the network promised to use next")
    for path, cold in colds:
        if cold.public not in identity.cold:
            raise HomeUnusable(f"{path} is not a cold key of this network")
    given = len({cold.public for _, cold in colds})
    if given < identity.cold_needed:
        raise HomeUnusable(f"{identity.cold_needed} cold keys have to sign, {given} were given")


def _written(
    replica: Replica,
    identity: Identity,
    coming: KeyPair,
    following: KeyPair,
    transport: KeyPair,
    colds: Sequence[tuple[Path, KeyPair]],
    now: Callable[[], Millis],
) -> list[Entry]:
    """Return the entries by which the network goes on here: the rotation, and that this is no replica any more."""
    journal = replica.journal
    claim = RotationClaim(
        identity.network,
        identity.epoch + 1,
        coming.public,
        promise(following.public),
        transport.public,
        journal.held.lane_heads(),
    )
    signatures: tuple[ColdSignature, ...] = tuple(
        cold_signature(identity.cold.index(cold.public), cold, claim) for _, cold in colds
    )
    entries = [journal.write(Rotation(claim, signatures), IDENTITY, now())]
    places = list(replica.book.of(Replicas).places.values())
    own = [place.code for place in places if place.transport == transport.public and not place.dismissed]
    entries += [journal.write(ReplicaDismissed(code), LEDGER, now()) for code in own]
    stores, _ = journal.drain()
    assert not any(isinstance(one, Forget) for one in stores), "it stands on all that is held here"
    return entries


def _prepared(keys: Path, seed: bytes, chance: Callable[[int], bytes]) -> KeyPair:
    """Put the new keys safely on the disk before anything rests on them; returns the one after the coming key."""
    if not (keys / "preimage.key").exists():
        write_key(keys / "preimage.key", chance(SEED_BYTES), _PREIMAGE)
    if not (keys / "next.key.new").exists():
        write_key(keys / "next.key.new", chance(SEED_BYTES), _NEXT)
    (keys / "hot.key.new").unlink(missing_ok=True)
    write_key(keys / "hot.key.new", seed, _HOT)
    return KeyPair.from_seed(read_key(keys / "next.key.new"))


def _change_files(keys: Path) -> None:
    """Let the node that starts next find the keys of a home; last of all goes the replica's invitation."""
    for name in ("hot.key", "next.key"):
        if (keys / f"{name}.new").exists():
            (keys / f"{name}.new").replace(keys / name)
    (keys / INVITATION).unlink()
