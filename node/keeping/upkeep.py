# SPDX-License-Identifier: AGPL-3.0-or-later
"""A home looked after: its book verified from the signed entries alone, its tables made anew, copied, put back."""

import asyncio
import gc
import os
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from node.clock import chance
from node.keeping.compared import LINES_SHOWN_MAX, lacking_claims, wrong_rows
from node.keeping.home import DATABASE, HIGH_WATER, KEYS, HomeUnusable, locked, read_keys
from node.store import search
from node.store.connections import StorageFailed, StorageUnusable, version_fault
from node.store.erased import erase_anew, remembered
from node.store.highwater import HighWater, why_recover
from node.store.holding import Holding, holding_of
from node.store.loading import Loader
from node.store.lookups import LINES
from node.store.storage import Storage
from protocol.events import Forget, Line, Store
from protocol.lanes.entry import IDENTITY, LEDGER, LINK_PREFIX, Entry, EntryFault, decode_body, parse
from protocol.lanes.journal import InvalidEntry, Journal
from protocol.practices import PRACTICES
from protocol.practices.between.checkpoints.state import Checkpoints
from protocol.practices.between.faults.evidence import FaultKind
from protocol.practices.between.faults.unclaimed import unclaimed
from protocol.practices.between.links.entries import LinkRecord
from protocol.practices.between.links.records import judge
from protocol.replica import Replica
from protocol.wire.keys import id_text

ProgressTold = Callable[[int], None]
"""Told now and then how many entries are done."""
TELL_EVERY_ENTRIES = 1_000

_ENTRIES = "SELECT arrival, id, network, name, epoch, seq, wire FROM entries JOIN lanes ON number = lane"
_SIDE_FILES = ("", "-wal", "-shm")
"""SQLite's files beside a database have its name and these endings."""


@dataclass(frozen=True, slots=True)
class BookReport:
    """What a verification found: the book is sound if there are no faults.

    `sums` are the sums of all balances by currency (minor units); `forks` the networks proved to have
    signed two entries at one place.
    """

    network_id: str
    entries: int
    lines: int
    accounts: int
    sums: Mapping[str, int]
    forks: tuple[str, ...]
    faults: tuple[str, ...]


def verify_book(home: Path, told: ProgressTold) -> BookReport:
    """Return what is wrong with a home's book, be its node running or not; it takes nobody's word for anything.

    Every entry is read as if a stranger had brought it: form, hashes, chain, signatures, rules. The
    statement lines that follow are compared with those that are stored. Raises HomeUnusable.
    """
    with closing(_opened(home / DATABASE)) as connection:
        try:
            connection.execute("BEGIN")  # one moment of a database that may go on meanwhile
            return _verified(connection, told, _broken(connection), of_home=(home / KEYS / "hot.key").exists())
        except sqlite3.DatabaseError as error:
            raise HomeUnusable(f"{home / DATABASE} is damaged ({error}): restore a backup") from None


def audit(home: Path) -> Sequence[str]:
    """Return why the entries in a home do not stand, each read as a stranger's, rows apart; raises HomeUnusable."""
    with closing(_opened(home / DATABASE)) as connection:
        journal = Journal(_network_of(connection), PRACTICES, chance, None)
        unsigned: list[Entry] = []
        for row in connection.execute(f"{_ENTRIES} ORDER BY arrival"):
            try:
                _audited(journal, row, unsigned)
            except ValueError as fault:  # of the codec, the shape, or the rules
                return [f"entry {row[0]}: {fault}"]
        return [*_signed_by_nobody(journal, unsigned), *journal.book.complaints()]


def bears_out(home: Path, kind: FaultKind, accused: Entry) -> bool:
    """Tell whether the books in a home, be its node running or not, bear out what their own network is accused of.

    They are folded up to the entry's place, and the entry is judged there. Raises HomeUnusable.
    """
    with closing(_opened(home / DATABASE)) as connection:
        network = _network_of(connection)
        if (accused.network, accused.header.lane) != (network, LEDGER):
            raise HomeUnusable(f"{home} does not hold the lane that the evidence is of")
        journal = Journal(network, PRACTICES, chance, None)
        whole = kind is FaultKind.ARRIVAL_UNCLAIMED
        for (wire,) in connection.execute("SELECT wire FROM entries ORDER BY arrival"):
            entry = parse(wire)
            own = (entry.network, entry.header.lane) == (network, LEDGER)
            if whole or not (own and entry.header.seq >= accused.header.seq):
                journal.reload(entry)
    if whole:
        return any(unclaimed(journal.book))
    if not journal.follows(accused):
        raise HomeUnusable(f"the books in {home} do not lead to the entry that the evidence is of")
    try:
        journal.take(accused)
    except InvalidEntry:
        return kind is FaultKind.ENTRY_INVALID
    except EntryFault:
        return False
    wrong = journal.book.of(Checkpoints).wrong
    return kind is FaultKind.CHECKPOINT_WRONG and any(seq == accused.header.seq for seq, _ in wrong)


