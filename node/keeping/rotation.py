# SPDX-License-Identifier: AGPL-3.0-or-later
"""Changing a network's signing key, on a stopped node: the promised key takes over, the cold keys sign it.

Whoever stole the hot key can do nothing more once the new epoch is known (PROTOCOL 1). After a theft all that the
node holds in secret is replaced, and what it took in since may be given up (docs/decisions/0020).
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path

from node.keeping.cold import ToSign, claim_shown, read_signature, write_claim
from node.keeping.home import (
    ABOUT_KEYS,
    DATABASE,
    HIGH_WATER,
    INVITATION,
    KEYS,
    HomeUnusable,
    cold_names,
    cold_quorum,
    locked,
    peer_id,
    read_key,
    write_key,
)
from node.loop.batch import Batch
from node.store.connections import StorageFailed
from node.store.highwater import HighWater
from node.store.storage import Storage
from protocol.lanes.claims import (
    GUARDIANS_MAX,
    RECOVERY_DELAY_MS_MAX,
    ColdKeys,
    ColdSignature,
    Guardians,
    Rotation,
    RotationClaim,
)
from protocol.lanes.entry import IDENTITY, LEDGER, Entry, Millis
from protocol.lanes.growing import cold_signature, signed_by_cold_key
from protocol.lanes.identity import Identity, promise
from protocol.lanes.journal import Keyring
from protocol.practices import PRACTICES
from protocol.practices.between.links.state import Links
from protocol.replica import Replica
from protocol.wire.codec import decode
from protocol.wire.keys import SEED_BYTES, KeyPair, id_text, parse_id

RECOVERY_DELAY_MS = 14 * 24 * 3_600 * 1_000
"""How long a recovery is put off where nothing else is said: so long may nobody look."""


@dataclass(frozen=True, slots=True)
class Change:
    """Which change of keys is wished for.

    `next_key` is where the promised key lies, `keys/next.key` of the home by default. After a theft (`stolen`) the
    keys of wire and preimages are replaced too. `before_ms` gives up all that the home has taken in since it first
    held an entry of its own network with this date or a later one. `cold_keys` puts so many new cold keys in the place
    of all that there are, of which `cold_needed` sign from then on, more than half where that is not said. From then on
    the hot key alone grants `hot_grant` on a link in all, in its minor units, and no more. `guardians` are the
    networks, by id, that may give new keys once all are lost: `guardians_needed` of them, more than half where that is
    not said, and `recovery_delay_ms` later.
    """

    next_key: Path | None = None
    stolen: bool = False
    before_ms: Millis | None = None
    cold_keys: int | None = None
    cold_needed: int | None = None
    hot_grant: int | None = None
    guardians: tuple[str, ...] = ()
    guardians_needed: int | None = None
    recovery_delay_ms: Millis = RECOVERY_DELAY_MS


@dataclass(frozen=True, slots=True)
class Rotated:
    """What `mutirao rotate` prints: the epoch that the new key opens, and how many stored entries were given up."""

    network_id: str
    epoch: int
    key: str
    peer_id: str
    given_up: int


async def rotate(
    home: Path,
    change: Change,
    *,
    cold_keys: Sequence[Path] = (),
    signatures: Sequence[Path] = (),
    now: Callable[[], Millis],
    chance: Callable[[int], bytes],
) -> Rotated:
    """Open a new epoch under the promised key; a rotation that a crash broke off is finished by doing it again.

    Cold keys sign here, or have signed elsewhere what `to_sign` gave. Raises HomeUnusable, and then the network is
    as it was.
    """
    async with _begun(home, change, chance, reuse=bool(signatures)) as begun:
        given_up = 0
        if begun.claim is not None:
            signed = _signatures(begun.identity, begun.claim, cold_keys, signatures)
            given_up = await _stored(home, begun, change, Rotation(begun.claim, signed), now())
        identity = begun.identity
        _change_files(home, begun.seed, identity)
        reach = await begun.storage.reach(identity.network)
        mark = HighWater(home / HIGH_WATER, identity.network)
        if reach is not None:
            mark.advance(reach)
        mark.close()
        key = identity.key_of(identity.epoch)
        assert key is not None
        return Rotated(id_text(identity.network), identity.epoch, key.hex(), peer_id(identity.transport), given_up)


async def to_sign(home: Path, change: Change, target: Path, *, chance: Callable[[int], bytes]) -> ToSign:
    """Write what cold keys on other machines have to sign; it holds until the node runs again.

    Raises HomeUnusable, and FileExistsError where the target is there.
    """
    async with _begun(home, change, chance) as begun:
        if begun.claim is None:
            raise HomeUnusable("this change of keys is signed and stored: `mutirao rotate` finishes it")
        write_claim(begun.claim, target)
        return claim_shown(begun.claim)


# What is to be signed.


@dataclass(slots=True)
class _Begun:
    """A home that is about to change its key; `claim` is None where the change is stored and files are left to do."""

    storage: Storage
    replica: Replica
    seed: bytes
    claim: RotationClaim | None
    kept: int | None
    """How many entries the home keeps, the first that came; None for all."""

    @property
    def identity(self) -> Identity:
        return self.replica.journal.directory.networks[self.replica.network].identity


@asynccontextmanager
async def _begun(
    home: Path, change: Change, chance: Callable[[int], bytes], *, reuse: bool = False
) -> AsyncIterator[_Begun]:
    """Load a stopped home as it will be when its key is changed; `reuse` the keys that were made for this before."""
    with locked(home):
        if (home / KEYS / INVITATION).exists():
            raise HomeUnusable("a replica has no keys to rotate: do it at the home node")
        storage = await Storage.open(home / DATABASE)
        try:
            network = await storage.network()
            if network is None:
                raise HomeUnusable(f"{home / DATABASE} does not say whose it is: restore a backup")
            seed = read_key(change.next_key or home / KEYS / "next.key")
            coming = KeyPair.from_seed(seed)
            replica = _loaded(storage, network, Keyring(coming, b""), chance, None)
            begun = _Begun(storage, replica, seed, None, None)
            if begun.identity.key_of(begun.identity.epoch) != coming.public:
                begun.kept = _kept(storage, network, change.before_ms)
                if begun.kept is not None:
                    begun.replica = _loaded(storage, network, Keyring(coming, b""), chance, begun.kept)
                begun.claim = _claim(home, begun, coming, change, chance, reuse=reuse)
            yield begun
        finally:
            await storage.close()


def _loaded(
    storage: Storage, network: bytes, keyring: Keyring, chance: Callable[[int], bytes], kept: int | None
) -> Replica:
    replica = Replica(network, PRACTICES, chance=chance, keyring=keyring)
    for _ in replica.load(islice(storage.entries(), kept)):
        pass
    return replica


def _kept(storage: Storage, network: bytes, before_ms: Millis | None) -> int | None:
    """Return how many entries came before the first of the network's own that is dated so late, None for all."""
    if before_ms is None:
        return None
    for arrived, entry in enumerate(storage.entries()):
        if entry.network == network and _is_since(entry, before_ms):
            if arrived == 0:
                raise HomeUnusable("that is before the network was founded")
            return arrived
    return None


