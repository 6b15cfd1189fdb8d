# SPDX-License-Identifier: AGPL-3.0-or-later
"""Letting a steward in who has lost every token: whoever has the home and has stopped its node can."""

from collections.abc import Callable
from pathlib import Path

from node.http.secret import new_token, token_hash
from node.keeping.home import DATABASE, HomeUnusable, locked
from node.store.connections import StorageFailed, StorageUnusable
from node.store.storage import Storage
from node.store.tokens import Token
from protocol.book.declaration import Role
from protocol.lanes.entry import Millis

LABEL = "made by mutirao steward-token"


async def let_steward_in(home: Path, *, now: Callable[[], Millis], chance: Callable[[int], bytes]) -> str:
    """Return a new token of a steward in a stopped node's home; older ones stay. Raises HomeUnusable."""
    token = new_token(chance)
    with locked(home):
        try:
            storage = await Storage.open(home / DATABASE)
        except StorageUnusable as error:
            raise HomeUnusable(str(error)) from None
        try:
            await storage.add_token(Token(token_hash(token), Role.STEWARD, LABEL, token[-4:], now()))
        except StorageFailed as error:
            raise HomeUnusable(f"{home / DATABASE} cannot be written: {error}") from None
        finally:
            await storage.close()
    return token
