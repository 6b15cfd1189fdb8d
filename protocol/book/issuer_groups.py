# SPDX-License-Identifier: AGPL-3.0-or-later
"""Groups of users-issuers: the members among whom alone a currency without backing is paid.

They issue it by owing and take it as payment, each at the risk of the others; nobody else holds or owes it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

from protocol.book.ledger import Account
from protocol.book.reason import Reason, Refused, Stage, refuse
from protocol.wire.shape import AtMost, Spelt

if TYPE_CHECKING:
    from protocol.book.book import Book

GROUP_NAME = "[a-z][a-z0-9-]{0,31}"
GroupName = Annotated[str, AtMost(32), Spelt(GROUP_NAME)]

NOT_IN_GROUP = Reason(
    "NOT_IN_GROUP",
    Stage.RULE,
    422,
    "This currency is paid among the members of its group only",
    "{currency} is paid among the members of {group} only, and {member} is none of them. Nothing was moved.",
    heading="{member} is not in {group}",
    ways=("pay in another currency", "ask a steward to admit {member} to {group}"),
)

NOT_CONVERTIBLE = Reason(
    "NOT_CONVERTIBLE",
    Stage.RULE,
    422,
    "This currency is paid at home only",
    "The group has decided that {currency} is not converted: it is paid among its own members only. Nothing was moved.",
    heading="{currency} is not converted",
    ways=("pay a member of this network", "offer goods or work for goods or work", "pay in another currency"),
)


@dataclass(slots=True)
class IssuerGroup:
    """A group of users-issuers: its name, who is of it (ids of members), and when it was made."""

    name: str
    title: str
    arrival: int
    members: set[str] = field(default_factory=set[str])


@dataclass(slots=True)
class IssuerGroups:
    """All groups of users-issuers by name."""

    by_name: dict[str, IssuerGroup] = field(default_factory=dict[str, IssuerGroup])


def outside(book: Book, *accounts: Account) -> Refused | None:
    """Return NOT_IN_GROUP where one of these accounts is of a member outside the group of its currency.

    The accounts of the network itself stand for all.
    """
    for account in accounts:
        group = book.currencies[account.currency].group
        if group is None or account.member is None or account.member in book.of(IssuerGroups).by_name[group].members:
            continue
        return refuse(NOT_IN_GROUP, member=book.name_of(account.id), group=group, currency=account.currency)
    return None


def foreigner(book: Book, currency: str, address: str) -> Refused | None:
    """Return why nobody whose account is in another network pays a currency or is paid in it, None where they may.

    One that is not convertible is NOT_CONVERTIBLE; of one that has a group they are none of it, NOT_IN_GROUP.
    """
    if not book.currencies[currency].convertible:
        return refuse(NOT_CONVERTIBLE, currency=currency)
    group = book.currencies[currency].group
    return None if group is None else refuse(NOT_IN_GROUP, member=address, group=group, currency=currency)
