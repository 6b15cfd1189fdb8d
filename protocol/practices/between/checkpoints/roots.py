# SPDX-License-Identifier: AGPL-3.0-or-later
"""Checkpoints: from time to time a network commits in public to all its entries and balances (PROTOCOL 6).

The ledger holds the checkpoint with the seed of its salts, so that whoever folds the books can make it again; the
commons hold it without, so that members and partners have the roots and can guess nothing from them. Cold keys may sign
it too (docs/decisions/0027).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar

from protocol.book.book import Book, concerned
from protocol.book.cold import KeeperSignature, signed, signers
from protocol.book.declaration import (
    STEWARDS,
    Act,
    At,
    Create,
    Desk,
    Doc,
    Entered,
    EntriesWanted,
    List,
    News,
    Plan,
    Practice,
    Show,
    Write,
)
from protocol.book.ledger import Posting
from protocol.book.money import Amount
from protocol.book.refusals import (
    DUPLICATE,
    FORBIDDEN,
    NETWORK_UNKNOWN,
    NOT_FOUND,
    PAYMENT_UNKNOWN,
    STATE_CONFLICT,
    Reason,
    Refused,
    refuse,
)
from protocol.book.signed import AccountId, Minor, parse_uuid
from protocol.lanes.directory import Directory
from protocol.lanes.entry import COMMONS, Millis
from protocol.practices.between.checkpoints.proofs import (
    BALANCE,
    PAYMENT,
    TOTALS_MAX,
    BalanceLeaf,
    Checkpoint,
    CheckpointClaim,
    CheckpointSaid,
    CheckpointSigned,
    ConsistencyProof,
    Proof,
    Total,
)
from protocol.practices.people.authority import may_see
from protocol.wire.codec import encode
from protocol.wire.keys import digest, id_text, parse_id
from protocol.wire.merkle import GrowingTree, leaf_hash, path_of, root_of
from protocol.wire.shape import Length, to_map

CHECKPOINT_ENTRIES_MIN = 1_000
"""After so many new entries a network signs a checkpoint by itself, or more where it has many accounts."""
ENTRIES_PER_ACCOUNT = 4
"""New entries for each account before that: who folds the books hashes a leaf for so many entries, no more."""
SEED_BYTES = 32
WRONG_KEPT_MAX = 16
SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class CheckpointMade:
    """A checkpoint in the ledger lane, over all entries before its own; `seed` is what the salts come from."""

    KIND: ClassVar[str] = "checkpoints/made"
    seed: Annotated[bytes, Length(SEED_BYTES)]
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The newest checkpoint of our own with what its leaves are made of: account, balance, limits each way."""

    made: CheckpointMade
    seq: int
    balances: tuple[tuple[AccountId, Minor, Minor | None, Minor | None], ...]


@dataclass(frozen=True, slots=True)
class Kept:
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

    own: dict[int, Kept] = field(default_factory=dict[int, Kept])
    newest: Snapshot | None = None
    heard: dict[bytes, Kept] = field(default_factory=dict[bytes, Kept])
    said: dict[int, int] = field(default_factory=dict[int, int])
    signed: dict[bytes, dict[int, tuple[Kept, Quorum]]] = field(
        default_factory=dict[bytes, dict[int, tuple[Kept, Quorum]]]
    )
    wrong: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    doubled: dict[bytes, tuple[int, int]] = field(default_factory=dict[bytes, tuple[int, int]])
    unbalanced: dict[bytes, int] = field(default_factory=dict[bytes, int])
    entries: GrowingTree | None = None
    hashes: tuple[CheckpointMade, list[bytes]] | None = None
    """The leaf hashes of the newest checkpoint, once somebody has asked for a proof by it."""

    def tree(self, book: Book) -> GrowingTree:
        """Return the tree of the ledger's entries."""
        if self.entries is None:
            self.entries = GrowingTree(book.entry_id)
        return self.entries

    def leaves(self, newest: Snapshot) -> list[bytes]:
        """Return the leaf hashes of the newest checkpoint's balances."""
        if self.hashes is None or self.hashes[0] is not newest.made:
            self.hashes = newest.made, _leaves(newest.made.seed, newest.balances)
        return self.hashes[1]


@dataclass(frozen=True, slots=True)
class MakeCheckpoint:
    """Sign a checkpoint of the books as they are now."""


@dataclass(frozen=True, slots=True)
class SignCheckpoint:
    """Publish that cold keys have signed a checkpoint, as many as have to; more may be added later, with all again."""

    signatures: Annotated[tuple[KeeperSignature, ...], Doc("the signatures of different cold keys")]