def _is_since(entry: Entry, moment_ms: Millis) -> bool:
    """Tell whether an entry is dated then or later; one without a date no honest node has written."""
    fields = decode(entry.body_bytes)
    at_ms = fields.get(2) if isinstance(fields, dict) else None
    return not isinstance(at_ms, int) or at_ms >= moment_ms


def _claim(
    home: Path, begun: _Begun, coming: KeyPair, change: Change, chance: Callable[[int], bytes], *, reuse: bool
) -> RotationClaim:
    identity = begun.identity
    guardians = _named(begun, change)
    if promise(coming.public) != identity.next_digest:
        raise HomeUnusable("this is not the key that the network promised to use next")
    if change.hot_grant is not None:
        _check_grants(begun.replica, change.hot_grant)
    keys = home / KEYS
    for name in ("next", "preimage", "transport"):
        if not reuse or (name != "next" and not change.stolen):
            # Who stole the home may have those that an earlier start has left.
            (keys / f"{name}.key.new").unlink(missing_ok=True)
    # They are safe on disk before anything promises them.
    following = _fresh(keys, "next", chance)
    transport = identity.transport
    if change.stolen:
        _fresh(keys, "preimage", chance)
        transport = _fresh(keys, "transport", chance).public
    cold = _new_cold(keys, change, chance, reuse=reuse)
    heads = begun.replica.journal.held.lane_heads()
    return RotationClaim(
        identity.network, identity.epoch + 1, coming.public, promise(following.public), transport, heads, cold,
        change.hot_grant, guardians,
    )  # fmt: skip


def _check_grants(replica: Replica, hot_grant: int) -> None:
    """See that all that is granted binds under a new bound; raises HomeUnusable where cold keys have to sign first."""
    unsigned = [
        id_text(link.id)
        for link in replica.book.of(Links).by_id.values()
        if link.mine is not None
        and not link.mine.closed
        and link.side.own.granted > max(hot_grant, 0 if link.signed is None else link.signed.granted)
    ]
    if unsigned:
        raise HomeUnusable(
            f"cold keys have to sign first what is granted on these links (`mutirao links sign`): {', '.join(unsigned)}"
        )


def _fresh(keys: Path, name: str, chance: Callable[[int], bytes]) -> KeyPair:
    """Return the key that comes into use with the rotation or after it."""
    path = keys / f"{name}.key.new"
    if not path.exists():
        about = ABOUT_KEYS["cold" if name.startswith("cold") else name]
        write_key(path, chance(SEED_BYTES), f"{name} key. {about}")
    return KeyPair.from_seed(read_key(path))


