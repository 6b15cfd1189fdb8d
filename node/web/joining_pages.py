# SPDX-License-Identifier: AGPL-3.0-or-later
"""How somebody comes to the group, and a key to a browser: invitation, welcome, and one more device."""

import json
from collections.abc import Awaitable, Callable, Mapping
from io import BytesIO
from typing import Any

import segno
from aiohttp.web import Response
from markupsafe import Markup

from node.http import idempotency
from node.http.auth import TokenGate
from node.http.components import Misread
from node.http.jsonbytes import dump
from node.http.problems import PROBLEM_TYPE, ScaleOf, problem_of
from node.http.resources import Answers
from node.http.routes import JSON_TYPE
from node.http.schema import form
from node.http.values import bytes_text
from node.loop.waiting import Remember
from node.web.looks import Looks, moved_to
from node.web.shown import path_to
from node.web.visits import KEY_FIELD, PageRequest
from protocol.book.book import Book
from protocol.book.members import Auth
from protocol.book.refusals import Refused
from protocol.practices.people.members.views import Join

JOINING_DATA, JOINING_SIGNATURE = "joining.data", "joining.signature"
JOIN = "members.join"
JOINED_FIELDS = ("handle", "name", JOINING_DATA, JOINING_SIGNATURE)
LINK_CHARS_MAX = 1_000
"""More than a link needs by which a new key is brought to one that is known; a QR code holds it."""


class JoiningPages:
    """/j/CODE, /welcome and /keys-of-mine: a script makes the key; without one, or without a key, all else works."""

    def __init__(
        self,
        runtime: Answers,
        gate: TokenGate,
        looks: Looks,
        book: Callable[[], Book],
        scale_of: ScaleOf,
        chance: Callable[[int], bytes],
    ) -> None:
        self._runtime = runtime
        self._gate = gate
        self._looks = looks
        self._book = book
        self._scale_of = scale_of
        self._chance = chance

    def handlers(self) -> Mapping[tuple[str, str], Callable[[PageRequest], Awaitable[Response]]]:
        """Return what answers by method and path."""
        return {
            ("GET", "/j/*"): self._invite,
            ("POST", "/j/*"): self._join,
            ("GET", "/welcome"): self._welcome,
            ("GET", "/keys-of-mine"): self._keys,
        }

    async def _invite(self, visit: PageRequest) -> Response:
        return self._asked(visit, {})

    def _asked(
        self, visit: PageRequest, errors: Mapping[str, str], *, refused: Any = None, status: int = 200
    ) -> Response:
        typed = {name: visit.first(name) for name in ("handle", "name")}
        key = bytes_text(self._chance(16))
        page = self._looks.page("join.html", visit, typed=typed, errors=errors, refused=refused, key=key)
        return self._looks.respond(page, status=status)

    async def _join(self, visit: PageRequest) -> Response:
        self._gate.admit_stranger(visit.address)
        told = {name: text for name in JOINED_FIELDS if (text := visit.first(name))}
        data, signature = told.pop(JOINING_DATA, ""), told.pop(JOINING_SIGNATURE, "")
        told |= {"code": visit.path.removeprefix("/j/")}
        joining = {"joining": {"data": data, "signature": signature}} if data else {}
        try:
            wish = form(Join).read({**told, **joining})
        except Misread as misread:
            figures = misread.refused().figures
            errors = {str(figures.get("field", "")): str(figures.get("expected", ""))}
            return self._asked(visit, errors, status=422)

        def render(result: Any) -> tuple[int, str, bytes]:
            if isinstance(result, Refused):
                status, body = problem_of(result, self._scale_of, visit.words.language)
                return status, PROBLEM_TYPE, body
            return 200, JSON_TYPE, b"{}"

        key = visit.first(KEY_FIELD)
        idempotency.check_key(key)
        remember = Remember(
            scope=idempotency.scope_of(visit.actor, key),
            request=idempotency.request_of("POST", visit.path, dump(sorted(visit.typed.items())), key),
            render=render,
            keep=lambda result: result,
        )
        kept = await self._runtime.ask_once(JOIN, visit.actor, wish, remember=remember)
        if kept.status >= 400:  # HTTP's own line
            return self._asked(visit, {}, refused=json.loads(kept.body), status=kept.status)
        return moved_to("/welcome")

    async def _welcome(self, visit: PageRequest) -> Response:
        return self._looks.show("welcome.html", visit)

    async def _keys(self, visit: PageRequest) -> Response:
        """Ask for a name and make a key for it; then show how that key is brought to one that is known."""
        member = self._book().members.get(visit.actor.member or "")
        handle = visit.query.get("handle", "") or (member.handle if member is not None else "")
        query = visit.request.query_string
        link = ""
        if visit.query.get(JOINING_DATA) and len(query) <= LINK_CHARS_MAX:
            # Whoever has no key yet gives itself the first; else one of its keys says yes.
            is_first = member is not None and member.auth is Auth.CUSTODIAL and member.handle == handle
            path = path_to("members", handle, "rebind-key" if is_first else "add-key")
            link = f"{path}?{query.partition('&')[2] if query.startswith('handle=') else query}"
        whole = f"{'https' if visit.secure else 'http'}://{visit.request.host}{link}"
        qr = Markup(_qr_svg(whole)) if link else ""  # noqa: S704  # drawn here, of squares alone
        return self._looks.show("keys_of_mine.html", visit, handle=handle, link=link, whole=whole, qr=qr)


def _qr_svg(text: str) -> str:
    drawn = BytesIO()
    segno.make_qr(text).save(drawn, kind="svg", xmldecl=False, svgns=False, scale=4, light="#fff", nl=False)
    return drawn.getvalue().decode()
