# SPDX-License-Identifier: AGPL-3.0-or-later
"""Rates: what the group has voted that a currency is worth in another unit, with its source and its day.

They are for showing, and for a rule that names one. No payment is ever converted by them: a currency that nothing backs
does not become one that something backs because somebody says what it is worth.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from protocol.book.arrivals import since
from protocol.book.book import Book
from protocol.book.declaration import (
    At,
    Create,
    Desk,
    Doc,
    Entered,
    List,
    Motion,
    News,
    Plan,
    Practice,
    Ref,
    Show,
    TextRef,
    Write,
    ungated,
)
from protocol.book.gates import UnderMotion
from protocol.book.ledger import Posting
from protocol.book.money import Rate
from protocol.book.personal import NOTE_BYTES_MAX, NOTE_CHARS_MAX, salted, shown_text, text_refusal
from protocol.book.private import Owned, Private
from protocol.book.refusals import CURRENCY_UNKNOWN, DUPLICATE, MALFORMED, NOT_FOUND, Reason, Refused, refuse
from protocol.book.signed import Digest, Id16, Time, parse_uuid, uuid_text
from protocol.book.uuids import drawn_id
from protocol.lanes.entry import Body, Millis
from protocol.practices.money.currencies.entries import CODE_CHARS_MAX, Code
from protocol.wire.shape import AtMost, Range

RATE_PART_MAX = 1_000_000_000_000
RATE_GATE = Motion()
RatePart = Annotated[int, Range(1, RATE_PART_MAX)]


@dataclass(frozen=True, slots=True)
class RateVoted:
    """From a day on one whole unit of a currency is held to be worth num/den whole units of another.

    `against` is a currency here or another unit, such as state money; `source` is the digest of where it is from.
    """

    KIND: ClassVar[str] = "rates/voted"
    rate: Id16
    currency: Code
    against: Code
    num: RatePart
    den: RatePart
    source: Digest | None
    from_ms: Time


@dataclass(slots=True)
class VotedRate:
    """A rate as the group has voted it, and by which motion."""

    said: RateVoted
    arrival: int
    at_ms: Millis
    motion: bytes


@dataclass(slots=True)
class VotedRates:
    """All rates by id, in the order in which they were voted."""

    by_id: dict[bytes, VotedRate] = field(default_factory=dict[bytes, VotedRate])


@dataclass(frozen=True, slots=True)
class VoteRate:
    """Hold one unit of a currency to be worth so much of another; the group votes on it, and nothing is converted."""

    currency: Annotated[Code, Ref("currencies"), Doc("the currency's code")]
    against: Annotated[Code, Doc("the code of another currency, or of another unit such as BRL")]
    num: Annotated[RatePart, Doc("one of the first is worth num/den of the second: 3")]
    den: Annotated[RatePart, Doc("and 2 is 1.5")]
    source: Annotated[str, AtMost(NOTE_CHARS_MAX), Doc("where it is from; kept outside the ledger, erasable")]
    since: Annotated[At | None, Doc("from when on; default: now")] = None


@dataclass(frozen=True, slots=True)
class RatesWanted:
    """All rates that were voted, oldest first."""

    currency: Annotated[str | None, AtMost(CODE_CHARS_MAX), Doc("only those of this currency")] = None


@dataclass(frozen=True, slots=True)
class VotedRateShown:
    """What the group holds a currency to be worth; no payment is converted by it."""

    id: Annotated[str, Doc("its id")]
    currency: Annotated[str, Doc("the code of the currency")]
    against: Annotated[str, Doc("the code of the other, or of another unit")]
    num: Annotated[int, Doc("one of the first is worth num/den of the second")]
    den: Annotated[int, Doc("by what num is divided")]
    source: Annotated[TextRef | None, Doc("where it is from")]
    since: Annotated[At, Doc("from when on")]
    voted_at: Annotated[At, Doc("when the vote was carried out")]
    motion: Annotated[str, Doc("the motion by which it was voted")]
    holds: Annotated[bool, Doc("whether it is the newest of the two that has begun")]


def check(book: Book, entered: Entered) -> Reason | None:
    assert isinstance(entered.body, RateVoted)
    refused = book.misplaced(entered) or _against(book, entered.body)
    return refused.reason if refused else None


def _against(book: Book, body: RateVoted) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    if body.currency not in book.currencies:
        return refuse(CURRENCY_UNKNOWN, currency=body.currency[:CODE_CHARS_MAX])
    if body.against == body.currency or not body.against.isalnum() or not body.against.isupper():
        return refuse(MALFORMED, field="against", expected="the code of another currency or unit, such as BRL")
    if body.rate in book.of(VotedRates).by_id:
        return refuse(DUPLICATE)
    return ungated(book, RATE_GATE)


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body = entered.body
    assert isinstance(body, RateVoted)
    motion = book.of(UnderMotion).motion
    book.of(VotedRates).by_id[body.rate] = VotedRate(body, entered.seq, entered.at_ms, motion)
    return ()


def news(book: Book, entered: Entered) -> Iterable[News]:
    body = entered.body
    assert isinstance(body, RateVoted)
    yield News("rate.voted", uuid_text(body.rate), tuple(book.members))


def owned(book: Book, body: Body) -> Iterable[Owned]:
    """Yield where a rate is from: nobody's own, and erased by command alone."""
    del book
    assert isinstance(body, RateVoted)
    if body.source is not None:
        yield Owned(body.source, "", f"rates/{uuid_text(body.rate)}")


