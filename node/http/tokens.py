# SPDX-License-Identifier: AGPL-3.0-or-later
"""Tokens for apps and for who has no key: made with no more than their maker may, listed, revoked."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol

from node.http.problems import Denied
from node.http.refusals import LAST_STEWARD_TOKEN, SCOPE_MISSING
from node.http.secret import new_token, token_hash
from node.loop.refusals import STORAGE_FAILED
from node.store.connections import StorageFailed
from node.store.tokens import Token
from protocol.book.book import Book
from protocol.book.declaration import Actor, At, Doc, Page, Role
from protocol.book.members import Auth, MemberState
from protocol.book.refusals import FORBIDDEN, MALFORMED, MEMBER_UNKNOWN, NOT_FOUND, STATE_CONFLICT, Refused
from protocol.lanes.entry import Millis
from protocol.practices.people.authority import speaker
from protocol.wire.shape import AtMost

TOKENS_PER_MEMBER_MAX = 100
SCOPES_MAX = 64


@dataclass(frozen=True, slots=True)
class CreateToken:
    """Make a token for an app, or for somebody who has no key."""

    label: Annotated[str, AtMost(100), Doc("What it is for, as its list will show.")]
    role: Annotated[Role, Doc("What its bearer is to the network; a member makes tokens for itself only.")] = (
        Role.MEMBER
    )
    member: Annotated[str | None, Doc("Id or handle of the member whose token it is; for a member: itself.")] = None
    scopes: Annotated[
        tuple[Annotated[str, AtMost(64)], ...] | None,
        Doc('What it allows, such as "payments:write"; "*" or nothing: all that the role may.'),
    ] = None
    expires: Annotated[At | None, Doc("When it ends; nothing: when it is revoked.")] = None


@dataclass(frozen=True, slots=True)
class ShownToken:
    """A token as its list shows it: never the secret."""

    id: str
    role: Role
    member: str | None
    scopes: tuple[str, ...] | None
    label: str
    last4: str
    created: At
    expires: At | None
    revoked: At | None
    live: Annotated[bool, Doc("Whether it opens anything now: not revoked, not over, its member and key still there.")]


@dataclass(frozen=True, slots=True)
class CreatedToken:
    """A new token; its secret is shown this once."""

    id: str
    token: str
    role: Role
    member: str | None
    scopes: tuple[str, ...] | None
    label: str
    expires: At | None


class KnownTokens(Protocol):
    """Where tokens are kept."""

    async def add_token(self, token: Token) -> None: ...
    async def token(self, token_hash: bytes) -> Token | None: ...
    async def tokens(self, after: int, limit: int, member: str | None = None) -> Page: ...
    async def live_tokens(
        self, now: Millis, *, member: str | None = None, role: str | None = None
    ) -> Sequence[Token]: ...
    async def revoke_token(self, token_hash: bytes, now: Millis) -> None: ...


class TokenDesk:
    """Makes, shows and revokes tokens for those who may."""

    def __init__(
        self,
        tokens: Callable[[], KnownTokens],
        book: Callable[[], Book],
        *,
        now: Callable[[], Millis],
        chance: Callable[[int], bytes],
    ) -> None:
        self._tokens = tokens
        self._book = book
        self._now = now
        self._chance = chance
        self._changing = asyncio.Lock()
        """Held by whoever looks how many tokens there are and then changes that."""
        self.scopes: frozenset[str] = frozenset()
        """Every scope that a token can bear: those of the routes."""

    async def create(self, wish: CreateToken, actor: Actor, session_key: bytes | None) -> CreatedToken:
        """Make a token that allows no more than its maker may, and ends with the key of its session; raises Denied."""
        async with self._changing:
            return await self._create(wish, actor, session_key)

    async def _create(self, wish: CreateToken, actor: Actor, session_key: bytes | None) -> CreatedToken:
        now = self._now()
        role, member, scopes = self.granted(wish, actor)
        if wish.expires is not None and wish.expires <= now:
            raise Denied(MALFORMED, field="expires", expected="a time to come")
        if actor.role is Role.MEMBER:
            live = await self._tokens().live_tokens(now, member=actor.member)
            if len(live) >= TOKENS_PER_MEMBER_MAX:
                raise Denied(STATE_CONFLICT, tokens=len(live), maximum=TOKENS_PER_MEMBER_MAX)
        secret = new_token(self._chance)
        kept = Token(
            hash=token_hash(secret),
            role=role,
            label=wish.label,
            last4=secret[-4:],
            created_ms=now,
            member=member,
            scopes=scopes,
            expires_ms=wish.expires,
            session_key=session_key,
        )
        try:
            await self._tokens().add_token(kept)
        except StorageFailed:
            raise Denied(STORAGE_FAILED) from None
        stored = await self._tokens().token(kept.hash)
        assert stored is not None
        return CreatedToken(str(stored.number), secret, role, member, _shown_scopes(scopes), wish.label, wish.expires)

    def granted(self, wish: CreateToken, actor: Actor) -> tuple[Role, str | None, frozenset[str] | None]:
        """Return role, member and scopes of a token that somebody may make; raises Denied for any other."""
        scopes = None if wish.scopes is None or "*" in wish.scopes else frozenset(wish.scopes)
        if scopes is not None and len(scopes) > SCOPES_MAX:
            raise Denied(MALFORMED, field="scopes", expected=f"at most {SCOPES_MAX}")
        if scopes is not None and (strange := scopes - self.scopes):
            raise Denied(MALFORMED, field="scopes", expected=f"known scopes, not {min(strange)}")
        if actor.scopes is not None and "*" not in actor.scopes:
            missing = {"*"} if scopes is None else scopes - actor.scopes
            if missing:
                raise Denied(SCOPE_MISSING, scope=min(missing))
        member = None
        if wish.member is not None:
            book = self._book()
            member = book.member_by_handle.get(wish.member, wish.member)
            if member not in book.members:
                raise Denied(MEMBER_UNKNOWN, member=wish.member[:64])
            if book.members[member].state is MemberState.LEFT and (refused := book.members[member].inactive()):
                raise Denied.of(refused)
        if actor.role is not Role.STEWARD:
            if wish.role is not Role.MEMBER or member not in (None, actor.member):
                raise Denied(FORBIDDEN, allowed=Role.STEWARD)
            return Role.MEMBER, actor.member, scopes
        if wish.role in (Role.ANYONE, Role.ASSEMBLY):
            raise Denied(MALFORMED, field="role", expected="a role that needs a token")
        owner = None if member is None else self._book().members[member]
        if owner is not None and owner.auth is Auth.SELF and owner.id != actor.member and _may_write(scopes):
            raise Denied(FORBIDDEN, allowed="the member itself by its own key")
        if wish.role is Role.MEMBER and member is None:
            raise Denied(MALFORMED, field="member", expected="the member whose token it is")
        return wish.role, member, scopes

    async def page(self, actor: Actor, after: int, limit: int) -> Page:
        """Return the tokens that an actor may see: a steward all, a member its own."""
        member = None if actor.role is Role.STEWARD else actor.member or ""
        page = await self._tokens().tokens(after, limit, member)
        return Page(tuple(map(self.shown, page.items)), page.next)

    async def find(self, actor: Actor, identity: str) -> Token:
        """Return a token that an actor may see; raises Denied."""
        if identity.isascii() and identity.isdigit() and len(identity) < 16:
            found = await self._tokens().tokens(int(identity) - 1, 1)
            for token in found.items:
                if str(token.number) == identity and _may_see(actor, token):
                    return token
        raise Denied(NOT_FOUND)

    async def revoke(self, actor: Actor, identity: str) -> None:
        """Let a token open nothing from now on, unless no steward could come in any more; raises Denied."""
        async with self._changing:
            token, now = await self.find(actor, identity), self._now()
            if self._lets_a_steward_in(token, now):
                live = await self._tokens().live_tokens(now, role=Role.STEWARD)
                others = [one for one in live if one.hash != token.hash and self._lets_a_steward_in(one, now)]
                if not any(_lasts_as_long(one, token) for one in others):
                    raise Denied(LAST_STEWARD_TOKEN)
            try:
                await self._tokens().revoke_token(token.hash, now)
            except StorageFailed:
                raise Denied(STORAGE_FAILED) from None

    async def leave(self, hashed: bytes, label: str) -> None:
        """Let the token of a browser that is left open nothing, where it bears this label; raises Denied."""
        token = await self._tokens().token(hashed)
        if token is not None and token.label == label:
            try:
                await self._tokens().revoke_token(hashed, self._now())
            except StorageFailed:
                raise Denied(STORAGE_FAILED) from None

    def _lets_a_steward_in(self, token: Token, now: Millis) -> bool:
        """Tell whether a token opens all that a steward may do."""
        return token.role == Role.STEWARD and token.scopes is None and opens(token, self._book(), now)

    def shown(self, token: Token) -> ShownToken:
        """Return a token as its list shows it."""
        return ShownToken(
            str(token.number),
            Role(token.role),
            token.member,
            _shown_scopes(token.scopes),
            token.label,
            token.last4,
            token.created_ms,
            token.expires_ms,
            token.revoked_ms,
            opens(token, self._book(), self._now()),
        )


def opens(token: Token, book: Book, now: Millis) -> bool:
    """Tell whether a token opens anything: not revoked or over, its member here, the key of its session still its."""
    if token.revoked_ms is not None or (token.expires_ms is not None and token.expires_ms <= now):
        return False
    member = None if token.member is None else book.members.get(token.member)
    if member is not None and member.state is MemberState.LEFT:
        return False
    return token.session_key is None or holder(book, token.session_key) == token.member


def holder(book: Book, key: bytes) -> str | None:
    """Return whose key this is: nobody's, once it was revoked or its member has left."""
    spoke = speaker(book, key)
    return None if isinstance(spoke, Refused) or spoke[0].state is MemberState.LEFT else spoke[0].id


def _may_write(scopes: frozenset[str] | None) -> bool:
    """Tell whether somebody could do something in its member's name by these scopes, not only look."""
    return scopes is None or any(one.endswith(":write") for one in scopes)


def _lasts_as_long(one: Token, other: Token) -> bool:
    return one.expires_ms is None or (other.expires_ms is not None and one.expires_ms >= other.expires_ms)


def _shown_scopes(scopes: Iterable[str] | None) -> tuple[str, ...] | None:
    return None if scopes is None else tuple(sorted(scopes))


def _may_see(actor: Actor, token: Token) -> bool:
    return actor.role is Role.STEWARD or (actor.member is not None and token.member == actor.member)
