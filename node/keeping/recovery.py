# SPDX-License-Identifier: AGPL-3.0-or-later
"""A network whose keys are all lost goes on under new ones in a stopped copy of its books, by its guardians' word.

First the copy makes the keys and the claim that shows them; the guardians back it; and once it is due, the copy writes
the recovery and is the home (docs/decisions/0028). It is much like a takeover, but nobody signs for the old keys.
"""

import json
from binascii import Error as Base64Error
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from node.http.components import Misread
from node.http.schema import form
from node.http.values import bytes_text
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
from node.store.connections import StorageUnusable
from node.store.highwater import HighWater
from node.store.storage import Storage
from protocol.events import Forget
from protocol.lanes.claims import ColdKeys, Recovery, RecoveryClaim
from protocol.lanes.entry import IDENTITY, LEDGER, EntryFault, Millis
from protocol.lanes.identity import Identity, promise
from protocol.lanes.journal import Keyring
from protocol.practices import PRACTICES
from protocol.practices.between.networks.entries import ReplicaDismissed
from protocol.practices.between.networks.replicas import Replicas
from protocol.replica import Replica
from protocol.wire.codec import CodecFault, decode, encode
from protocol.wire.keys import SEED_BYTES, KeyPair, id_text
from protocol.wire.shape import ShapeFault, from_map, to_map

DOCUMENT_BYTES_MAX = 400_000
"""What a guardian's node shows of a recovery, in JSON."""


@dataclass(frozen=True, slots=True)
class RecoveryProposed:
    """What `mutirao recover --propose` prints: guardians compare it with what their nodes show."""

    network_id: str
    recovery: str
    epoch: int
    key: str
    peer_id: str
    cold_keys: tuple[str, ...]
    cold_needed: int
    guardians: tuple[str, ...]
    guardians_needed: int


@dataclass(frozen=True, slots=True)
class Finished:
    """What `mutirao recover --finish` prints: the epoch that the new home opens, and on how many ledger entries."""

    network_id: str
    epoch: int
    key: str
    ledger_entries: int


async def propose(
    home: Path, target: Path, *, cold_keys: int, cold_needed: int | None, chance: Callable[[int], bytes]
) -> RecoveryProposed:
    """Make new keys, in the place of those of an earlier proposal, and write the claim that guardians back.

    Raises HomeUnusable, and FileExistsError where the target is there.
    """
    needed = cold_quorum(cold_keys, cold_needed)
    async with _opened(home, chance) as (_, replica, identity):
        guardians = identity.guardians
        if not guardians.networks:
            raise HomeUnusable("this network has named no guardians: nobody can give it new keys")
        keys = home / KEYS
        for path in keys.glob("*.key.new"):
            path.unlink()
        names = cold_names(cold_keys)
        for name in ("hot", "next", "preimage", *names):
            about = ABOUT_KEYS["cold" if name in names else name]
            write_key(keys / f"{name}.key.new", chance(SEED_BYTES), f"{name} key. {about}")
        if not (keys / "transport.key").exists():
            write_key(keys / "transport.key", chance(SEED_BYTES), f"transport key. {ABOUT_KEYS['transport']}")
        cold = ColdKeys(tuple(_public(keys / f"{name}.key.new") for name in names), needed)
        claim = RecoveryClaim(
            identity.network,
            identity.epoch + 1,
            _public(keys / "hot.key.new"),
            promise(_public(keys / "next.key.new")),
            _public(keys / "transport.key"),
            cold,
            replica.journal.held.lane_heads(),
        )
        text = bytes_text(encode(to_map(claim)))
        with target.open("x") as file:
            file.write(f"{text}\n")
        return RecoveryProposed(
            id_text(claim.network),
            id_text(claim.digest),
            claim.epoch,
            claim.key.hex(),
            peer_id(claim.transport),
            tuple(key.hex() for key in cold.keys),
            cold.needed,
            tuple(map(id_text, guardians.networks)),
            guardians.needed,
        )


