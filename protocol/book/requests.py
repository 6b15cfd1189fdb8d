# SPDX-License-Identifier: AGPL-3.0-or-later
"""Payment requests as a book knows them: what is asked, and what is left of it."""

from dataclasses import dataclass
from enum import StrEnum

from protocol.book.lifecycle import HOUR, Lifecycle
from protocol.book.searching import CALLED_TABLE, searched_by
from protocol.book.tables import Table
from protocol.lanes.entry import Millis


class RequestState(StrEnum):
    """What became of a payment request; one past its date counts as expired, without an entry."""

    OPEN = "open"
    PAID = "paid"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


REQUEST_LIFE = Lifecycle(
    "payment-requests",
    RequestState,
    {
        (None, "payment-requests/requested"): RequestState.OPEN,
        (RequestState.OPEN, "payments/paid"): RequestState.PAID,
        (RequestState.OPEN, "obligations/set-off"): (RequestState.OPEN, RequestState.PAID),
        (RequestState.OPEN, "payment-requests/declined"): RequestState.DECLINED,
        (RequestState.OPEN, "payment-requests/cancelled"): RequestState.CANCELLED,
        # An advance that nobody has paid: the order is off, or less came than it would have paid.
        (RequestState.OPEN, "orders/cancelled"): RequestState.CANCELLED,
        (RequestState.OPEN, "orders/delivered"): RequestState.CANCELLED,
        # What was to be paid for an order that a dispute has undone; both sides may still say that it was fulfilled.
        (RequestState.OPEN, "orders/settled"): RequestState.CANCELLED,
        (RequestState.CANCELLED, "orders/settled"): RequestState.OPEN,
        (RequestState.OPEN, "members/left"): (RequestState.DECLINED, RequestState.CANCELLED),
        (RequestState.OPEN, HOUR): RequestState.EXPIRED,
        # A home lets only open ones be paid from abroad; what has arrived has paid, whatever was said meanwhile.
        (RequestState.OPEN, "abroad/arrived"): RequestState.PAID,
        (RequestState.PAID, "abroad/arrived"): RequestState.PAID,
        (RequestState.DECLINED, "abroad/arrived"): RequestState.PAID,
        (RequestState.CANCELLED, "abroad/arrived"): RequestState.PAID,
        # That of an order which ended as cancelled asks for nothing any more.
        (RequestState.PAID, "payments/reversed"): (RequestState.OPEN, RequestState.CANCELLED),
    },
)


@dataclass(slots=True)
class Request:
    """What a payee asks to be paid, by anybody or by one member, until a date if there is one."""

    id: bytes
    arrival: int
    at_ms: Millis
    payee: str
    amount_minor: int
    payer: str | None
    not_after_ms: Millis | None
    note: bytes | None
    state: RequestState = RequestState.OPEN
    payment: bytes | None = None
    set_off_minor: int = 0
    """What set-offs have cancelled of it."""

    @property
    def left_minor(self) -> int:
        """What is still to be paid of it, as long as it is open."""
        return self.amount_minor - self.set_off_minor

    def state_at(self, now: Millis) -> RequestState:
        """Return its state at an hour: an open one expires by itself."""
        over = self.not_after_ms is not None and now > self.not_after_ms
        return REQUEST_LIFE.after(self.state, HOUR) if over and REQUEST_LIFE.allows(self.state, HOUR) else self.state

    def settle(self, payment: bytes, kind: str) -> None:
        """Note by which payment it was paid, with an entry of this kind: part of the fold."""
        self.state, self.payment = REQUEST_LIFE.after(self.state, kind), payment

    def reopen(self, payment: bytes, kind: str) -> None:
        """Ask again for what a payment had paid that was reversed: part of the fold."""
        if self.payment == payment and REQUEST_LIFE.allows(self.state, kind):
            self.state, self.payment = REQUEST_LIFE.after(self.state, kind, RequestState.OPEN), None

    def set_off(self, amount_minor: int, kind: str) -> None:
        """Note that so much of it was cancelled, which pays it if nothing is left: part of the fold."""
        assert 0 < amount_minor <= self.left_minor
        self.set_off_minor += amount_minor
        left = RequestState.OPEN if self.left_minor else RequestState.PAID
        self.state = REQUEST_LIFE.after(self.state, kind, left)


REQUESTS = Table(
    "payment-requests",
    Request,
    search=lambda request: searched_by(request.note, request.payee, request.payer or ""),
    through=(CALLED_TABLE,),
    by={"member": lambda request: dict.fromkeys((request.payee.partition(".")[0], request.payer or ""))},
    closed=lambda request: request.state is not RequestState.OPEN,
)
