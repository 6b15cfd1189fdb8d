# SPDX-License-Identifier: AGPL-3.0-or-later
"""The week's list of a large group, beside a full fold of its book."""

import asyncio
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1])]

import books
from figures import Figure, Target, Told, ratio

from protocol.book.money import Amount
from protocol.book.uuids import drawn_id
from protocol.lanes.entry import Body
from protocol.practices.credit.funds.entries import FundCreated, FundKind, FundPaid, FundPart, PayFund
from protocol.practices.credit.loans.entries import (
    LoanApproved,
    LoanDisbursed,
    LoanRequested,
    LoanVouched,
    RequestLoan,
    VouchForLoan,
)
from protocol.practices.governance.errands import ErrandSpan, ErrandsWanted
from protocol.practices.money.currencies.views import CreateCurrency

MOST = 0.02
"""How long the list may take, of a full fold."""
LATE, PROMPT = "2020-01-31", "2099-01-31"
"""When first instalments are due: of every tenth loan long ago."""


def run(folder: Path, *, quick: bool) -> list[Told]:
    """Ask for the list a second time, and fold all entries anew, in turn."""
    return asyncio.run(_run(folder, 1_000 if quick else 10_000, 100 if quick else 1_000, 3))


async def _run(folder: Path, count: int, loans: int, rounds: int) -> list[Told]:
    node = await books.founded(folder, "riacho")
    async with books.opened(node.home) as desk:
        for code in ("FLOR", "ECO"):
            await desk.ask("currencies.create", CreateCurrency(code, code.title(), Amount(100_00, None, 2)))
        members = await desk.admit(count)
        await desk.trade(members, count)
        await desk.put_down(*_lent(members, loans))
    listed, folded, told = list[float](), list[float](), 0
    for _ in range(rounds):
        began = time.perf_counter()
        async with books.opened(node.home) as desk:
            folded.append(time.perf_counter() - began)
            await desk.ask("errands.list", ErrandsWanted(ErrandSpan.WEEK))  # what a first hour brings is done with it
            began = time.perf_counter()
            page = await desk.ask("errands.list", ErrandsWanted(ErrandSpan.WEEK))
            listed.append(time.perf_counter() - began)
            told = len(page.items)
    week = Figure(f"the week's list of {count:,} members with {loans:,} loans", "s", listed)
    whole = Figure("a full fold of the book", "s", folded)
    return [
        week,
        whole,
        ratio("the week's list / a full fold", week, whole, Target(MOST, at_least=False)),
        Figure("errands on its first page", "", [told]),
    ]


def _lent(members: list[books.Member], loans: int) -> Iterator[Body]:
    """Yield the entries of a fund that has lent to so many members."""
    fund, currency = drawn_id(os.urandom), books.CURRENCY
    yield FundCreated(fund, "Seeds", currency, FundKind.LENDING, None)
    giver, voucher = members[0], members[1]
    yield FundPaid(None, PayFund(fund, Amount(600_00 * loans, currency, 2), FundPart.GIFT, giver.id))
    for number in range(loans):
        loan, member = drawn_id(os.urandom), members[2 + number]
        asked = RequestLoan(fund, Amount(600_00, currency, 2), 6, (voucher.id, giver.id), member=member.id, loan=loan)
        yield LoanRequested(None, asked)
        yield LoanVouched(None, VouchForLoan(loan, member=voucher.id))
        yield LoanVouched(None, VouchForLoan(loan, member=giver.id))
        yield LoanApproved(loan)
        yield LoanDisbursed(loan, PROMPT if number % 10 else LATE)