async def finish(home: Path, document: Path, *, now: Callable[[], Millis], chance: Callable[[int], bytes]) -> Finished:
    """Write the recovery that guardians have backed, once it is due; a crash is mended by doing it again.

    Raises HomeUnusable, and then nothing has changed.
    """
    said = _read(document)
    async with _opened(home, chance) as (storage, replica, identity):
        keys, claim = home / KEYS, said.claim
        finished = identity.key_of(identity.epoch) == claim.key
        if not finished:
            if _public(keys / "hot.key.new") != claim.key or _public(keys / "transport.key") != claim.transport:
                raise HomeUnusable(f"{document} is not of the recovery that was proposed here last")
            if claim.heads != replica.journal.held.lane_heads():
                raise HomeUnusable("this copy holds other entries than when this was proposed: propose it again")
            await storage.commit(_written(replica, said, keys, now()))
        _change_files(keys)
        reach = await storage.reach(claim.network)
        assert reach is not None
        mark = HighWater(home / HIGH_WATER, claim.network)
        mark.advance(reach)
        mark.close()
        return Finished(id_text(claim.network), claim.epoch, claim.key.hex(), reach.seq + 1)


@asynccontextmanager
async def _opened(home: Path, chance: Callable[[int], bytes]) -> AsyncIterator[tuple[Storage, Replica, Identity]]:
    """Load a stopped copy of a network's books, whoever's keys are with it."""
    with locked(home):
        try:
            storage = await Storage.open(home / DATABASE)
        except StorageUnusable as error:
            raise HomeUnusable(str(error)) from None
        try:
            network = await storage.network()
            if network is None:
                raise HomeUnusable(f"{home / DATABASE} does not say whose it is: restore a backup")
            replica = Replica(network, PRACTICES, chance=chance, keyring=None)
            for _ in replica.load(storage.entries()):
                pass
            known = replica.journal.directory.networks.get(network)
            # What is not here, the change of keys drops everywhere, the network's own name with it.
            if known is None or known.profile is None or replica.journal.held.head(network, LEDGER) is None:
                raise HomeUnusable(f"{home} holds none of its network's books: there is nothing to go on from")
            yield storage, replica, known.identity
        finally:
            await storage.close()


def _written(replica: Replica, said: Recovery, keys: Path, now: Millis) -> Batch:
    """Return the entries by which the network goes on here: the recovery, and that this is no replica any more."""
    journal = replica.journal
    journal.keyring = Keyring(KeyPair.from_seed(read_key(keys / "hot.key.new")), read_key(keys / "preimage.key.new"))
    try:
        entries = [journal.write(said, IDENTITY, now)]
    except EntryFault as fault:
        raise HomeUnusable(f"this recovery does not hold: {fault}") from None
    recovered = journal.directory.networks[replica.network].identity.epochs[-1].recovered
    assert recovered is not None
    if now < recovered.in_force_ms:
        raise HomeUnusable(f"this recovery takes effect in {(recovered.in_force_ms - now) // 60_000 + 1} minutes")
    places = replica.book.of(Replicas).places.values()
    own = [one.code for one in places if one.transport == said.claim.transport and not one.dismissed]
    entries += [journal.write(ReplicaDismissed(code), LEDGER, now) for code in own]
    stores, _ = journal.drain()
    assert not any(isinstance(one, Forget) for one in stores), "it stands on all that is held here"
    return Batch(entries)


def _public(path: Path) -> bytes:
    return KeyPair.from_seed(read_key(path)).public


def _read(document: Path) -> Recovery:
    try:
        with document.open() as file:
            shown = json.loads(file.read(DOCUMENT_BYTES_MAX))
        fields = decode(form(bytes).read(shown["document"]))
        return from_map(Recovery, fields if isinstance(fields, dict) else {})
    except OSError as error:
        raise HomeUnusable(f"{document} cannot be read: {error}") from None
    except (ValueError, KeyError, TypeError, Misread, Base64Error, CodecFault, ShapeFault):
        raise HomeUnusable(
            f"{document} holds no recovery that enough guardians back: `mutirao recoveries show --json` gives it"
        ) from None


def _change_files(keys: Path) -> None:
    """Let the node that starts next find the keys of a home; last of all goes a replica's invitation."""
    for path in sorted(keys.glob("*.key.new")):
        path.replace(path.with_suffix(""))
    (keys / INVITATION).unlink(missing_ok=True)
