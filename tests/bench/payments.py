# SPDX-License-Identifier: AGPL-3.0-or-later
"""Durable payments over HTTP, each signed by its payer, beside the signatures that this machine can verify at all."""

import asyncio
import json
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from statistics import median

import books
from figures import Figure, Shares, Target, Told, ratio
from machine import alternating, verifications_per_second
from serving import HERE, pid_of, sampled, served

from cli.stage import Node, until
from node.http.values import bytes_text

CLIENTS = 64
TARGET = Target(0.10)


def run(folder: Path, *, quick: bool) -> list[Told]:
    """Measure payments a second, and say where the time goes."""
    rounds, each = (3, 20) if quick else (7, 60)
    bench = asyncio.run(_prepared(folder, each))
    with served(bench.node), bench.clients() as pay:
        pay(with_keys=True)  # whatever is made at first use is made now
        verified, keyed, bare = alternating(
            rounds, verifications_per_second, lambda: pay(with_keys=True), lambda: pay(with_keys=False)
        )
    report = folder / "sampled.json"
    with sampled(bench.node, report), bench.clients() as pay:
        pay(with_keys=True)
        os.kill(pid_of(bench.node), signal.SIGUSR1)
        paid = sum(bench.payments_of(pay) for _ in range(2 if quick else 3))
        os.kill(pid_of(bench.node), signal.SIGUSR1)
        until("the profile is written", report.exists)
    profile = json.loads(report.read_text())
    verifications = Figure("PyNaCl verifications, nothing else", "/s", verified)
    payments = Figure(f"local payments over HTTP, {CLIENTS} clients", "/s", keyed)
    return [
        verifications,
        payments,
        ratio("payments / verifications", payments, verifications, TARGET),
        Figure("the same without idempotency keys", "/s", bare),
        Figure("answer, median", "ms", bench.waits_ms[0]),
        Figure("answer, 99 of 100 within", "ms", bench.waits_ms[1]),
        *(
            Figure(f"CPU a payment, {thread}", "µs", [1e6 * seconds / paid])
            for thread, seconds in sorted(profile["threads"].items())
        ),
        Shares("of the event loop's time", profile["parts"]),
    ]


class Bench:
    """A home with members who pay one another, each from a client of its own."""

    def __init__(self, node: Node, members: list[books.Member], tokens: list[str], each: int) -> None:
        self.node = node
        self.waits_ms: tuple[list[float], list[float]] = ([], [])
        self._members = members
        self._tokens = tokens
        self._each = each

    @contextmanager
    def clients(self) -> Iterator[Callable[..., float]]:
        """Connect the clients; yields what lets them all pay, and returns how many payments they made a second."""
        command = [sys.executable, str(HERE / "load.py"), str(self.node.http), str(CLIENTS)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdin is not None and process.stdout is not None
            process.stdout.readline()
            sink, source = process.stdin, process.stdout

            def pay(*, with_keys: bool) -> float:
                file = self._requests(with_keys=with_keys)
                sink.write(f"{file}\n")
                sink.flush()
                told = json.loads(source.readline())
                file.unlink()
                waits = sorted(told["waits_ms"])
                if with_keys:
                    self.waits_ms[0].append(median(waits))
                    self.waits_ms[1].append(waits[len(waits) * 99 // 100])
                return len(waits) / told["seconds"]

            yield pay
            sink.close()

    def payments_of(self, pay: Callable[..., float]) -> int:
        """Let all clients pay once more; returns how many payments that were."""
        pay(with_keys=True)
        return self._each * CLIENTS

    def _requests(self, *, with_keys: bool) -> Path:
        """Write a file of requests for load.py: all signed and encoded, so that nothing is left but to send them."""
        signed = books.orders(books.network_of(self.node), self._members, self._each * CLIENTS)
        requests: list[list[bytes]] = [[] for _ in range(CLIENTS)]
        for order, token, of_client in zip(signed, cycle(self._tokens), cycle(requests)):
            of_client.append(payment_request(order.data, order.signature, token, with_key=with_keys))
        file = self.node.home.parent / "requests"
        file.write_bytes(pickle.dumps(requests))
        return file


async def _prepared(folder: Path, each: int) -> Bench:
    node = await books.founded(folder, "riacho")
    async with books.opened(node.home) as desk:
        members = await desk.admit(CLIENTS)
        return Bench(node, members, [await desk.token(member) for member in members], each)


def payment_request(data: bytes, signature: bytes, token: str, *, with_key: bool) -> bytes:
    """Return the HTTP request of a signed payment."""
    order = {"signed": {"data": bytes_text(data), "signature": bytes_text(signature)}}
    body = json.dumps(order).encode()
    key = f"Idempotency-Key: {os.urandom(16).hex()}\r\n" if with_key else ""
    head = (
        "POST /v1/payments HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n"
        f"Authorization: Bearer {token}\r\n{key}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
