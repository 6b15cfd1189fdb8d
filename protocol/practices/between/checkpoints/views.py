# SPDX-License-Identifier: AGPL-3.0-or-later
"""Checkpoints and proofs as they are shown."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Annotated

from protocol.book.addresses import resolve_account
from protocol.book.book import Book
from protocol.book.cold import KeeperSignature
from protocol.book.declaration import At, Desk, Doc, EntriesWanted
from protocol.book.money import Amount
from protocol.book.parties import concerned
from protocol.book.refusals import FORBIDDEN, NETWORK_UNKNOWN, NOT_FOUND, PAYMENT_UNKNOWN, Refused, refuse
from protocol.book.signed import parse_uuid
from protocol.practices.between.checkpoints.proofs import BALANCE, PAYMENT, CheckpointClaim, ConsistencyProof, Proof
from protocol.practices.between.checkpoints.state import (
    Checkpoints,
    KeptCheckpoint,
    Snapshot,
    find_checkpoint,
    heard_from,
    leaf_of,
    quorum_of,
)
from protocol.practices.people.authority import may_see
from protocol.wire.codec import encode
from protocol.wire.keys import id_text, parse_id
from protocol.wire.merkle import audit_path
from protocol.wire.shape import to_map


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


def show_checkpoint(desk: Desk, id: str) -> CheckpointShown | Refused:
    """Show one of our own checkpoints, or the newest of another network, or the newest signed one."""
    kept = find_checkpoint(desk.book, id)
    if kept is None:
        return refuse(NOT_FOUND)
    claim = CheckpointClaim(kept.network, kept.checkpoint)
    own = kept.network == desk.book.network
    return replace(_shown(desk.book, kept), to_sign=encode(to_map(claim)) if own else None)


def list_checkpoints(
    desk: Desk, wanted: CheckpointsWanted, after: int
) -> Iterable[tuple[int, CheckpointShown]] | Refused:
    """List our own checkpoints, oldest first, then the newest of each other network."""
    network = None if wanted.network is None else parse_id(wanted.network)
    if wanted.network is not None and network is None:
        return refuse(NETWORK_UNKNOWN, network=wanted.network[:64])
    state = desk.book.of(Checkpoints)
    others = (kept for one in state.heard if one != desk.book.network for kept in heard_from(state, one))
    found = (kept for kept in (*state.own.values(), *others) if network in (None, kept.network))
    return ((at, _shown(desk.book, kept)) for at, kept in enumerate(found, 1) if at > after)


def show_balance(desk: Desk, id: str) -> EntriesWanted | Refused:
    """Show the proof that an account held what it held, by the newest checkpoint, to its member."""
    book, newest = desk.book, desk.book.of(Checkpoints).newest
    account = resolve_account(book, id)
    if isinstance(account, Refused):
        return account
    if account.member is None or not may_see(desk.actor, account.member):
        return refuse(FORBIDDEN, allowed="its member")
    index = None if newest is None else _index(newest, account.id)
    if newest is None or index is None:
        return refuse(NOT_FOUND)
    seed, found = newest.made.seed, newest.balances[index]
    path = audit_path(book.of(Checkpoints).leaves(newest), index)
    balance = book.amount(account.currency, found[1])
    return _proven(book, newest, account.id, BALANCE, leaf_of(seed, found), index, path, balance)


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
    old, new = find_checkpoint(book, first), find_checkpoint(book, second)
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


def _shown(book: Book, kept: KeptCheckpoint) -> CheckpointShown:
    said, own, quorum = kept.checkpoint, kept.network == book.network, quorum_of(book, kept)
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
