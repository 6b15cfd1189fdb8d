# SPDX-License-Identifier: AGPL-3.0-or-later
"""The members' list: with balances and what to look at for those who coordinate, and as a directory for the wall."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

from aiohttp.web import Response

from node.http.auth import allow
from node.web.bars import BalanceBar, bar_of
from node.web.declared import OwnParts
from node.web.pages.desk import PageDesk, PageHandlers, WhoShown
from node.web.visits import PageRequest
from protocol.book.declaration import READERS, SIGNED_IN, Role
from protocol.book.members import Auth, Member, MemberState
from protocol.practices.market.wishes import OffersWanted
from protocol.practices.money.accounts import AccountShown, AccountsWanted, StatementWanted
from protocol.practices.money.softlimits import NearLimitsWanted
from protocol.practices.people.members.views import MembersWanted

MEMBERS_SHOWN = 40
DIRECTORY_MAX = 500
SEARCHED_CHARS_MAX = 100
DIRECTORY_OFFERS_MAX = 3


class MemberChoice(StrEnum):
    """Which members are shown."""

    ALL = "all"
    WAITING = "waiting"
    NEAR_LIMIT = "near"
    KEYLESS = "keyless"


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member in the list: who, its balances as bars, who signs for it, when it last traded."""

    who: WhoShown
    state: MemberState
    auth: Auth
    accounts: Sequence[tuple[AccountShown, BalanceBar]]
    traded_at: int | None


class MemberPages:
    """The list of members, and the directory to print."""

    def __init__(self, desk: PageDesk) -> None:
        self._desk = desk

    def handlers(self) -> PageHandlers:
        """Return what answers by method and path."""
        return {("GET", "/members"): self._list, ("GET", "/members/directory"): self._directory}

    def parts(self) -> Mapping[str, OwnParts]:
        """Return what declared pages need of it: nothing."""
        return {}

    async def _list(self, visit: PageRequest) -> Response:
        allow(visit.actor, SIGNED_IN, "members:read")
        reads_all = visit.actor.role in READERS
        search = visit.query.get("search", "").strip()[:SEARCHED_CHARS_MAX]
        asked = visit.query.get("filter", "")
        chosen = MemberChoice(asked) if reads_all and asked in set(MemberChoice) else MemberChoice.ALL
        found = await self._found(visit, chosen, search)
        after = visit.query.get("after", "0")
        begins = int(after) if after.isascii() and after.isdigit() and len(after) < len(str(10**9)) else 0
        shown = found[begins : begins + MEMBERS_SHOWN]
        following = begins + MEMBERS_SHOWN if len(found) > begins + MEMBERS_SHOWN else None
        query = {"filter": chosen.value, "search": search}
        return self._desk.looks.show(
            "members/people.html",
            visit,
            rows=[await self._row(visit, one, reads_all) for one in shown],
            count=len(found),
            chosen=chosen.value,
            filters=[(one.value, self._told(visit, one), await self._count(visit, one)) for one in MemberChoice]
            if reads_all
            else [],
            search=search,
            is_steward=visit.actor.role is Role.STEWARD,
            more=None if following is None else f"/members?{urlencode({**query, 'after': following})}",
        )

    def _told(self, visit: PageRequest, one: MemberChoice) -> str:
        say = visit.words.say
        match one:
            case MemberChoice.ALL:
                return say("All")
            case MemberChoice.WAITING:
                return say("Ask to join")
            case MemberChoice.NEAR_LIMIT:
                return say("Near a limit")
            case MemberChoice.KEYLESS:
                return say("Without a key")

    async def _count(self, visit: PageRequest, one: MemberChoice) -> int:
        return len(await self._found(visit, one, ""))

    async def _found(self, visit: PageRequest, chosen: MemberChoice, search: str) -> Sequence[Member]:
        """Return the members of a filter, in the order in which they came; of a search, the best first."""
        members = self._desk.book().members
        if search:
            rows = await self._desk.rows(visit, "members.list", MembersWanted(search=search), limit=DIRECTORY_MAX)
            listed = [members[one.id] for one in rows]
        else:
            listed = list(members.values())
        if chosen is MemberChoice.NEAR_LIMIT:
            near = await self._desk.rows(visit, "near-limits.list", NearLimitsWanted(), limit=DIRECTORY_MAX)
            handles = {one.handle for one in near}
            return [one for one in listed if one.handle in handles]
        fits = _FITS[chosen]
        return [one for one in listed if fits(one)]

    async def _row(self, visit: PageRequest, member: Member, reads_all: bool) -> MemberRow:  # noqa: FBT001
        accounts: Sequence[Any] = ()
        traded_at = None
        if reads_all and member.state is not MemberState.PENDING:
            accounts = await self._desk.rows(visit, "accounts.list", AccountsWanted(member=member.id))
            for account in accounts:
                wanted = StatementWanted(newest_first=True)
                for line in await self._desk.rows(visit, "accounts.entries", wanted, subject=account.id, limit=1):
                    traded_at = max(traded_at or 0, line.at)
        return MemberRow(
            await self._desk.who(visit, member.id),
            member.state,
            member.auth,
            [(one, bar_of(one)) for one in accounts],
            traded_at,
        )

    async def _directory(self, visit: PageRequest) -> Response:
        allow(visit.actor, SIGNED_IN, "members:read")
        offers: dict[str, list[str]] = {}
        handle = self._desk.book().handle
        for one in await self._desk.rows(visit, "offers.list", OffersWanted(), limit=DIRECTORY_MAX):
            if one.handle == handle and one.title and len(offers.setdefault(one.member, [])) < DIRECTORY_OFFERS_MAX:
                offers[one.member].append(one.title)
        members = await self._desk.rows(
            visit, "members.list", MembersWanted(state=MemberState.ACTIVE), limit=DIRECTORY_MAX
        )
        rows = [(await self._desk.who(visit, one.id), offers.get(one.handle, [])) for one in members]
        return self._desk.looks.show(
            "members/directory.html", visit, rows=sorted(rows, key=lambda row: row[0].name.casefold())
        )


_FITS: dict[MemberChoice, Callable[[Member], bool]] = {
    MemberChoice.ALL: lambda one: one.state is not MemberState.LEFT,
    MemberChoice.WAITING: lambda one: one.state is MemberState.PENDING,
    MemberChoice.KEYLESS: lambda one: one.state is not MemberState.LEFT and one.auth is Auth.CUSTODIAL,
}
