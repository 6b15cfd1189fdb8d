# SPDX-License-Identifier: AGPL-3.0-or-later
"""What stewards wish of links: to propose and accept them, grant, give back, price, cap, freeze and close."""

from dataclasses import dataclass
from typing import Annotated

from crdt.link.draft import HOLDS_OPEN_MAX, HOLDS_OPEN_PERCENT
from protocol.book.cold import KeeperSignature
from protocol.book.declaration import Doc
from protocol.book.money import Amount

_PARTNER = Doc("the partner network: its handle, or its id where two call themselves alike")
_LIMIT = Doc("how much the partner may owe us, in the link's unit")
_RATE = Doc('what one unit of the link is worth in our currency, taken exactly: 1.5, 3/2 or "60 MIN = 1 HORA"')
_FEE = Doc("what we keep of each payment that we forward over this link, in our currency")
_CURRENCY = Doc("our currency on this link")


@dataclass(frozen=True, slots=True)
class ProposeLink:
    """Offer a partner network a credit line."""

    partner: Annotated[str, _PARTNER]
    limit: Annotated[Amount, _LIMIT]
    currency: Annotated[str, _CURRENCY]
    unit: Annotated[str | None, Doc("the link's unit: a currency code; ours where it is left out")] = None
    scale: Annotated[int | None, Doc("decimals of the link's unit; ours where it is left out")] = None
    rate: Annotated[str, _RATE] = "1"
    fee: Annotated[Amount | None, _FEE] = None


@dataclass(frozen=True, slots=True)
class AcceptLink:
    """Take up a link that a partner offers, and grant it a limit in turn."""

    limit: Annotated[Amount, _LIMIT]
    currency: Annotated[str, _CURRENCY]
    rate: Annotated[str, _RATE] = "1"
    fee: Annotated[Amount | None, _FEE] = None


@dataclass(frozen=True, slots=True)
class RaiseLink:
    """Let the partner owe more."""

    limit: Annotated[Amount, Doc("the new limit that we give, in the link's unit; more than before")]


@dataclass(frozen=True, slots=True)
class SignGrant:
    """Show the partner that cold keys have signed what we grant; without signatures, tell what they have to sign.

    It grants nothing yet: up to what is signed the limit can be raised then.
    """

    granted: Annotated[Amount, Doc("what may be granted in all since the link began, in the link's unit")]
    signatures: Annotated[tuple[KeeperSignature, ...], Doc("the signatures of different cold keys")] = ()


@dataclass(frozen=True, slots=True)
class GiveBackLink:
    """Lower what we may owe the partner: only the debtor can."""

    amount: Annotated[Amount, Doc("how much of the partner's grant we give back, in the link's unit")]


@dataclass(frozen=True, slots=True)
class SetLinkRate:
    """Change what a link unit is worth in our currency, for payments quoted from now on."""

    rate: Annotated[str, _RATE]
    fee: Annotated[Amount | None, Doc(f"{_FEE.text}; as it was where it is left out")] = None
    sure: Annotated[bool, Doc("said once more where the rate moves by more than a tenth of what it was")] = False


@dataclass(frozen=True, slots=True)
class CapLink:
    """Bound what may be under way over a link from us at a time: a partner that stalls holds no more than that."""

    holds_open: Annotated[int, Doc("how many payments, 1 to 128")] = HOLDS_OPEN_MAX
    holds_percent: Annotated[int, Doc("which part of what can be paid over it, 1 to 100")] = HOLDS_OPEN_PERCENT


@dataclass(frozen=True, slots=True)
class FreezeLink:
    """Stop new payments over a link, or let them again; what is under way still resolves."""

    frozen: Annotated[bool, Doc("true to stop, false to let again")] = True


@dataclass(frozen=True, slots=True)
class CloseLink:
    """Let only debts be paid back over a link from now on; it is closed when nobody owes anything on it."""


@dataclass(frozen=True, slots=True)
class LinksWanted:
    """Which links to list."""

    partner: Annotated[str | None, Doc("only links with this partner: handle or network id")] = None
