# SPDX-License-Identifier: AGPL-3.0-or-later
"""A home in which there is no network yet: its pages are opened, and closed once somebody has founded one by them."""

import asyncio
import logging
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from ssl import SSLContext

from node import clock
from node.http.auth import TokenGate
from node.http.routes import RouteTable
from node.http.secret import new_token, token_hash
from node.http.server import Door
from node.http.sign_in_codes import BROWSER, BROWSER_MS
from node.keeping.config import Config
from node.keeping.guided import OneTimeCode
from node.keeping.home import DATABASE, Founding, found
from node.store.storage import Storage
from node.store.tokens import Token
from node.web.first_run import FirstRunPages
from protocol.book.declaration import Role

BACKLOG = 128

log = logging.getLogger(__name__)


async def founded_by_browser(
    home: Path,
    config: Config,
    ending: asyncio.Event,
    setup_told: Callable[[Mapping[str, str]], None],
    tls: SSLContext | None,
) -> Sequence[socket.socket]:
    """Let a network be founded by pages; returns sockets that go on listening for the node that serves it then.

    It returns as well, with none, once this process is to end. Raises OSError where an address cannot be had.
    """
    founded = asyncio.Event()
    places = _listening(*config.http)

    async def found_now(founding: Founding) -> str:
        told = await found(home, founding, now=clock.now_ms, chance=clock.chance)
        token = new_token(clock.chance)
        storage = await Storage.open(home / DATABASE)
        try:
            now = clock.now_ms()
            kept = Token(token_hash(token), Role.STEWARD, BROWSER, token[-4:], now, expires_ms=now + BROWSER_MS)
            await storage.add_token(kept)
            await storage.revoke_token(token_hash(told.steward_token), now)  # nobody was shown it
        finally:
            await storage.close()
        # Before it is told to go on: its next connection is for the node that serves then.
        await door.stop_listening()
        setup_told({"network_id": told.network_id, "handle": told.handle, "peer_id": told.peer_id})
        founded.set()
        return token

    url = ""
    code = OneTimeCode(
        lambda printed: setup_told({"setup": f"{url}/setup", "code": printed}), now=clock.now_ms, chance=clock.chance
    )
    pages = FirstRunPages(code, found_now, now=clock.now_ms, chance=clock.chance)
    door = Door(RouteTable([]), pages, gate=_nobody(), scale_of=lambda _: None, behind_proxy=config.behind_proxy)
    try:
        url = await door.start(*config.http, tls, [one.dup() for one in places])
        log.info("waiting for a network to be founded", extra={"url": url})
        code.renew()
        waiting = [asyncio.create_task(event.wait()) for event in (founded, ending)]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for one in waiting:
            one.cancel()
        await door.stop()
    except BaseException:
        _close(places)
        raise
    if ending.is_set():
        _close(places)
        return ()
    return places


def _nobody() -> TokenGate:
    """Return a gate that no route asks: there is none yet."""

    def nothing() -> object:
        raise AssertionError("there are no tokens before there is a network")

    return TokenGate(nothing, nothing, now=clock.now_ms, chance=clock.chance)  # pyright: ignore[reportArgumentType]


def _listening(host: str, port: int) -> list[socket.socket]:
    """Return sockets that listen at all addresses of a host; who knocks while the door is changed waits meanwhile."""
    found: list[socket.socket] = []
    try:
        for family, kind, _, _, place in socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        ):
            one = socket.socket(family, kind)
            found.append(one)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            one.bind(place)
            one.listen(BACKLOG)
            one.setblocking(False)
    except OSError:
        _close(found)
        raise
    return found


def _close(places: Sequence[socket.socket]) -> None:
    for one in places:
        one.close()
