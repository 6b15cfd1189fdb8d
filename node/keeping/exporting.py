# SPDX-License-Identifier: AGPL-3.0-or-later
"""A network leaves its operator: exported whole from one home, and imported as another home's books.

An imported home holds all that belongs to the network and none of the keys that sign for it. It is as a replica's: it
follows the home that is, where that lets it in, and `mutirao takeover` makes it the home (docs/decisions/0062).
"""

import asyncio
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from node.keeping import upkeep
from node.keeping.home import (
    DATABASE,
    INVITATION_BYTES,
    HomeUnusable,
    found_replica,
    locked,
    make_durable,
    peer_id,
    read_keys,
)
from node.store import search, snapshot
from node.store.connections import StorageFailed, StorageUnusable, read_only
from node.store.erased import remember, remembered
from node.store.exported import batches_of, records_of
from node.store.highwater import why_recover
from node.store.holding import Holding, holding_of
from node.store.lanes import Reach
from node.store.loading import Loader
from node.store.storage import Storage
from protocol.events import Erase
from protocol.lanes.entry import IDENTITY, Millis
from protocol.lanes.exports import (
    EXPORT_MAGIC,
    EXPORT_TAMPERED,
    ExportFault,
    ExportSaid,
    check_export,
    export_seal,
    framed,
    read_export,
)
from protocol.lanes.items import parse_item
from protocol.practices import PRACTICES
from protocol.replica import Replica
from protocol.wire.keys import KeyPair, id_text, parse_id, verify

EXPORT_FOREIGN = "EXPORT_FOREIGN"
EXPORT_OLDER = "EXPORT_OLDER"
IMPORTING = ".importing"
"""The ending of the directory in which a home is made before it has its name."""


class ExportUnusable(HomeUnusable):
    """An export that is not taken in, by its code; nothing has changed."""

    def __init__(self, code: str, said: str) -> None:
        super().__init__(said)
        self.code = code


@dataclass(frozen=True, slots=True)
class NetworkImported:
    """What `mutirao network import` prints; the token is not to be had again, and None where there was one already."""

    network_id: str
    exported_at_ms: Millis
    peer_id: str
    steward_token: str | None
    ledger_entries: int
    holds: Holding


async def export_network(home: Path, target: Path, now: Callable[[], Millis]) -> Holding:
    """Write what belongs to a home's network to a new file that its key signs, be its node running or not.

    Raises HomeUnusable, and OSError where the file cannot be written.
    """
    keyring = read_keys(home).keyring
    if keyring is None:
        raise HomeUnusable(f"{home} does not sign for its network: the home exports it")
    await asyncio.to_thread(write_export, home / DATABASE, keyring.hot, target, now())
    return await asyncio.to_thread(holding_of, home / DATABASE)


def write_export(database: Path, hot: KeyPair, target: Path, at_ms: Millis) -> None:
    """Write an export as of this moment to a new file; raises HomeUnusable, OSError, and leaves nothing then."""
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)  # it holds what people wrote
        with os.fdopen(descriptor, "wb") as file, closing(sqlite3.connect(database)) as connection:
            network, epoch = _signer(connection, database)
            taken = sha256(EXPORT_MAGIC)
            file.write(EXPORT_MAGIC)
            for part, data in records_of(database, remembered(database.parent)):
                record = framed(part, data)
                taken.update(record)
                file.write(record)
            file.write(export_seal(hot, ExportSaid(1, network, epoch, at_ms, taken.digest())))
        with target.open("rb") as file:
            check_export(read_export(file.read))
    except FileExistsError:
        raise
    except (sqlite3.Error, ExportFault) as error:
        target.unlink(missing_ok=True)
        raise HomeUnusable(f"{database} cannot be exported: {error}") from None
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def _signer(connection: sqlite3.Connection, database: Path) -> tuple[bytes, int]:
    """Return whose database it is, and which epoch of its keys is the newest."""
    row = connection.execute("SELECT value FROM meta WHERE key = 'network'").fetchone()
    if row is None:
        raise HomeUnusable(f"{database} does not say whose it is: restore a backup")
    found = connection.execute(
        "SELECT max(epoch) FROM entries JOIN lanes ON number = lane WHERE network = ? AND name = ?", (row[0], IDENTITY)
    ).fetchone()
    return row[0], found[0] or 0


