# SPDX-License-Identifier: AGPL-3.0-or-later
"""One payment across a link: how many bytes and frames it takes between the two networks, in both directions.

Counted where the nodes hand frames to libp2p, and on the TCP wire between them, encryption and
acknowledgements of libp2p included. What the nodes say to each other anyway, every second, is measured
first and taken off.
"""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import books
from figures import Figure, Told
from serving import metrics, served

from cli.ending import WishRefused
from cli.stage import WIRE_READ_BYTES, Node, Wire, until

PAYMENTS = 20
IDLE_SECONDS = 6.0
"""Longer than the 5 seconds between two pings, so that idling is measured with one."""
PAYEE = "bia@serra"
AMOUNT = {"value": "100", "asset_scale": 2}
LIMIT = {"value": "1000000", "asset_scale": 2}


class Counted(Wire):
    """A TCP wire that counts the bytes it carries, in both directions together."""

    def __init__(self, target: int) -> None:
        self.carried = 0
        self._counting = threading.Lock()
        super().__init__(target)

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(WIRE_READ_BYTES):
                sink.sendall(data)
                with self._counting:
                    self.carried += len(data)
        for one in (source, sink):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


def run(folder: Path, *, quick: bool) -> list[Told]:
    """Measure bytes and frames a payment: with the quote that comes before it, and without."""
    riacho, serra = asyncio.run(_prepared(folder))
    wire = Counted(serra.p2p)
    riacho.peers = [serra.address(wire.port)]
    quoted: list[list[float]] = []
    paid: list[list[float]] = []
    idle: list[list[float]] = []
    try:
        with served(riacho, serra):
            _admit(riacho, "ana")
            _admit(serra, "bia")
            link = _open_link(riacho, serra)
            for _ in range(2 if quick else 5):
                until("the link has settled", lambda: _is_settled(riacho, link) and _is_settled(serra, link))
                at_rest = _spent(riacho, wire, lambda: time.sleep(IDLE_SECONDS))
                idle.append(_beyond(at_rest, None, 1))
                quotes: list[dict[str, Any]] = []
                asking = _spent(riacho, wire, lambda quotes=quotes: _ask_all(riacho, quotes))
                quoted.append(_beyond(asking, idle[-1], PAYMENTS))
                paying = _spent(riacho, wire, lambda quotes=quotes: _pay_all(riacho, quotes))
                paid.append(_beyond(paying, idle[-1], PAYMENTS))
    finally:
        wire.close()
    return [
        *_told("a payment across a link, without its quote", paid),
        *_told("a quote for it", quoted),
        *_told("two idle nodes, a second", idle),
    ]


Spent = tuple[float, float, float, float]
"""Seconds; bytes handed to libp2p; bytes on TCP; frames."""


def _told(what: str, rounds: Sequence[Sequence[float]]) -> list[Told]:
    units = ("bytes in frames", "bytes on TCP", "frames")
    return [Figure(what, unit, [one[at] for one in rounds]) for at, unit in enumerate(units)]


def _spent(node: Node, wire: Counted, act: Callable[[], object]) -> Spent:
    """Do something, and return what went over the wire meanwhile."""
    before, carried, began = metrics(node), wire.carried, time.perf_counter()
    act()
    seconds, after = time.perf_counter() - began, metrics(node)

    def grown(name: str) -> float:
        return sum(
            after[f"mutirao_network_{name}_{way}_total"] - before[f"mutirao_network_{name}_{way}_total"]
            for way in ("in", "out")
        )

    return seconds, grown("bytes"), wire.carried - carried, grown("frames")


def _beyond(spent: Spent, idle: list[float] | None, times: int) -> list[float]:
    """Return bytes, bytes on TCP and frames beyond what idling costs; for idling itself, in a second."""
    seconds, *grown = spent
    if idle is None:
        return [one / seconds for one in grown]
    return [(one - rest * seconds) / times for one, rest in zip(grown, idle, strict=True)]


async def _prepared(folder: Path) -> tuple[Node, Node]:
    return await books.founded(folder, "riacho"), await books.founded(folder, "serra", "FLOR")


def _admit(node: Node, handle: str) -> None:
    """Let a member in on whose word the node pays: what goes over the wire is the same as for a signed order."""
    code = node.client.post("/v1/invitations", {})["code"]
    node.client.post("/v1/members", {"code": code, "handle": handle})
    node.client.post(f"/v1/members/{handle}/approve", {})


def _open_link(riacho: Node, serra: Node) -> str:
    for node, other in ((riacho, "serra"), (serra, "riacho")):
        until(f"{other} is known", lambda node=node, other=other: _is_known(node, other))
    wish = {"partner": "serra", "limit": LIMIT, "currency": books.CURRENCY, "rate": "1"}
    link = riacho.client.post("/v1/links", wish)["id"]
    until("the offer arrives", lambda: _shown(serra, link) is not None)
    serra.client.post(f"/v1/links/{link}/accept", {"limit": LIMIT, "currency": "FLOR", "rate": "1"})
    until("the link is open", lambda: (_shown(riacho, link) or {"state": ""})["state"] == "open")
    return link


def _is_known(node: Node, other: str) -> bool:
    found = node.client.get("/v1/networks", {"handle": other})["items"]
    return bool(found) and found[0]["connected"]


def _shown(node: Node, link: str) -> dict[str, Any] | None:
    try:
        return node.client.get(f"/v1/links/{link}")
    except WishRefused:
        return None


def _is_settled(node: Node, link: str) -> bool:
    shown = _shown(node, link)
    return shown is not None and not (shown["holds_in"] or shown["holds_out"])


def _ask_all(node: Node, quotes: list[dict[str, Any]]) -> None:
    """Ask for a quote after the other."""
    wish = {"payer": "ana", "payee": PAYEE, "amount": AMOUNT}
    quotes += [node.client.post("/v1/quotes", wish) for _ in range(PAYMENTS)]


def _pay_all(node: Node, quotes: list[dict[str, Any]]) -> None:
    """Pay one after the other: each has arrived before the next begins, so that none shares its frames."""
    for quote in quotes:
        wish = {"quote": quote["id"], "payer": quote["payer"], "payee": PAYEE, "amount": quote["amount"]}
        payment = node.client.post("/v1/payments", wish)["id"]
        until("it has arrived", lambda payment=payment: node.client.get(f"/v1/payments/{payment}")["state"] == "posted")
