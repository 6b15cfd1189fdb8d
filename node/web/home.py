# SPDX-License-Identifier: AGPL-3.0-or-later
"""The pages that people begin with: today, this week, pay, the statement, and the way to everything else."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp.web import Response

from node.http.auth import allow
from node.http.problems import Denied
from node.http.resources import Answers
from node.web.looks import Looks, moved_to
from node.web.shelf import PageNoun
from node.web.shown import path_to
from node.web.tile import pigment_of, tile
from node.web.visits import PageRequest
from protocol.book.book import Book
from protocol.book.declaration import READERS, SIGNED_IN, Role
from protocol.book.refusals import Refused
from protocol.practices.governance.errands import ErrandShown, ErrandSpan, ErrandsWanted
from protocol.practices.money.accounts import AccountShown, AccountsWanted, StatementWanted

ERRANDS_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Bar:
    """A balance between its limits, drawn in percent of the bar's width: where zero is, and where the balance."""

    zero: float
    at: float
    is_open: bool
    """Nothing bounds it above."""

    @property
    def left(self) -> float:
        return min(self.zero, self.at)

    @property
    def width(self) -> float:
        return abs(self.zero - self.at)


class HomePages:
    """Today, this week, the statement, *more*, and the group's tile."""

    def __init__(
        self,
        runtime: Answers,
        looks: Looks,
        shelf: Mapping[str, PageNoun],
        book: Callable[[], Book],
    ) -> None:
        self._runtime = runtime
        self._looks = looks
        self._shelf = shelf
        self._book = book

    def handlers(self) -> Mapping[tuple[str, str], Callable[[PageRequest], Awaitable[Response]]]:
        """Return what answers by method and path."""
        return {
            ("GET", "/"): self._today,
            ("GET", "/week"): self._week,
            ("GET", "/pay"): self._pay,
            ("GET", "/statement"): self._statement,
            ("GET", "/more"): self._more,
            ("GET", "/tile.svg"): self._tile,
        }

    async def _today(self, visit: PageRequest) -> Response:
        if visit.actor.role is Role.ANYONE:
            return moved_to("/sign-in")
        if visit.actor.member is None:
            return moved_to("/week" if visit.actor.role in READERS else "/more")
        accounts = await self._accounts(visit)
        errands = await self._errands(visit, ErrandSpan.TODAY)
        bars = [bar_of(one) for one in accounts]
        name = self._book().members[visit.actor.member].handle
        return self._looks.show(
            "today.html", visit, accounts=list(zip(accounts, bars, strict=True)), errands=errands, name=name
        )

    async def _week(self, visit: PageRequest) -> Response:
        allow(visit.actor, READERS, "errands:read")
        return self._looks.show("week.html", visit, errands=await self._errands(visit, ErrandSpan.WEEK))

    async def _pay(self, visit: PageRequest) -> Response:
        del visit
        return moved_to("/payments/create")

    async def _statement(self, visit: PageRequest) -> Response:
        allow(visit.actor, SIGNED_IN, "accounts:read")
        accounts = await self._accounts(visit)
        chosen = next(
            (one for one in accounts if one.id == visit.query.get("account")), accounts[0] if accounts else None
        )
        lines: list[Any] = []
        month = visit.query.get("month", "")
        if chosen is not None:
            wanted = StatementWanted(month=month or None, newest_first=True)
            page = await self._runtime.ask(
                "accounts.entries", visit.actor, wanted, subject=chosen.id, after=0, limit=ERRANDS_SHOWN
            )
            if isinstance(page, Refused):
                raise Denied.of(page)
            drawer = self._looks.drawer(visit)
            lines = [drawer.facts(one) for one in page.items]
        return self._looks.show("statement.html", visit, accounts=accounts, chosen=chosen, lines=lines, month=month)

    async def _more(self, visit: PageRequest) -> Response:
        return self._looks.show("more.html", visit)

    async def _tile(self, visit: PageRequest) -> Response:
        del visit
        network = self._book().network
        return Response(
            body=tile(network, pigment_of(network)).encode(),
            headers={"Content-Type": "image/svg+xml", "Cache-Control": "public, max-age=86400", "Server": "mutirao"},
        )

    async def _accounts(self, visit: PageRequest) -> list[AccountShown]:
        wanted = AccountsWanted(member=visit.actor.member)
        page = await self._runtime.ask("accounts.list", visit.actor, wanted, after=0, limit=ERRANDS_SHOWN)
        if isinstance(page, Refused):
            raise Denied.of(page)
        return list(page.items)

    async def _errands(self, visit: PageRequest, span: ErrandSpan) -> list[tuple[ErrandShown, str]]:
        """Return what waits, each with the address of the page where it is settled."""
        page = await self._runtime.ask("errands.list", visit.actor, ErrandsWanted(span), after=0, limit=ERRANDS_SHOWN)
        if isinstance(page, Refused):
            raise Denied.of(page)
        return [(one, self._settled_at(one)) for one in page.items]

    def _settled_at(self, errand: ErrandShown) -> str:
        name, _, verb = errand.verb.partition(".")
        noun = self._shelf.get(name)
        if noun is None:
            return "/more"
        if verb in noun.acts:
            return path_to(name, errand.id, verb)
        if verb in noun.creates or verb in noun.reckons:
            return f"/{name}/{verb}"
        return path_to(name, errand.id) if noun.show is not None and errand.id else f"/{name}"


def bar_of(account: AccountShown) -> Bar:
    """Return a balance as a bar: from the limit at its left to the ceiling at its right, the zero always in it."""
    balance = account.balance.value
    low = account.limit.value if account.limit is not None else min(0, balance)
    bounded = account.ceiling is not None
    high = account.ceiling.value if account.ceiling is not None else max(abs(low), balance * 5 // 4, 100)
    low, high = min(low, balance, 0), max(high, balance, 0)
    width = max(1, high - low)
    return Bar((0 - low) * 100 / width, (balance - low) * 100 / width, not bounded)
