# SPDX-License-Identifier: AGPL-3.0-or-later
"""Wishes that members sign: read, heard and planned alike for every operation that declares itself signed.

An entry that rests on such a wish holds the member's signed envelope, or the plain wish that a member without a
key has told the network. Form, network, operation, key, number, date and signature are looked at here and nowhere
else, on every node alike; a practice looks at its own subject alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeGuard, TypeVar, get_args, get_type_hints

from protocol.book.addresses import resolve_member
from protocol.book.declaration import Act, Create, Desk, OneOf, OwnId, Plan, Role, Signing, Waiting, operation_name
from protocol.book.personal import SALT_BYTES, text_digest, text_refusal
from protocol.book.references import references
from protocol.book.refusals import (
    FORBIDDEN,
    KEY_UNKNOWN,
    MALFORMED,
    ORDER_AHEAD,
    ORDER_EXPIRED,
    ORDER_MISMATCH,
    ORDER_REPLAYED,
    ORDER_STALE,
    SIGNATURE_INVALID,
    WRONG_NETWORK,
    Refused,
    foremost,
    refuse,
)
from protocol.book.signed import (
    ORDER_SEQ_AHEAD_MAX,
    Envelope,
    Signed,
    is_authentic,
    parse_uuid,
    read_signed,
    sign_envelope,
    wish_digest,
)
from protocol.book.uuids import drawn_id, strange
from protocol.wire.codec import CodecFault, encode
from protocol.wire.pattern import reader
from protocol.wire.shape import PersonalText, ShapeFault, to_map

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from protocol.book.book import Book
    from protocol.book.members import DeviceKey, Member
    from protocol.lanes.entry import Body, Millis
    from protocol.wire.keys import KeyPair

W = TypeVar("W")
ID_BYTES = 16


SIGNED_READ_MAX = 1_024
"""So many signed wishes are remembered as read: what names rows, plans, checks and folds them reads each once."""


class Wished(Protocol):
    """An entry that rests on a wish: of which operation, of which type; signed, or told by word of mouth.

    One whose operation takes no word has no `word`.
    """

    KIND: ClassVar[str]
    OPERATION: ClassVar[str]
    WISH: ClassVar[type[Any]]
    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def signed(self) -> Signed | None:
        """The member's envelope."""
        ...


@dataclass(frozen=True, slots=True)
class Brought:
    """A signed wish as a client brings it, the personal texts that it names by digest beside it, with their salts."""

    signed: Signed
    texts: Mapping[str, str] = field(default_factory=dict[str, str])
    salts: Mapping[str, bytes] = field(default_factory=dict[str, bytes])


@dataclass(frozen=True, slots=True)
class Said(Generic[W]):
    """A wish and who said it: `member` by its key, whose state is `device`; or nobody's key, by word of mouth."""

    wish: W
    signed: Signed | None = None
    envelope: Envelope | None = None
    member: Member | None = None
    device: DeviceKey | None = None

    @property
    def held(self) -> tuple[Signed | None, W | None]:
        """What an entry holds of it: the envelope, or the plain wish."""
        return (None, self.wish) if self.signed is None else (self.signed, None)

    @property
    def digest(self) -> bytes | None:
        """The digest by which the book remembers the bytes that were signed, if they were."""
        return None if self.signed is None else wish_digest(self.signed)

    @property
    def rests_on(self) -> tuple[int, ...]:
        """The place in the ledger lane of the entry that gave the key, if one signed."""
        return () if self.device is None else (self.device.arrival,)


def sign_wish(keys: KeyPair, operation: str, wish: object, **told: Any) -> Signed:
    """Encode and sign a wish; `told` are the other fields of its envelope. Raises ShapeFault for what does not fit."""
    return sign_envelope(keys, Envelope(operation=operation, fields=encode(to_map(wish)), key=keys.public, **told))


def rests_on_wish(body: Body) -> TypeGuard[Wished]:
    """Tell whether an entry rests on a wish that members sign."""
    return hasattr(body, "OPERATION")


