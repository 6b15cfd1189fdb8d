# SPDX-License-Identifier: AGPL-3.0-or-later
"""Changing a network's signing key, on a stopped node: the promised key takes over, the cold keys sign it.

Whoever stole the hot key can do nothing more once the new epoch is known (PROTOCOL 1).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from node.batch import Batch
from node.highwater import HighWater
from node.home import DATABASE, HIGH_WATER, KEYS, HomeUnusable, locked, read_key, read_keys, write_key
from node.storage import Storage
from protocol.entry import IDENTITY, Millis
from protocol.identity import ColdSignature, Identity, Rotation, RotationClaim, cold_signature, promise
from protocol.journal import Keyring
from protocol.keys import SEED_BYTES, KeyPair, id_text
from protocol.replica import Replica

_NEXT = "Takes the place of the hot key when that is lost or stolen. KEEP IT ELSEWHERE."
_HOT = "Signs what this network says every day. Never let two running nodes have it."


@dataclass(frozen=True, slots=True)
class Rotated:
    """What `mutirao rotate` prints: the epoch that the new key opens."""

    network_id: str
    epoch: int
    key: str


async def rotate(
    home: Path,
    *,
    next_key: Path | None,
    cold_keys: Sequence[Path],
    now: Callable[[], Millis],
    chance: Callable[[int], bytes],
) -> Rotated:
    """Open a new epoch under the promised key; a rotation that a crash broke off is finished by doing it again.

    `next_key` is where the promised key lies, `keys/next.key` of the home by default. Raises HomeUnusable.
    """
    with locked(home):
        keys = read_keys(home)
        if keys.keyring is None:
            raise HomeUnusable("a replica has no keys to rotate: do it at the home node")
        storage = await Storage.open(home / DATABASE)
        try:
            return await _rotate(
                home, storage, keys.keyring, next_key or home / KEYS / "next.key", cold_keys, now, chance
            )
        finally:
            await storage.close()


async def _rotate(
    home: Path,
    storage: Storage,
    keyring: Keyring,
    next_key: Path,
    cold_keys: Sequence[Path],
    now: Callable[[], Millis],
    chance: Callable[[int], bytes],
) -> Rotated:
    network = await storage.network()
    if network is None:
        raise HomeUnusable(f"{home / DATABASE} does not say whose it is: restore a backup")
    seed = read_key(next_key)
    coming = KeyPair.from_seed(seed)
    replica = Replica(network, chance=chance, keyring=Keyring(coming, keyring.preimages))
    for _ in replica.load(storage.entries()):
        pass
    identity = replica.journal.directory.networks[network].identity
    if identity.key_of(identity.epoch) != coming.public:
        following = _following(home, chance)
        claim = _claim(replica, identity, coming, following)
        signatures = tuple(_signed(identity, claim, KeyPair.from_seed(read_key(path)), path) for path in cold_keys)
        if len({one.index for one in signatures}) < identity.cold_needed:
            raise HomeUnusable(f"{identity.cold_needed} cold keys have to sign, {len(signatures)} were given")
        entry = replica.journal.write(Rotation(claim, signatures), IDENTITY, now())
        await storage.commit(Batch([entry]))
        identity = replica.journal.directory.networks[network].identity
    _change_files(home, seed)
    reach = await storage.reach(network)
    mark = HighWater(home / HIGH_WATER, network)
    if reach is not None:
        mark.advance(reach)
    mark.close()
    return Rotated(id_text(network), identity.epoch, coming.public.hex())


def _claim(replica: Replica, identity: Identity, coming: KeyPair, following: KeyPair) -> RotationClaim:
    if promise(coming.public) != identity.next_digest:
        raise HomeUnusable("this is not the key that the network promised to use next")
    heads = replica.journal.lane_heads()
    return RotationClaim(
        identity.network, identity.epoch + 1, coming.public, promise(following.public), identity.transport, heads
    )


def _signed(identity: Identity, claim: RotationClaim, cold: KeyPair, path: Path) -> ColdSignature:
    if cold.public not in identity.cold:
        raise HomeUnusable(f"{path} is not a cold key of this network")
    return cold_signature(identity.cold.index(cold.public), cold, claim)


def _following(home: Path, chance: Callable[[int], bytes]) -> KeyPair:
    """Return the key after the coming one, safe on disk before anything promises it."""
    path = home / KEYS / "next.key.new"
    if not path.exists():
        write_key(path, chance(SEED_BYTES), f"next key. {_NEXT}")
    return KeyPair.from_seed(read_key(path))


def _change_files(home: Path, seed: bytes) -> None:
    """Let the coming key be the hot one, and the one after it the next."""
    keys = home / KEYS
    fresh = keys / "hot.key.new"
    fresh.unlink(missing_ok=True)
    write_key(fresh, seed, f"hot key. {_HOT}")
    fresh.replace(keys / "hot.key")
    following = keys / "next.key.new"
    if following.exists():
        following.replace(keys / "next.key")
