# SPDX-License-Identifier: AGPL-3.0-or-later
"""Money: currencies, accounts, and how value moves within a network."""

from protocol.book.declaration import Practice
from protocol.practices.money import (
    accounts,
    commons,
    currencies,
    dues,
    obligations,
    openings,
    payments,
    receipts,
    requests,
    schedules,
    setoffs,
)

PRACTICES: tuple[Practice, ...] = (
    currencies.PRACTICE,
    accounts.PRACTICE,
    payments.PRACTICE,
    requests.PRACTICE,
    schedules.PRACTICE,
    receipts.PRACTICE,
    obligations.PRACTICE,
    setoffs.PRACTICE,
    commons.PRACTICE,
    openings.PRACTICE,
    dues.PRACTICE,
)