@dataclass(frozen=True, slots=True)
class CheckpointsWanted:
    """Which checkpoints to list: all of our own, and of each other network the newest, and the newest signed one."""

    network: Annotated[str | None, Doc("only those of the network with this id")] = None


@dataclass(frozen=True, slots=True)
class TotalShown:
    """What all accounts in a currency hold and owe together."""

    credit: Annotated[Amount, Doc("the sum of all balances above zero")]
    debit: Annotated[Amount, Doc("the sum of all balances below zero, as a positive number: the same")]


@dataclass(frozen=True, slots=True)
class CheckpointShown:
    """A signed commitment of a network to its entries and balances at one moment."""

    id: Annotated[str, Doc("the number of ledger entries that it covers; of another network, its id and that number")]
    network: Annotated[str, Doc("the id of the network that signed it")]
    head: Annotated[bytes, Doc("the id of the newest entry that it covers")]
    accounts: Annotated[int, Doc("how many accounts there were")]
    entries_root: Annotated[bytes, Doc("root of the tree of all entries (RFC 6962)")]
    balances_root: Annotated[bytes, Doc("root of the tree of salted balances")]
    totals: tuple[TotalShown, ...]
    at: At
    cold_signatures: Annotated[int, Doc("how many cold keys of the network have signed it too")]
    cold_keys: Annotated[int, Doc("of how many")]
    cold_needed: Annotated[int, Doc("how many have to")]
    to_sign: Annotated[bytes | None, Doc("one of our own, shown alone: what `mutirao sign` signs with a cold key")]


@dataclass(frozen=True, slots=True)
class ProofShown:
    """What proves that something is under a checkpoint; `mutirao verify proof FILE` verifies it offline."""

    id: Annotated[str, Doc("the account, or the payment's UUID")]
    network: Annotated[str, Doc("the id of the network that signed the checkpoint")]
    checkpoint: Annotated[str, Doc("the number of ledger entries that the checkpoint covers")]
    balance: Annotated[Amount | None, Doc("what the account held at that moment")]
    at: Annotated[At, Doc("when the checkpoint was signed")]
    document: Annotated[bytes, Doc("the proof itself, to be kept and verified")]


@dataclass(frozen=True, slots=True)
class ConsistencyShown:
    """What proves that the entries under a checkpoint begin with those under an older one of the same network.

    `mutirao verify consistency FILE` verifies it offline.
    """

    id: Annotated[str, Doc("the two numbers of ledger entries, OLD-NEW")]
    network: Annotated[str, Doc("the id of the network that signed both checkpoints")]
    old_root: Annotated[bytes, Doc("root of the tree of all entries under the older checkpoint")]
    new_root: Annotated[bytes, Doc("root of the tree of all entries under the newer one")]
    document: Annotated[bytes, Doc("the proof itself, to be kept and verified")]


# The rules.


def check(book: Book, entered: Entered) -> Reason | None:
    """Accept a checkpoint of all that stands before it; whether its roots are right is the auditors' to say."""
    refused = book.misplaced(entered)
    if refused is not None:
        return refused.reason
    body = entered.body
    assert isinstance(body, CheckpointMade)
    covers = (body.checkpoint.size - 1, body.checkpoint.head)
    return None if covers == book.head and entered.seq == body.checkpoint.size else STATE_CONFLICT


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    """Keep what the leaves of the newest checkpoint are made of, and compare it where the book is audited."""
    body, state = entered.body, book.of(Checkpoints)
    assert isinstance(body, CheckpointMade)
    said = body.checkpoint
    state.newest = Snapshot(body, entered.seq, _balances(book))
    state.own[said.size] = Kept(book.network, entered.epoch, entered.seq, entered.at_ms, said)
    if book.audits and len(state.wrong) < WRONG_KEPT_MAX and (wrong := _differences(book, state.newest)):
        state.wrong.append((entered.seq, wrong))
    return ()


def hear(book: Book, word: Entered) -> None:
    """Keep the newest checkpoint that a network says, and note where it says two that cannot both be true."""
    body, state = word.body, book.of(Checkpoints)
    assert isinstance(body, CheckpointSaid | CheckpointSigned)
    kept = Kept(word.network, word.epoch, word.seq, word.at_ms, body.checkpoint)
    if isinstance(body, CheckpointSigned):
        _hear_signed(book, kept, body)
        return
    if word.network == book.network:
        state.said[body.checkpoint.size] = word.seq
    before = state.heard.get(word.network)
    state.heard[word.network] = kept
    if before is not None and before.epoch == kept.epoch and before.checkpoint.contradicts(kept.checkpoint):
        state.doubled.setdefault(word.network, (before.seq, kept.seq))
    if any(one.credit != one.debit for one in kept.checkpoint.totals):
        state.unbalanced.setdefault(word.network, word.seq)


