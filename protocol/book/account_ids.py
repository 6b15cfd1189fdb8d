# SPDX-License-Identifier: AGPL-3.0-or-later
"""UUIDs of accounts, for programs that know no other ids: each holds its member's id, so that no index is needed."""

from base64 import b32decode, b32encode

from protocol.book.ledger import Account, Ledger
from protocol.book.uuids import derived_id
from protocol.wire.keys import digest

_MEMBER_HEAD, _DIGEST_HEAD = 6, 4


def account_uuid(network: bytes, account: Account) -> bytes:
    """Return the UUID of an account (version 8).

    Bytes 1 to 6 and 11 to 14 are the member's id, the others begin the digest "account" of the network's id and the
    account's. One of the network's own is that digest alone.
    """
    found = digest("account", network + account.id.encode())
    if account.member is None:
        return derived_id(found)
    member = b32decode(account.member)
    head, tail = found[:_DIGEST_HEAD], found[_DIGEST_HEAD:]
    return derived_id(member[:_MEMBER_HEAD] + head + member[_MEMBER_HEAD:] + tail)


def account_of_uuid(network: bytes, ledger: Ledger, name: bytes) -> Account | None:
    """Return the account of this UUID, None where there is none."""
    member = name[:_MEMBER_HEAD] + name[_MEMBER_HEAD + _DIGEST_HEAD : -2]
    owned = ledger.of_member(b32encode(member).decode("ascii"))
    candidates = owned or [one for one in ledger.accounts.values() if one.member is None]
    return next((one for one in candidates if account_uuid(network, one) == name), None)
