# SPDX-License-Identifier: AGPL-3.0-or-later
"""The resources by which one gets in and lets others in: challenges, sessions, tokens."""

from collections.abc import Iterator

from aiohttp.web import StreamResponse

from node.http.answers import nothing, page_answer, respond, shown_answer
from node.http.auth import AskForChallenge, Challenge, MemberSession, SignIn, TokenGate
from node.http.cursors import page_of
from node.http.routes import Exchange, Route, no_more, read_wish
from node.http.schema import json_bytes
from node.http.tokens import CreatedToken, CreateToken, ShownToken, TokenDesk
from protocol.book.declaration import ANYONE, SIGNED_IN, Role

MEMBERS_AND_STEWARDS = frozenset({Role.MEMBER, Role.STEWARD})


class Access:
    """Answers for a gate, and for the desk where tokens are made."""

    def __init__(self, gate: TokenGate, desk: TokenDesk) -> None:
        self._gate = gate
        self._desk = desk

    def routes(self) -> Iterator[Route]:
        """Return the routes; none of their answers is remembered, since most hold secrets."""
        yield Route(
            "POST",
            "/v1/challenges",
            "challenges.create",
            ANYONE,
            self._challenge,
            status=201,
            wish=AskForChallenge,
            answer=Challenge,
            summary="Ask for something to sign, to show that a key is yours.",
        )
        yield Route(
            "POST",
            "/v1/sessions",
            "sessions.create",
            ANYONE,
            self._sign_in,
            status=201,
            wish=SignIn,
            answer=MemberSession,
            summary="Open a session with a signed challenge.",
        )
        yield Route(
            "DELETE",
            "/v1/sessions",
            "sessions.end",
            SIGNED_IN,
            self._sign_out,
            status=204,
            summary="Sign out: end the session whose token asks.",
        )
        yield Route(
            "POST",
            "/v1/tokens",
            "tokens.create",
            MEMBERS_AND_STEWARDS,
            self._create,
            scope="tokens:write",
            status=201,
            wish=CreateToken,
            answer=CreatedToken,
            summary="Make a token; its secret is shown this once, and never stored.",
            example="mutirao tokens create --label till --scopes payments:write",
        )
        yield Route(
            "GET",
            "/v1/tokens",
            "tokens.list",
            MEMBERS_AND_STEWARDS,
            self._list,
            scope="tokens:read",
            answer=ShownToken,
            paged=True,
            tagged=True,
            summary="The tokens that you may revoke: a steward all, a member its own.",
            example="mutirao tokens list",
        )
        yield Route(
            "GET",
            "/v1/tokens/{id}",
            "tokens.show",
            MEMBERS_AND_STEWARDS,
            self._show,
            scope="tokens:read",
            answer=ShownToken,
            tagged=True,
            summary="A token without its secret.",
            example="mutirao tokens show 3",
        )
        yield Route(
            "DELETE",
            "/v1/tokens/{id}",
            "tokens.revoke",
            MEMBERS_AND_STEWARDS,
            self._revoke,
            scope="tokens:write",
            status=204,
            summary="Revoke a token.",
            example="mutirao tokens revoke 3",
        )

    async def _challenge(self, exchange: Exchange) -> StreamResponse:
        no_more(exchange.query)
        wish = read_wish(AskForChallenge, exchange.body)
        return respond(json_bytes(self._gate.challenge(wish, exchange.actor, exchange.address)), status=201)

    async def _sign_in(self, exchange: Exchange) -> StreamResponse:
        no_more(exchange.query)
        wish = read_wish(SignIn, exchange.body)
        return respond(json_bytes(self._gate.sign_in(wish, exchange.address)), status=201)

    async def _sign_out(self, exchange: Exchange) -> StreamResponse:
        no_more(exchange.query)
        self._gate.sign_out(exchange.request.headers.get("Authorization"))
        return nothing()

    async def _create(self, exchange: Exchange) -> StreamResponse:
        no_more(exchange.query)
        key = await self._gate.session_key(exchange.request.headers.get("Authorization", ""))
        made = await self._desk.create(read_wish(CreateToken, exchange.body), exchange.actor, key)
        return respond(json_bytes(made), status=201, headers={"Location": f"/v1/tokens/{made.id}"})

    async def _list(self, exchange: Exchange) -> StreamResponse:
        query = dict(exchange.query)
        after, limit = page_of(exchange, query)
        no_more(query)
        return page_answer(exchange, ShownToken, await self._desk.page(exchange.actor, after, limit))

    async def _show(self, exchange: Exchange) -> StreamResponse:
        no_more(exchange.query)
        found = await self._desk.find(exchange.actor, exchange.subject)
        return shown_answer(exchange, json_bytes(self._desk.shown(found)))

    async def _revoke(self, exchange: Exchange) -> StreamResponse:
        no_more(exchange.query)
        await self._desk.revoke(exchange.actor, exchange.subject)
        return nothing()
