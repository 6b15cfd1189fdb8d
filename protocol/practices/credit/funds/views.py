# SPDX-License-Identifier: AGPL-3.0-or-later
"""Funds as all members see them, and what stewards and the group wish of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from protocol.book.arrivals import since
from protocol.book.declaration import At, Desk, Doc, Ref
from protocol.book.money import Amount
from protocol.book.refusals import Refused
from protocol.book.signed import uuid_text
from protocol.practices.credit.funds.entries import FUND_TITLE_CHARS_MAX, FundKind, FundPart
from protocol.practices.credit.funds.state import Fund, Funds, fund_account, fund_named
from protocol.practices.money.currencies.entries import Code
from protocol.wire.shape import AtMost

FUND_ADDRESS_CHARS_MAX = 36


@dataclass(frozen=True, slots=True)
class CreateFund:
    """Let the group have a fund of its own; the group votes on it."""

    title: Annotated[str, AtMost(FUND_TITLE_CHARS_MAX), Doc("what it is called, seen by all members")]
    currency: Annotated[Code, Ref("currencies"), Doc("the currency's code")]
    kind: Annotated[
        FundKind,
        Doc(
            "lending: on the word of neighbours; bank: what its savers save, lent among them;"
            " guarantee: pays what others lose; other"
        ),
    ] = FundKind.OTHER
    guarantee: Annotated[
        str | None, AtMost(FUND_ADDRESS_CHARS_MAX), Doc("the id of the fund that pays what this one loses")
    ] = None


@dataclass(frozen=True, slots=True)
class FillFund:
    """Move money of the group into a fund: from the commons, or from another fund; the group votes on it."""

    amount: Annotated[Amount, Doc("how much")]
    source: Annotated[
        str | None, AtMost(FUND_ADDRESS_CHARS_MAX), Doc("the id of the fund it comes from; default: the commons")
    ] = None


@dataclass(frozen=True, slots=True)
class ReturnFund:
    """Move money of a fund to the commons; the group votes on it."""

    amount: Annotated[Amount, Doc("how much")]


@dataclass(frozen=True, slots=True)
class FundsWanted:
    """All funds."""


@dataclass(frozen=True, slots=True)
class FundShown:
    """A fund, in which all members see what is held and lent, and each its own savings."""

    id: Annotated[str, Doc("its id")]
    title: Annotated[str, Doc("what it is called")]
    currency: Annotated[str, Doc("the code of its currency")]
    kind: Annotated[FundKind, Doc("what it is for")]
    guarantee: Annotated[str | None, Doc("the id of the fund that pays what this one loses")]
    free: Annotated[Amount, Doc("what it holds, and may lend or pay out")]
    lent: Annotated[Amount, Doc("what it has lent and is to come back")]
    earned: Annotated[Amount, Doc("what interest and fees have brought it")]
    lost: Annotated[Amount, Doc("what it has lent and never comes back")]
    saved: Annotated[Amount, Doc("what members have saved there")]
    shares: Annotated[Amount, Doc("what members hold as their shares")]
    savers: Annotated[int, Doc("how many members save there")]
    own_savings: Annotated[Amount | None, Doc("what you have saved there; null: you are no member")]
    own_share: Annotated[Amount | None, Doc("your share; null: you are no member")]
    account: Annotated[str, Doc("the account in which its money stands, with that of other funds of the currency")]
    created_at: Annotated[At, Doc("since when there is one")]


def view_one(desk: Desk, name: str) -> FundShown | Refused:
    found = fund_named(desk.book, name)
    return found if isinstance(found, Refused) else _shown(desk, found)


def view_all(desk: Desk, wanted: FundsWanted, after: int) -> Iterable[tuple[int, FundShown]]:
    del wanted
    found = since(list(desk.book.of(Funds).by_id.values()), after)
    return ((cursor, _shown(desk, one)) for cursor, one in found)


def _shown(desk: Desk, fund: Fund) -> FundShown:
    def amount(minor: int) -> Amount:
        return desk.book.amount(fund.currency, minor)

    def own(part: FundPart) -> Amount | None:
        return None if desk.actor.member is None else amount(fund.of_member(part, desk.actor.member))

    return FundShown(
        id=uuid_text(fund.id),
        title=fund.title,
        currency=fund.currency,
        kind=fund.kind,
        guarantee=None if fund.guarantee is None else uuid_text(fund.guarantee),
        free=amount(fund.free_minor),
        lent=amount(fund.lent_minor),
        earned=amount(fund.earned_minor),
        lost=amount(fund.lost_minor),
        saved=amount(fund.saved_minor),
        shares=amount(fund.shared_minor),
        savers=len(fund.savings),
        own_savings=own(FundPart.SAVINGS),
        own_share=own(FundPart.SHARE),
        account=fund_account(fund),
        created_at=fund.at_ms,
    )
