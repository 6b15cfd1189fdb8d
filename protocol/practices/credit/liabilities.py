# SPDX-License-Identifier: AGPL-3.0-or-later
"""Proof of liabilities: how much of a guaranteed currency is out, published so that each holder can check it.

The total stands at the root of a tree of salted {account, balance}; each holder gets the way from its own leaf to the
root and reckons that its balance is in the total. No node takes a total in that is not what its book holds. The salts
come from a seed in an entry before, so that who has a proof can guess no other leaf.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from protocol.book.addresses import resolve_account
from protocol.book.book import Book
from protocol.book.declaration import (
    STEWARDS,
    At,
    Create,
    Desk,
    Doc,
    Entered,
    EntriesWanted,
    News,
    Plan,
    Practice,
    Ref,
    Show,
    Write,
)
from protocol.book.ledger import Posting
from protocol.book.money import Amount
from protocol.book.refusals import FORBIDDEN, NOT_FOUND, ORDER_MISMATCH, Reason, Refused, refuse
from protocol.book.signed import Digest
from protocol.lanes.entry import LEDGER, Body, decode_body
from protocol.practices.between.checkpoints.proofs import PROOF_BYTES_MAX, checkpoint_said
from protocol.practices.credit.reserves.rights import reserve_of
from protocol.practices.credit.reserves.state import ISSUED, Reserves
from protocol.practices.money.currencies.entries import Code
from protocol.practices.money.receipts import KEY_EVENTS_MAX, EntryBytes, identity_of
from protocol.practices.people.authority import may_see
from protocol.wire.codec import decode, encode
from protocol.wire.keys import digest, id_text
from protocol.wire.shape import AtMost, Length, Range, from_map, to_map
from protocol.wire.sumtree import SUM_MAX, SumNode, sum_leaf, sum_path, sum_root, sum_root_by

SEED_OF_LIABILITIES_BYTES = 32
HOLDERS_MAX = 2**31
LIABILITY_PATH_MAX = 31
LIABILITY_LEAF_BYTES_MAX = 256


@dataclass(frozen=True, slots=True)
class LiabilitiesSalted:
    """From this seed come the salts of the total that is published next."""

    KIND: ClassVar[str] = "liabilities/salted"
    currency: Code
    seed: Annotated[bytes, Length(SEED_OF_LIABILITIES_BYTES)]


@dataclass(frozen=True, slots=True)
class LiabilitiesPublished:
    """So much of a guaranteed currency (minor units) is out, in so many hands; the root commits to each of them."""

    KIND: ClassVar[str] = "liabilities/published"
    currency: Code
    total: Annotated[int, Range(0, SUM_MAX)]
    holders: Annotated[int, Range(0, HOLDERS_MAX)]
    root: Digest


@dataclass(frozen=True, slots=True)
class LiabilityLeaf:
    """What one leaf says: an account, and a salt that keeps it from being guessed; the tree holds its balance."""

    salt: Annotated[bytes, Length(16)]
    account: Annotated[str, AtMost(64)]


@dataclass(frozen=True, slots=True)
class LiabilityProof:
    """All that it takes to check that a balance (minor units) is in a published total."""

    leaf: Annotated[bytes, AtMost(LIABILITY_LEAF_BYTES_MAX)]
    balance: Annotated[int, Range(1, SUM_MAX)]
    index: Annotated[int, Range(0, HOLDERS_MAX)]
    path: Annotated[tuple[SumNode, ...], AtMost(LIABILITY_PATH_MAX)]
    entry: EntryBytes
    identity: Annotated[tuple[EntryBytes, ...], AtMost(KEY_EVENTS_MAX)]


@dataclass(slots=True)
class PublishedTotal:
    """What was published last of a currency, and of which balances."""

    said: LiabilitiesPublished
    arrival: int
    at_ms: int
    seed: bytes
    balances: tuple[tuple[str, int], ...]


@dataclass(slots=True)
class Liabilities:
    """What was published last, by currency, and the seed of what is published next, with its place."""

    by_currency: dict[str, PublishedTotal] = field(default_factory=dict[str, PublishedTotal])
    seed: tuple[int, str, bytes] = (-1, "", b"")


@dataclass(frozen=True, slots=True)
class PublishLiabilities:
    """Publish how much of a guaranteed currency is out, so that each holder can check that it is counted."""

    reserve: Annotated[Code, Ref("reserves"), Doc("the code of the guaranteed currency")]


@dataclass(frozen=True, slots=True)
class LiabilitiesShown:
    """How much of a guaranteed currency is out, as it was published last."""

    id: Annotated[str, Doc("the code of the currency")]
    total: Annotated[Amount, Doc("how much is out")]
    holders: Annotated[int, Doc("in how many accounts")]
    root: Annotated[bytes, Doc("what commits to each of them: compare it with what others are shown")]
    at: Annotated[At, Doc("when it was published")]


@dataclass(frozen=True, slots=True)
class LiabilityProofShown:
    """What proves that a balance is in the published total; `mutirao verify liability FILE` checks it offline."""

    id: Annotated[str, Doc("the account")]
    network: Annotated[str, Doc("the id of the network")]
    balance: Annotated[Amount, Doc("what the account held at that moment")]
    total: Annotated[Amount, Doc("the published total")]
    root: Annotated[bytes, Doc("the published root")]
    document: Annotated[bytes, Doc("the proof itself")]


@dataclass(frozen=True, slots=True)
class LiabilityProven:
    """What a proof proves: that this balance is in the total that a network has published."""

    network: bytes
    account: str
    balance: int
    said: LiabilitiesPublished
    at_ms: int


def verify_liability(document: bytes, network: bytes | None = None) -> LiabilityProven | None:
    """Return what a proof proves, by itself alone; None where it proves nothing."""
    try:
        proof = from_map(LiabilityProof, decode(document, bytes_max=PROOF_BYTES_MAX))
        leaf = from_map(LiabilityLeaf, decode(proof.leaf))
        identity = identity_of(proof.identity)
        entry = None if identity is None else checkpoint_said(identity, proof.entry, LEDGER)
        if identity is None or entry is None or network not in (None, identity.network):
            return None
        body, at_ms = decode_body(entry.body_bytes, {LiabilitiesPublished.KIND: LiabilitiesPublished})
    except ValueError:
        return None
    assert isinstance(body, LiabilitiesPublished)
    found = sum_root_by(sum_leaf(proof.leaf, proof.balance), proof.index, body.holders, proof.path)
    is_of_currency = leaf.account.endswith(f".{body.currency}")
    if not is_of_currency or found is None or (found.hash, found.total) != (body.root, body.total):
        return None
    return LiabilityProven(identity.network, leaf.account, proof.balance, body, at_ms)


def check(book: Book, entered: Entered) -> Reason | None:
    refused = book.misplaced(entered) or _against(book, entered.body, entered.seq)
    return refused.reason if refused else None


def _against(book: Book, body: Body, seq: int) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    assert isinstance(body, LiabilitiesSalted | LiabilitiesPublished)
    reserve = reserve_of(book, body.currency)
    if isinstance(reserve, Refused) or isinstance(body, LiabilitiesSalted):
        return reserve if isinstance(reserve, Refused) else None
    at, currency, seed = book.of(Liabilities).seed
    is_next = (at + 1, currency) == (seq, body.currency)
    return None if is_next and total_out(book, body.currency, seed) == body else refuse(ORDER_MISMATCH, field="total")


def balances_held(book: Book, currency: str) -> tuple[tuple[str, int], ...]:
    """Return all balances above zero in a currency, in the order of the accounts' ids."""
    found = ((one.id, one.balance_minor) for one in book.ledger.accounts.values() if one.currency == currency)
    return tuple(sorted(one for one in found if one[1] > 0 and one[0] != ISSUED.of(currency)))


