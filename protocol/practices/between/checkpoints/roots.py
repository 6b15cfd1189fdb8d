# SPDX-License-Identifier: AGPL-3.0-or-later
"""Checkpoints: from time to time a network commits in public to all its entries and balances (PROTOCOL 6).

The ledger holds the checkpoint with the seed of its salts, so that whoever folds the books can make it again; the
commons hold it without, so that members and partners have the roots and can guess nothing from them. Cold keys may sign
it too (docs/decisions/0027).
"""

from collections.abc import Iterable, Sequence

from protocol.book.book import Book
from protocol.book.cold import signed, signers
from protocol.book.declaration import Desk, Entered, News, Plan, Write
from protocol.book.ledger import Posting
from protocol.book.refusals import DUPLICATE, NOT_FOUND, STATE_CONFLICT, Reason, Refused, refuse
from protocol.lanes.directory import Directory
from protocol.lanes.entry import COMMONS
from protocol.practices.between.checkpoints.entries import SALTS_SEED_BYTES, CheckpointMade
from protocol.practices.between.checkpoints.proofs import TOTALS_MAX, CheckpointClaim, CheckpointSaid, CheckpointSigned
from protocol.practices.between.checkpoints.state import (
    Checkpoints,
    KeptCheckpoint,
    Quorum,
    Snapshot,
    balances_of,
    checkpoint_of,
    differences,
    find_checkpoint,
    quorum_of,
)
from protocol.practices.between.checkpoints.views import MakeCheckpoint, SignCheckpoint

CHECKPOINT_ENTRIES_MIN = 1_000
"""After so many new entries a network signs a checkpoint by itself, or more where it has many accounts."""
ENTRIES_PER_ACCOUNT = 4
"""New entries for each account before that: who folds the books hashes a leaf for so many entries, no more."""
WRONG_KEPT_MAX = 16


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
    state.newest = Snapshot(body, entered.seq, balances_of(book))
    state.own[said.size] = KeptCheckpoint(book.network, entered.epoch, entered.seq, entered.at_ms, said)
    if book.audits and len(state.wrong) < WRONG_KEPT_MAX and (wrong := differences(book, state.newest)):
        state.wrong.append((entered.seq, wrong))
    return ()


def hear(book: Book, word: Entered) -> None:
    """Keep the newest checkpoint that a network says, and note where it says two that cannot both be true."""
    body, state = word.body, book.of(Checkpoints)
    assert isinstance(body, CheckpointSaid | CheckpointSigned)
    kept = KeptCheckpoint(word.network, word.epoch, word.seq, word.at_ms, body.checkpoint)
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


def _hear_signed(book: Book, kept: KeptCheckpoint, body: CheckpointSigned) -> None:
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
    book, kept = desk.book, find_checkpoint(desk.book, id)
    if kept is None or kept.network != book.network:
        return refuse(NOT_FOUND)
    cold = book.of(Directory).networks[book.network].identity.epochs[-1].cold
    signatures = signed(cold, CheckpointClaim(book.network, kept.checkpoint), wish.signatures)
    if isinstance(signatures, Refused):
        return signatures
    if len(signatures) <= quorum_of(book, kept).signed:
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
    book, seed = desk.book, desk.chance(SALTS_SEED_BYTES)
    made = CheckpointMade(seed, checkpoint_of(book, seed, balances_of(book)))
    return Plan(str(made.checkpoint.size), (Write(made), Write(CheckpointSaid(made.checkpoint), COMMONS)))
