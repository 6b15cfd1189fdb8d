# SPDX-License-Identifier: AGPL-3.0-or-later
"""What members sign, and the ledger says, of reserves: how they are opened, filled, used and given back."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from protocol.book.declaration import Doc, OwnId, Ref, Uuid
from protocol.book.money import BASIS_POINTS, Amount
from protocol.book.signed import AccountId, Id16, MemberId, Signed
from protocol.practices.money.currencies.entries import Code
from protocol.practices.money.payments.entries import PAYEE_ADDRESS_CHARS_MAX
from protocol.wire.shape import AtMost, Range

STATE_CHARS_MAX = 12
RATIO_TERM_MAX = 1_000_000
CUSTODIANS_MAX = 25
PROMISE_HOURS_MAX = 366 * 24

StateUnit = Annotated[str, AtMost(STATE_CHARS_MAX)]
"""What state money is called, such as BRL; it is counted in the decimals of the currency that it backs."""
RatioTerm = Annotated[int, Range(1, RATIO_TERM_MAX)]
Hours = Annotated[int, Range(1, PROMISE_HOURS_MAX)]
Fee = Annotated[int, Range(0, BASIS_POINTS)]
Custodians = Annotated[tuple[MemberId, ...], AtMost(CUSTODIANS_MAX)]
Needed = Annotated[int, Range(1, CUSTODIANS_MAX)]
MinorMoved = Annotated[int, Range(1, 2**63 - 1)]


@dataclass(frozen=True, slots=True)
class ReserveOpened:
    """From here on a currency is guaranteed: no more of it than `num`/`den` of the state money that is kept for it.

    `fee` hundredths of a percent of what is redeemed stay as the fund; who asks for state money gets it within
    `promise_hours`. What comes into the reserve and leaves it counts once `needed` of the custodians have attested it.
    """

    KIND: ClassVar[str] = "reserves/opened"
    currency: Code
    state: StateUnit
    num: RatioTerm
    den: RatioTerm
    fee: Fee
    promise_hours: Hours
    custodians: Custodians
    needed: Needed


@dataclass(frozen=True, slots=True)
class MoveTold:
    """State money (minor units) is said to have come into a reserve, or to leave it: custodians are to attest that."""

    KIND: ClassVar[str] = "reserve-moves/told"
    move: Annotated[Id16, Ref("reserve-moves")]
    currency: Code
    out: bool
    amount: MinorMoved


@dataclass(frozen=True, slots=True)
class AttestMove:
    """Attest, as a custodian, that state money has come into the reserve, or may leave it."""

    move: Annotated[Id16, Uuid, Ref("reserve-moves"), Doc("the movement of the reserve")]


@dataclass(frozen=True, slots=True)
class MoveAttested:
    """A custodian attests to a movement; with the last one that is needed it counts."""

    KIND: ClassVar[str] = "reserve-moves/attested"
    OPERATION: ClassVar[str] = "reserve-moves.attest"
    WISH: ClassVar[type[AttestMove]] = AttestMove
    signed: Signed


@dataclass(frozen=True, slots=True)
class MoveCancelled:
    """A movement that too few have attested is none."""

    KIND: ClassVar[str] = "reserve-moves/cancelled"
    move: Annotated[Id16, Ref("reserve-moves")]


@dataclass(frozen=True, slots=True)
class Issued:
    """So much more of a guaranteed currency (minor units) is a member's: it consumes rights of the network's own."""

    KIND: ClassVar[str] = "reserves/issued"
    account: AccountId
    amount: MinorMoved


@dataclass(frozen=True, slots=True)
class TillMoved:
    """State money (minor units) goes from the reserve's bank to the till, below zero back; who waits first is paid."""

    KIND: ClassVar[str] = "reserves/till-moved"
    currency: Code
    amount: Annotated[int, Range(1 - 2**63, 2**63 - 1)]


@dataclass(frozen=True, slots=True)
class AskRedemption:
    """Give a guaranteed currency back for state money: the till pays at once, or you are in its queue."""

    amount: Annotated[Amount, Doc("how much of the currency you give back; a part of it stays as the fund")]
    account: Annotated[
        str | None,
        AtMost(PAYEE_ADDRESS_CHARS_MAX),
        Ref("accounts"),
        Doc("whose account; default: your own. A signed wish names it by id"),
    ] = None
    redemption: Annotated[Id16 | None, Uuid, OwnId, Doc("a UUID of your own for it; makes a retry safe")] = None


@dataclass(frozen=True, slots=True)
class RedemptionAsked:
    """A member gives currency back: by signed wish, or by word of mouth (custodial)."""

    KIND: ClassVar[str] = "redemptions/asked"
    OPERATION: ClassVar[str] = "redemptions.create"
    WISH: ClassVar[type[AskRedemption]] = AskRedemption
    signed: Signed | None
    word: AskRedemption | None
