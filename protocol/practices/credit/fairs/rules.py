# SPDX-License-Identifier: AGPL-3.0-or-later
"""When a sheet of a fair may be typed in, answered and paid: as a whole, once, and after a time to object.

A steward's word is enough for who has no key, since all who stand on the sheet are told and may object; a payer with a
key of its own pays by its own answer alone. Limits are the author's to check: of each row when it is typed in, and when
it is paid.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import assert_never

from protocol.book.addresses import resolve_account, resolve_member
from protocol.book.agenda import Agenda
from protocol.book.book import Book
from protocol.book.declaration import Desk, Entered, Errand, News, Plan, Urgency, Write
from protocol.book.ledger import Posting
from protocol.book.money import minor_of, payable
from protocol.book.personal import text_refusal
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    CURRENCY_CLOSED,
    CURRENCY_UNKNOWN,
    DUPLICATE,
    FORBIDDEN,
    LIMIT_EXCEEDED,
    MALFORMED,
    MEMBER_UNKNOWN,
    NOT_FOUND,
    PAYEE_LIMIT_EXCEEDED,
    SAME_ACCOUNT,
    STATE_CONFLICT,
    Reason,
    Refused,
    Stage,
    refuse,
)
from protocol.book.signed import uuid_text
from protocol.book.uuids import drawn_id
from protocol.book.wishes import Said, said_in
from protocol.lanes.entry import Millis
from protocol.practices.credit.fairs.entries import (
    FAIR_TITLE_CHARS_MAX,
    SHEET_CHARS_MAX,
    STALL_CHARS_MAX,
    AnswerTally,
    FairHeld,
    TallyAnswered,
    TallyEntered,
    TallyPosted,
    TallyRow,
)
from protocol.practices.credit.fairs.state import (
    FAIRS,
    OBJECT_HOURS,
    TALLIES,
    TALLY_LIFE,
    Fair,
    Tally,
    TallySheets,
    TallyState,
    members_of,
    payable_rows,
)
from protocol.practices.credit.fairs.views import EnterTally, HoldFair, RowTyped
from protocol.practices.people.authority import acts_for, not_said_by

FAIRS_NAME = "fairs"
_HOUR_MS = 60 * 60 * 1_000

TALLY_ROW_WRONG = Reason(
    "TALLY_ROW_WRONG",
    Stage.RULE,
    422,
    "A row of the sheet is wrong",
    "Row {row}, of {payer} to {payee}, cannot be: {why}. Nothing of the sheet was taken in.",
    heading="Row {row} is wrong",
    ways=("correct row {row} and type the sheet in again", "leave row {row} out, and let these two settle it"),
)

FairSaid = FairHeld | TallyEntered | TallyAnswered | TallyPosted


def check(book: Book, entered: Entered) -> Reason | None:
    assert isinstance(entered.body, FairSaid)
    refused = book.misplaced(entered) or _against(book, entered.body, entered.at_ms)
    return refused.reason if refused else None


def _against(book: Book, body: FairSaid, at_ms: Millis) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    match body:
        case FairHeld():
            if body.fair in book.rows(FAIRS):
                return refuse(DUPLICATE)
            return _no_currency(book, body.currency)
        case TallyEntered():
            return _against_entering(book, body)
        case TallyAnswered():
            return _against_answer(book, said_in(book, body, AnswerTally), at_ms)
        case TallyPosted():
            return _against_posting(book, body, at_ms)
        case _:
            assert_never(body)


def _no_currency(book: Book, code: str) -> Refused | None:
    currency = book.currencies.get(code)
    if currency is None:
        return refuse(CURRENCY_UNKNOWN, currency=code)
    return refuse(CURRENCY_CLOSED, currency=code) if currency.closed else None


def _against_entering(book: Book, body: TallyEntered) -> Refused | None:
    fair = book.rows(FAIRS).get(body.fair)
    if fair is None:
        return refuse(NOT_FOUND)
    if (body.fair, body.sheet) in book.of(TallySheets).by_name or body.tally in book.rows(TALLIES):
        return refuse(DUPLICATE)
    if not body.rows:
        return refuse(MALFORMED, field="rows", expected="at least one")
    accounts, changes = book.ledger.accounts, dict[str, int]()
    for row in body.rows:
        for end, change in ((row.payer, -row.amount), (row.payee, row.amount)):
            account = accounts.get(end)
            if account is None or account.member is None or account.currency != fair.currency:
                return refuse(ACCOUNT_UNKNOWN, member=end)
            changes[end] = changes.get(end, 0) + change
        if row.payer == row.payee:
            return refuse(SAME_ACCOUNT)
    return _no_currency(book, fair.currency)


def _against_answer(book: Book, said: Said[AnswerTally], at_ms: Millis) -> Refused | None:
    tally, name = book.rows(TALLIES).get(said.wish.tally), _who_answers(said)
    member = book.members.get(name)
    if member is None:
        return refuse(MEMBER_UNKNOWN, member=name)
    refused = not_said_by(said, member, capped=False)
    if refused or tally is None:
        return refused or refuse(NOT_FOUND)
    if member.id not in members_of(book, tally):
        return refuse(FORBIDDEN, allowed="who stands on the sheet")
    late = refuse(STATE_CONFLICT, state="too late") if at_ms > tally.until_ms else None
    return TALLY_LIFE.conflict(tally.state, TallyAnswered.KIND) or late


def _against_posting(book: Book, body: TallyPosted, at_ms: Millis) -> Refused | None:
    tally = book.rows(TALLIES).get(body.tally)
    if tally is None:
        return refuse(NOT_FOUND)
    conflict = TALLY_LIFE.conflict(tally.state, body.KIND)
    if conflict or at_ms <= tally.until_ms:
        return conflict or refuse(STATE_CONFLICT, state="not due yet")
    if len(set(body.rows)) < len(body.rows) or not set(body.rows) <= set(payable_rows(book, tally)):
        return refuse(FORBIDDEN, allowed="rows to which nobody objects")
    closed = book.currencies[tally.currency].closed and body.rows
    if closed:
        return refuse(CURRENCY_CLOSED, currency=tally.currency)
    changes = _changes(tally.rows[place] for place in body.rows)
    return book.ledger.uncountable(*changes.items())


def _changes(rows: Iterable[TallyRow]) -> dict[str, int]:
    changes: dict[str, int] = {}
    for row in rows:
        changes[row.payer] = changes.get(row.payer, 0) - row.amount
        changes[row.payee] = changes.get(row.payee, 0) + row.amount
    return changes


def _who_answers(said: Said[AnswerTally]) -> str:
    return said.wish.member or ("" if said.member is None else said.member.id)


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body, tallies = entered.body, book.rows(TALLIES)
    assert isinstance(body, FairSaid)
    match body:
        case FairHeld():
            book.rows(FAIRS).add(Fair(body.fair, body.title, body.date_ms, body.currency, body.stalls))
        case TallyEntered():
            code, state = book.rows(FAIRS)[body.fair].currency, TALLY_LIFE.after(None, body.KIND)
            rows, until_ms = body.rows, body.until_ms
            tallies.add(Tally(body.tally, body.fair, body.sheet, code, rows, until_ms, entered.at_ms, state))
            book.of(TallySheets).by_name[body.fair, body.sheet] = body.tally
            book.of(Agenda).put(FAIRS_NAME, body.tally, until_ms + 1)
        case TallyAnswered():
            said = said_in(book, body, AnswerTally)
            tally, who = tallies.change(said.wish.tally), _who_answers(said)
            tally.agreed = tuple(one for one in tally.agreed if one != who) + ((who,) if said.wish.agrees else ())
            tally.objected = tuple(one for one in tally.objected if one != who) + (() if said.wish.agrees else (who,))
        case TallyPosted():
            tally = tallies.change(body.tally)
            tally.state, tally.posted = TALLY_LIFE.after(tally.state, body.KIND), tuple(sorted(body.rows))
            book.of(Agenda).put(FAIRS_NAME, tally.id, None)
            return tuple(one for place in tally.posted for one in _paid(tally.rows[place]))
        case _:
            assert_never(body)
    return ()


def _paid(row: TallyRow) -> tuple[Posting, Posting]:
    return (
        Posting(row.payer, -row.amount, "fair", None, row.payee),
        Posting(row.payee, row.amount, "fair", None, row.payer),
    )


def agenda(desk: Desk, name: bytes) -> Iterator[Plan]:
    """Pay a sheet whose time to object is over: the rows for which there is room, from above to below."""
    book, tally = desk.book, desk.book.rows(TALLIES)[name]
    able, changes = list[int](), dict[str, int]()
    for place in payable_rows(book, tally):
        if book.currencies[tally.currency].closed:
            break
        if _beyond(book, tally.rows[place], changes) is None:
            able.append(place)
            _note(tally.rows[place], changes)
    yield Plan(uuid_text(tally.id), (Write(TallyPosted(tally.id, tuple(able))),))


def _beyond(book: Book, row: TallyRow, changes: dict[str, int]) -> Reason | None:
    """Return which limit a row would break, after those above it."""
    payer, payee = book.ledger.accounts[row.payer], book.ledger.accounts[row.payee]
    headroom = payer.headroom_minor
    if headroom is not None and payer.least_minor is not None:
        after = payer.balance_minor + changes.get(payer.id, 0) - row.amount
        if after < payer.least_minor:
            return LIMIT_EXCEEDED
    held = changes.get(payee.id, 0) + row.amount
    return None if book.ledger.credit_refusal(payee, held) is None else PAYEE_LIMIT_EXCEEDED


def _note(row: TallyRow, changes: dict[str, int]) -> None:
    changes[row.payer] = changes.get(row.payer, 0) - row.amount
    changes[row.payee] = changes.get(row.payee, 0) + row.amount


def news(book: Book, entered: Entered) -> Iterable[News]:
    body = entered.body
    assert isinstance(body, FairSaid)
    if isinstance(body, FairHeld):
        yield News("fair.held", uuid_text(body.fair), tuple(book.members))
        return
    name = said_in(book, body, AnswerTally).wish.tally if isinstance(body, TallyAnswered) else body.tally
    yield News(f"tally.{body.KIND.partition('/')[2]}", uuid_text(name), members_of(book, book.rows(TALLIES)[name]))


def plan_hold(desk: Desk, wish: HoldFair) -> Plan | Refused:
    texts = (("title", wish.title, FAIR_TITLE_CHARS_MAX), *(("stalls", one, STALL_CHARS_MAX) for one in wish.stalls))
    refused = next((found for one in texts if (found := text_refusal(*one))), None)
    body = FairHeld(drawn_id(desk.chance), wish.title, wish.date, wish.currency, wish.stalls)
    return refused or _against(desk.book, body, desk.now) or Plan(uuid_text(body.fair), (Write(body),))


def plan_enter(desk: Desk, wish: EnterTally) -> Plan | Refused:
    book = desk.book
    fair = book.rows(FAIRS).get(wish.fair)
    if refused := text_refusal("sheet", wish.sheet, SHEET_CHARS_MAX):
        return refused
    if fair is None:
        return refuse(NOT_FOUND)
    rows, changes = list[TallyRow](), dict[str, int]()
    again = book.of(TallySheets).by_name.get((fair.id, wish.sheet))
    for number, typed in enumerate(wish.rows, 1):
        row = _row(book, fair, typed)
        why = row if isinstance(row, Reason) else (None if again else _beyond(book, row, changes))
        if why is not None:
            return refuse(TALLY_ROW_WRONG, row=number, payer=typed.payer, payee=typed.payee, why=why.title)
        assert isinstance(row, TallyRow)
        rows.append(row)
        _note(row, changes)
    if again is not None:
        same = book.rows(TALLIES)[again].rows == tuple(rows)
        return Plan(uuid_text(again)) if same else refuse(DUPLICATE)
    until_ms = desk.now + book.parameter(OBJECT_HOURS) * _HOUR_MS
    body = TallyEntered(book.drawn(drawn_id(desk.chance)), fair.id, wish.sheet, tuple(rows), until_ms)
    return _against(book, body, desk.now) or Plan(uuid_text(body.tally), (Write(body),))


def _row(book: Book, fair: Fair, typed: RowTyped) -> TallyRow | Reason:
    """Return a line as it stands in the ledger, or why it cannot."""
    payer, payee = (resolve_account(book, one, fair.currency) for one in (typed.payer, typed.payee))
    amount = minor_of(typed.amount, fair.currency, book.currencies[fair.currency].scale)
    for one in (payer, payee, amount):
        if isinstance(one, Refused):
            return one.reason
    assert not isinstance(payer, Refused) and not isinstance(payee, Refused) and isinstance(amount, int)
    if refused := payable(amount):
        return refused.reason
    for end in (payer, payee):
        inactive = ACCOUNT_UNKNOWN if end.member is None else book.members[end.member].inactive()
        if inactive is not None:
            return inactive if isinstance(inactive, Reason) else inactive.reason
        if end.currency != fair.currency:
            return ACCOUNT_UNKNOWN
    return SAME_ACCOUNT if payer is payee else TallyRow(payer.id, payee.id, amount)


def plan_answer(desk: Desk, name: str, said: Said[AnswerTally]) -> Plan | Refused:
    book = desk.book
    if said.signed is None:
        address = desk.actor.member if said.wish.member is None else said.wish.member
        nobody = refuse(MALFORMED, field="member", expected="a handle")
        member = nobody if address is None else resolve_member(book, address)
        if isinstance(member, Refused):
            return member
        if not acts_for(desk.actor, member):
            return refuse(FORBIDDEN, allowed="the member itself")
        said = replace(said, wish=replace(said.wish, member=member.id))
    return _against_answer(book, said, desk.now) or Plan(name, (Write(TallyAnswered(*said.held)),))


def today(desk: Desk) -> Iterator[Errand]:
    """Yield the sheets on which a member stands and has said nothing to."""
    book, member = desk.book, desk.actor.member
    for tally in book.rows(TALLIES).values():
        if tally.state is not TallyState.ENTERED or member in (*tally.agreed, *tally.objected):
            continue
        given = sum(row.amount for row in tally.rows if book.owner_of(row.payer) == member)
        if given or any(book.owner_of(row.payee) == member for row in tally.rows):
            yield Errand(
                uuid_text(tally.id),
                tally.sheet,
                "tallies.to_answer",
                f"sheet {tally.sheet} of a fair says what you gave; object if it is wrong",
                "tallies.answer",
                Urgency.WAITED_FOR,
                figure=book.amount(tally.currency, given),
                until_ms=tally.until_ms,
            )


def week(desk: Desk) -> Iterator[Errand]:
    """Yield the sheets to which somebody objects."""
    for tally in desk.book.rows(TALLIES).values():
        if tally.objected and tally.state is TallyState.ENTERED:
            yield Errand(
                uuid_text(tally.id),
                tally.sheet,
                "tallies.objected",
                f"{len(tally.objected)} object to sheet {tally.sheet} of a fair",
                "tallies.show",
                Urgency.WAITED_FOR,
                count=len(tally.objected),
                until_ms=tally.until_ms,
            )