def _hear_signed(book: Book, kept: Kept, body: CheckpointSigned) -> None:
    """Keep a checkpoint that enough cold keys of its network have signed; one that they have not means nothing."""
    cold = book.of(Directory).networks[kept.network].identity.epochs[kept.epoch].cold
    count = signers(cold, CheckpointClaim(kept.network, body.checkpoint), body.signatures)
    if count < cold.needed:
        return
    found = book.of(Checkpoints).signed.setdefault(kept.network, {})
    if kept.network != book.network:
        found.clear()
    found[body.checkpoint.size] = kept, Quorum(count, len(cold.keys), cold.needed)


def unhear(book: Book, network: bytes) -> None:
    """Drop what a network has said."""
    state = book.of(Checkpoints)
    state.heard.pop(network, None)
    state.signed.pop(network, None)
    state.doubled.pop(network, None)
    state.unbalanced.pop(network, None)


def news(book: Book, entered: Entered) -> Iterable[News]:
    """Tell everybody that there is a checkpoint of ours to prove things by."""
    if isinstance(entered.body, CheckpointMade):
        members = tuple(member.id for member in book.members.values())
        yield News("checkpoint.made", str(entered.body.checkpoint.size), members)


def plan_make(desk: Desk, wish: MakeCheckpoint) -> Plan | Refused:
    """Sign a checkpoint unless nothing has happened since the last one."""
    del wish
    newest, head = desk.book.of(Checkpoints).newest, desk.book.head
    if head is None or (newest is not None and newest.seq == head[0]):
        return refuse(DUPLICATE)
    if len(desk.book.currencies) > TOTALS_MAX:
        return refuse(STATE_CONFLICT, state="too many currencies for one checkpoint")
    return _made(desk)


def plan_sign(desk: Desk, id: str, wish: SignCheckpoint) -> Plan | Refused:
    """Publish the signatures of cold keys on a checkpoint of our own, if they are more than were known."""
    book, kept = desk.book, _find(desk.book, id)
    if kept is None or kept.network != book.network:
        return refuse(NOT_FOUND)
    cold = book.of(Directory).networks[book.network].identity.epochs[-1].cold
    signatures = signed(cold, CheckpointClaim(book.network, kept.checkpoint), wish.signatures)
    if isinstance(signatures, Refused):
        return signatures
    if len(signatures) <= _quorum(book, kept).signed:
        return refuse(DUPLICATE)
    return Plan(id, (Write(CheckpointSigned(kept.checkpoint, signatures), COMMONS),))


def due(desk: Desk) -> Iterable[Plan]:
    """Sign a checkpoint after so many entries."""
    newest, head = desk.book.of(Checkpoints).newest, desk.book.head
    if head is None or len(desk.book.currencies) > TOTALS_MAX:
        return
    fresh = head[0] - (-1 if newest is None else newest.seq)
    if fresh >= max(CHECKPOINT_ENTRIES_MIN, ENTRIES_PER_ACCOUNT * len(desk.book.ledger.accounts)):
        yield _made(desk)


def _made(desk: Desk) -> Plan:
    book, seed = desk.book, desk.chance(SEED_BYTES)
    made = CheckpointMade(seed, _checkpoint(book, seed, _balances(book)))
    return Plan(str(made.checkpoint.size), (Write(made), Write(CheckpointSaid(made.checkpoint), COMMONS)))


def _checkpoint(book: Book, seed: bytes, balances: Sequence[tuple[str, int, int | None, int | None]]) -> Checkpoint:
    """Return the checkpoint of a book as it is."""
    assert book.head is not None
    size, head = book.head[0] + 1, book.head[1]
    entries = book.of(Checkpoints).tree(book).root(size)
    return Checkpoint(size, head, entries, root_of(_leaves(seed, balances)), len(balances), _totals(book))


def _differences(book: Book, made: Snapshot) -> str:
    """Return in which parts a checkpoint, just folded, differs from the book that it speaks of."""
    right, said = _checkpoint(book, made.made.seed, made.balances), made.made.checkpoint
    parts = ("entries", "balances", "accounts", "totals")
    return ", ".join(part for part in parts if getattr(right, part) != getattr(said, part))


def _balances(book: Book) -> tuple[tuple[str, int, int | None, int | None], ...]:
    found = sorted(book.ledger.accounts.items())
    return tuple((id, one.balance_minor, one.least_minor, one.most_minor) for id, one in found)


