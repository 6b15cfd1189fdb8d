# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which accounts a payment between networks moves once its hold is claimed, in our minor units."""

from collections.abc import Iterable

from protocol.book.accounts import exchange_account
from protocol.book.promised import BalanceMove
from protocol.practices.between.abroad.entries import Come, Forwarded, Part
from protocol.practices.between.links.entries import link_account


def moves_of_parts(currency: str, parts: Iterable[Part]) -> tuple[BalanceMove, ...]:
    """Return where the money of the parts of a member's payment goes."""
    return tuple((link_account(part.link, currency), part.debit) for part in parts)


def moves_of(forwarded: Forwarded) -> tuple[BalanceMove, ...]:
    """Return what moves by a hold that went on: mirror of who paid us, of whom we pay, and what we keep or lose."""
    currency, kept = forwarded.currency, forwarded.worth - forwarded.cost
    return (
        (link_account(forwarded.link_in, currency), -forwarded.worth),
        (link_account(forwarded.link_out, currency), forwarded.cost),
        *(((exchange_account(currency), kept),) if kept else ()),
    )


def moves_of_come(currency: str, come: Iterable[Come], asked: int) -> tuple[BalanceMove, ...]:
    """Return what moves beside the member's own account by holds that have come for an invoice over so much."""
    came = tuple(come)
    rounding = sum(one.worth for one in came) - asked
    mirrors = ((link_account(one.link, currency), -one.worth) for one in came)
    return (*mirrors, *(((exchange_account(currency), rounding),) if rounding else ()))
