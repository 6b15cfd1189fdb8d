# SPDX-License-Identifier: AGPL-3.0-or-later
"""The pages that people begin with: today, this week, and the way to everything else."""

from collections.abc import Awaitable, Callable, Mapping

from aiohttp.web import Response

from node.http.auth import allow
from node.http.problems import Denied
from node.http.resources import Answers
from node.web.bars import bar_of
from node.web.looks import Looks, moved_to
from node.web.shelf import PageNoun
from node.web.shown import path_to
from node.web.tile import pigment_in, pigment_of, tile
from node.web.visits import PageRequest
from protocol.book.book import Book
from protocol.book.declaration import READERS, Role
from protocol.book.refusals import NOT_FOUND, Refused
from protocol.practices.governance.errands import ErrandShown, ErrandSpan, ErrandsWanted
from protocol.practices.money.accounts import AccountShown, AccountsWanted
from protocol.wire.keys import parse_id

ERRANDS_SHOWN = 100


class HomePages:
    """Today, this week, *more*, and the group's tile."""

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
            ("GET", "/more"): self._more,
            ("GET", "/tile.svg"): self._tile,
            ("GET", "/tiles/*"): self._tile_of,
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

    async def _more(self, visit: PageRequest) -> Response:
        return self._looks.show("more.html", visit)

    async def _tile(self, visit: PageRequest) -> Response:
        del visit
        return _tile_answer(self._book().network, pigment_in(self._book()))

    async def _tile_of(self, visit: PageRequest) -> Response:
        network = parse_id(visit.path.rpartition("/")[2].removesuffix(".svg"))
        if network is None:
            raise Denied(NOT_FOUND)
        own = network == self._book().network
        return _tile_answer(network, pigment_in(self._book()) if own else pigment_of(network))

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


def _tile_answer(network: bytes, pigment: str) -> Response:
    return Response(
        body=tile(network, pigment).encode(),
        headers={"Content-Type": "image/svg+xml", "Cache-Control": "public, max-age=86400", "Server": "mutirao"},
    )
