# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who asks: tokens and short sessions, of which only hashes are kept, and limits on guessing."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import Annotated

from node.http.problems import Denied
from node.http.refusals import CHALLENGE_UNKNOWN, RATE_LIMITED, SCOPE_MISSING, UNAUTHENTICATED
from node.http.secret import new_token, token_hash
from node.http.shares import Shares
from node.http.tokens import KnownTokens, holder, opens
from protocol.book.book import Book
from protocol.book.declaration import NOBODY, Actor, At, Doc, Role
from protocol.book.members import MemberState
from protocol.book.refusals import (
    FORBIDDEN,
    KEY_UNACCEPTABLE,
    KEY_UNKNOWN,
    SIGNATURE_INVALID,
)
from protocol.lanes.entry import Millis
from protocol.wire.keys import is_acceptable_key, verify
from protocol.wire.shape import AtMost, Length

TOKEN_CHARS_MAX = 128
CHALLENGE_BYTES = 32
CHALLENGE_MS = 2 * 60_000
CHALLENGES_MAX = 10_000
CHALLENGES_PER_ASKER_MAX = 1_000
"""What a member can have open, or an address from which strangers ask: a whole group signs in behind one."""
SESSION_MS = 60 * 60_000
MEMBER_SESSIONS_MAX = 10_000
SESSIONS_PER_MEMBER_MAX = 100

# What somebody without a token may write: join, ask for a challenge, sign in. A whole group behind one
# address joins on the same evening; whoever would fill the disk or guess goes on for longer.
STRANGERS_AT_ONCE = 300
STRANGERS_A_SECOND = 4.0
FAILURES_AT_ONCE = 50
FAILURES_A_SECOND = 0.5
ADDRESSES_MAX = 4_096

BEARER = {"WWW-Authenticate": 'Bearer realm="mutirao"'}
"""What a 401 bears (RFC 9110 11.6.1)."""

PublicKey = Annotated[bytes, Length(32)]


@dataclass(frozen=True, slots=True)
class AskForChallenge:
    """Ask for something to sign, to show that a key is yours."""

    key: Annotated[PublicKey, Doc("Your Ed25519 public key.")]


@dataclass(frozen=True, slots=True)
class Challenge:
    """What to sign: the network's id (32 bytes), to be compared with one's own, and 32 bytes of chance."""

    challenge: bytes
    expires: At


@dataclass(frozen=True, slots=True)
class SignIn:
    """Open a session with a signed challenge."""

    key: Annotated[PublicKey, Doc("Your Ed25519 public key.")]
    challenge: Annotated[bytes, AtMost(128), Doc("The challenge as it came; it can be used once.")]
    signature: Annotated[bytes, Length(64), Doc('Ed25519 over "mutirao/v1/session", a zero byte and the challenge.')]


@dataclass(frozen=True, slots=True)
class MemberSession:
    """A member's session; it ends when it expires, when the key is the member's no more, or on restart."""

    token: Annotated[str, Doc("Sent as: Authorization: Bearer <token>.")]
    member: str
    expires: At


@dataclass(frozen=True, slots=True)
class _Opened:
    """A session in memory."""

    key: bytes
    member: str


class Buckets:
    """So many attempts at once and so many a second from each address; the stalest is forgotten first."""

    def __init__(self, at_once: int, a_second: float) -> None:
        self._at_once = at_once
        self._a_second = a_second
        self._left: OrderedDict[str, tuple[float, Millis]] = OrderedDict()

    def take(self, address: str, now: Millis) -> None:
        """Count one attempt; raises Denied with Retry-After where it is one too many."""
        left, at_ms = self._left.pop(address, (float(self._at_once), now))
        left = min(self._at_once, left + max(0, now - at_ms) / 1000 * self._a_second)
        if len(self._left) >= ADDRESSES_MAX:
            self._left.popitem(last=False)
        self._left[address] = (max(0.0, left - 1), now)
        if left < 1:
            seconds = ceil((1 - left) / self._a_second)
            raise Denied(RATE_LIMITED, retry_after=seconds, headers={"Retry-After": str(seconds)})