async def rebuild(home: Path) -> int:
    """Make the lookup tables anew from the signed entries, on a stopped node; returns how many lines they hold.

    Raises HomeUnusable.
    """
    with locked(home):
        storage = await _storage(home)
        try:
            replica = Replica(await _network(storage), PRACTICES, chance=chance, keyring=None)
            return Loader(storage, replica.network).rebuild(replica)
        except (StorageFailed, StorageUnusable, EntryFault) as error:
            raise HomeUnusable(f"{error}") from None
        finally:
            await storage.close()


@dataclass(frozen=True, slots=True)
class Restored:
    """Why a restored node will recover, None if it need not; how many items were erased anew; what it holds now."""

    because: str | None
    erased_anew: int
    holds: Holding


def held_by(backup: Path) -> Holding:
    """Return what a backup holds; raises HomeUnusable where it is none."""
    _checked(backup)
    return holding_of(backup)


async def back_up(home: Path, target: Path) -> None:
    """Write a copy of a home's database, be its node running or not.

    Raises HomeUnusable, and FileExistsError where the target is there.
    """
    storage = await _storage(home)
    try:
        with _for_the_owner_alone():
            await storage.backup(target)
    except StorageFailed as error:
        raise HomeUnusable(f"{target} cannot be written: {error}") from None
    finally:
        await storage.close()


def restore(backup: Path, home: Path) -> Restored:
    """Put a backup in the place of a stopped node's database; what members have erased since goes from it first.

    Keys and high-water mark stay as they are. The database that was there is kept beside the new one.
    Raises HomeUnusable, and then nothing has changed.
    """
    _may_restore(home)
    with locked(home), _for_the_owner_alone():
        network = _checked(backup)
        database = home / DATABASE
        if _network_there(database) not in (None, network):
            raise HomeUnusable(f"{backup} is of another network than {home}")
        fresh = home / f"{DATABASE}.restored"
        shutil.copyfile(backup, fresh)
        erased = remembered(home)
        erased_anew = erase_anew(fresh, erased) if erased else 0
        _sync(fresh)
        _set_aside(database)
        search.forget_words(database)
        fresh.rename(database)
        _sync(home)
        return Restored(asyncio.run(_why_recover(home)), erased_anew, holding_of(database))


def _may_restore(home: Path) -> None:
    """Raise HomeUnusable where no home's keys are, and tell what belongs there: `init` would make another network."""
    try:
        read_keys(home)
    except HomeUnusable as lacking:
        raise HomeUnusable(
            f"{home} holds no home's keys ({lacking}). On a new machine put `keys` with hot.key, preimage.key and"
            " transport.key into it, as they were kept, and `mutirao.toml`, `erased` and `high-water` where you have"
            " them; then restore there. `mutirao init` would make another network"
        ) from None


def _broken(connection: sqlite3.Connection) -> list[str]:
    """Return what is wrong with the file itself, page by page: also where no entry stands."""
    found = connection.execute(f"PRAGMA integrity_check({LINES_SHOWN_MAX})")
    lines = (line for (text,) in found for line in str(text).splitlines() if not line.startswith("***"))
    return [f"the database is damaged: {line}" for line in lines if line != "ok"][:LINES_SHOWN_MAX]


def _verified(connection: sqlite3.Connection, told: ProgressTold, broken: list[str], *, of_home: bool) -> BookReport:
    network = _network_of(connection)
    journal = Journal(network, PRACTICES, chance, None)
    stored = connection.execute(f"{LINES} ORDER BY arrival")
    faults = list(broken)
    unsigned: list[Entry] = []
    entries = lines = different = 0
    gc.disable()  # what is folded stays: walking it for garbage takes more than the folding
    try:
        for row in connection.execute(f"{_ENTRIES} ORDER BY arrival"):
            try:
                expected = _audited(journal, row, unsigned)
            except ValueError as fault:  # of the codec, the shape, or the rules
                faults.append(f"entry {row[0]}: {fault}")
                break
            entries += 1
            if entries % TELL_EVERY_ENTRIES == 0:
                told(entries)
            for line in expected:
                lines += 1
                found = stored.fetchone()
                if found is None or Line(*found[1:]) != line:
                    different += 1
                    if different <= LINES_SHOWN_MAX:
                        faults.append(f"statement line {lines} is not what entry {row[0]} makes it")
    finally:
        gc.enable()
    faults += _signed_by_nobody(journal, unsigned)
    if not faults and stored.fetchone() is not None:
        faults.append("there are statement lines that no entry makes")
    faults += wrong_rows(connection, journal.book)
    if different > LINES_SHOWN_MAX:
        faults.append(f"{different} statement lines in all differ: mutirao rebuild makes them anew")
    sums: Counter[str] = Counter()
    for account in journal.book.ledger.accounts.values():
        sums[account.currency] += account.balance_minor
    faults += journal.book.complaints()
    forks = tuple(id_text(id) for id, known in journal.directory.networks.items() if known.forked)
    if id_text(network) in forks:
        faults.append("this network has signed two entries at one place")
    wrong = journal.book.of(Checkpoints).wrong
    faults += (f"the checkpoint at entry {seq} is not what the entries make: {parts}" for seq, parts in wrong)
    faults += lacking_claims(connection, journal.book, of_home=of_home)
    accounts = len(journal.book.ledger.accounts)
    return BookReport(id_text(network), entries, lines, accounts, dict(sums), forks, tuple(faults))


