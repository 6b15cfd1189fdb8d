# SPDX-License-Identifier: AGPL-3.0-or-later
"""Vouchers as they are printed: ten on a page of A4, each with its serial, its QR code, and a code to type."""

from dataclasses import dataclass
from html import escape
from typing import Annotated

import segno

from protocol.book.declaration import At, Desk, Doc, ReckonForm
from protocol.book.money import Amount, decimal
from protocol.book.parameters import TIME_ZONE
from protocol.book.refusals import NOT_FOUND, STATE_CONFLICT, Refused, refuse
from protocol.practices.credit.vouchers.entries import Voucher
from protocol.practices.credit.vouchers.state import batch_keys, code_of, voucher_bytes, voucher_text
from protocol.practices.credit.vouchers.views import found_vouchers, unspent
from protocol.wire.shape import AtMost


@dataclass(frozen=True, slots=True)
class VoucherSheetWanted:
    """The vouchers of a batch to print, but for those that were redeemed or replaced; the form html is the page."""

    batch: Annotated[str, AtMost(40), Doc("the number of the batch")]


@dataclass(frozen=True, slots=True)
class VoucherPrinted:
    """What stands on one voucher."""

    serial: Annotated[str, Doc("its number")]
    code: Annotated[str, Doc("what is typed by who has no camera")]
    text: Annotated[str, Doc("what its QR code says")]


@dataclass(frozen=True, slots=True)
class VoucherSheetShown:
    """The vouchers of a batch."""

    batch: Annotated[str, Doc("its number")]
    network: Annotated[str, Doc("the network's handle")]
    unit: Annotated[str, Doc("the group's own word for one unit")]
    value: Annotated[Amount, Doc("what each is worth")]
    expires_at: Annotated[At, Doc("until when they count")]
    expires_on: Annotated[str, Doc("that day by the group's clocks")]
    vouchers: Annotated[tuple[VoucherPrinted, ...], Doc("each of them")]


def view_voucher_sheet(desk: Desk, wanted: VoucherSheetWanted) -> VoucherSheetShown | Refused:
    book = desk.book
    found = found_vouchers(book, wanted.batch)
    if found is None:
        return refuse(NOT_FOUND)
    batch, keys = found[0], batch_keys(desk, found[0].id)
    if keys.public != batch.key:
        return refuse(STATE_CONFLICT, state="printed at another home, whose secret signs them")
    printed: list[VoucherPrinted] = []
    for number in unspent(batch):
        said = voucher_bytes(book, batch, number)
        signature = keys.sign(Voucher.KIND, said)
        printed.append(VoucherPrinted(batch.serial(number), code_of(signature), voucher_text(said, signature)))
    local = book.parameter(TIME_ZONE).local(batch.expires_ms)
    return VoucherSheetShown(
        batch=str(batch.index),
        network=book.handle or "",
        unit=book.currencies[batch.currency].unit_word,
        value=book.amount(batch.currency, batch.value_minor),
        expires_at=batch.expires_ms,
        expires_on=f"{local.year:04}-{local.month:02}-{local.day:02}",
        vouchers=tuple(printed),
    )


VOUCHER_STYLE = """
@page{size:A4;margin:10mm}
body{font:11px/1.35 Archivo,system-ui,sans-serif;color:#000;background:#fff;margin:0}
main{display:grid;grid-template-columns:1fr 1fr;gap:0}
section{display:flex;gap:4mm;border:1px dashed #777;padding:3mm;height:48mm;box-sizing:border-box;break-inside:avoid}
section svg{width:40mm;height:40mm;flex:none}
b{display:block;font-size:20px}p{margin:1mm 0}code{font-size:12px}
"""


def page_of_vouchers(shown: VoucherSheetShown) -> str:
    """Return the page to print: what says that a voucher is spent once, and until when it counts."""
    worth = f"{decimal(shown.value.value, shown.value.asset_scale)} {shown.unit}"
    cut = "".join(_cut(shown, one, worth) for one in shown.vouchers)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(shown.network)} {shown.batch}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{VOUCHER_STYLE}</style>'
        f"<main>{cut}</main></html>\n"
    )


def _cut(shown: VoucherSheetShown, one: VoucherPrinted, worth: str) -> str:
    picture = segno.make(one.text, error="m", micro=False).svg_inline(omitsize=True, border=0)
    return (
        f"<section>{picture}<div><p>{escape(shown.network)}</p><b>{escape(worth)}</b>"
        f"<p>No. {one.serial}</p><p><code>{one.code}</code></p><p>{shown.expires_on}</p></div></section>"
    )


VOUCHER_FORMS = (ReckonForm("html", "text/html", page_of_vouchers, VOUCHER_STYLE),)
