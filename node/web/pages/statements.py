# SPDX-License-Identifier: AGPL-3.0-or-later
"""The statement: one month of an account, the balance as a thread along its edge, to search, to print, as CSV."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from hashlib import sha256
from urllib.parse import urlencode

from aiohttp.web import Response

from node.http.auth import allow
from node.http.problems import Denied
from node.web.declared import OwnParts
from node.web.pages.desk import PageDesk, PageHandlers, WhoShown
from node.web.pages.qr import short_code
from node.web.visits import PageRequest
from protocol.book.declaration import READERS, SIGNED_IN
from protocol.book.folding import folded
from protocol.book.money import Amount
from protocol.book.parameters import TIME_ZONE
from protocol.book.payments import PaymentState
from protocol.book.refusals import MALFORMED
from protocol.book.spreadsheet import csv_text
from protocol.practices.money.accounts import AccountShown, StatementLine, StatementWanted

MONTH_LINES_MAX = 1_000
"""Of a month so many lines are shown, the newest first."""
THREAD_EDGE = 8.0
"""How far from the edge of its strip the thread stays, in percent."""
SEARCH_CHARS_MAX = 100
DECEMBER = 12


@dataclass(frozen=True, slots=True)
class StatementRow:
    """A line with who was at its other end, and the thread beside it, in percent of its width."""

    line: StatementLine
    who: WhoShown | None
    at: float
    before: float
    is_pending: bool


@dataclass(frozen=True, slots=True)
class StatementMonth:
    """A month of an account: where it began and ended, what came in and went out between."""

    opening: Amount
    came: Amount
    went: Amount
    closing: Amount
    lines: Sequence[StatementRow]
    zero: float
    is_whole: bool
    """Whether all lines of the month are in it."""


class StatementPages:
    """The page of the statement, and the same as a table for a spreadsheet."""

    def __init__(self, desk: PageDesk) -> None:
        self._desk = desk

    def handlers(self) -> PageHandlers:
        """Return what answers by method and path."""
        return {("GET", "/statement"): self._show, ("GET", "/statement/csv"): self._csv}

    def parts(self) -> Mapping[str, OwnParts]:
        """Return what declared pages need of it: nothing."""
        return {}

    async def _show(self, visit: PageRequest) -> Response:
        allow(visit.actor, SIGNED_IN, "accounts:read")
        own = await self._desk.accounts(visit)
        account = await self._chosen(visit, own)
        search = visit.query.get("search", "").strip()[:SEARCH_CHARS_MAX]
        if account is None:
            return self._desk.looks.show("statement.html", visit, chosen=None, accounts=own)
        begins = await self._month(visit, account)
        shown = await self._read(visit, account, begins)
        lines = [one for one in shown.lines if not search or _has(visit, one, search)]
        owner = await self._desk.who(visit, account.id)
        said = f"{account.id} {begins} {shown.closing.value} {len(shown.lines)}"
        return self._desk.looks.show(
            "statement.html",
            visit,
            accounts=own,
            chosen=account,
            owner=owner,
            month=visit.words.month(begins.year, begins.month),
            shown=shown,
            lines=lines,
            search=search,
            code=short_code(sha256(said.encode()).digest()),
            asked=f"{begins:%Y-%m}",
            earlier=_path("/statement", account, _moved(begins, -1)),
            later=_path("/statement", account, _moved(begins, 1)),
            as_csv=_path("/statement/csv", account, begins),
        )

    async def _csv(self, visit: PageRequest) -> Response:
        allow(visit.actor, SIGNED_IN, "accounts:read")
        account = await self._chosen(visit, await self._desk.accounts(visit))
        if account is None:
            raise Denied(MALFORMED, field="account", expected="an account")
        begins = await self._month(visit, account)
        shown = await self._read(visit, account, begins)
        say, label = visit.words.say, visit.words.label
        rows = [
            [
                say("Day"),
                say("With whom"),
                say("What for?"),
                label("kind"),
                say("Amount"),
                say("Balance"),
                label("currency"),
            ]
        ]
        for one in reversed(shown.lines):
            line = one.line
            rows.append(
                [
                    f"{self._local(line.at):%Y-%m-%d}",
                    one.who.name if one.who else "",
                    str(line.note or ""),
                    label(line.kind),
                    _plain(line.amount),
                    _plain(line.balance),
                    account.currency,
                ]
            )
        headers = {
            "Server": "mutirao",
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": f'attachment; filename="statement-{begins:%Y-%m}.csv"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
        return Response(body=csv_text(rows).encode(), headers=headers)

    async def _chosen(self, visit: PageRequest, own: Sequence[AccountShown]) -> AccountShown | None:
        """Return the account that is asked for: an own one, or for those who read all, anybody's."""
        asked = visit.query.get("account", "")
        if asked and visit.actor.role in READERS:
            return await self._desk.ask(visit, "accounts.show", subject=asked)
        return next((one for one in own if one.id == asked), own[0] if own else None)

    async def _month(self, visit: PageRequest, account: AccountShown) -> date:
        """Return the first day of the month that is asked for, or of the newest line; raises Denied."""
        asked = visit.query.get("month", "")
        if asked:
            try:
                return date.fromisoformat(f"{asked}-01")
            except ValueError:
                raise Denied(MALFORMED, field="month", expected="2026-11") from None
        newest = await self._desk.rows(
            visit, "accounts.entries", StatementWanted(newest_first=True), subject=account.id, limit=1
        )
        return self._local(newest[0].at if newest else 0).date().replace(day=1)

    async def _read(self, visit: PageRequest, account: AccountShown, begins: date) -> StatementMonth:
        wanted = StatementWanted(month=f"{begins:%Y-%m}", newest_first=True)
        found: Sequence[StatementLine] = await self._desk.rows(
            visit, "accounts.entries", wanted, subject=account.id, limit=MONTH_LINES_MAX + 1
        )
        kept = found[:MONTH_LINES_MAX]
        scale = account.balance.asset_scale
        if kept:
            closing, opening = kept[0].balance.value, kept[-1].balance.value - kept[-1].amount.value
        else:
            last = _moved(begins, 1) - timedelta(days=1)
            before = StatementWanted(last_day=last.isoformat(), newest_first=True)
            lines = await self._desk.rows(visit, "accounts.entries", before, subject=account.id, limit=1)
            closing = opening = lines[0].balance.value if lines else 0
        names = {one.counterpart for one in kept if one.counterpart}
        who = {name: await self._desk.who(visit, name) for name in sorted(names)}
        reached = [0, opening, *(one.balance.value for one in kept)]
        least, width = min(reached), max(1, max(reached) - min(reached))

        def at(minor: int) -> float:
            return round(THREAD_EDGE + (minor - least) * (100 - 2 * THREAD_EDGE) / width, 2)

        def amount(minor: int) -> Amount:
            return Amount(minor, account.currency, scale)

        return StatementMonth(
            opening=amount(opening),
            came=amount(sum(one.amount.value for one in kept if one.amount.value > 0)),
            went=amount(sum(one.amount.value for one in kept if one.amount.value < 0)),
            closing=amount(closing),
            lines=[
                StatementRow(
                    one,
                    who.get(one.counterpart or ""),
                    at(one.balance.value),
                    at(one.balance.value - one.amount.value),
                    one.state is PaymentState.PENDING,
                )
                for one in kept
            ],
            zero=at(0),
            is_whole=len(found) <= MONTH_LINES_MAX,
        )

    def _local(self, at_ms: int) -> datetime:
        offset = self._desk.book().parameter(TIME_ZONE).offset(at_ms)
        return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(timezone(timedelta(minutes=offset)))


def _moved(begins: date, by: int) -> date:
    """Return the first day of the month before or after."""
    months = begins.year * DECEMBER + begins.month - 1 + by
    return begins.replace(year=months // DECEMBER, month=months % DECEMBER + 1)


def _path(page: str, account: AccountShown, begins: date) -> str:
    return f"{page}?{urlencode({'account': account.id, 'month': f'{begins:%Y-%m}'})}"


def _has(visit: PageRequest, one: StatementRow, search: str) -> bool:
    """Tell whether all words of a search stand in a line: who, what for, how much."""
    who = "" if one.who is None else f"{one.who.name} {one.who.address}"
    text = folded(f"{who} {one.line.note or ''} {visit.words.amount(one.line.amount)}")
    return all(word in text for word in folded(search).split())


def _plain(amount: Amount) -> str:
    """Return an amount as spreadsheets read it: -12.50."""
    scale = amount.asset_scale
    digits = f"{abs(amount.value):0{scale + 1}d}"
    sign = "-" if amount.value < 0 else ""
    return f"{sign}{digits[:-scale]}.{digits[-scale:]}" if scale else f"{sign}{digits}"
