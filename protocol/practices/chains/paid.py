# SPDX-License-Identifier: AGPL-3.0-or-later
"""Payments as evidence: what members pay each other in the book is what their enterprises buy, month by month.

A member that stands for one enterprise buys and sells for it; who stands for none is one of the households. Only a
currency counts of which the group has said what the chain's unit of account is worth in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from protocol.book.book import Book
from protocol.book.declaration import Desk, Doc, Entered, Parameter, Practice, Reckon
from protocol.book.ledger import Posting
from protocol.book.money import Amount
from protocol.book.parameters import TIME_ZONE, Money
from protocol.practices.chains.engine.chain import HOUSEHOLDS
from protocol.practices.chains.entries import ACCOUNT_SCALE
from protocol.practices.chains.state import ChainInputs, inputs_of
from protocol.practices.chains.telling import COORDINATORS, shown_value

UNIT_WORTH: Parameter[int] = Parameter(
    "supply.unit_worth",
    Money(),
    0,
    "what the unit of account of the chain is worth in this currency; 0: payments in it do not count there",
)


@dataclass(frozen=True, slots=True)
class PaidWanted:
    """What payments in the book prove of who buys of whom."""


@dataclass(frozen=True, slots=True)
class PaidRelation:
    """What a buyer has paid to a seller in a month."""

    buyer: Annotated[str, Doc("the short name of an enterprise, or households")]
    supplier: Annotated[str, Doc("the short name of an enterprise")]
    period: Annotated[int, Doc("the month, such as 202611")]
    value: Annotated[Amount, Doc("how much, less what was paid back")]


@dataclass(frozen=True, slots=True)
class PaidShown:
    """What payments in the book prove of who buys of whom; for those who coordinate."""

    relations: Annotated[tuple[PaidRelation, ...], Doc("by buyer, seller and month")]


def posted(book: Book, entered: Entered, postings: Sequence[Posting]) -> None:
    """Keep what members that stand for enterprises are paid: part of the fold."""
    inputs = inputs_of(book)
    if not inputs.by_member:
        return
    for account, amount_minor, kind, _, counterpart in postings:
        is_sale = (kind == "payment" and amount_minor > 0) or (kind == "reversal" and amount_minor < 0)
        if not is_sale or counterpart is None:
            continue
        member, payer = book.owner_of(account), book.owner_of(counterpart)
        sellers, buyers = inputs.by_member.get(member, ()), inputs.by_member.get(payer, ())
        if len(sellers) != 1 or len(buyers) > 1 or not payer or sellers == buyers:
            continue
        _keep(book, inputs, (buyers[0] if buyers else None, sellers[0]), account, amount_minor, entered.at_ms)


def _keep(
    book: Book, inputs: ChainInputs, place: tuple[bytes | None, bytes], account: str, amount_minor: int, at_ms: int
) -> None:
    worth = book.parameter(UNIT_WORTH, book.ledger.accounts[account].currency)
    if worth:
        local = book.parameter(TIME_ZONE).local(at_ms)
        month = (*place, local.year * 100 + local.month)
        inputs.paid[month] = inputs.paid.get(month, 0) + amount_minor * 10**ACCOUNT_SCALE // worth


def view_paid(desk: Desk, wanted: PaidWanted) -> PaidShown:
    del wanted
    inputs = inputs_of(desk.book)
    found = [
        PaidRelation(
            HOUSEHOLDS if buyer is None else inputs.key_of(buyer), inputs.key_of(seller), month, shown_value(minor)
        )
        for (buyer, seller, month), minor in inputs.paid.items()
    ]
    return PaidShown(tuple(sorted(found, key=lambda one: (one.buyer, one.supplier, one.period))))


PRACTICE = Practice(
    name="paid",
    entries=(),
    posted=posted,
    parameters=(UNIT_WORTH,),
    operations=(
        Reckon(
            "supply",
            "paid",
            PaidWanted,
            PaidShown,
            view=view_paid,
            who=COORDINATORS,
            example="mutirao supply paid",
        ),
    ),
)
