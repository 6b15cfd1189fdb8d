# SPDX-License-Identifier: AGPL-3.0-or-later
"""What every page that is drawn by hand needs: to ask the node for who looks, and to name people and networks."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from aiohttp.web import Response

from node.http.problems import Denied, ScaleOf, problem_of
from node.http.resources import Answers
from node.web.declared import OwnParts
from node.web.looks import Looks
from node.web.shelf import PageNoun
from node.web.visits import PageRequest
from protocol.book.addresses import local_part
from protocol.book.book import Book
from protocol.book.refusals import NOT_FOUND, Refused
from protocol.lanes.directory import Directory
from protocol.practices.money.accounts import AccountShown, AccountsWanted
from protocol.wire.keys import id_text

PageHandler = Callable[[PageRequest], Awaitable[Response]]
DeclaredAnswer = Callable[[PageRequest, Sequence[str]], Awaitable[Response]]
"""How a page made from declarations is asked for, by the parts of its address."""
PageHandlers = Mapping[tuple[str, str], PageHandler]
ACCOUNTS_SHOWN = 100
INITIALS_MAX = 2


class DrawnPages(Protocol):
    """Pages that are drawn by hand, and what the templates of declared ones need for it."""

    def handlers(self) -> PageHandlers: ...

    def parts(self) -> Mapping[str, OwnParts]: ...


@dataclass(frozen=True, slots=True)
class WhoShown:
    """A person or a network on a page: the name first, the address second; a person of elsewhere bears its tile."""

    name: str
    address: str
    initials: str
    tile: str = ""
    """Where the tile is of the network of which it is, if that is another one."""


@dataclass(frozen=True)
class PageDesk:
    """Asks the node for who looks at a page."""

    runtime: Answers
    looks: Looks
    shelf: Mapping[str, PageNoun]
    book: Callable[[], Book]
    scale_of: ScaleOf

    def problem(self, visit: PageRequest, refused: Refused) -> Any:
        """Return a refusal as a page tells it: heading, detail, ways, code."""
        return json.loads(problem_of(refused, self.scale_of, visit.words.language)[1])

    async def ask(self, visit: PageRequest, operation: str, wanted: Any = None, *, subject: str = "") -> Any:
        """Return what is shown; raises Denied where it is refused, or nothing is there."""
        found = await self.runtime.ask(operation, visit.actor, wanted, subject=subject)
        if found is None:
            raise Denied(NOT_FOUND)
        if isinstance(found, Refused):
            raise Denied.of(found)
        return found

    async def rows(
        self, visit: PageRequest, operation: str, wanted: Any, *, subject: str = "", limit: int = 50
    ) -> Sequence[Any]:
        """Return the first rows of a list; raises Denied."""
        page = await self.runtime.ask(operation, visit.actor, wanted, subject=subject, after=0, limit=limit)
        if page is None:
            raise Denied(NOT_FOUND)
        if isinstance(page, Refused):
            raise Denied.of(page)
        return page.items

    async def accounts(self, visit: PageRequest) -> list[AccountShown]:
        """Return the accounts of who looks."""
        if visit.actor.member is None:
            return []
        wanted = AccountsWanted(member=visit.actor.member)
        return list(await self.rows(visit, "accounts.list", wanted, limit=ACCOUNTS_SHOWN))

    async def who(self, visit: PageRequest, address: str) -> WhoShown:
        """Return somebody by a handle, an account or an address elsewhere."""
        book = self.book()
        address = local_part(book, address) or address
        name, at, network = address.partition("@")
        if at:
            return WhoShown(name, address, initials_of(name), self.tile_of(network))
        member = await self.runtime.ask("members.show", visit.actor, subject=address.partition(".")[0])
        if member is None or isinstance(member, Refused):
            return WhoShown(address, "", initials_of(address))
        shown = member.name or member.handle
        return WhoShown(shown, member.handle, initials_of(shown))

    def tile_of(self, handle: str) -> str:
        """Return where the tile of another network is, by its handle; an empty text where nobody knows which it is."""
        found = self.book().of(Directory).find(handle)
        return f"/tiles/{id_text(found[0])}.svg" if len(found) == 1 else ""


def initials_of(name: str) -> str:
    """Return the first letters of a name's first and last word."""
    words = [one for one in name.replace("-", " ").split() if one[0].isalnum()]
    picked = [words[0], words[-1]] if len(words) >= INITIALS_MAX else words
    return "".join(one[0] for one in picked).upper()
