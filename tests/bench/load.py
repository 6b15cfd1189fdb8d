# SPDX-License-Identifier: AGPL-3.0-or-later
"""Many HTTP clients in one process of their own: each keeps a connection, and asks when it was answered.

It reads from its input, line by line, the name of a file of requests (pickled: a list for each client),
sends them all, and writes what it took as one line of JSON.
"""

import asyncio
import json
import pickle
import sys
import time
from pathlib import Path

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def main(port: int, clients: int) -> None:
    """Serve orders from the input until it ends."""
    connections = [await asyncio.open_connection("127.0.0.1", port) for _ in range(clients)]
    print("connected", flush=True)
    while name := (await asyncio.to_thread(sys.stdin.readline)).strip():
        requests: list[list[bytes]] = pickle.loads(await asyncio.to_thread(Path(name).read_bytes))  # noqa: S301 - our own
        began = time.perf_counter()
        waits = await asyncio.gather(*map(ask_all, connections, requests))
        seconds = time.perf_counter() - began
        print(json.dumps({"seconds": seconds, "waits_ms": [1_000 * one for some in waits for one in some]}), flush=True)
    for _, writer in connections:
        writer.close()


async def ask_all(connection: Connection, requests: list[bytes]) -> list[float]:
    """Ask one after the other; returns how long each took, and ends where one is not answered 201."""
    reader, writer = connection
    waits: list[float] = []
    for request in requests:
        began = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        at = head.index(b"Content-Length: ") + 16
        body = await reader.readexactly(int(head[at : head.index(b"\r", at)]))
        waits.append(time.perf_counter() - began)
        if not head.startswith(b"HTTP/1.1 201 "):
            sys.exit(f"{head.decode()}{body.decode()}")
    return waits


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
