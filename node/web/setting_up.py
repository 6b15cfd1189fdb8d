# SPDX-License-Identifier: AGPL-3.0-or-later
"""The guided set-up of a network that was just founded: keyholders, a copy elsewhere, first members, invitations."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Protocol

import segno
from aiohttp.web import Response

from node.http.auth import Buckets
from node.http.problems import Denied
from node.http.refusals import PATH_UNKNOWN
from node.http.resources import Answers
from node.http.sign_in_codes import BROWSER, BROWSER_MS
from node.http.tokens import CreateToken, TokenDesk
from node.keeping.guided import GuidedSetup, SetupFault
from node.store.storage import Storage
from node.web.first_run import TRIES_A_SECOND, TRIES_AT_ONCE, code_page
from node.web.looks import Looks, moved_to
from node.web.member_sheet import ROWS_MAX, RowFault, SheetMember, sheet_rows
from node.web.visits import SESSION, PageRequest, set_cookie
from node.web.words import PageWords
from protocol.book.book import Book
from protocol.book.declaration import Actor, Role
from protocol.book.personal import NAME_CHARS_MAX
from protocol.book.refusals import Refused
from protocol.lanes.entry import Millis
from protocol.practices.people.imports import MEMBERS_MAX, ImportMembers
from protocol.practices.people.invitations import Invite

SLIPS_MAX = 10
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_GROUP = 4
_LABEL = "made at the end of the set-up"


class SetupRuntime(Answers, Protocol):
    """What the set-up needs of node.loop.runtime.Runtime."""

    storage: Storage


class SetupPages:
    """Answers for /setup and its steps, to a steward; to others the form for the code from the terminal."""

    def __init__(
        self,
        guided: GuidedSetup,
        runtime: SetupRuntime,
        desk: TokenDesk,
        book: Callable[[], Book],
        *,
        now: Callable[[], Millis],
    ) -> None:
        self._guided = guided
        self._runtime = runtime
        self._desk = desk
        self._book = book
        self._now = now
        self._tries = Buckets(TRIES_AT_ONCE, TRIES_A_SECOND)

    def handlers(self, looks: Looks) -> Mapping[tuple[str, str], Callable[[PageRequest], Awaitable[Response]]]:
        """Return what answers by method and path."""

        async def answer(visit: PageRequest) -> Response:
            return await self._answer(visit, looks)

        looks.lying = self._guided.lying
        return {(method, path): answer for method in ("GET", "POST") for path in ("/setup", "/setup/*")}

    async def _answer(self, visit: PageRequest, looks: Looks) -> Response:
        if not self._guided.unfinished:
            raise Denied(PATH_UNKNOWN)
        post = visit.request.method == "POST"
        if visit.actor.role is not Role.STEWARD or visit.actor.scopes is not None:
            if visit.path != "/setup":
                return moved_to("/setup")
            return await self._enter(visit, looks) if post else code_page(looks, visit, is_wrong=False)
        steps = {"2": self._keyholders, "3": self._copy, "4": self._members, "5": self._invitation}
        _, _, number = visit.path.removeprefix("/setup").rpartition("/")
        if number not in steps:
            return moved_to("/setup/2")
        return await steps[number](visit, looks)

    async def _enter(self, visit: PageRequest, looks: Looks) -> Response:
        self._tries.take(visit.address, self._now())
        if not self._guided.code.opens(visit.first("code")):
            return code_page(looks, visit, is_wrong=True)
        wish = CreateToken(BROWSER, Role.STEWARD, expires=self._now() + BROWSER_MS)
        token = (await self._desk.create(wish, Actor(Role.STEWARD), None)).token
        return moved_to("/setup/2", {"Set-Cookie": set_cookie(SESSION, token, secure=visit.secure)})

    async def _keyholders(self, visit: PageRequest, looks: Looks) -> Response:
        name, way, keeper = visit.first("key"), visit.first("way"), visit.first("keeper")[:NAME_CHARS_MAX]
        fault = printed = ""
        if visit.request.method == "POST":
            try:
                match way:
                    case "folder":
                        self._guided.hand_over(name, visit.first("folder"), keeper)
                    case "paper":
                        printed = self._guided.seed(name).hex()
                    case "read":
                        printed = self._guided.seed(name).hex()
                        self._guided.read_back(name, visit.first("typed"), keeper)
                        printed = ""
                    case _:
                        raise Denied(PATH_UNKNOWN)
            except SetupFault as found:
                fault = fault_said(str(found), visit.words)
            if not fault and not printed:
                return moved_to("/setup/2")
        lying, keepers = self._guided.lying(), self._guided.state.keepers
        page = looks.page(
            "setup/keyholders.html",
            visit,
            step=2,
            keys=list(dict.fromkeys(("next", *keepers, *lying))),
            lying=lying,
            keepers=keepers,
            at=name,
            fault=fault,
            printed=" ".join(printed[place : place + _GROUP] for place in range(0, len(printed), _GROUP)),
            picture=qr_picture(printed) if printed else "",
            typed=visit.typed,
        )
        return looks.respond(page, status=422 if fault else 200)

    async def _copy(self, visit: PageRequest, looks: Looks) -> Response:
        fault = ""
        if visit.request.method == "POST":
            now = self._now()
            moment = datetime.fromtimestamp(now / 1000, UTC).strftime("%Y-%m-%d-%H%M%S")
            try:
                name = f"{self._book().handle or 'network'}-{moment}.backup"
                await self._guided.try_copy(self._runtime.storage, visit.first("folder"), name, now)
            except SetupFault as found:
                fault = fault_said(str(found), visit.words)
            else:
                return moved_to("/setup/3")
        page = looks.page("setup/copy.html", visit, step=3, copied=self._guided.state.copied, fault=fault)
        return looks.respond(page, status=422 if fault else 200)

    async def _members(self, visit: PageRequest, looks: Looks) -> Response:
        book = self._book()
        currency = next(iter(book.currencies.values()))
        text = visit.first("sheet")
        rows = sheet_rows(text, currency, book.member_by_handle)
        wrong = [one for one in rows if one.fault is not None]
        new = [one.member for one in rows if one.member is not None]
        is_done = visit.first("step") == "take" and not wrong and len(rows) <= ROWS_MAX
        if is_done:
            for at in range(0, len(new), MEMBERS_MAX):
                wish = ImportMembers(tuple(new[at : at + MEMBERS_MAX]))
                result = await self._runtime.ask("imports.create", visit.actor, wish)
                if isinstance(result, Refused):
                    raise Denied.of(result)
            return moved_to("/setup/4")
        page = looks.page(
            "setup/members.html",
            visit,
            step=4,
            sheet=text,
            rows=[(one, row_said(one, visit.words)) for one in rows],
            wrong=len(wrong),
            new=len(new),
            here=sum(one.is_here for one in rows),
            count=len(book.members),
            too_many=len(rows) > ROWS_MAX,
            most=ROWS_MAX,
        )
        return looks.respond(page, status=422 if wrong else 200)

    async def _invitation(self, visit: PageRequest, looks: Looks) -> Response:
        slips: list[tuple[str, str, str, int]] = []
        host = visit.request.headers.get("Host", "")
        origin = f"{'https' if visit.secure else 'http'}://{host}"
        if visit.request.method == "POST":
            if visit.first("step") == "finish":
                token = await self._desk.create(CreateToken(_LABEL, Role.STEWARD), visit.actor, None)
                self._guided.finish()
                return looks.show("setup/ended.html", visit, step=0, token=token.token)
            asked = visit.first("count")
            count = min(int(asked), SLIPS_MAX) if asked.isascii() and asked.isdigit() and len(asked) < 3 else 1
            for _ in range(max(1, count)):
                made = await self._runtime.ask("invitations.create", visit.actor, Invite())
                if isinstance(made, Refused):
                    raise Denied.of(made)
                link = f"{origin}/j/{made.code}"
                slips.append((made.code, link, qr_picture(link), made.not_after))
        book = self._book()
        return looks.show(
            "setup/invitation.html",
            visit,
            step=5,
            slips=slips,
            host=host,
            is_local=host.rpartition(":")[0] in LOOPBACK or host in LOOPBACK,
            lying=self._guided.lying(),
            copied=self._guided.state.copied,
            count=len(book.members),
            most=SLIPS_MAX,
        )


def qr_picture(text: str) -> str:
    """Return a QR code as SVG, black on white, with its quiet zone."""
    return segno.make_qr(text).svg_inline(scale=4, border=4, light="#fff", omitsize=False)


def fault_said(fault: str, words: PageWords) -> str:
    """Return what people are told of a step that was not done."""
    match fault:
        case "no_folder":
            return words.say("There is no such folder on this computer. Write all of its path, such as /media/stick.")
        case "same_disk":
            return words.say("This folder is on the same disk as the books: what takes one takes both.")
        case "same_place":
            return words.say("The other key lies there. Give each to another person.")
        case "another_key":
            return words.say("A key of another network lies there. Take another stick.")
        case "not_written":
            return words.say("It could not be written there, or not read back. Nothing was wiped.")
        case "already_there":
            return words.say("A copy of this very moment is there. Try again.")
        case "read_wrong":
            return words.say("This is not what the paper says. Read it once more: nothing was wiped.")
        case _:
            return words.say("This key lies here no more.")


def row_said(row: SheetMember, words: PageWords) -> str:
    """Return what people are told of a row."""
    match row.fault:
        case None:
            return words.say("is here already") if row.is_here else words.say("can be taken in")
        case RowFault.NAME:
            return words.say("the name is missing or too long")
        case RowFault.HANDLE:
            return words.say("no address can be made of it: write one in the second column")
        case RowFault.TWICE:
            return words.say("the same address twice: write another in the second column")
        case RowFault.LIMIT:
            return words.say("the limit is no number")
