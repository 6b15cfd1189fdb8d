# SPDX-License-Identifier: AGPL-3.0-or-later
"""Getting in and out: a code or a token lets a browser in, a button lets it out; and which language it reads."""

import re
from collections.abc import Awaitable, Callable, Mapping

from aiohttp.web import Response

from node.http.auth import SignIn, TokenGate
from node.http.components import Misread
from node.http.problems import Denied
from node.http.refusals import UNAUTHENTICATED
from node.http.routes import denied
from node.http.schema import form
from node.http.secret import TOKEN_PREFIX
from node.http.sign_in_codes import CodeDesk
from node.languages.catalogues import LANGUAGES_TOLD
from node.web.looks import Looks, moved_to
from node.web.visits import LANGUAGE_COOKIE, SESSION, PageRequest, set_cookie
from protocol.book.declaration import Actor, Role

_OWN_PATH = re.compile(r"/|(/[a-z0-9][A-Za-z0-9@:.~%_-]*)+", re.ASCII)
"""An address of this node: browsers take // and /\\ for another's."""


class SignInPages:
    """The pages by which one signs in, signs out and chooses a language."""

    def __init__(self, gate: TokenGate, codes: CodeDesk, looks: Looks) -> None:
        self._gate = gate
        self._codes = codes
        self._looks = looks

    def handlers(self) -> Mapping[tuple[str, str], Callable[[PageRequest], Awaitable[Response]]]:
        """Return what answers by method and path."""
        return {
            ("GET", "/sign-in"): self._ask,
            ("POST", "/sign-in"): self._enter,
            ("GET", "/s/*"): self._ask_with_code,
            ("POST", "/sign-out"): self._leave,
            ("POST", "/language"): self._choose_language,
        }

    async def _ask(self, visit: PageRequest) -> Response:
        return self._looks.show("sign_in.html", visit, code="")

    async def _ask_with_code(self, visit: PageRequest) -> Response:
        # A link is only shown: what previews links would else use the code up.
        return self._looks.show("sign_in.html", visit, code=visit.path.removeprefix("/s/")[:64])

    async def _enter(self, visit: PageRequest) -> Response:
        code = visit.first("code")
        if visit.first("key"):
            token = await self._by_key(visit)
        elif code.startswith(TOKEN_PREFIX):
            if await self._gate.bearer(f"Bearer {code}") is None:
                self._gate.count_failure(visit.address)
                raise Denied(UNAUTHENTICATED)
            token = code
        else:
            token = await self._codes.use(code, visit.address)
        return moved_to("/", {"Set-Cookie": set_cookie(SESSION, token, secure=visit.secure)})

    async def _by_key(self, visit: PageRequest) -> str:
        """Return the token of a browser whose key signed a challenge; raises Denied."""
        try:
            wish = form(SignIn).read({name: visit.first(name) for name in ("key", "challenge", "signature")})
        except Misread as misread:
            raise denied(misread) from None
        session = self._gate.sign_in(wish, visit.address)
        token = await self._codes.token_of_browser(Actor(Role.MEMBER, session.member), wish.key)
        self._gate.sign_out(f"Bearer {session.token}")
        return token

    async def _leave(self, visit: PageRequest) -> Response:
        if visit.bearer:
            self._gate.sign_out(f"Bearer {visit.bearer}")
            await self._codes.leave(visit.bearer)
        return moved_to("/sign-in", {"Set-Cookie": set_cookie(SESSION, "", secure=visit.secure, seconds=0)})

    async def _choose_language(self, visit: PageRequest) -> Response:
        chosen = visit.first("language")
        cookie = set_cookie(LANGUAGE_COOKIE, chosen if chosen in LANGUAGES_TOLD else "en", secure=visit.secure)
        back = visit.first("back")
        return moved_to(back if _OWN_PATH.fullmatch(back) else "/", {"Set-Cookie": cookie})
