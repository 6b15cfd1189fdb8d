# SPDX-License-Identifier: AGPL-3.0-or-later
"""Credit: money with backing, and what groups lend, save, vouch for and issue by their own rules."""

from protocol.book.declaration import Practice
from protocol.practices.credit import (
    baskets,
    cards,
    demurrage,
    ethical,
    fairs,
    funds,
    grants,
    growing,
    kiosks,
    liabilities,
    loans,
    reserves,
    rotations,
    savings,
    typed,
    vouchers,
)

PRACTICES: tuple[Practice, ...] = (
    reserves.PRACTICE,
    kiosks.PRACTICE,
    liabilities.PRACTICE,
    funds.PRACTICE,
    grants.PRACTICE,
    demurrage.PRACTICE,
    rotations.PRACTICE,
    savings.PRACTICE,
    cards.PRACTICE,
    typed.PRACTICE,
    loans.PRACTICE,
    ethical.PRACTICE,
    vouchers.PRACTICE,
    fairs.PRACTICE,
    growing.PRACTICE,
    baskets.PRACTICE,
)
