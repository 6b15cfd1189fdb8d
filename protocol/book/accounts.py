# SPDX-License-Identifier: AGPL-3.0-or-later
"""The ids of accounts, and those that every network has in each currency."""

from protocol.book.ledger import SystemAccount


def account_id(member: str, currency: str) -> str:
    """Return the id of a member's account in a currency."""
    return f"{member}.{currency}"


COMMONS_ACCOUNT = SystemAccount("commons", "the network's common account: what leavers owe and what levies bring")
HOLDS = SystemAccount("holds", "where pending payments wait")
EXCHANGE = SystemAccount("exchange", "fees, and the rounding of rates")


def commons_account(currency: str) -> str:
    """Return the id of the network's common account, which takes what leavers owe and what levies bring."""
    return COMMONS_ACCOUNT.of(currency)


def holds_account(currency: str) -> str:
    """Return the id of the account where pending payments wait."""
    return HOLDS.of(currency)


def exchange_account(currency: str) -> str:
    """Return the id of the account that keeps fees and the rounding of rates (PROTOCOL 3)."""
    return EXCHANGE.of(currency)
