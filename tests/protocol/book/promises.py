# SPDX-License-Identifier: AGPL-3.0-or-later
"""A practice as small as one can be that members sign: a member promises so many hours until a day."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar

from protocol.book.addresses import resolve_account
from protocol.book.book import Book
from protocol.book.declaration import (
    KEY,
    KEY_OR_WORD,
    Act,
    Create,
    Desk,
    Doc,
    Entered,
    Moment,
    OwnId,
    Plan,
    Practice,
    Ref,
    Show,
    Uuid,
    Write,
)
from protocol.book.ledger import Account, Posting
from protocol.book.money import Amount
from protocol.book.personal import NOTE_BYTES_MAX, Note, digest_of
from protocol.book.private import Owned, Private
from protocol.book.refusals import ACCOUNT_UNKNOWN, NOT_FOUND, Reason, Refused, refuse
from protocol.book.signed import Id16, Signed, Time, parse_uuid, uuid_text
from protocol.book.wishes import Said, said_in
from protocol.lanes.entry import Body
from protocol.practices.people.authority import not_said_by
from protocol.wire.shape import AtMost


@dataclass(frozen=True, slots=True)
class MakePromise:
    """Promise the group some hours of yours."""

    amount: Annotated[Amount, Doc("how much")]
    until: Annotated[Time, Moment, Doc("by when")]
    account: Annotated[str | None, AtMost(64), Ref("accounts"), Doc("whose account; default: your own")] = None
    promise: Annotated[Id16 | None, Uuid, OwnId, Doc("a UUID of your own for it")] = None
    note: Annotated[Note | None, Doc("what you will do; erasable")] = None


@dataclass(frozen=True, slots=True)
class KeepPromise:
    """Say that you have kept it."""

    promise: Annotated[Id16, Uuid, Doc("which one")]


@dataclass(frozen=True, slots=True)
class Promised:
    """A member has promised."""

    KIND: ClassVar[str] = "promises/promised"
    OPERATION: ClassVar[str] = "promises.create"
    WISH: ClassVar[type[MakePromise]] = MakePromise
    signed: Signed | None
    word: MakePromise | None


@dataclass(frozen=True, slots=True)
class Kept:
    """A promise was kept: only a key can say so."""

    KIND: ClassVar[str] = "promises/kept"
    OPERATION: ClassVar[str] = "promises.keep"
    WISH: ClassVar[type[KeepPromise]] = KeepPromise
    signed: Signed


@dataclass(slots=True)
class Promises:
    """Who has promised what, and which promises were kept."""

    by_id: dict[bytes, MakePromise] = field(default_factory=dict[bytes, MakePromise])
    kept: list[bytes] = field(default_factory=list[bytes])


@dataclass(frozen=True, slots=True)
class PromiseShown:
    """A promise."""

    id: str
    account: str
    amount: Amount
    note: bytes | None
    kept: bool


def _against(book: Book, said: Said[MakePromise]) -> Refused | None:
    account = book.ledger.accounts.get(said.wish.account or "")
    if account is None or account.member is None:
        return refuse(ACCOUNT_UNKNOWN)
    return not_said_by(said, book.members[account.member])


def _against_keeping(book: Book, said: Said[KeepPromise]) -> Refused | None:
    promise = book.of(Promises).by_id.get(said.wish.promise)
    if promise is None:
        return refuse(NOT_FOUND)
    return not_said_by(said, book.members[book.ledger.accounts[promise.account or ""].member or ""])


def check(book: Book, entered: Entered) -> Reason | None:
    match entered.body:
        case Promised() as body:
            refused = _against(book, said_in(book, body, MakePromise))
        case Kept() as body:
            refused = _against_keeping(book, said_in(book, body, KeepPromise))
        case _:
            raise AssertionError(entered.body)
    return refused.reason if refused else None


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    match entered.body:
        case Promised() as body:
            wish = said_in(book, body, MakePromise).wish
            book.of(Promises).by_id[wish.promise or b""] = wish
        case Kept() as body:
            book.of(Promises).kept.append(said_in(book, body, KeepPromise).wish.promise)
        case _:
            raise AssertionError(entered.body)
    return ()


def plan_make(desk: Desk, said: Said[MakePromise]) -> Plan | Refused:
    if said.signed is None:
        account = resolve_account(desk.book, said.wish.account or desk.actor.member or "", said.wish.amount.asset_code)
        if not isinstance(account, Account):
            return account
        said = replace(said, wish=replace(said.wish, account=account.id))
    return _against(desk.book, said) or Plan(uuid_text(said.wish.promise or b""), (Write(Promised(*said.held)),))


def plan_keep(desk: Desk, name: str, said: Said[KeepPromise]) -> Plan | Refused:
    assert said.signed is not None
    return _against_keeping(desk.book, said) or Plan(name, (Write(Kept(said.signed)),))


def view(desk: Desk, name: str) -> PromiseShown | Refused:
    promises = desk.book.of(Promises)
    found = promises.by_id.get(parse_uuid(name) or b"")
    if found is None or found.promise is None:
        return refuse(NOT_FOUND)
    kept = found.promise in promises.kept
    return PromiseShown(name, found.account or "", found.amount, digest_of(found.note), kept)


def owned(book: Book, body: Body) -> Iterable[Owned]:
    """Yield the note of a promise: it is its member's."""
    assert isinstance(body, Promised)
    wish = said_in(book, body, MakePromise).wish
    note = digest_of(wish.note)
    if note is not None:
        yield Owned(note, book.owner_of(wish.account or ""), f"promises/{uuid_text(wish.promise or b'')}")


MAKE = Create("promises", MakePromise, plan=plan_make, signed=KEY_OR_WORD)
KEEP = Act("promises", "keep", KeepPromise, plan=plan_keep, signed=KEY, about="promise")
PRACTICE = Practice(
    name="promises",
    entries=(Promised, Kept),
    check=check,
    fold=fold,
    operations=(MAKE, KEEP, Show("promises", PromiseShown, view=view)),
    private=(Private("note", NOTE_BYTES_MAX, (Promised,), owned),),
)