def voted_rate(book: Book, currency: str, against: str, at_ms: Millis) -> VotedRate | None:
    """Return what the group holds a currency to be worth at an hour: of those that have begun, the newest."""
    begun = [
        one
        for one in book.of(VotedRates).by_id.values()
        if (one.said.currency, one.said.against) == (currency, against) and one.said.from_ms <= at_ms
    ]
    return max(begun, key=lambda one: (one.said.from_ms, one.arrival), default=None)


def plan_vote(desk: Desk, wish: VoteRate) -> Plan | Refused:
    if not wish.source.strip():
        return refuse(MALFORMED, field="source", expected="where the rate is from")
    if refused := text_refusal("source", wish.source, NOTE_CHARS_MAX):
        return refused
    source, texts = salted(desk, wish.source)
    rate = Rate(wish.num, wish.den).reduced()
    from_ms = desk.now if wish.since is None else wish.since
    name = desk.book.drawn(drawn_id(desk.chance))
    body = RateVoted(name, wish.currency, wish.against, rate.num, rate.den, source, from_ms)
    return _against(desk.book, body) or Plan(uuid_text(body.rate), (Write(body),), texts)


def view_one(desk: Desk, name: str) -> VotedRateShown | Refused:
    found = desk.book.of(VotedRates).by_id.get(parse_uuid(name) or b"")
    return refuse(NOT_FOUND) if found is None else _shown(desk, found)


def view_all(desk: Desk, wanted: RatesWanted, after: int) -> Iterable[tuple[int, VotedRateShown]]:
    found = since(list(desk.book.of(VotedRates).by_id.values()), after)
    return ((cursor, _shown(desk, one)) for cursor, one in found if wanted.currency in (None, one.said.currency))


def _shown(desk: Desk, one: VotedRate) -> VotedRateShown:
    said = one.said
    return VotedRateShown(
        uuid_text(said.rate),
        said.currency,
        said.against,
        said.num,
        said.den,
        shown_text(said.source),
        said.from_ms,
        one.at_ms,
        uuid_text(one.motion),
        voted_rate(desk.book, said.currency, said.against, desk.now) is one,
    )


PRACTICE = Practice(
    name="rates",
    entries=(RateVoted,),
    check=check,
    fold=fold,
    news=news,
    private=(Private("source", NOTE_BYTES_MAX, (RateVoted,), owned),),
    operations=(
        Create(
            "rates",
            VoteRate,
            plan=plan_vote,
            gate=RATE_GATE,
            example='mutirao rates create --currency HORA --against BRL --num 30 --den 1 --source "wages of May"',
        ),
        Show("rates", VotedRateShown, view=view_one, example="mutirao rates show ID"),
        List("rates", RatesWanted, VotedRateShown, view=view_all, example="mutirao rates list --currency HORA"),
    ),
)
