# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a member's own key signs in the browser: the very bytes of a wish, and what people call that which is in them.

The browser shows what it decodes from these bytes, puts its envelope around them, and signs that.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum
from hashlib import sha256
from typing import Any, get_args, get_origin

from node.http.components import hints_of
from node.http.jsonbytes import dump
from node.http.values import bytes_text
from node.web.fields import parted
from node.web.visits import PageRequest
from node.web.words import LOCALES, PageWords
from protocol.book.addresses import resolve_account, resolve_member
from protocol.book.book import Book
from protocol.book.declaration import Act, Create, Moment, OneOf, Ref, Role, Uuid, operation_name
from protocol.book.members import Auth
from protocol.book.money import Amount
from protocol.book.personal import SALT_BYTES, text_digest
from protocol.book.refusals import Refused
from protocol.book.uuids import derived_id
from protocol.book.wishes import own_ids, private_fields
from protocol.lanes.entry import Millis
from protocol.practices.between.quotes.views import QuoteShown
from protocol.practices.money.payments.entries import Pay
from protocol.wire.codec import encode
from protocol.wire.keys import id_text
from protocol.wire.shape import is_personal, to_map

SIGNED_AT_ONCE_MS = 15 * 60_000
"""For how long a signed wish counts that is sent at once: long enough for a clock that is some minutes off."""
SIGNED_TO_WAIT_MS = 7 * 24 * 60 * 60_000
"""For how long one counts that may wait for the line."""


@dataclass(frozen=True, slots=True)
class SigningSlip:
    """A wish made ready to be signed: what the browser needs, as JSON, and the salts of its personal texts."""

    told: str
    salts: Mapping[str, str]


def _signs_itself(book: Book, visit: PageRequest, operation: Create | Act) -> bool:
    """Tell whether whoever comes has to sign an operation with a key of its own."""
    if operation.signed is None or visit.actor.role is not Role.MEMBER or visit.actor.member is None:
        return False
    return book.members[visit.actor.member].auth is Auth.SELF


def signing_slip(
    book: Book,
    visit: PageRequest,
    operation: Create | Act,
    wish: Any,
    price: QuoteShown | Refused | None,
    *,
    key: str,
    now: Millis,
    chance: Callable[[int], bytes],
) -> SigningSlip | Refused | None:
    """Make a wish ready to be signed, under the ids that follow from its form's key; or say why that cannot be.

    None where whoever comes has no key of its own to sign with.
    """
    if isinstance(price, Refused):
        return price
    if not _signs_itself(book, visit, operation):
        return None
    member = book.members[visit.actor.member or ""]
    whole = _priced(book, wish, price) if isinstance(wish, Pay) and price else _named(book, member.id, wish)
    if isinstance(whole, Refused):
        return whole
    made = {
        name: derived_id(sha256(f"{operation.noun}\0{key}".encode()).digest())
        for name in own_ids(operation.wish)
        if getattr(whole, name) is None
    }
    texts = {name: text for name in private_fields(operation.wish) if (text := getattr(whole, name)) is not None}
    salts = {name: chance(SALT_BYTES) for name in texts}
    whole = replace(whole, **made, **{name: text_digest(salts[name], text) for name, text in texts.items()})
    waits = isinstance(whole, Pay) and whole.invoice is None and price is not None
    until = now + (SIGNED_TO_WAIT_MS if waits else SIGNED_AT_ONCE_MS)
    if price is not None and not waits:
        until = price.expires_at
    told = {
        "operation": operation_name(operation),
        "fields": bytes_text(encode(to_map(whole))),
        "rows": signed_rows(operation.wish, visit.words),
        "names": dict(_names_in(book, whole, price)),
        "texts": {name: {"text": text, "salt": bytes_text(salts[name])} for name, text in texts.items()},
        "order_seq": max((one.order_seq for one in member.keys.values()), default=0),
        "not_after_ms": until,
        "head": None if price is None or price.head is None else bytes_text(price.head),
        "waits": f"/v1/{operation.noun}" if waits else None,
        **manner_of(visit.words),
    }
    return SigningSlip(dump(told).decode(), {name: bytes_text(salt) for name, salt in salts.items()})


