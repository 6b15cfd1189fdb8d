# SPDX-License-Identifier: AGPL-3.0-or-later
"""Joinings: how a key that nobody has registered yet shows that it is held, and by whom it is to be.

It is no wish: three operations carry it beside or within theirs, it bears no number since its key has none yet, and
it proves a member's key in a receipt by itself (docs/decisions/0030).
"""

from dataclasses import dataclass
from typing import ClassVar

from protocol.book.book import Book
from protocol.book.refusals import (
    KEY_UNACCEPTABLE,
    MALFORMED,
    ORDER_MISMATCH,
    SIGNATURE_INVALID,
    WRONG_NETWORK,
    Refused,
    foremost,
    refuse,
)
from protocol.book.signed import Digest, Key, MemberId, Signed
from protocol.practices.people.authority import KEY_TAKEN
from protocol.wire.codec import CodecFault, encode
from protocol.wire.keys import KeyPair, is_acceptable_key, verify
from protocol.wire.pattern import reader
from protocol.wire.shape import ShapeFault, to_map

JOINING_BYTES_MAX = 256


@dataclass(frozen=True, slots=True)
class Joining:
    """I hold this key, and it is to be that of the member with this handle."""

    KIND: ClassVar[str] = "joining"
    network: Digest
    handle: MemberId
    key: Key


def sign_joining(keys: KeyPair, network: bytes, handle: str) -> Signed:
    """Let a new key sign that it is to be that of a member with a handle."""
    data = encode(to_map(Joining(network, handle, keys.public)))
    return Signed(data, keys.sign(Joining.KIND, data))


def read_joining(signed: Signed) -> Joining | None:
    """Return what the bytes say, the signature not yet checked; None where they say no such thing."""
    try:
        return reader(Joining)(signed.data, bytes_max=JOINING_BYTES_MAX)
    except (CodecFault, ShapeFault):
        return None


def is_joining_authentic(signed: Signed, joining: Joining) -> bool:
    """Tell whether the key that a joining names has signed it."""
    return verify(joining.key, Joining.KIND, signed.data, signed.signature)


def joining_in(signed: Signed) -> Joining:
    """Return a joining that stands in the book."""
    joining = read_joining(signed)
    assert joining is not None, "a joining that was checked is read again"
    return joining


def heard(book: Book, signed: Signed) -> Joining | Refused:
    """Return what a key has signed of itself, or MALFORMED, KEY_UNACCEPTABLE or SIGNATURE_INVALID."""
    joining = read_joining(signed)
    if joining is None:
        return refuse(MALFORMED, field="joining", expected="a signed joining")
    if not is_acceptable_key(joining.key):
        return refuse(KEY_UNACCEPTABLE)
    sampled = book.is_sampled is None or book.is_sampled()
    if sampled and not is_joining_authentic(signed, joining):
        return refuse(SIGNATURE_INVALID)
    return joining


def against_new_key(book: Book, signed: Signed, handle: str) -> Refused | None:
    """Return why a key cannot become that of the member with a handle: the same answer on every node."""
    joining = heard(book, signed)
    if isinstance(joining, Refused):
        return joining
    return foremost(
        refuse(KEY_TAKEN) if joining.key in book.member_by_key else None,
        refuse(WRONG_NETWORK) if joining.network != book.network else None,
        refuse(ORDER_MISMATCH, field="handle") if joining.handle != handle else None,
    )
