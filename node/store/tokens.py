# SPDX-License-Identifier: AGPL-3.0-or-later
"""Tokens as they are stored, and those that were asked for lately in memory."""

# ruff: noqa: S608 - what is put together into queries are the constants below, never a value

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiosqlite

from node.store.connections import Connections, Writer
from protocol.book.declaration import Page
from protocol.lanes.entry import Millis

TOKENS_CACHED_MAX = 4_096
TOKEN_COLUMNS = "hash, role, label, last4, created_ms, member, scopes, expires_ms, revoked_ms, number, session_key"  # noqa: S105
REVOKED_KEPT = 100
"""So many revoked tokens of one member, or of none, stay to be seen; older ones are let go."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token that opens the API; of its secret, only the SHA-256 and the last 4 characters are kept."""

    hash: bytes
    role: str
    label: str
    last4: str
    created_ms: Millis
    member: str | None = None
    scopes: frozenset[str] | None = None
    expires_ms: Millis | None = None
    revoked_ms: Millis | None = None
    number: int = 0
    session_key: bytes | None = None
    """The key in whose session it was made, or the token that made it: it ends with that."""


class Tokens(Connections):
    """The tokens that open the API."""

    def __init__(self, path: Path, writer: Writer, reader: aiosqlite.Connection) -> None:
        super().__init__(path, writer, reader)
        self._tokens: dict[bytes, Token | None] = {}
        self._token_changes = 0

    async def add_token(self, token: Token) -> None:
        """Keep a new token."""
        scopes = None if token.scopes is None else json.dumps(sorted(token.scopes))
        await self._write(
            "INSERT INTO tokens (hash, role, label, last4, created_ms, member, scopes, expires_ms, session_key)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            token.hash, token.role, token.label, token.last4, token.created_ms, token.member, scopes,
            token.expires_ms, token.session_key,
        )  # fmt: skip
        self._forget_token(token.hash)

    async def token(self, token_hash: bytes) -> Token | None:
        """Return the token with this SHA-256, also where it was revoked, or None."""
        if token_hash in self._tokens:
            return self._tokens[token_hash]
        changes = self._token_changes
        rows = await self._read(f"SELECT {TOKEN_COLUMNS} FROM tokens WHERE hash = ?", token_hash)
        token = _token(rows[0]) if rows else None
        if changes == self._token_changes:  # else it may have been revoked while it was read
            if len(self._tokens) >= TOKENS_CACHED_MAX:
                self._tokens.clear()
            self._tokens[token_hash] = token
        return token

    async def tokens(self, after: int, limit: int, member: str | None = None) -> Page:
        """Return the tokens after this number, oldest first: a member's, or all."""
        only, values = ("", ()) if member is None else ("member = ? AND", (member,))
        rows = await self._read(
            f"SELECT {TOKEN_COLUMNS} FROM tokens WHERE {only} number > ? ORDER BY number LIMIT ?",
            *values, after, limit + 1,
        )  # fmt: skip
        page = tuple(_token(row) for row in rows[:limit])
        return Page(page, page[-1].number if len(rows) > limit else None)

    async def revoke_token(self, token_hash: bytes, now: Millis) -> None:
        """Let a token open nothing from now on."""
        await self._write("UPDATE tokens SET revoked_ms = ? WHERE hash = ? AND revoked_ms IS NULL", now, token_hash)
        self._forget_token(token_hash)
        # The highest number stays, so that none is given twice.
        await self._write(
            "DELETE FROM tokens WHERE number IN (SELECT number FROM tokens WHERE revoked_ms IS NOT NULL"
            " AND member IS (SELECT member FROM tokens WHERE hash = ?) ORDER BY number DESC LIMIT -1 OFFSET ?)",
            token_hash, REVOKED_KEPT,
        )  # fmt: skip

    async def live_tokens(self, now: Millis, *, member: str | None = None, role: str | None = None) -> Sequence[Token]:
        """Return the tokens of a member, or of a role, that are neither revoked nor over."""
        rows = await self._read(
            f"SELECT {TOKEN_COLUMNS} FROM tokens WHERE {'member' if role is None else 'role'} = ?"
            " AND revoked_ms IS NULL AND (expires_ms IS NULL OR expires_ms > ?) ORDER BY number",
            member if role is None else role, now,
        )  # fmt: skip
        return tuple(map(_token, rows))

    def _forget_token(self, token_hash: bytes) -> None:
        self._token_changes += 1
        self._tokens.pop(token_hash, None)

    def _forget_tokens(self) -> None:
        self._token_changes += 1
        self._tokens.clear()


def _token(row: Sequence[Any]) -> Token:
    token = Token(*row)
    return token if token.scopes is None else replace(token, scopes=frozenset(json.loads(row[6])))