def manner_of(words: PageWords) -> dict[str, Any]:
    """Return how a browser writes figures and hours for a reader."""
    return {
        "locale": LOCALES[words.language].replace("_", "-"),
        "zone": words.zone.name,
        "yes": words.say("yes"),
        "no": words.say("no"),
    }


def signed_rows(kind: type[Any], words: PageWords) -> list[dict[str, Any]]:
    """Return the fields of a record as they stand in its bytes: number, name, what people call it, what it is."""
    hints = hints_of(kind)
    return [
        {"n": number, "name": one.name, "label": words.label(one.name), **_row(hints[one.name], words)}
        for number, one in enumerate(fields(kind), 1)
    ]


def _row(hint: Any, words: PageWords) -> dict[str, Any]:
    base, marks, _ = parted(hint)
    if is_personal(marks):
        return {"kind": "private"}
    if base is Amount:
        return {"kind": "amount"}
    if get_origin(base) is tuple:
        return {"kind": "list", "of": _row(get_args(base)[0], words)}
    if isinstance(base, type) and is_dataclass(base):
        return {"kind": "map", "rows": signed_rows(base, words)}
    if isinstance(base, type) and issubclass(base, Enum):
        return {"kind": "text", "words": {str(one.value): words.label(str(one.value)) for one in base}}
    said = next((mark for mark in marks if isinstance(mark, OneOf)), None)
    if said is not None:
        return {"kind": "text", "words": {one: words.label(one) for one in said.words}}
    if any(mark is Moment or isinstance(mark, Moment) for mark in marks):
        return {"kind": "moment"}
    if any(mark is Uuid or isinstance(mark, Uuid) for mark in marks):
        return {"kind": "uuid"}
    return {"kind": {bool: "yes", int: "number", bytes: "bytes"}.get(base, "text")}


def _priced(book: Book, pay: Pay, price: QuoteShown) -> Pay:
    """Return a payment as its price tells it."""
    here = price.payee_network == id_text(book.network)
    return replace(
        pay,
        payee=price.payee if here else f"mutirao:{price.payee_network}/{price.payee}",
        amount=price.amount,
        payer=price.payer,
        max_debit=price.debit,
        invoice=price.invoice,
        condition=price.condition,
    )


def _named(book: Book, member: str, wish: Any) -> Any | Refused:
    """Return a wish with what a signed one names in full: accounts and members by id, the currency of amounts."""
    hints = hints_of(type(wish))
    amounts = {name: one for name in hints if isinstance(one := getattr(wish, name), Amount)}
    code = next((one.asset_code for one in amounts.values() if one.asset_code), getattr(wish, "currency", None))
    found: dict[str, Any] = {name: one.reduced() for name, one in amounts.items()}
    for name, hint in hints.items():
        base, marks, _ = parted(hint)
        table = next((mark.table for mark in marks if isinstance(mark, Ref)), "")
        value = getattr(wish, name)
        if table == "accounts" and base is str:
            account = resolve_account(book, value or member, code)
            if isinstance(account, Refused):
                return account
            found[name] = account.id
            found |= {
                each: replace(one.reduced(), asset_code=one.asset_code or account.currency)
                for each, one in amounts.items()
            }
        elif table == "members" and value is not None:
            named = [resolve_member(book, one) for one in ([value] if isinstance(value, str) else value)]
            for one in named:
                if isinstance(one, Refused):
                    return one
            ids = tuple(one.id for one in named if not isinstance(one, Refused))
            found[name] = ids[0] if isinstance(value, str) else ids
    return replace(wish, **found)


def _names_in(book: Book, wish: Any, price: QuoteShown | None) -> Iterator[tuple[str, str]]:
    """Yield the ids in a wish that stand for somebody, each with the handle by which people know it."""
    for text in _texts_in(wish):
        account = book.ledger.accounts.get(text)
        member = book.members.get(text if account is None else account.member or "")
        if member is not None:
            yield text, member.handle
        elif price is not None and text.endswith(f"/{price.payee}"):
            yield text, price.payee_handle


def _texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif is_dataclass(value):
        for one in fields(value):
            yield from _texts_in(getattr(value, one.name))
    elif isinstance(value, tuple):
        for one in value:
            yield from _texts_in(one)