def _leaf(seed: bytes, account: str) -> bytes:
    return encode(to_map(LiabilityLeaf(digest("leaf-salt", seed + account.encode())[:16], account)))


def _tree(seed: bytes, balances: Sequence[tuple[str, int]]) -> list[SumNode]:
    return [sum_leaf(_leaf(seed, account), balance) for account, balance in balances]


def total_out(book: Book, currency: str, seed: bytes) -> LiabilitiesPublished:
    """Return what is to be published of a book as it is."""
    balances = balances_held(book, currency)
    root = sum_root(_tree(seed, balances))
    return LiabilitiesPublished(currency, root.total, len(balances), root.hash)


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body, state = entered.body, book.of(Liabilities)
    match body:
        case LiabilitiesSalted():
            state.seed = (entered.seq, body.currency, body.seed)
        case LiabilitiesPublished():
            balances, seed = balances_held(book, body.currency), state.seed[2]
            state.by_currency[body.currency] = PublishedTotal(body, entered.seq, entered.at_ms, seed, balances)
        case _:
            raise AssertionError(body)
    return ()


def news(book: Book, entered: Entered) -> Iterable[News]:
    if isinstance(entered.body, LiabilitiesPublished):
        yield News("liabilities.published", entered.body.currency, tuple(book.members))