def _signed_by_nobody(journal: Journal, unsigned: Iterable[Entry]) -> Iterator[str]:
    for entry in unsigned:
        if journal.directory.networks[entry.network].identity.signed_in(entry) is None:
            yield f"a record in {entry.header.lane} that no key of its network has signed"


def _audited(journal: Journal, row: tuple[Any, ...], unsigned: list[Entry]) -> tuple[Line, ...]:
    """Fold a stored entry in as a stranger's; returns its lines, raises ValueError where it may not stand.

    Records of epochs that are not known yet join the `unsigned`: a rotation that stands further on has taken the place
    of such an epoch, and only then is it known which key signed them.
    """
    _, entry_id, network, lane, epoch, seq, wire = row
    if not isinstance(wire, bytes):
        raise EntryFault("the database holds something else than bytes there")
    entry = parse(wire)
    header = entry.header
    if (entry.id, entry.network, header.lane, header.epoch, header.seq) != (entry_id, network, lane, epoch, seq):
        raise EntryFault("the database names it otherwise than it names itself")
    if header.lane.startswith(LINK_PREFIX) and entry.network != journal.network:
        _check_record(journal, entry)
    elif not journal.follows(entry):
        journal.directory.verify(entry)
        if not journal.convict(entry):
            raise EntryFault("it does not follow the one before it")
        journal.drain()
        return ()
    known = journal.directory.networks.get(entry.network)
    if header.lane.startswith(LINK_PREFIX) and known is not None and header.epoch > known.identity.epoch:
        unsigned.append(entry)
    elif header.lane != IDENTITY:  # a key event is signed by the key that it brings, and checked as it is taken
        journal.directory.verify(entry)
    journal.take(entry)
    stores, _ = journal.drain()
    if any(isinstance(one, Forget) for one in stores):
        raise EntryFault("it leaves out what is stored all the same: start the node, and it is dropped")
    return next(one.lines for one in stores if isinstance(one, Store))


def _check_record(journal: Journal, entry: Entry) -> None:
    body, _ = decode_body(entry.body_bytes, {LinkRecord.KIND: LinkRecord})
    assert isinstance(body, LinkRecord)
    fault = judge(journal.book, body, entry, journal.epoch_of(entry))
    if fault is not None:
        raise EntryFault(f"a record that breaks a rule of the link: {fault}")


async def _storage(home: Path) -> Storage:
    try:
        return await Storage.open(home / DATABASE)
    except StorageUnusable as error:
        raise HomeUnusable(str(error)) from None


async def _network(storage: Storage) -> bytes:
    network = await storage.network()
    if network is None:
        raise HomeUnusable(f"{storage.path} does not say whose it is: restore a backup")
    return network


async def _why_recover(home: Path) -> str | None:
    storage = await _storage(home)
    try:
        network = await _network(storage)
        mark = HighWater(home / HIGH_WATER, network)
        try:
            return await why_recover(mark.read(), storage, network)
        finally:
            mark.close()
    finally:
        await storage.close()


def _checked(backup: Path) -> bytes:
    """Return whose database a backup is; raises HomeUnusable where it cannot be served from."""
    with closing(_opened(backup)) as connection:
        try:
            [(found,)] = connection.execute("PRAGMA quick_check(1)")
        except sqlite3.DatabaseError as error:
            found = str(error)
        if found != "ok":
            raise HomeUnusable(f"{backup} is damaged: {found}")
        return _network_of(connection)


def _opened(path: Path) -> sqlite3.Connection:
    """Return a database opened for reading; raises HomeUnusable where it is not one that this version can read."""
    if not path.is_file():
        raise HomeUnusable(f"{path} is not there")
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)
    try:
        [(version,)] = connection.execute("PRAGMA user_version")
    except sqlite3.DatabaseError as error:
        connection.close()
        raise HomeUnusable(f"{path} is no database: {error}") from None
    if fault := version_fault(version, path):
        connection.close()
        raise HomeUnusable(fault)
    return connection


def _network_there(database: Path) -> bytes | None:
    """Return whose database lies in a home, None where it can no longer be told."""
    try:
        with closing(_opened(database)) as connection:
            return _network_of(connection)
    except (HomeUnusable, sqlite3.DatabaseError):
        return None


def _network_of(connection: sqlite3.Connection) -> bytes:
    row = connection.execute("SELECT value FROM meta WHERE key = 'network'").fetchone()
    if row is None:
        raise HomeUnusable("the database does not say whose it is: restore a backup")
    return row[0]


def _set_aside(database: Path) -> None:
    """Give a database and its log another name: a log that was left would be taken for the new one's."""
    aside = next(path for number in count(1) if not (path := Path(f"{database}.old{number}")).exists())
    for ending in _SIDE_FILES:
        with suppress(FileNotFoundError):
            Path(f"{database}{ending}").rename(f"{aside}{ending}")


@contextmanager
def _for_the_owner_alone() -> Iterator[None]:
    """Let only the node's user read the files that are made meanwhile."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
