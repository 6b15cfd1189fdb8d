# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a node knows of checkpoints: those of its own ledger with what they stand for, and those it has heard."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from protocol.book.book import Book
from protocol.book.signed import AccountId, Minor
from protocol.lanes.directory import Directory
from protocol.lanes.entry import Millis
from protocol.practices.between.checkpoints.entries import CheckpointMade
from protocol.practices.between.checkpoints.proofs import BalanceLeaf, Checkpoint, Total
from protocol.wire.codec import encode
from protocol.wire.keys import digest, parse_id
from protocol.wire.merkle import GrowingTree, leaf_hash, root_of
from protocol.wire.shape import to_map

LEAF_SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The newest checkpoint of our own with what its leaves are made of: account, balance, limits each way."""

    made: CheckpointMade
    seq: int
    balances: tuple[tuple[AccountId, Minor, Minor | None, Minor | None], ...]


@dataclass(frozen=True, slots=True)
class KeptCheckpoint:
    """A checkpoint as it is listed: of which network, and where it stands in that network's lane."""

    network: bytes
    epoch: int
    seq: int
    at_ms: Millis
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class Quorum:
    """By how many cold keys something is signed, of how many, and how many have to."""

    signed: int
    keys: int
    needed: int


@dataclass(slots=True)
class Checkpoints:
    """Our own checkpoints by the number of entries that they cover, and the newest word of every network.

    `said` are the places of our own public words, by the same number. `signed` are checkpoints with the signatures of
    cold keys, as many as are needed or more: all of our own, of every other network the newest, by network and number.
    `wrong` are the first places in the ledger of those that the fold does not bear out, where the book is audited;
    `doubled` is the first pair of places in a network's commons that cannot both be true, `unbalanced` the first
    place of one by which its own balances do not sum to zero.
    """

    own: dict[int, KeptCheckpoint] = field(default_factory=dict[int, KeptCheckpoint])
    newest: Snapshot | None = None
    heard: dict[bytes, KeptCheckpoint] = field(default_factory=dict[bytes, KeptCheckpoint])
    said: dict[int, int] = field(default_factory=dict[int, int])
    signed: dict[bytes, dict[int, tuple[KeptCheckpoint, Quorum]]] = field(
        default_factory=dict[bytes, dict[int, tuple[KeptCheckpoint, Quorum]]]
    )
    wrong: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    doubled: dict[bytes, tuple[int, int]] = field(default_factory=dict[bytes, tuple[int, int]])
    unbalanced: dict[bytes, int] = field(default_factory=dict[bytes, int])
    blocks: list[bytes] = field(default_factory=list[bytes])
    """Roots over the ledger's entries, so many leaves each."""
    hashes: tuple[CheckpointMade, list[bytes]] | None = None
    """The leaf hashes of the newest checkpoint, once somebody has asked for a proof by it."""

    def tree(self, book: Book) -> GrowingTree:
        """Return the tree of the ledger's entries."""
        return GrowingTree(book.entry_id, self.blocks)

    def leaves(self, newest: Snapshot) -> list[bytes]:
        """Return the leaf hashes of the newest checkpoint's balances."""
        if self.hashes is None or self.hashes[0] is not newest.made:
            self.hashes = newest.made, _leaves(newest.made.seed, newest.balances)
        return self.hashes[1]


def checkpoint_of(book: Book, seed: bytes, balances: Sequence[tuple[str, int, int | None, int | None]]) -> Checkpoint:
    """Return the checkpoint of a book as it is."""
    assert book.head is not None
    size, head = book.head[0] + 1, book.head[1]
    entries = book.of(Checkpoints).tree(book).root(size)
    return Checkpoint(size, head, entries, root_of(_leaves(seed, balances)), len(balances), _totals(book))


def differences(book: Book, made: Snapshot) -> str:
    """Return in which parts a checkpoint, just folded, differs from the book that it speaks of."""
    right, said = checkpoint_of(book, made.made.seed, made.balances), made.made.checkpoint
    parts = ("entries", "balances", "accounts", "totals")
    return ", ".join(part for part in parts if getattr(right, part) != getattr(said, part))


def balances_of(book: Book) -> tuple[tuple[str, int, int | None, int | None], ...]:
    found = sorted(book.ledger.accounts.items())
    return tuple((id, one.balance_minor, one.least_minor, one.most_minor) for id, one in found)


def _totals(book: Book) -> tuple[Total, ...]:
    sums = {code: [0, 0] for code in sorted(book.currencies)}
    for account in book.ledger.accounts.values():
        sums[account.currency][account.balance_minor < 0] += abs(account.balance_minor)
    return tuple(Total(code, book.currencies[code].scale, credit, debit) for code, (credit, debit) in sums.items())


def leaf_of(seed: bytes, balance: tuple[str, int, int | None, int | None]) -> bytes:
    salt = digest("leaf-salt", seed + balance[0].encode())[:LEAF_SALT_BYTES]
    return encode(to_map(BalanceLeaf(salt, *balance)))


def _leaves(seed: bytes, balances: Iterable[tuple[str, int, int | None, int | None]]) -> list[bytes]:
    return [leaf_hash(leaf_of(seed, one)) for one in balances]


def find_checkpoint(book: Book, id: str) -> KeptCheckpoint | None:
    """Return the checkpoint of an id: its size, after the network's id where it is another one's."""
    state, (name, dash, digits) = book.of(Checkpoints), id.rpartition("-")
    size = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 20 else 0
    if not dash:
        return state.own.get(size)
    return next((one for one in heard_from(state, parse_id(name) or b"") if one.checkpoint.size == size), None)


def heard_from(state: Checkpoints, network: bytes) -> Iterable[KeptCheckpoint]:
    """Return the newest checkpoint that a network has said, and the newest signed one where that is another."""
    newest = state.heard.get(network)
    if newest is not None:
        yield newest
    for kept, _ in state.signed.get(network, {}).values():
        if newest is None or kept.checkpoint != newest.checkpoint:
            yield kept


def quorum_of(book: Book, kept: KeptCheckpoint) -> Quorum:
    """Return by how many cold keys a checkpoint is signed, as far as is known here."""
    signed, quorum = book.of(Checkpoints).signed.get(kept.network, {}).get(kept.checkpoint.size, (None, None))
    if quorum is not None and signed is not None and signed.checkpoint == kept.checkpoint:
        return quorum
    identity = book.of(Directory).networks[kept.network].identity
    return Quorum(0, len(identity.cold), identity.cold_needed)