class TokenGate:
    """Knows who bears which token, and lets a member in who signs a challenge."""

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
        self._challenges: Shares[bytes] = Shares(CHALLENGES_MAX, CHALLENGES_PER_ASKER_MAX)
        self._sessions: Shares[_Opened] = Shares(MEMBER_SESSIONS_MAX, SESSIONS_PER_MEMBER_MAX)
        self._strangers = Buckets(STRANGERS_AT_ONCE, STRANGERS_A_SECOND)
        self._failed = Buckets(FAILURES_AT_ONCE, FAILURES_A_SECOND)

    async def actor(self, authorization: str | None, address: str) -> Actor:
        """Return who bears the token of this header, NOBODY without one; raises Denied for a bad one."""
        if authorization is None:
            return NOBODY
        found = await self.bearer(authorization)
        if found is not None:
            return found
        self._failed.take(address, self._now())
        raise unauthenticated("invalid_token")

    async def bearer(self, authorization: str) -> Actor | None:
        """Return who bears the token of this header; None where it opens nothing, or nothing any more."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() == "bearer" and token.isascii() and len(token) <= TOKEN_CHARS_MAX:
            return await self._bearer(token_hash(token))
        return None

    def count_failure(self, address: str) -> None:
        """Count an attempt with a secret that opens nothing; raises Denied where it is one too many."""
        self._failed.take(address, self._now())

    def is_suspended(self, actor: Actor) -> bool:
        """Tell whether somebody is a member who is suspended now."""
        member = self._book().members.get(actor.member or "")
        return member is not None and member.state is MemberState.SUSPENDED

    async def _bearer(self, hashed: bytes) -> Actor | None:
        now = self._now()
        session = self._sessions.get(hashed, now)
        if session is not None:
            # The key is asked for each time: one that was rebound or revoked opens nothing any more.
            if holder(self._book(), session.key) == session.member:
                return Actor(Role.MEMBER, session.member)
            self._sessions.pop(hashed)
            return None
        token = await self._tokens().token(hashed)
        if token is None or not opens(token, self._book(), now):
            return None
        role = Role(token.role)
        # An auditor reads, and acts for nobody: the member of its token only says whose it is.
        return Actor(role, None if role is Role.AUDITOR else token.member, token.scopes)

    async def session_key(self, authorization: str) -> bytes | None:
        """Return the key on which a bearer rests: that of its session, or of the one in which its token was made."""
        hashed = token_hash(authorization.partition(" ")[2])
        session = self._sessions.get(hashed, self._now())
        if session is not None:
            return session.key
        token = await self._tokens().token(hashed)
        return None if token is None else token.session_key

    def admit_stranger(self, address: str) -> None:
        """Count something written by nobody known; raises Denied where there was too much of it."""
        self._strangers.take(address, self._now())

    def challenge(self, wish: AskForChallenge, actor: Actor, address: str) -> Challenge:
        """Return something new for a key to sign; raises Denied."""
        now = self._now()
        if not is_acceptable_key(wish.key):
            raise Denied(KEY_UNACCEPTABLE)
        challenge = self._book().network + self._chance(CHALLENGE_BYTES)
        asker = address if actor.role is Role.ANYONE else f"{actor.role} {actor.member}"
        self._challenges.put(asker, challenge, wish.key, now + CHALLENGE_MS, now)
        return Challenge(challenge, now + CHALLENGE_MS)

    def sign_in(self, wish: SignIn, address: str) -> MemberSession:
        """Open a session for the member whose key signed the challenge; raises Denied."""
        now = self._now()
        key = self._challenges.get(wish.challenge, now)
        self._challenges.pop(wish.challenge)
        if key != wish.key:
            self._failed.take(address, now)
            raise Denied(CHALLENGE_UNKNOWN, headers=BEARER)
        if not verify(wish.key, "session", wish.challenge, wish.signature):
            self._failed.take(address, now)
            raise Denied(SIGNATURE_INVALID)
        member = holder(self._book(), wish.key)
        if member is None:
            raise Denied(KEY_UNKNOWN)
        token = new_token(self._chance)
        self._sessions.put(member, token_hash(token), _Opened(wish.key, member), now + SESSION_MS, now)
        return MemberSession(token, member, now + SESSION_MS)

    def sign_out(self, authorization: str | None) -> None:
        """End the session whose token this header bears; a token that is no session's stays."""
        token = (authorization or "").partition(" ")[2]
        self._sessions.pop(token_hash(token))


def allow(actor: Actor, who: frozenset[Role], scope: str | None) -> None:
    """Raise Denied unless somebody of this role, bearing a token of these scopes, may do it."""
    if actor.role not in who:
        if actor.role is Role.ANYONE:
            raise unauthenticated()
        raise Denied(FORBIDDEN, allowed=", ".join(role for role in Role if role in who))
    if scope is not None and actor.scopes is not None and not actor.scopes & {scope, "*"}:
        raise Denied(
            SCOPE_MISSING,
            scope=scope,
            headers={"WWW-Authenticate": f'Bearer realm="mutirao", error="insufficient_scope", scope="{scope}"'},
        )


def unauthenticated(error: str = "") -> Denied:
    """Return the problem of somebody who brought no valid token (RFC 6750 3)."""
    said = f', error="{error}"' if error else ""
    return Denied(UNAUTHENTICATED, headers={"WWW-Authenticate": f'Bearer realm="mutirao"{said}'})