@cache
def private_fields(wish: type[Any]) -> dict[str, int]:
    """Return the personal texts of a wish by field, and how many characters each may have."""
    marked = ((name, _marks(hint)) for name, hint in get_type_hints(wish, include_extras=True).items())
    return {name: mark.chars_max for name, marks in marked for mark in marks if isinstance(mark, PersonalText)}


@cache
def chosen_texts(wish: type[Any]) -> dict[str, tuple[str, ...]]:
    """Return the personal texts of a wish that are one of a few words, by field: a client has to bring these."""
    marked = ((name, _marks(hint)) for name, hint in get_type_hints(wish, include_extras=True).items())
    private = private_fields(wish)
    return {name: mark.words for name, marks in marked for mark in marks if name in private and isinstance(mark, OneOf)}


@cache
def own_ids(wish: type[Any]) -> tuple[str, ...]:
    """Return the fields of a wish that name what it makes."""
    marked = ((name, _marks(hint)) for name, hint in get_type_hints(wish, include_extras=True).items())
    return tuple(name for name, marks in marked if any(mark is OwnId or isinstance(mark, OwnId) for mark in marks))


def _marks(hint: Any) -> tuple[Any, ...]:
    """Return all marks of a type, within its None and without."""
    if hasattr(hint, "__metadata__"):
        inner, *marks = get_args(hint)
        return (*marks, *_marks(inner))
    return tuple(mark for option in get_args(hint) for mark in _marks(option))


# What every node asks of an entry.


def read_said(body: Wished) -> Said[Any] | Refused:
    """Return what an entry rests on, by its form alone: the envelope's signature and key are not looked at."""
    word = getattr(body, "word", None)
    if (body.signed is None) is (word is None):
        return refuse(MALFORMED, field="signed", expected="either a signed wish or a word")
    return _read(body.OPERATION, body.WISH, body.signed) if body.signed is not None else _whole(Said(word))


def named_in(operation: Create | Act, wish: Any) -> Iterator[tuple[str, Any]]:
    """Yield (table, id) of the rows that a wish, signed or told, names, and of what it makes under an id of its own."""
    if isinstance(wish, Brought):
        said = _read(operation_name(operation), operation.wish, wish.signed)
        if isinstance(said, Refused):
            return
        wish = said.wish
    yield from references(wish)
    if isinstance(wish, operation.wish):
        for name in own_ids(operation.wish):
            yield operation.noun, getattr(wish, name)


def named_by(body: Body) -> Iterator[tuple[str, Any]]:
    """Yield (table, id) of the rows that an entry names, itself or by the wish that it rests on."""
    yield from references(body)
    said = read_said(body) if rests_on_wish(body) else None
    if said is not None and not isinstance(said, Refused):
        wish: object = said.wish
        yield from references(wish)
        noun = body.OPERATION.partition(".")[0] if rests_on_wish(body) else ""
        for name in own_ids(type(wish)):
            yield noun, getattr(wish, name)


@lru_cache(maxsize=SIGNED_READ_MAX)
def _read(operation: str, kind: type[W], signed: Signed) -> Said[W] | Refused:
    envelope = read_signed(signed)
    if envelope is None or envelope.operation != operation:
        return refuse(MALFORMED, field="signed", expected=f"a signed wish of {operation}")
    try:
        wish = reader(kind)(envelope.fields)
    except (CodecFault, ShapeFault) as fault:
        return refuse(MALFORMED, field="signed", expected=f"fields that fit: {fault}"[:200])
    return _whole(Said(wish, signed, envelope))


def _whole(said: Said[W]) -> Said[W] | Refused:
    missing = next((name for name in own_ids(type(said.wish)) if getattr(said.wish, name) is None), None)
    return said if missing is None else refuse(MALFORMED, field=missing, expected="an id")