def _totals(book: Book) -> tuple[Total, ...]:
    sums = {code: [0, 0] for code in sorted(book.currencies)}
    for account in book.ledger.accounts.values():
        sums[account.currency][account.balance_minor < 0] += abs(account.balance_minor)
    return tuple(Total(code, book.currencies[code].scale, credit, debit) for code, (credit, debit) in sums.items())


def _leaf(seed: bytes, balance: tuple[str, int, int | None, int | None]) -> bytes:
    salt = digest("leaf-salt", seed + balance[0].encode())[:SALT_BYTES]
    return encode(to_map(BalanceLeaf(salt, *balance)))


def _leaves(seed: bytes, balances: Iterable[tuple[str, int, int | None, int | None]]) -> list[bytes]:
    return [leaf_hash(_leaf(seed, one)) for one in balances]


# What is shown.


def show_checkpoint(desk: Desk, id: str) -> CheckpointShown | Refused:
    """Show one of our own checkpoints, or the newest of another network, or the newest signed one."""
    kept = _find(desk.book, id)
    if kept is None:
        return refuse(NOT_FOUND)
    claim = CheckpointClaim(kept.network, kept.checkpoint)
    own = kept.network == desk.book.network
    return replace(_shown(desk.book, kept), to_sign=encode(to_map(claim)) if own else None)


def _find(book: Book, id: str) -> Kept | None:
    """Return the checkpoint of an id: its size, after the network's id where it is another one's."""
    state, (name, dash, digits) = book.of(Checkpoints), id.rpartition("-")
    size = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 20 else 0
    if not dash:
        return state.own.get(size)
    return next((one for one in _heard(state, parse_id(name) or b"") if one.checkpoint.size == size), None)


def _heard(state: Checkpoints, network: bytes) -> Iterable[Kept]:
    """Return the newest checkpoint that a network has said, and the newest signed one where that is another."""
    newest = state.heard.get(network)
    if newest is not None:
        yield newest
    for kept, _ in state.signed.get(network, {}).values():
        if newest is None or kept.checkpoint != newest.checkpoint:
            yield kept


def list_checkpoints(
    desk: Desk, wanted: CheckpointsWanted, after: int
) -> Iterable[tuple[int, CheckpointShown]] | Refused:
    """List our own checkpoints, oldest first, then the newest of each other network."""
    network = None if wanted.network is None else parse_id(wanted.network)
    if wanted.network is not None and network is None:
        return refuse(NETWORK_UNKNOWN, network=wanted.network[:64])
    state = desk.book.of(Checkpoints)
    others = (kept for one in state.heard if one != desk.book.network for kept in _heard(state, one))
    found = (kept for kept in (*state.own.values(), *others) if network in (None, kept.network))
    return ((at, _shown(desk.book, kept)) for at, kept in enumerate(found, 1) if at > after)


def show_balance(desk: Desk, id: str) -> EntriesWanted | Refused:
    """Show the proof that an account held what it held, by the newest checkpoint, to its member."""
    book, newest = desk.book, desk.book.of(Checkpoints).newest
    account = book.resolve_account(id)
    if isinstance(account, Refused):
        return account
    if account.member is None or not may_see(desk.actor, account.member):
        return refuse(FORBIDDEN, allowed="its member")
    index = None if newest is None else _index(newest, account.id)
    if newest is None or index is None:
        return refuse(NOT_FOUND)
    seed, found = newest.made.seed, newest.balances[index]
    path = path_of(book.of(Checkpoints).leaves(newest), index)
    balance = book.amount(account.currency, found[1])
    return _proven(book, newest, account.id, BALANCE, _leaf(seed, found), index, path, balance)


def show_payment(desk: Desk, id: str) -> EntriesWanted | Refused:
    """Show the proof that a payment's entry is in the books, by the newest checkpoint, to whom it concerns."""
    book, newest = desk.book, desk.book.of(Checkpoints).newest
    payment = book.payments.get(parse_uuid(id) or b"")
    if payment is None:
        return refuse(PAYMENT_UNKNOWN)
    if not may_see(desk.actor, *concerned(book, payment)):
        return refuse(FORBIDDEN, allowed="payer and payee")
    if newest is None or payment.arrival >= newest.made.checkpoint.size:
        return refuse(NOT_FOUND)
    path = book.of(Checkpoints).tree(book).path(payment.arrival, newest.made.checkpoint.size)
    return _proven(book, newest, id, PAYMENT, b"", payment.arrival, path, None)


