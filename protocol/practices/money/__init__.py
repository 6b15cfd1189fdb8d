# SPDX-License-Identifier: AGPL-3.0-or-later
"""Money: currencies, accounts, and how value moves within a network."""

from protocol.book.declaration import Practice
from protocol.practices.money import (
    accounts,
    commons,
    currencies,
    daycaps,
    due_days,
    dues,
    idleness,
    issuer_groups,
    masses,
    mixed,
    obligations,
    openings,
    payments,
    receipts,
    requests,
    schedules,
    setoffs,
    softlimits,
    voted_rates,
)

PRACTICES: tuple[Practice, ...] = (
    currencies.PRACTICE,
    accounts.PRACTICE,
    payments.PRACTICE,
    daycaps.PRACTICE,
    requests.PRACTICE,
    schedules.PRACTICE,
    receipts.PRACTICE,
    obligations.PRACTICE,
    setoffs.PRACTICE,
    commons.PRACTICE,
    openings.PRACTICE,
    dues.PRACTICE,
    due_days.PRACTICE,
    idleness.PRACTICE,
    issuer_groups.PRACTICE,
    mixed.PRACTICE,
    masses.PRACTICE,
    softlimits.PRACTICE,
    voted_rates.PRACTICE,
)