async def import_network(
    file: Path,
    home: Path,
    *,
    network: str | None,
    invitation: str | None,
    now: Callable[[], Millis],
    chance: Callable[[int], bytes],
) -> NetworkImported:
    """Make the home of a network that was exported elsewhere, or bring one that was imported before up to date.

    All of it is checked first: the seal, each entry as if a stranger had brought it, each item of a board. Raises
    ExportUnusable or HomeUnusable, and then nothing has changed: a crash leaves the home as it was, too.
    """
    said = await asyncio.to_thread(_checked_seal, file)
    told = id_text(said.network)
    if network is not None and parse_id(network) != said.network:
        raise ExportUnusable(EXPORT_FOREIGN, f"{file} is of the network {told}")
    making = home.with_name(home.name + IMPORTING)
    shutil.rmtree(making, ignore_errors=True)
    is_new = await asyncio.to_thread(_is_new, home)
    try:
        code = invitation or chance(INVITATION_BYTES).hex()  # where nobody lets it in, it follows nobody
        founded = await found_replica(making, told, code, now=now, chance=chance)
        reach = await _filled(file, making, said)
        imported = NetworkImported(
            told, said.at_ms, founded.peer_id, founded.steward_token, reach.seq + 1, holding_of(making / DATABASE)
        )
        if is_new:
            making.rename(home)
            return imported
        with locked(home):
            await _check_newer(home, making, said.network)
            await asyncio.to_thread(_put_in_place, making, home)
        transport = KeyPair.from_seed(read_keys(home).transport).public
        return replace(imported, steward_token=None, peer_id=peer_id(transport))
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _is_new(home: Path) -> bool:
    return not home.exists() or (home.is_dir() and not any(home.iterdir()))


def _checked_seal(path: Path) -> ExportSaid:
    """Return what the seal of a whole and unchanged file says; raises ExportUnusable."""
    with _reading(path) as file:
        return check_export(read_export(file.read))


@contextmanager
def _reading(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as file:
            yield file
    except ExportFault as fault:
        raise ExportUnusable(fault.code, f"{path} is not taken in: {fault}") from None
    except OSError as error:
        raise HomeUnusable(f"{path} cannot be read: {error}") from None


async def _filled(path: Path, home: Path, said: ExportSaid) -> Reach:
    """Put all of a file into the new home, whose tables are then made of it; returns how far its books go."""
    storage = await Storage.open(home / DATABASE)
    try:
        with _reading(path) as file:
            erased: list[Erase] = []
            for batch in batches_of(read_export(file.read), erased):
                await storage.commit(batch)
        remember(home, erased)
        if faults := await asyncio.to_thread(upkeep.audit, home):
            raise ExportUnusable(EXPORT_TAMPERED, f"{path} is not taken in: {faults[0]}")
        replica = Replica(said.network, PRACTICES, chance=bytes, keyring=None)
        await asyncio.to_thread(Loader(storage, said.network).rebuild, replica)
        await asyncio.to_thread(_check_boards, home / DATABASE, replica)
        reach = await storage.reach(said.network)
        assert reach is not None, "its identity lane was read"
        return reach
    except (ValueError, StorageUnusable) as fault:
        raise ExportUnusable(EXPORT_TAMPERED, f"{path} is not taken in: {fault}") from None
    except StorageFailed as error:
        raise HomeUnusable(f"{home} cannot be written: {error}") from None
    finally:
        await storage.close()


def _check_boards(database: Path, replica: Replica) -> None:
    """Raise ExportUnusable where an item of a board is not signed by the network that it names."""
    networks = replica.journal.directory.networks
    with closing(sqlite3.connect(read_only(database), uri=True)) as connection:
        for network, item, wire in connection.execute("SELECT network, item, wire FROM board_items"):
            pinned = parse_item(wire)
            known = networks.get(network)
            key = None if known is None else known.identity.key_of(pinned.said.epoch)
            is_its = pinned.place == (network, item)
            if not is_its or (key is not None and not verify(key, "item", pinned.said_bytes, pinned.signature)):
                raise ExportUnusable(EXPORT_TAMPERED, "an item of a board is not its network's")


async def _check_newer(home: Path, made: Path, network: bytes) -> None:
    """Raise ExportUnusable where a home is of another network, or its books go further than those that were made."""
    if read_keys(home).keyring is not None:
        raise HomeUnusable(f"{home} signs for its network: `mutirao restore` puts a copy of its own there")
    storage, fresh = await _opened(home), await _opened(made)
    try:
        there = await storage.network()
        if there not in (None, network):
            raise ExportUnusable(EXPORT_FOREIGN, f"{home} is of another network than this export")
        older = await why_recover(await storage.reach(network), fresh, network)
        if older is not None:
            raise ExportUnusable(EXPORT_OLDER, f"{home} holds more than this export: {older}")
    finally:
        await storage.close()
        await fresh.close()


async def _opened(home: Path) -> Storage:
    try:
        return await Storage.open(home / DATABASE)
    except StorageUnusable as error:
        raise HomeUnusable(str(error)) from None


def _put_in_place(made: Path, home: Path) -> None:
    """Let the new database take the place of the one that is there, in one step; tokens stay as they are."""
    fresh, database = made / DATABASE, home / DATABASE
    with closing(sqlite3.connect(fresh, isolation_level=None)) as connection:
        connection.execute("ATTACH ? AS before", (str(database),))
        connection.execute("BEGIN")
        connection.execute("DELETE FROM main.tokens")
        connection.execute("INSERT INTO main.tokens SELECT * FROM before.tokens")
        connection.execute("COMMIT")
        connection.execute("DETACH before")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    remember(home, remembered(made))
    search.forget_words(database)
    snapshot.forget(database.with_name(f"{DATABASE}.snapshot"))
    for ending in ("-wal", "-shm"):  # empty: nobody has it open, and all was brought into the database
        database.with_name(DATABASE + ending).unlink(missing_ok=True)
    fresh.replace(database)
    make_durable(home)