def show_consistency(desk: Desk, id: str) -> EntriesWanted | Refused:
    """Show the proof that the entries under one of our checkpoints begin with those under an older one."""
    book, state = desk.book, desk.book.of(Checkpoints)
    first, _, second = id.partition("-")
    old, new = _find(book, first), _find(book, second)
    if old is None or new is None or old.checkpoint.size > new.checkpoint.size:
        return refuse(NOT_FOUND)
    sizes = old.checkpoint.size, new.checkpoint.size
    if not all(size in state.said for size in sizes):
        return refuse(NOT_FOUND)
    path = state.tree(book).consistency(*sizes)

    def show(identity: tuple[bytes, ...], entries: tuple[bytes, ...]) -> ConsistencyShown:
        document = encode(to_map(ConsistencyProof(entries[0], entries[-1], path, identity)))
        return ConsistencyShown(id, id_text(book.network), old.checkpoint.entries, new.checkpoint.entries, document)

    return EntriesWanted((), show, commons_seqs=tuple(state.said[size] for size in sizes))


def _proven(
    book: Book,
    newest: Snapshot,
    id: str,
    kind: str,
    leaf: bytes,
    index: int,
    path: tuple[bytes, ...],
    balance: Amount | None,
) -> EntriesWanted | Refused:
    """Return what the storage is asked for: the public word of the checkpoint, and a payment's own entry."""
    said = book.of(Checkpoints).heard.get(book.network)
    if said is None or said.checkpoint != newest.made.checkpoint:
        return refuse(NOT_FOUND)
    checkpoint, at_ms = said.checkpoint, said.at_ms

    def show(identity: tuple[bytes, ...], entries: tuple[bytes, ...]) -> ProofShown:
        subject = leaf or entries[0]
        proof = Proof(kind, subject, index, path, entries[-1], identity)
        document = encode(to_map(proof))
        return ProofShown(id, id_text(book.network), str(checkpoint.size), balance, at_ms, document)

    return EntriesWanted(() if leaf else (index,), show, commons_seqs=(said.seq,))


def _index(newest: Snapshot, account: str) -> int | None:
    return next((at for at, one in enumerate(newest.balances) if one[0] == account), None)


def _quorum(book: Book, kept: Kept) -> Quorum:
    """Return by how many cold keys a checkpoint is signed, as far as is known here."""
    signed, quorum = book.of(Checkpoints).signed.get(kept.network, {}).get(kept.checkpoint.size, (None, None))
    if quorum is not None and signed is not None and signed.checkpoint == kept.checkpoint:
        return quorum
    identity = book.of(Directory).networks[kept.network].identity
    return Quorum(0, len(identity.cold), identity.cold_needed)


def _shown(book: Book, kept: Kept) -> CheckpointShown:
    said, own, quorum = kept.checkpoint, kept.network == book.network, _quorum(book, kept)
    return CheckpointShown(
        id=str(said.size) if own else f"{id_text(kept.network)}-{said.size}",
        network=id_text(kept.network),
        head=said.head,
        accounts=said.accounts,
        entries_root=said.entries,
        balances_root=said.balances,
        totals=tuple(
            TotalShown(Amount(one.credit, one.currency, one.scale), Amount(one.debit, one.currency, one.scale))
            for one in said.totals
        ),
        at=kept.at_ms,
        cold_signatures=quorum.signed,
        cold_keys=quorum.keys,
        cold_needed=quorum.needed,
        to_sign=None,
    )


PRACTICE = Practice(
    name="checkpoints",
    entries=(CheckpointMade,),
    check=check,
    fold=fold,
    due=due,
    news=news,
    words=(CheckpointSaid, CheckpointSigned),
    hear=hear,
    unhear=unhear,
    operations=(
        Create("checkpoints", MakeCheckpoint, plan=plan_make, who=STEWARDS, verb="make",
               example="mutirao checkpoints make"),
        Act("checkpoints", "sign", SignCheckpoint, plan=plan_sign, who=STEWARDS,
            example="mutirao checkpoints sign 1042 --signature signed-1 --signature signed-2"),
        Show("checkpoints", CheckpointShown, view=show_checkpoint, example="mutirao checkpoints show 1042"),
        List("checkpoints", CheckpointsWanted, CheckpointShown, view=list_checkpoints,
             example="mutirao checkpoints list"),
        Show("balance-proofs", ProofShown, view=show_balance,
             example="mutirao balance-proofs show ana"),
        Show("payment-proofs", ProofShown, view=show_payment,
             example="mutirao payment-proofs show ID"),
        Show("consistency-proofs", ConsistencyShown, view=show_consistency,
             example="mutirao consistency-proofs show 1042-2100"),
    ),
)  # fmt: skip
