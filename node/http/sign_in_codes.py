# SPDX-License-Identifier: AGPL-3.0-or-later
"""Codes by which a browser is let in: made by who may make tokens, told aloud or as a link, good once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated

from aiohttp.web import StreamResponse

from node.http.answers import respond
from node.http.auth import TokenGate
from node.http.problems import Denied
from node.http.refusals import SIGN_IN_CODE_UNKNOWN
from node.http.routes import Exchange, Route, no_more, read_wish
from node.http.schema import json_bytes
from node.http.secret import token_hash
from node.http.shares import Shares
from node.http.tokens import CreateToken, TokenDesk
from protocol.book.declaration import Actor, At, Doc, Role
from protocol.lanes.entry import Millis

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""No 0, O, 1 and I, which are mistaken for one another."""
SIGN_IN_CODE_CHARS = 12
CODE_MS = 15 * 60_000
SIGN_IN_CODES_MAX = 10_000
CODES_PER_MAKER_MAX = 200
BROWSER_MS = 30 * 24 * 60 * 60_000
"""For how long a browser stays signed in."""
BROWSER = "browser"
"""What the token of a browser is called in the list of tokens, where it can be revoked."""


@dataclass(frozen=True, slots=True)
class MakeSignInCode:
    """Make a code that lets a browser in, as yourself, or as somebody for whom you may make tokens."""

    member: Annotated[str | None, Doc("id or handle of whom it lets in; for a member: itself")] = None
    role: Annotated[Role, Doc("what it lets in as")] = Role.MEMBER


@dataclass(frozen=True, slots=True)
class SignInCode:
    """A code that lets a browser in once."""

    code: Annotated[str, Doc("twelve letters and digits, typed at /sign-in with or without the spaces")]
    path: Annotated[str, Doc("the page of this node that takes it: a link, or a QR code")]
    expires: At


@dataclass(frozen=True, slots=True)
class _Kept:
    """Who made a code, with which key, and for whom."""

    maker: Actor
    session_key: bytes | None
    wish: CreateToken


class CodeDesk:
    """Makes codes and exchanges each once for a token; they are held in memory alone."""

    def __init__(
        self, gate: TokenGate, desk: TokenDesk, *, now: Callable[[], Millis], chance: Callable[[int], bytes]
    ) -> None:
        self._gate = gate
        self._desk = desk
        self._now = now
        self._chance = chance
        self._codes: Shares[_Kept] = Shares(SIGN_IN_CODES_MAX, CODES_PER_MAKER_MAX)

    def routes(self) -> Iterator[Route]:
        """Return the route that makes codes."""
        yield Route(
            "POST",
            "/v1/sign-in-codes",
            "sign-in-codes.create",
            frozenset({Role.MEMBER, Role.STEWARD}),
            self._make,
            scope="tokens:write",
            status=201,
            wish=MakeSignInCode,
            answer=SignInCode,
            summary="Make a code that lets a browser in, once and within 15 minutes.",
            example="mutirao sign-in-codes create --member ana",
        )

    async def _make(self, exchange: Exchange) -> StreamResponse:
        no_more(exchange.query)
        wish = read_wish(MakeSignInCode, exchange.body)
        key = await self._gate.session_key(exchange.request.headers.get("Authorization", ""))
        now = self._now()
        token = CreateToken(BROWSER, wish.role, wish.member, expires=now + BROWSER_MS)
        self._desk.granted(token, exchange.actor)
        code = "".join(ALPHABET[byte % len(ALPHABET)] for byte in self._chance(SIGN_IN_CODE_CHARS))
        maker = f"{exchange.actor.role} {exchange.actor.member}"
        self._codes.put(maker, code.encode(), _Kept(exchange.actor, key, token), now + CODE_MS, now)
        return respond(json_bytes(SignInCode(_spaced(code), f"/s/{code}", now + CODE_MS)), status=201)

    async def use(self, code: str, address: str) -> str:
        """Exchange a code for the token of a browser; raises Denied where it opens nothing, or nothing any more."""
        plain = "".join(code.split()).replace("-", "").upper()
        kept = self._codes.get(plain.encode(), self._now())
        if kept is None:
            self._gate.count_failure(address)
            raise Denied(SIGN_IN_CODE_UNKNOWN)
        self._codes.pop(plain.encode())
        return (await self._desk.create(kept.wish, kept.maker, kept.session_key)).token

    async def token_of_browser(self, actor: Actor, key: bytes) -> str:
        """Return a new token for the browser of a member whose key has just signed; raises Denied."""
        wish = CreateToken(BROWSER, Role.MEMBER, expires=self._now() + BROWSER_MS)
        return (await self._desk.create(wish, actor, key)).token

    async def leave(self, token: str) -> None:
        """Let the token of a browser that is left open nothing any more; one that was made otherwise stays."""
        await self._desk.leave(token_hash(token), BROWSER)


def _spaced(code: str) -> str:
    return " ".join(code[at : at + 4] for at in range(0, len(code), 4))
