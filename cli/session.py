# SPDX-License-Identifier: AGPL-3.0-or-later
"""A node and who asks it: by a token, or by a key that signs in for the length of one command."""

import time
from argparse import Namespace
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from cli import keys
from cli.client import TIMEOUT_SECONDS, Client, path_of
from cli.ending import Misuse, Unreachable, WishRefused
from cli.settings import CommandSettings, settings

if TYPE_CHECKING:
    from protocol.wire.keys import KeyPair

NETWORK_BYTES = 32


class CommandSession:
    """A client of a node; `hand` is the key that its member signs with, None where there is none."""

    def __init__(self, found: CommandSettings, timeout: float | None) -> None:
        self.client = Client(found.node, found.token, timeout=timeout or TIMEOUT_SECONDS)
        self.hand: KeyPair | None = None if found.key is None else keys.read(found.key)
        self._node: Mapping[str, Any] | None = None

    @property
    def node(self) -> Mapping[str, Any]:
        """What the node says of itself."""
        if self._node is None:
            self._node = self.client.get("/v1/node")
        return self._node

    @property
    def network(self) -> bytes:
        """The id of the node's network."""
        from protocol.wire.keys import parse_id

        network = parse_id(str(self.node.get("network_id")))
        if network is None:
            raise Unreachable(f"{self.client.url} names no network")
        return network

    def post_signed(self, path: str, make: Callable[[int], Mapping[str, Any]], key: str | None) -> Mapping[str, Any]:
        """Send what `make` signs as the order of a number: this machine's hour in milliseconds.

        Where another device's clock was ahead of it, or this one is far ahead, the order goes behind the newest one.
        """
        try:
            return self.client.post(path, make(moment_ms()), key)
        except WishRefused as refusal:
            newest = refusal.problem.get("figures", {}).get("order_seq")
            late = refusal.problem.get("code") in ("ORDER_STALE", "ORDER_REPLAYED", "ORDER_AHEAD")
            if not late or not isinstance(newest, int):
                raise
            return self.client.post(path, make(newest + 1))

    def sign_in(self) -> Mapping[str, Any]:
        """Show that the key is a member's, and ask with that member's session from now on."""
        if self.hand is None:
            raise Misuse("this needs a key: --key FILE, or MUTIRAO_KEY")
        public = keys.text_of(self.hand.public)
        asked = self.client.post(path_of("challenges"), {"key": public})
        try:
            challenge = keys.bytes_of(asked["challenge"])
        except (TypeError, ValueError):
            challenge = b""
        # A node that passed another network's challenge on would get a session there.
        if challenge[:NETWORK_BYTES] != self.network:
            raise Unreachable(f"{self.client.url} wants a signature for another network than its own")
        opened = self.client.post(
            path_of("sessions"),
            {
                "key": public,
                "challenge": asked["challenge"],
                "signature": keys.text_of(self.hand.sign("session", challenge)),
            },
        )
        self.client.token = opened["token"]
        return opened


def connect(args: Namespace, *, signed_in: bool = True) -> CommandSession:
    """Return the session that a command's options ask for, signed in by key where there is no token."""
    session = CommandSession(settings(args), args.timeout)
    if signed_in and session.client.token is None and session.hand is not None:
        session.sign_in()
    return session


def moment_ms() -> int:
    """Return the milliseconds since 1970 by this machine's clock: the number of a member's next order."""
    return time.time_ns() // 1_000_000
