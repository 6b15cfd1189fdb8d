# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whom an address names here: a member, or an account of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from protocol.book.account_ids import account_of_uuid
from protocol.book.ledger import Account
from protocol.book.members import Member
from protocol.book.refusals import ACCOUNT_UNKNOWN, CURRENCY_MISMATCH, MEMBER_UNKNOWN, Refused, refuse
from protocol.book.signed import parse_uuid
from protocol.wire.keys import id_text

if TYPE_CHECKING:
    from protocol.book.book import Book

ADDRESS_CHARS_MAX = 64
"""Of an address within a network, as it is typed: a handle, or the id of a member or an account."""


def local_part(book: Book, address: str) -> str | None:
    """Return an address without its network where that is this one; None where it is another."""
    if address.startswith("mutirao:"):
        network, _, account = address.removeprefix("mutirao:").partition("/")
        return account if network == id_text(book.network) else None
    name, at, network = address.partition("@")
    return name if not at or network in (book.handle, id_text(book.network)) else None


def party_id(network: bytes, handle: str) -> str:
    """Return the id of a member of a network, as documents for others write it."""
    return f"mutirao:{id_text(network)}/{handle}"


def resolve_member(book: Book, address: str) -> Member | Refused:
    """Return the member that a member id or a handle names."""
    member = book.members.get(book.member_by_handle.get(address, address))
    return refuse(MEMBER_UNKNOWN, member=address[:64]) if member is None else member


def resolve_account(book: Book, address: str, currency: str | None = None) -> Account | Refused:
    """Return the account that a local address names.

    An address is an account's id or UUID, a member id or a member's handle; where a member has several
    accounts the currency must be told.
    """
    account = book.ledger.accounts.get(address)
    if account is None and (name := parse_uuid(address)) is not None:
        account = account_of_uuid(book.network, book.ledger, name)
    if account is not None:
        return account
    member = resolve_member(book, address)
    if isinstance(member, Refused):
        return member
    owned = book.ledger.of_member(member.id)
    if not owned:
        return refuse(ACCOUNT_UNKNOWN, member=address[:64])
    fitting = [one for one in owned if currency in (None, one.currency)]
    if len(fitting) != 1:
        return refuse(CURRENCY_MISMATCH, currency=", ".join(one.currency for one in owned))
    return fitting[0]