def plan_publish(desk: Desk, wish: PublishLiabilities) -> Plan | Refused:
    reserve = reserve_of(desk.book, wish.reserve)
    if isinstance(reserve, Refused):
        return reserve
    seed = desk.chance(SEED_OF_LIABILITIES_BYTES)
    writes = (LiabilitiesSalted(wish.reserve, seed), total_out(desk.book, wish.reserve, seed))
    return Plan(wish.reserve, tuple(Write(one) for one in writes))


def view_published(desk: Desk, code: str) -> LiabilitiesShown | Refused:
    found = desk.book.of(Liabilities).by_currency.get(code)
    if found is None:
        return refuse(NOT_FOUND)
    total = desk.book.amount(code, found.said.total)
    return LiabilitiesShown(code, total, found.said.holders, found.said.root, found.at_ms)


def view_proof(desk: Desk, address: str) -> EntriesWanted | Refused:
    """Show the proof that what an account held is in the total published last, to its member."""
    book = desk.book
    codes = tuple(book.of(Reserves).by_currency)
    account = resolve_account(book, address, codes[0] if len(codes) == 1 else None)
    if isinstance(account, Refused):
        return account
    if account.member is None or not may_see(desk.actor, account.member):
        return refuse(FORBIDDEN, allowed="its member")
    found = book.of(Liabilities).by_currency.get(account.currency)
    index = None if found is None else next((at for at, one in enumerate(found.balances) if one[0] == account.id), None)
    if found is None or index is None:
        return refuse(NOT_FOUND)
    balance, path = found.balances[index][1], sum_path(_tree(found.seed, found.balances), index)

    def show(identity: tuple[bytes, ...], entries: tuple[bytes, ...]) -> LiabilityProofShown:
        proof = LiabilityProof(_leaf(found.seed, account.id), balance, index, path, entries[0], identity)
        amounts = book.amount(account.currency, balance), book.amount(account.currency, found.said.total)
        return LiabilityProofShown(account.id, id_text(book.network), *amounts, found.said.root, encode(to_map(proof)))

    return EntriesWanted((found.arrival,), show)


PRACTICE = Practice(
    name="liabilities",
    entries=(LiabilitiesSalted, LiabilitiesPublished),
    check=check,
    fold=fold,
    news=news,
    operations=(
        Create("liabilities", PublishLiabilities, plan=plan_publish, who=STEWARDS, verb="publish",
               example="mutirao liabilities publish --reserve PALMAS"),
        Show("liabilities", LiabilitiesShown, view=view_published, id_is="the code of the currency",
             example="mutirao liabilities show PALMAS"),
        Show("liability-proofs", LiabilityProofShown, view=view_proof,
             id_is="an account's id or UUID, or the handle of its member",
             example="mutirao liability-proofs show dora"),
    ),
)  # fmt: skip
