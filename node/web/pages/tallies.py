# SPDX-License-Identifier: AGPL-3.0-or-later
"""A fair's sheet, typed in as it stands on paper: each line judged at once, and all that is right posted in one go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from aiohttp.web import Response

from node.http.auth import allow
from node.web.declared import OwnParts
from node.web.looks import moved_to
from node.web.numerals import read_numeral
from node.web.pages.desk import PageDesk, PageHandlers
from node.web.visits import STEP_FIELD, PageRequest
from protocol.book.addresses import resolve_member
from protocol.book.declaration import STEWARDS
from protocol.book.ledger import Account
from protocol.book.money import Amount
from protocol.book.refusals import Refused
from protocol.book.signed import parse_uuid
from protocol.practices.credit.fairs.entries import TALLY_ROWS_MAX
from protocol.practices.credit.fairs.views import EnterTally, FairShown, RowTyped
from protocol.practices.people.members.views import MembersWanted

LINES_BEGUN = 10
LINES_MORE = 10
NAMES_OFFERED = 3
POST = "post"
TYPED_CHARS_MAX = 100
SWAPPED = 9
"""Where two neighbouring digits are swapped, a sum is wrong by a multiple of this."""


@dataclass(frozen=True, slots=True)
class TallyLine:
    """A line as it was typed, and what is to be said of it: `state` is empty, right, wrong or unsure."""

    seller: str = ""
    buyer: str = ""
    amount: str = ""
    what: str = ""
    state: str = "empty"
    said: str = ""
    minor: int = 0
    row: RowTyped | None = None


class TallyPages:
    """The form of a fair's sheet."""

    def __init__(self, desk: PageDesk) -> None:
        self._desk = desk

    def handlers(self) -> PageHandlers:
        """Return what answers by method and path."""
        return {("GET", "/fairs/*/tally"): self._ask, ("POST", "/fairs/*/tally"): self._judge}

    def parts(self) -> Mapping[str, OwnParts]:
        """Return what declared pages need of it: nothing."""
        return {}

    async def _ask(self, visit: PageRequest) -> Response:
        allow(visit.actor, STEWARDS, "tallies:write")
        fair = await self._fair(visit)
        return self._show(visit, fair, [TallyLine() for _ in range(LINES_BEGUN)], None)

    async def _judge(self, visit: PageRequest) -> Response:
        allow(visit.actor, STEWARDS, "tallies:write")
        fair = await self._fair(visit)
        lines = await self._judged(visit, fair)
        rows = [one.row for one in lines if one.row is not None]
        refused = None
        if visit.first(STEP_FIELD) == POST and rows:
            wish = EnterTally(parse_uuid(fair.id) or b"", visit.first("sheet"), tuple(rows))
            entered = await self._desk.runtime.ask("tallies.enter", visit.actor, wish)
            if not isinstance(entered, Refused):
                return moved_to(f"/tallies/{quote(entered.id)}")
            refused = self._desk.problem(visit, entered)
        more = [TallyLine() for _ in range(LINES_MORE)] if lines and lines[-1].state != "empty" else []
        return self._show(visit, fair, [*lines, *more][:TALLY_ROWS_MAX], refused)

    async def _fair(self, visit: PageRequest) -> FairShown:
        return await self._desk.ask(visit, "fairs.show", subject=visit.path.split("/")[2])

    def _show(self, visit: PageRequest, fair: FairShown, lines: Sequence[TallyLine], refused: Any) -> Response:
        words = visit.words
        scale = self._desk.book().currencies[fair.currency].scale
        here = sum(one.minor for one in lines)
        paper = read_numeral(visit.first("paper"), words.decimal_mark)
        on_paper = None if paper is None else paper[0] * 10 ** max(0, scale - paper[1])
        difference = None if on_paper is None else on_paper - here
        return self._desk.looks.show(
            "fairs/tally.html",
            visit,
            fair=fair,
            lines=lines,
            sheet=visit.first("sheet"),
            paper=visit.first("paper"),
            typed=sum(one.state != "empty" for one in lines),
            right=sum(one.row is not None for one in lines),
            here=Amount(here, fair.currency, scale),
            difference=None if difference is None else Amount(difference, fair.currency, scale),
            hint=self._hint(visit, lines, difference or 0),
            refused=refused,
        )

    def _hint(self, visit: PageRequest, lines: Sequence[TallyLine], difference: int) -> str:
        """Return where the sums may part: a line too few or too many, or digits that are swapped."""
        if not difference:
            return ""
        place = next((number for number, one in enumerate(lines, 1) if one.minor == abs(difference)), None)
        if place is not None and difference < 0:
            return visit.words.say("Line {number} has just this amount: is it on the paper once only?", number=place)
        if difference % SWAPPED == 0:
            return visit.words.say("Are two digits of an amount swapped? Then the sums part by just this much.")
        return (
            visit.words.say("Is a line of the paper missing here?")
            if difference > 0
            else visit.words.say("Is a line here that is not on the paper?")
        )

    async def _judged(self, visit: PageRequest, fair: FairShown) -> list[TallyLine]:
        numbers = sorted({int(n) for name in visit.posted if (n := name.rpartition(".")[2]).isdecimal() and len(n) < 4})
        changes: dict[str, int] = {}
        lines: list[TallyLine] = []
        for number in numbers[:TALLY_ROWS_MAX]:
            seller, buyer, amount, what = (
                visit.first(f"{one}.{number}")[:TYPED_CHARS_MAX] for one in ("seller", "buyer", "amount", "what")
            )
            lines.append(await self._line(visit, fair, TallyLine(seller, buyer, amount, what), changes))
        while lines and lines[-1].state == "empty" and len(lines) > LINES_BEGUN:
            lines.pop()
        return lines

    async def _line(self, visit: PageRequest, fair: FairShown, line: TallyLine, changes: dict[str, int]) -> TallyLine:
        """Return a line with what is said of it; `changes` is what lines above have moved, by account."""
        say = visit.words.say
        scale = self._desk.book().currencies[fair.currency].scale
        if not (line.seller or line.buyer or line.amount):
            return line
        read = read_numeral(line.amount, visit.words.decimal_mark)
        minor = 0 if read is None or read[1] > scale else read[0] * 10 ** (scale - read[1])

        def told(state: str, said: str, *, row: RowTyped | None = None, ends: Sequence[str] = ()) -> TallyLine:
            seller, buyer = ends or (line.seller, line.buyer)
            return TallyLine(seller, buyer, line.amount, line.what, state, said, max(0, minor), row)

        people: list[Account] = []
        for name in (line.seller, line.buyer):
            found = await self._account(visit, name, fair.currency)
            if isinstance(found, str):
                return told("unsure", found)
            people.append(found)
        if minor <= 0:
            return told("wrong", say("an amount such as {example}", example=visit.words.amount(Amount(1250, "", 2))))
        seller, buyer = people
        if seller.id == buyer.id:
            return told("wrong", say("seller and buyer are the same"))
        fits = buyer.headroom_minor
        left = None if fits is None else fits + changes.get(buyer.id, 0)
        if left is not None and minor > left:
            fitting = visit.words.amount(Amount(max(0, left), fair.currency, scale))
            return told("wrong", say("over the limit, {amount} fit", amount=fitting))
        changes[buyer.id] = changes.get(buyer.id, 0) - minor
        changes[seller.id] = changes.get(seller.id, 0) + minor
        names = self._desk.book().members
        handles = [names[one.member or ""].handle for one in (buyer, seller)]
        row = RowTyped(handles[0], handles[1], Amount(minor, fair.currency, scale))
        return told("right", say("right"), row=row)

    async def _account(self, visit: PageRequest, name: str, currency: str) -> Account | str:
        """Return whose account is meant by a name or its beginning, or what is to be asked about it."""
        book, say = self._desk.book(), visit.words.say
        member: Any = resolve_member(book, name)
        if isinstance(member, Refused):
            if not any(map(str.isalnum, name)):
                return say("who?")
            rows = await self._desk.rows(visit, "members.list", MembersWanted(search=name), limit=NAMES_OFFERED)
            if not rows:
                return say("nobody is called {name}", name=name)
            exact = [one for one in rows if (one.name or "").casefold() == name.casefold()]
            rows = exact or rows
            if len(rows) > 1:
                return say("who of {names}?", names=", ".join(sorted(one.name or one.handle for one in rows)))
            member = book.members[rows[0].id]
        own = [one for one in book.ledger.of_member(member.id) if one.currency == currency]
        return own[0] if own else say("{name} has no account in {unit}", name=name, unit=currency)
