# SPDX-License-Identifier: AGPL-3.0-or-later
"""Vouchers as people see them, and how they are wished for."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from protocol.book.addresses import ADDRESS_CHARS_MAX
from protocol.book.book import Book
from protocol.book.declaration import At, Desk, Doc, Ref, RowsWanted
from protocol.book.money import Amount
from protocol.book.refusals import NOT_FOUND, Refused, refuse
from protocol.book.signed import parse_uuid, uuid_text
from protocol.practices.credit.vouchers.entries import VOUCHER_BATCH_MAX, VoucherNumber
from protocol.practices.credit.vouchers.state import (
    BATCHES,
    BatchState,
    VoucherBatch,
    VoucherState,
    batch_named,
    read_voucher,
    serial_named,
)
from protocol.practices.money.currencies.entries import Code
from protocol.wire.keys import id_text
from protocol.wire.shape import AtMost, Range

VOUCHER_DAYS_MAX = 3_660


@dataclass(frozen=True, slots=True)
class IssueVouchers:
    """Print vouchers of one value; they circulate from then on and count toward the cap."""

    currency: Annotated[Code, Ref("currencies"), Doc("the currency's code")]
    value: Annotated[Amount, Doc("what each is worth")]
    count: Annotated[VoucherNumber, Doc(f"how many, {VOUCHER_BATCH_MAX} at most")]
    days: Annotated[int, Range(1, VOUCHER_DAYS_MAX), Doc("for how many days they count")] = 365


@dataclass(frozen=True, slots=True)
class RedeemVoucher:
    """Bring a voucher: its value is put on an account; whoever brings it second gets nothing."""

    code: Annotated[
        str | None, AtMost(40), Doc("the 16 characters that stand on it; none, where its QR code was read instead")
    ] = None
    member: Annotated[
        str | None, AtMost(ADDRESS_CHARS_MAX), Ref("members"), Doc("whose account; default: your own")
    ] = None


@dataclass(frozen=True, slots=True)
class ReplaceVoucher:
    """Print another in the place of one that is damaged or has expired; the old one counts no more."""

    days: Annotated[int, Range(1, VOUCHER_DAYS_MAX), Doc("for how many days the new one counts")] = 365


@dataclass(frozen=True, slots=True)
class VouchersWanted:
    """All batches of vouchers."""

    state: Annotated[BatchState | None, Doc("only those in this state")] = None


@dataclass(frozen=True, slots=True)
class VouchersShown:
    """Vouchers that were printed together: what is still on paper, and of one serial what became of it."""

    id: Annotated[str, Doc("its number; that of a voucher, behind a dash, tells of that one")]
    batch: Annotated[str, Doc("its UUID")]
    network: Annotated[str, Doc("the network's id")]
    key: Annotated[str, Doc("the key that signed them, in hexadecimal digits: with it a voucher is verified offline")]
    state: Annotated[BatchState, Doc("whether they count")]
    value: Annotated[Amount, Doc("what each is worth")]
    count: Annotated[int, Doc("how many were printed")]
    spent: Annotated[tuple[int, ...], Doc("the numbers of those that were redeemed or replaced")]
    on_paper: Annotated[Amount, Doc("what of them circulates")]
    issued_at: Annotated[At, Doc("when they were printed")]
    expires_at: Annotated[At, Doc("until when they count")]
    replaced_until: Annotated[At, Doc("until when one that has expired is replaced")]
    voucher: Annotated[VoucherState | None, Doc("what became of the one that was asked for; null: all were")]
    voucher_at: Annotated[At | None, Doc("when it was redeemed or replaced; null: it was not")]


def view_vouchers(desk: Desk, name: str) -> VouchersShown | Refused:
    found = found_vouchers(desk.book, name)
    return refuse(NOT_FOUND) if found is None else vouchers_shown(desk, *found)


def found_vouchers(book: Book, name: str) -> tuple[VoucherBatch, int | None] | None:
    """Return the batch of a number, a UUID, a serial or a QR code, and the number of the voucher that it names."""
    read = read_voucher(name)
    if read is not None:
        batch = book.rows(BATCHES).get(read[0].batch)
        return None if batch is None or read[0].number > batch.count else (batch, read[0].number)
    uuid = parse_uuid(name)
    batch = batch_named(book, name) if uuid is None else book.rows(BATCHES).get(uuid)
    return serial_named(book, name) if batch is None else (batch, None)


def list_vouchers(desk: Desk, wanted: VouchersWanted, after: int, limit: int) -> RowsWanted:
    state = wanted.state
    return RowsWanted(
        BATCHES,
        after,
        limit,
        lambda batch: vouchers_shown(desk, batch, None),
        None,
        None if state is None else lambda batch: batch.state is state,
        open_only=state is BatchState.CIRCULATING,
    )


def vouchers_shown(desk: Desk, batch: VoucherBatch, number: int | None) -> VouchersShown:
    """Return a batch as people see it, and what became of one of its vouchers."""
    book = desk.book
    spent = None if number is None else batch.spent_of(number)
    return VouchersShown(
        id=str(batch.index) if number is None else batch.serial(number),
        batch=uuid_text(batch.id),
        network=id_text(book.network),
        key=batch.key.hex(),
        state=batch.state,
        value=book.amount(batch.currency, batch.value_minor),
        count=batch.count,
        spent=tuple(sorted(one.number for one in batch.spent)),
        on_paper=book.amount(batch.currency, batch.left_minor),
        issued_at=batch.at_ms,
        expires_at=batch.expires_ms,
        replaced_until=batch.lapses_ms,
        voucher=None if number is None else batch.state_of(number, desk.now),
        voucher_at=None if spent is None else spent.at_ms,
    )


def unspent(batch: VoucherBatch) -> Iterator[int]:
    """Yield the numbers of the vouchers of a batch that are still on paper."""
    spent = {one.number for one in batch.spent}
    return (number for number in range(1, batch.count + 1) if number not in spent)
