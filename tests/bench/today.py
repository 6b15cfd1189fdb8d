# SPDX-License-Identifier: AGPL-3.0-or-later
"""The page *today* of a member of a large group, beside what the API answers of the same data; and what it weighs."""

import asyncio
import re
import sys
import time
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1])]

import books
from figures import Figure, Target, Told, ratio
from serving import served

from cli import stage
from cli.stage import Node

stage.until.__defaults__ = (3_600.0,)  # however long a start takes, it is measured

DATA = ("/v1/accounts?limit=100", "/v1/errands?span=today&limit=100")
"""What the page shows: what a member has, and what waits for it."""
MOST = 2.0
"""How long the page may take, of the API's answers."""
FIRST_BYTES_MAX = 100_000
"""What a first visit may bring over the wire: the page, its style, icons, scripts and letters."""


def run(folder: Path, *, quick: bool) -> list[Told]:
    """Ask for the page and for its data in turn, of a serving node."""
    members, entries, rounds, each = (500, 5_000, 3, 20) if quick else (10_000, 1_000_000, 7, 40)
    node, tokens = asyncio.run(_made(folder, members, entries))
    pages, data, weights = list[float](), list[float](), list[float]()
    with served(node):
        read(node, tokens[0], "/")  # what is made at first use is made now
        for _ in range(rounds):
            pages.append(_milliseconds(node, tokens[:each], ("/",)))
            data.append(_milliseconds(node, tokens[:each], DATA))
        weights.append(first_visit(node, tokens[0]))
    page = Figure(f"today, {members:,} members and {entries:,} entries", "ms", pages)
    api = Figure("the API's answers of the same data", "ms", data)
    weight = Figure("a first visit over the wire", "bytes", weights, Target(FIRST_BYTES_MAX, at_least=False))
    return [page, api, ratio("today / the API's answers", page, api, Target(MOST, at_least=False)), weight]


async def _made(folder: Path, members: int, entries: int) -> tuple[Node, list[str]]:
    node = await books.founded(folder, "riacho")
    async with books.opened(node.home) as desk:
        admitted = await desk.admit(members)
        await desk.trade(admitted, max(0, entries - books.ENTRIES_PER_MEMBER * members))
        tokens = [await desk.token(one) for one in admitted[:: max(1, members // 100)]]
    return node, tokens


def read(node: Node, token: str, path: str) -> bytes:
    """Return what a member is answered, a page or JSON."""
    who = {"Authorization": f"Bearer {token}"} if path.startswith("/v1") else {"Cookie": f"mutirao={token}"}
    with closing(HTTPConnection("127.0.0.1", node.http)) as connection:
        connection.request("GET", path, headers={"Accept": "text/html", **who})
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, (path, answer.status, body)
        return body


def _milliseconds(node: Node, tokens: list[str], paths: tuple[str, ...]) -> float:
    """Return how long it takes to read some pages, a member."""
    began = time.perf_counter()
    for token in tokens:
        for path in paths:
            read(node, token, path)
    return (time.perf_counter() - began) * 1_000 / len(tokens)


def first_visit(node: Node, token: str) -> int:
    """Return the bytes of the page and of all that it and its style name on the node."""
    html = read(node, token, "/")
    total, waiting, seen = len(html), [html], set[str]()
    while waiting:
        for found in re.findall(rb"""(?:src|href|url)[=(]["']?(/(?:static/|tile)[^"')#?]*)""", waiting.pop()):
            path = found.decode()
            if path not in seen:
                seen.add(path)
                body = read(node, token, path)
                total += len(body)
                waiting += [body] if path.endswith(".css") else []
    return total