def hear(book: Book, body: Wished) -> Said[Any] | Refused:
    """Return what an entry rests on and who said it, or why nobody did: form, signature, key."""
    known = _known(book, body.signed)
    said = read_said(body) if known is None else known
    return said if isinstance(said, Refused) else _authentic(book, said)


def _authentic(book: Book, said: Said[W]) -> Said[W] | Refused:
    """Return a wish with who said it: the newest is remembered, so that plan, check and fold verify it once."""
    if said.signed is None or said.envelope is None:
        return said
    if _known(book, said.signed) is None or not book.heard_wish[1]:
        sampled = book.is_sampled is None or book.is_sampled()
        if sampled and not is_authentic(said.signed, said.envelope):
            return refuse(SIGNATURE_INVALID)
    said = _by_whom(book, said)
    if said.device is None or said.device.revoked:
        return refuse(KEY_UNKNOWN)
    book.heard_wish = said, True
    return said


def _known(book: Book, signed: Signed | None) -> Said[Any] | None:
    newest = book.heard_wish[0]
    return newest if newest is not None and signed is not None and newest.signed is signed else None


def _by_whom(book: Book, said: Said[W]) -> Said[W]:
    if said.envelope is None or said.device is not None:
        return said
    member = book.members.get(book.member_by_key.get(said.envelope.key, ""))
    return said if member is None else replace(said, member=member, device=member.keys[said.envelope.key])


def said_in(book: Book, body: Wished, kind: type[W]) -> Said[W]:
    """Return what an entry rests on that was heard before, or stands in the book."""
    known = _known(book, body.signed)
    if known is None:
        said = read_said(body)
        assert not isinstance(said, Refused), "an entry that was checked is read again"
        known = _by_whom(book, said)
        if known.signed is not None:
            book.heard_wish = known, False
    assert type(known.wish) is kind
    return known


def untimely(book: Book, said: Said[Any], at_ms: Millis) -> Refused | None:
    """Return why an envelope does not count here and now: wrong network; a number used, old or far ahead; expired."""
    envelope, device = said.envelope, said.device
    if envelope is None or device is None:
        return None
    if envelope.network != book.network:
        return refuse(WRONG_NETWORK)
    if envelope.order_seq <= device.order_seq:
        again = envelope.order_seq == device.order_seq
        return refuse(ORDER_REPLAYED if again else ORDER_STALE, order_seq=device.order_seq)
    most = max(device.order_seq, at_ms) + ORDER_SEQ_AHEAD_MAX
    if envelope.order_seq > most:
        return refuse(ORDER_AHEAD, order_seq=device.order_seq, maximum=most)
    return refuse(ORDER_EXPIRED) if at_ms > envelope.not_after_ms else None


def count(book: Book, body: Wished) -> None:
    """Note the number of the envelope that an entry rests on: part of the fold."""
    said = said_in(book, body, body.WISH)
    if said.envelope is not None and said.device is not None:
        said.device.order_seq = said.envelope.order_seq


# What the home does with a wish that somebody brings.

NotedTexts = tuple[tuple[bytes, str], ...]
"""Personal texts for the erasable store, by salted digest."""


def plan(desk: Desk, operation: Create | Act, subject: str, wish: Any) -> Plan | Waiting | Refused:
    """Decide what an operation writes: a plain wish, or a signed one (Brought), of whoever asks.

    `subject` is what an act is about, as its path tells it.
    """
    if operation.signed is None:
        refused = operation.form(desk, wish)
        if refused is not None:
            return refused
        return operation.plan(desk, wish) if isinstance(operation, Create) else operation.plan(desk, subject, wish)
    heard = _heard(desk, operation, wish)
    if isinstance(heard, Refused):
        return heard
    said, texts, mismatch = heard
    if isinstance(operation, Create):
        planned = operation.plan(desk, said)
    else:
        about = operation.about
        if about and not _is_about(desk.book, getattr(said.wish, about), subject):
            mismatch = foremost(mismatch, refuse(ORDER_MISMATCH, field=about))
        planned = operation.plan(desk, subject, said)
    if isinstance(planned, Plan) and not planned.writes:
        return planned  # It was carried out before, and is shown again.
    if said.member is not None and not operation.by_anybody and not _may_bring(desk, said.member):
        mismatch = foremost(mismatch, refuse(FORBIDDEN, allowed="the member who signed it"))
    strangers = (strange(name, getattr(said.wish, name)) for name in own_ids(operation.wish))
    refused = planned if isinstance(planned, Refused) else None
    refused = foremost(refused, *strangers, untimely(desk.book, said, desk.now), mismatch)
    if refused is not None:
        return refused
    return replace(planned, texts=(*texts, *planned.texts)) if isinstance(planned, Plan) else planned


