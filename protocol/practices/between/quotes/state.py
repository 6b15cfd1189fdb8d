# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a node knows of prices: the questions that are open, and the quotes that it has given its members."""

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from protocol.book.declaration import Doc
from protocol.book.ledger import Account
from protocol.book.money import Amount
from protocol.book.refusals import Refused
from protocol.lanes.entry import Millis
from protocol.practices.between.quotes.invoices import invoice_hash
from protocol.practices.between.routes.paths import Pair, Path

QUOTES_OPEN_MAX = 4_096
QUOTES_PER_ASKER_MAX = 256
"""What one asker can have open of them, and of questions: beyond it its own oldest quote goes."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A price: what the payer is debited (own minor units, no levy) so that the payee gets `amount` (payee's)."""

    id: bytes
    payer: Account
    payee_network: bytes
    payee: str
    payee_handle: str
    amount: int
    amount_scale: int
    debit: int
    not_after_ms: Millis
    invoice: bytes | None = None
    invoice_signature: bytes | None = None
    condition: bytes | None = None
    paths: tuple[Path, ...] = ()
    asker: str = ""
    also: tuple["Quote", ...] = ()
    """Where it is in several currencies at once: the others, each as a price of its own."""
    levy: int = 0
    """What the payer bears of a levy on top (own minor units)."""

    @property
    def cost(self) -> int:
        """What the payer pays in all (own minor units)."""
        return self.debit + self.levy


@dataclass(slots=True)
class SentPayments:
    """The payments that members here have sent abroad, by their conditions: kept by the fold of these payments."""

    payments: dict[bytes, bytes] = field(default_factory=dict[bytes, bytes])


@dataclass(frozen=True, slots=True)
class Question:
    """A quote that a member of ours waits for under `asked`, and the way that is being asked now.

    `is_given` tells that the member named the way, so that there is no other; `tried` are the ways asked so far,
    `avoid` the pairs of networks that refused, `refusal` what the last of them told, and `lacks_room` whether one of
    them lacked room. Where the payment is `split` only the invoice is wanted.
    """

    asked: bytes
    wish: "AskQuote"
    payer: Account
    payee_network: bytes
    payee: str
    request: bytes | None
    until_ms: Millis
    is_given: bool
    link: bytes = b""
    route: tuple[bytes, ...] = ()
    attempt_until_ms: Millis = 0
    tried: tuple[tuple[bytes, ...], ...] = ()
    avoid: frozenset[Pair] = frozenset()
    refusal: Refused | None = None
    lacks_room: bool = False
    split: bool = False
    asker: str = ""
    refunds: bytes | None = None


@dataclass(slots=True)
class Quotes:
    """Open questions and quotes: not part of the fold, and lost at a restart without harm.

    Nobody keeps another from paying abroad: beyond an asker's share its own oldest quote goes, and where there are
    too many in all, the oldest of whoever has most.
    """

    TRANSIENT: ClassVar[bool] = True
    questions: dict[bytes, Question] = field(default_factory=dict[bytes, Question])
    """By the key under which the way is asked."""
    given: dict[bytes, Quote] = field(default_factory=dict[bytes, Quote])
    by_invoice: dict[bytes, Quote] = field(default_factory=dict[bytes, Quote])
    denied: dict[bytes, Refused] = field(default_factory=dict[bytes, Refused])
    by_asker: dict[str, dict[bytes, None]] = field(default_factory=dict[str, dict[bytes, None]])
    """The quotes that each asker has open, oldest first."""

    def give(self, quote: Quote) -> None:
        """Keep a quote until it expires, or its asker or all have too many."""
        own = self.by_asker.get(quote.asker, {})
        if len(own) >= QUOTES_PER_ASKER_MAX:
            self.use(self.given[next(iter(own))])
        elif len(self.given) >= QUOTES_OPEN_MAX:
            self.use(self.given[next(iter(max(self.by_asker.values(), key=len)))])
        self.given[quote.id] = quote
        self.by_asker.setdefault(quote.asker, {})[quote.id] = None
        if quote.invoice is not None:
            self.by_invoice[invoice_hash(quote.invoice)] = quote

    def use(self, quote: Quote) -> None:
        """Forget a quote that was paid: whoever knows the preimage by then would claim a second hold for nothing."""
        if self.given.pop(quote.id, None) is None:
            return
        own = self.by_asker[quote.asker]
        del own[quote.id]
        if not own:
            del self.by_asker[quote.asker]
        if quote.invoice is not None:
            self.by_invoice.pop(invoice_hash(quote.invoice), None)

    def is_full_for(self, asker: str) -> bool:
        """Tell whether so many questions are open, of one asker or in all, that no more is asked now."""
        own = sum(one.asker == asker for one in self.questions.values())
        return own >= QUOTES_PER_ASKER_MAX or len(self.questions) >= QUOTES_OPEN_MAX

    def forget(self, now: Millis) -> None:
        """Drop what has expired."""
        self.questions = {key: one for key, one in self.questions.items() if one.until_ms >= now}
        for quote in [one for one in self.given.values() if one.not_after_ms < now]:
            self.use(quote)


@dataclass(frozen=True, slots=True)
class AskQuote:
    """Ask what a payment costs, here or across links; nothing moves."""

    payee: Annotated[
        str, Doc("who is paid: a member's handle, bia@serra, an account id, or mutirao:<network>/<account>")
    ]
    amount: Annotated[
        Amount,
        Doc("what the payee gets, in the payee's currency; or what you give, in yours, if you name it"),
    ]
    payer: Annotated[str | None, Doc("the paying account; your only one where it is left out")] = None
    via: Annotated[
        tuple[str, ...], Doc("the networks to pass through, in order; where it is left out, the node finds the way")
    ] = ()
    note: Annotated[str, Doc("what it is for; the payee sees it")] = ""
    request: Annotated[str | None, Doc("the payee's payment request that this pays")] = None
    refunds: Annotated[
        str | None, Doc("the payment from abroad of which this pays back all or a part, to who paid it")
    ] = None