def _new_cold(keys: Path, change: Change, chance: Callable[[int], bytes], *, reuse: bool) -> ColdKeys | None:
    """Return the keys that come in the place of the cold ones, made if need be, or None where those stay."""
    names = () if change.cold_keys is None else cold_names(change.cold_keys)
    for path in keys.glob("cold*.key.new"):
        if not reuse or path.name.removesuffix(".key.new") not in names:
            path.unlink()
    if change.cold_keys is None:
        return None
    needed = cold_quorum(change.cold_keys, change.cold_needed)
    return ColdKeys(tuple(_fresh(keys, name, chance).public for name in names), needed)


def _named(begun: _Begun, change: Change) -> Guardians | None:
    """Return the guardians that are wished for, None where those stay that there are."""
    if not change.guardians:
        return None
    known = begun.replica.journal.directory.networks
    networks = tuple(parse_id(one) or b"" for one in change.guardians)
    for text, network in zip(change.guardians, networks, strict=True):
        if network not in known or network == begun.replica.network:
            raise HomeUnusable(f"{text} is not the id of another network that this node knows")
    if len(set(networks)) != len(networks):
        raise HomeUnusable("a guardian is named twice")
    if len(networks) > GUARDIANS_MAX:
        raise HomeUnusable(f"a network has {GUARDIANS_MAX} guardians at most")
    needed = len(networks) // 2 + 1 if change.guardians_needed is None else change.guardians_needed
    if not 1 <= needed <= len(networks):
        raise HomeUnusable(f"{needed} of {len(networks)} guardians cannot agree")
    if not 1 <= change.recovery_delay_ms <= RECOVERY_DELAY_MS_MAX:
        raise HomeUnusable("a recovery is put off by 366 days at most")
    return Guardians(networks, needed, change.recovery_delay_ms)


# Signatures.


def _signatures(
    identity: Identity, claim: RotationClaim, cold_keys: Sequence[Path], files: Sequence[Path]
) -> tuple[ColdSignature, ...]:
    """Return the signatures of different cold keys, in their order; raises HomeUnusable where they are too few."""
    signed: dict[int, ColdSignature] = {}
    for path in cold_keys:
        cold = KeyPair.from_seed(read_key(path))
        index = _index(identity, cold.public, path)
        signed[index] = cold_signature(index, cold, claim)
    for path in files:
        one = _read_signature(identity, path)
        if not signed_by_cold_key(identity, claim, one):
            raise HomeUnusable(
                f"{path} does not sign this change of keys: is it of another one, or has the node run meanwhile?"
            )
        signed[one.index] = one
    if len(signed) < identity.cold_needed:
        raise HomeUnusable(f"{identity.cold_needed} cold keys have to sign, {len(signed)} did")
    return tuple(signed[index] for index in sorted(signed))


def _index(identity: Identity, public: bytes, path: Path) -> int:
    if public not in identity.cold:
        raise HomeUnusable(f"{path} is not a cold key of this network")
    return identity.cold.index(public)


def _read_signature(identity: Identity, path: Path) -> ColdSignature:
    public, signature = read_signature(path)
    return ColdSignature(_index(identity, public, path), signature)


# What is kept.


async def _stored(home: Path, begun: _Begun, change: Change, rotation: Rotation, now: Millis) -> int:
    """Store the rotation, and drop in the same transaction what is given up; returns how many entries that is."""
    journal = begun.replica.journal
    head = journal.held.head(begun.replica.network, LEDGER)
    entry = journal.write(rotation, IDENTITY, now)
    batch = Batch([entry])
    try:
        if begun.kept is None:
            await begun.storage.commit(batch)
            return 0
        await begun.storage.backup(_aside(home / DATABASE))
        assert change.before_ms is not None
        last = -1 if head is None else head.position.seq
        return await begun.storage.go_back(begun.kept, last, change.before_ms, batch)
    except StorageFailed as error:
        raise HomeUnusable(f"{home / DATABASE} cannot be written: {error}") from None


def _aside(database: Path) -> Path:
    """Return the name under which the database is kept as it was."""
    return next(path for number in count(1) if not (path := Path(f"{database}.old{number}")).exists())


def _change_files(home: Path, seed: bytes, identity: Identity) -> None:
    """Let the coming key be the hot one, and the one after it the next; and those of wire and preimages change.

    Keys that were made for a change to come stay where they are: no rotation names them yet.
    """
    keys = home / KEYS
    transport, following = keys / "transport.key.new", keys / "next.key.new"
    if transport.exists() and KeyPair.from_seed(read_key(transport)).public == identity.transport:
        # The wire's key goes last: as long as it is here, the other may be too.
        preimage = keys / "preimage.key.new"
        if preimage.exists():
            preimage.replace(keys / "preimage.key")
        transport.replace(keys / "transport.key")
    for cold in keys.glob("cold*.key.new"):
        if KeyPair.from_seed(read_key(cold)).public in identity.cold:
            cold.replace(cold.with_suffix(""))
    fresh = keys / "hot.key.new"
    fresh.unlink(missing_ok=True)
    write_key(fresh, seed, f"hot key. {ABOUT_KEYS['hot']}")
    fresh.replace(keys / "hot.key")
    if following.exists() and promise(KeyPair.from_seed(read_key(following)).public) == identity.next_digest:
        following.replace(keys / "next.key")
