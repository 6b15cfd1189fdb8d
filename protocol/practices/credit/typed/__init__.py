# SPDX-License-Identifier: AGPL-3.0-or-later
"""Paying without a card reader: by a code on paper, or by a number and a PIN, typed in at a shop that has a node."""

from collections.abc import Iterable, Sequence

from protocol.book.book import Book
from protocol.book.declaration import KEY_OR_WORD, Act, Create, Entered, List, News, Practice, Show
from protocol.book.ledger import Posting
from protocol.book.parties import parties
from protocol.book.refusals import Reason
from protocol.book.signed import uuid_text
from protocol.practices.credit.typed.codes import (
    CODE_CAP,
    CODE_EXPIRED,
    CODE_UNKNOWN,
    CODE_USED,
    CodePaid,
    CodesIssued,
    CodesSaid,
    CodesWanted,
    CodesWithdrawn,
    IssueCodes,
    PaperShown,
    WithdrawCodes,
    against_codes,
    fold_codes,
    plan_issue_codes,
    plan_withdraw_codes,
    view_paper,
    view_papers_held,
)
from protocol.practices.credit.typed.pins import (
    PIN_CAP,
    PIN_DAY_CAP,
    PIN_LOCKED,
    PIN_WRONG,
    PinMissed,
    PinPaid,
    PinSet,
    PinShown,
    SetPin,
    against_pins,
    fold_pins,
    plan_set_pin,
    view_pin,
)
from protocol.practices.credit.typed.taking import TakeTyped, TypedPaymentShown, plan_take, view_typed


def check(book: Book, entered: Entered) -> Reason | None:
    body = entered.body
    refused = book.misplaced(entered)
    if refused is None:
        if isinstance(body, CodesSaid):
            refused = against_codes(book, body, entered.at_ms)
        elif isinstance(body, PinSet | PinMissed | PinPaid):
            refused = against_pins(book, body)
    return refused.reason if refused else None


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body = entered.body
    if isinstance(body, CodesSaid):
        return fold_codes(book, body, entered)
    assert isinstance(body, PinSet | PinMissed | PinPaid)
    return fold_pins(book, body, entered)


def news(book: Book, entered: Entered) -> Iterable[News]:
    body = entered.body
    match body:
        case CodePaid() | PinPaid():
            yield News("payment.posted", uuid_text(body.payment), parties(book, book.payments[body.payment]))
        case PinMissed():
            yield News("pin.missed", body.member, (body.member,))
        case _:
            pass


PRACTICE = Practice(
    name="typed",
    entries=(CodesIssued, CodePaid, CodesWithdrawn, PinSet, PinMissed, PinPaid),
    check=check,
    fold=fold,
    news=news,
    parameters=(PIN_DAY_CAP,),
    operations=(
        Create(
            "paper-codes",
            IssueCodes,
            plan=plan_issue_codes,
            signed=KEY_OR_WORD,
            example="mutirao paper-codes create --account ana --cap 10.00 --count 10",
        ),
        Act(
            "paper-codes",
            "withdraw",
            WithdrawCodes,
            plan=plan_withdraw_codes,
            example="mutirao paper-codes withdraw ID",
        ),
        Show("paper-codes", PaperShown, view=view_paper, example="mutirao paper-codes show ID"),
        List("paper-codes", CodesWanted, PaperShown, view=view_papers_held, example="mutirao paper-codes list"),
        Create("pins", SetPin, plan=plan_set_pin, example="mutirao pins create --member caio --pin 4711"),
        Show("pins", PinShown, view=view_pin, id_is="a member's handle or id", example="mutirao pins show caio"),
        Create(
            "typed-payments",
            TakeTyped,
            plan=plan_take,
            example="mutirao typed-payments create --number 1001 --pin 4711 --amount 8.00",
        ),
        Show(
            "typed-payments",
            TypedPaymentShown,
            view=view_typed,
            id_is="the id of a payment",
            example="mutirao typed-payments show ID",
        ),
    ),
    refusals=(CODE_UNKNOWN, CODE_USED, CODE_EXPIRED, CODE_CAP, PIN_WRONG, PIN_LOCKED, PIN_CAP),
)