def _heard(desk: Desk, operation: Create | Act, wish: Any) -> tuple[Said[Any], NotedTexts, Refused | None] | Refused:
    """Return what is wished, the texts for the erasable store, and what of these does not fit."""
    private = private_fields(operation.wish)
    texts = wish.texts if isinstance(wish, Brought) else {name: getattr(wish, name) for name in private}
    for name, text in texts.items():
        refused = text_refusal(name, text, private[name])
        if refused is not None:
            return refused
    for name, words in chosen_texts(operation.wish).items():
        if texts.get(name) not in words:
            return refuse(MALFORMED, field=name, expected=f"one of {', '.join(words)}")
    if isinstance(wish, Brought):
        said = _read(operation_name(operation), operation.wish, wish.signed)
        if isinstance(said, Refused):
            return said
        refused = operation.form(desk, said.wish)
        if refused is not None:
            return refused
        heard = _authentic(desk.book, said)
        if isinstance(heard, Refused):
            strangers = (strange(name, getattr(said.wish, name)) for name in own_ids(operation.wish))
            return foremost(heard, *strangers) or heard
        return (heard, *_fitting(heard.wish, wish))
    if operation.signed is Signing.KEY:
        return refuse(MALFORMED, field="signed", expected="a wish that your key has signed")
    refused = operation.form(desk, wish)
    if refused is not None:
        return refused
    told: dict[str, Any] = {
        name: desk.book.drawn(drawn_id(desk.chance)) for name in own_ids(operation.wish) if getattr(wish, name) is None
    }
    named: list[tuple[bytes, str]] = []
    for name, text in texts.items():
        if text is not None:
            told[name] = text_digest(desk.chance(SALT_BYTES), text)
            named.append((told[name], text))
    return Said(replace(wish, **told) if told else wish), tuple(named), None


def _fitting(wish: Any, brought: Brought) -> tuple[NotedTexts, Refused | None]:
    """Return the texts that a signed wish names by salted digest; one that it does not name is ORDER_MISMATCH."""
    named: list[tuple[bytes, str]] = []
    for name, text in brought.texts.items():
        digest, salt = getattr(wish, name), brought.salts.get(name)
        if digest is None or salt is None or text_digest(salt, text) != digest:
            return (), refuse(ORDER_MISMATCH, field=name)
        named.append((digest, text))
    return tuple(named), None


def _may_bring(desk: Desk, signer: Member) -> bool:
    """Tell whether somebody may bring what a member signed, and be shown what comes of it: itself, or a steward."""
    return desk.actor.role is Role.STEWARD or desk.actor.member == signer.id


def _is_about(book: Book, named: Any, subject: str) -> bool:
    """Tell whether a wish names what its path names: the same id, or the same member or account of one."""
    if isinstance(named, bytes):
        return len(named) == ID_BYTES and parse_uuid(subject) == named
    return named == subject or ((owner := _owner(book, named)) is not None and owner == _owner(book, subject))


def _owner(book: Book, address: str) -> str | None:
    """Return the member whom an address names, or whose account it names; None where there is none."""
    account = book.ledger.accounts.get(address)
    if account is not None:
        return account.member
    member = resolve_member(book, address)
    return None if isinstance(member, Refused) else member.id
