# SPDX-License-Identifier: AGPL-3.0-or-later
"""A process with a network ends quickly, and one that dies or freezes is missed."""

import asyncio
import signal
import sys
from textwrap import dedent

import pytest
from stations import PATIENCE_SECONDS, Start

from node.p2p import yamux
from node.p2p.events import FrameReceived, StreamDown, StreamUp

NODE = dedent(
    """
    import asyncio, signal, sys
    from node.p2p.network import Network
    from node.p2p.events import FrameReceived

    # Whoever runs the tests beside other work may have told all that he starts to ignore it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

    async def main():
        def hear(event):
            if isinstance(event, FrameReceived):
                network.consumed(event.peer)
                network.send(event.peer, event.frame)
        network = Network(sys.argv[1].encode().ljust(32, b"."), ["/ip4/127.0.0.1/tcp/0"], on_event=hear)
        await network.start()
        done = asyncio.Event()
        if "handle" in sys.argv:
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, done.set)
        print(network.addresses[0], flush=True)
        try:
            if "leave" not in sys.argv:
                await done.wait()
        finally:
            if "careless" not in sys.argv:
                await network.stop()

    asyncio.run(main())
    """
)


async def launch(*arguments: str) -> tuple[asyncio.subprocess.Process, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", NODE, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE_SECONDS):
        return process, (await process.stdout.readline()).decode().strip()


async def test_a_peer_that_is_killed_or_frozen_in_mid_stream_is_missed(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yamux, "PING_SECONDS", 2.0)
    monkeypatch.setattr(yamux, "PING_ANSWER_SECONDS", 1.8)
    ana = await start("ana")
    (killed, killed_address), (frozen, frozen_address) = await asyncio.gather(launch("killed"), launch("frozen"))
    for process, address, blow, reason in (
        (killed, killed_address, signal.SIGKILL, "connection lost"),  # at once
        (frozen, frozen_address, signal.SIGSTOP, "the peer fell silent"),  # by the next ping
    ):
        ana.network.dial(address)
        peer = (await ana.next(StreamUp)).peer
        for _ in range(50):
            ana.network.send(peer, bytes(100_000))
        await ana.next(FrameReceived)
        process.send_signal(blow)
        assert await ana.next(StreamDown) == StreamDown(peer, reason)
        ana.network.forget(peer)
    frozen.kill()
    await asyncio.gather(killed.communicate(), frozen.communicate())


@pytest.mark.parametrize(
    ("arguments", "blow", "code"),
    [
        (["handle"], signal.SIGTERM, 0),
        ([], signal.SIGINT, -signal.SIGINT),
        (["careless", "leave"], None, 0),
    ],
)
async def test_a_process_ends_quickly_and_without_a_word_from_libp2p(
    start: Start, arguments: list[str], blow: signal.Signals | None, code: int
) -> None:
    ana = await start("ana")
    process, address = await launch("leaving", *arguments)
    if blow is not None:
        ana.network.dial(address)
        peer = (await ana.next(StreamUp)).peer
        for _ in range(20):
            ana.network.send(peer, bytes(100_000))
        await ana.next(FrameReceived)
        process.send_signal(blow)
    async with asyncio.timeout(3):
        _, errors = await process.communicate()
    assert process.returncode == code
    said = errors.decode()
    assert "libp2p" not in said and "trio" not in said
    assert said == "" or said.rstrip().endswith("KeyboardInterrupt")
