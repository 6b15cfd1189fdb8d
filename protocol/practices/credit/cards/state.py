# SPDX-License-Identifier: AGPL-3.0-or-later
"""Cards, terminals and the guarantee fund as the book keeps them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from protocol.book.declaration import Motion, Parameter, SystemAccount
from protocol.book.lifecycle import Lifecycle
from protocol.book.parameters import Money, Number
from protocol.book.signed import Signed
from protocol.book.tables import Table
from protocol.book.timezones import DAY_MS
from protocol.lanes.entry import Millis
from protocol.practices.credit.cards.entries import (
    CardEnded,
    CardForm,
    CardFrozen,
    CardIssued,
    CardLoaded,
    CardRenewed,
    CardUnloaded,
    FreezeReason,
    TerminalSynced,
)
from protocol.practices.credit.cards.statements import UNSEEN_DAYS_MAX, CardCertificate

CARDS_GATE = Motion()
PURSES = SystemAccount("purses", "what the purses of all cards hold")
GUARANTEE = SystemAccount("guarantee", "the fund that pays merchants where a forked card's purse does not")

PURSE_MAX = Parameter(
    "cards.purse_max", Money(1), 300_00, "what the purse of a card holds at most", changed_by=CARDS_GATE
)
PAYMENT_CAP = Parameter(
    "cards.payment_cap", Money(1), 200_00, "what a card pays at once without a node", changed_by=CARDS_GATE
)
DAY_CAP = Parameter(
    "cards.day_cap",
    Money(1),
    200_00,
    "what a card pays at one terminal in a day without a node; the worst case: cards worst-case",
    changed_by=CARDS_GATE,
)
CARD_FEE = Parameter(
    "cards.fee", Money(), 0, "what a new card costs its holder, for the guarantee fund", changed_by=CARDS_GATE
)
FUND_LEAST = Parameter("cards.fund_least", Money(), 100_00, "what the guarantee fund holds before it is told as low")
UNSEEN_DAYS = Parameter(
    "cards.unseen_days",
    Number(1, UNSEEN_DAYS_MAX, "days"),
    14,
    "how long a card and a terminal go on without meeting a node",
    changed_by=CARDS_GATE,
)
VALID_DAYS = Parameter(
    "cards.valid_days", Number(1, 3_650, "days"), 730, "how long a card's certificate holds", changed_by=CARDS_GATE
)


class CardState(StrEnum):
    """Whether a card pays."""

    ACTIVE = "active"
    FROZEN = "frozen"
    ENDED = "ended"


_S = CardState
CARD_LIFE = Lifecycle(
    "cards",
    CardState,
    {
        (None, CardIssued.KIND): _S.ACTIVE,
        (_S.ACTIVE, CardLoaded.KIND): _S.ACTIVE,
        (_S.ACTIVE, CardUnloaded.KIND): _S.ACTIVE,
        (_S.FROZEN, CardUnloaded.KIND): _S.FROZEN,
        (_S.ACTIVE, CardFrozen.KIND): _S.FROZEN,
        (_S.FROZEN, CardFrozen.KIND): _S.FROZEN,
        (_S.ACTIVE, CardRenewed.KIND): _S.ACTIVE,
        (_S.FROZEN, CardRenewed.KIND): _S.ACTIVE,
        (_S.ACTIVE, CardEnded.KIND): _S.ENDED,
        (_S.FROZEN, CardEnded.KIND): _S.ENDED,
        # What terminals took before they heard of it is settled all the same.
        (_S.ACTIVE, TerminalSynced.KIND): (_S.ACTIVE, _S.FROZEN),
        (_S.FROZEN, TerminalSynced.KIND): _S.FROZEN,
        (_S.ENDED, TerminalSynced.KIND): _S.ENDED,
    },
)


@dataclass(frozen=True, slots=True)
class CardTerms:
    """The caps of one certificate (minor units), and until when it holds."""

    payment_cap: int
    day_cap: int
    unseen_days: int
    expires_ms: Millis


@dataclass(slots=True)
class Card:
    """A card: whose it is, its key, the terms of each certificate from version 1 on, and its purse.

    `unloaded_minor` is what went back to the account and may still be asked for by payments on their way;
    `guaranteed_minor` what the fund has paid, or owes, for it. `hot_since` is the place in the lane since which it is
    on the hotlist. `forks` are two payments that it signed at one counter.
    """

    id: bytes
    arrival: int
    at_ms: Millis
    account: str
    member: str
    key: bytes
    form: CardForm
    terms: tuple[CardTerms, ...]
    seen_ms: Millis
    state: CardState = CardState.ACTIVE
    why: FreezeReason | None = None
    purse_minor: int = 0
    unloaded_minor: int = 0
    guaranteed_minor: int = 0
    counter: int = 0
    hot_since: int | None = None
    forks: tuple[Signed, ...] = ()

    @property
    def currency(self) -> str:
        """The code of the currency that its purse holds."""
        return self.account.partition(".")[2]

    @property
    def stops_at_ms(self) -> Millis:
        """The hour after which no terminal takes it, unless it was seen again or renewed."""
        terms = self.terms[-1]
        return min(terms.expires_ms, self.seen_ms + terms.unseen_days * DAY_MS)

    def certificate(self, network: bytes) -> CardCertificate:
        """Return what the network says of it now."""
        terms = self.terms[-1]
        return CardCertificate(
            network,
            self.id,
            self.key,
            self.currency,
            len(self.terms),
            terms.payment_cap,
            terms.day_cap,
            self.seen_ms,
            terms.unseen_days,
            terms.expires_ms,
        )


CARDS = Table(
    "cards",
    Card,
    by={"member": lambda card: (card.member,)},
    closed=lambda card: card.state is CardState.ENDED,
)


@dataclass(slots=True)
class CardCount:
    """What a card has signed at one counter: the first payment, the digests of all, and the greatest amount."""

    id: str
    first: Signed
    digests: tuple[bytes, ...]
    most_minor: int


def counted_id(card: bytes, counter: int) -> str:
    """Return the key of what a card has signed at a counter."""
    return f"{card.hex()}.{counter}"


CARD_COUNTERS = Table("card-counters", CardCount, closed=lambda counted: bool(counted.id))


@dataclass(slots=True)
class Terminal:
    """A terminal: whose account it fills, how far its log is known, and what it has taken on the newest day.

    `synced` records are known, the last of them by its digest `prev` and its hour (at first a day before it was
    registered); `sums_minor` are of the day `day`,
    by card, and `counters` the newest of each card in its log.
    """

    id: bytes
    arrival: int
    account: str
    key: bytes
    met_ms: Millis
    retired: bool = False
    synced: int = 0
    prev: bytes | None = None
    at_ms: Millis = 0
    day: int = 0
    sums_minor: dict[bytes, int] = field(default_factory=dict[bytes, int])
    counters: dict[bytes, int] = field(default_factory=dict[bytes, int])


@dataclass(slots=True)
class Terminals:
    """All terminals by id, and those in use by when they were met, the longest ago first."""

    by_id: dict[bytes, Terminal] = field(default_factory=dict[bytes, Terminal])
    by_key: dict[bytes, bytes] = field(default_factory=dict[bytes, bytes])
    met: dict[bytes, Millis] = field(default_factory=dict[bytes, Millis])
    by_member: dict[str, list[bytes]] = field(default_factory=dict[str, list[bytes]])

    def meet(self, terminal: Terminal, at_ms: Millis) -> None:
        """Note that a terminal was met: part of the fold."""
        terminal.met_ms = max(terminal.met_ms, at_ms)
        self.met.pop(terminal.id, None)
        if not terminal.retired:
            self.met[terminal.id] = terminal.met_ms

    def stale(self, before_ms: Millis) -> Iterable[Terminal]:
        """Yield the terminals in use that were not met since an hour, the longest ago first."""
        for name, met_ms in self.met.items():
            if met_ms >= before_ms:
                return
            yield self.by_id[name]

    def of_member(self, member: str) -> list[Terminal]:
        """Return a member's terminals in use."""
        return [self.by_id[name] for name in self.by_member.get(member, ()) if not self.by_id[name].retired]


@dataclass(slots=True)
class CardsHeld:
    """What is told of cards without looking at each: by currency how many pay, which are frozen, whose key is whose."""

    active: dict[str, int] = field(default_factory=dict[str, int])
    frozen: dict[bytes, None] = field(default_factory=dict[bytes, None])
    hot: dict[bytes, Millis] = field(default_factory=dict[bytes, Millis])
    """Cards on the hotlist, by when the last certificate of each expires; the newest last."""
    by_key: dict[bytes, bytes] = field(default_factory=dict[bytes, bytes])
    forks: dict[str, int] = field(default_factory=dict[str, int])


@dataclass(slots=True)
class Guarantee:
    """The guarantee fund by currency: to whom it owes what, the oldest first, and what it has paid in all."""

    queue: dict[str, list[tuple[str, int]]] = field(default_factory=dict[str, list[tuple[str, int]]])
    paid_minor: dict[str, int] = field(default_factory=dict[str, int])

    def owed_minor(self, currency: str) -> int:
        """Return what merchants wait for in a currency."""
        return sum(minor for _, minor in self.queue.get(currency, ()))
