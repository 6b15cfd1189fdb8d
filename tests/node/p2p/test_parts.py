# SPDX-License-Identifier: AGPL-3.0-or-later
"""What mutirao takes of libp2p is little, of one version, and understood by libp2p as a whole."""

import asyncio
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from stations import Start

import node.p2p
from node.p2p.events import FrameReceived, StreamUp
from node.p2p.lean import require_version

# What libp2p has besides, and what comes along with it.
LEFT_OUT = (
    *("aioquic", "dns", "httpx", "prometheus_client", "requests", "rich", "zeroconf"),
    *("libp2p.host", "libp2p.kad_dht", "libp2p.network.swarm", "libp2p.pubsub.pubsub"),
    *("libp2p.stream_muxer", "libp2p.transport.manager", "libp2p.transport.tcp"),
)

ASK = dedent(
    """
    import sys
    import node.p2p.network
    left_out = sys.argv[1:]
    print(sum(1 for name in sys.modules if name.split(".")[0] == "libp2p"))
    print(*(name for name in left_out if name in sys.modules))
    """
)

WHOLE = dedent(
    """
    import sys
    import multiaddr, trio
    from libp2p import new_host
    from libp2p.crypto.ed25519 import create_new_key_pair
    from libp2p.crypto.x25519 import create_new_key_pair as new_noise_key_pair
    from libp2p.custom_types import TProtocol
    from libp2p.peer.peerinfo import info_from_p2p_addr
    from libp2p.security.noise.transport import Transport
    from libp2p.stream_muxer.yamux.yamux import Yamux

    PROTOCOL = TProtocol("/mutirao/1")

    async def main():
        keys = create_new_key_pair(b"whole".ljust(32, b"."))
        host = new_host(
            key_pair=keys,
            sec_opt={TProtocol("/noise"): Transport(keys, new_noise_key_pair().private_key)},
            muxer_opt={TProtocol("/yamux/1.0.0"): Yamux},
        )
        done = trio.Event()

        async def hear(stream):
            heard = await stream.read(9)
            await stream.write(len(heard[4:]).to_bytes(4, "big") + heard[4:].upper())
            await done.wait()

        host.set_stream_handler(PROTOCOL, hear)
        async with host.run(listen_addrs=[multiaddr.Multiaddr("/ip4/127.0.0.1/tcp/0")]):
            print(host.get_addrs()[0], flush=True)
            other = info_from_p2p_addr(multiaddr.Multiaddr((await trio.to_thread.run_sync(sys.stdin.readline)).strip()))
            await host.connect(other)
            stream = await host.new_stream(other.peer_id, [PROTOCOL])
            await stream.write((2).to_bytes(4, "big") + b"me")
            await trio.to_thread.run_sync(sys.stdin.readline)
            done.set()

    trio.run(main)
    """
)


def test_little_of_libp2p_is_loaded() -> None:
    said = subprocess.run([sys.executable, "-c", ASK, *LEFT_OUT], check=True, capture_output=True, text=True).stdout
    loaded, left_out = said.split("\n")[:2]
    assert int(loaded) < 80
    assert left_out == ""


@pytest.mark.parametrize("who_dials", ["ours", "theirs"])
async def test_libp2p_as_a_whole_and_ours_understand_each_other(start: Start, who_dials: str) -> None:
    ana = await start("ana")
    pipe = asyncio.subprocess.PIPE
    whole = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WHOLE, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL
    )
    assert whole.stdin is not None and whole.stdout is not None
    try:
        async with asyncio.timeout(60):
            address = (await whole.stdout.readline()).decode().strip()
            if who_dials == "ours":
                ana.network.dial(address)
                peer = (await ana.next(StreamUp)).peer
                assert address.endswith(peer)
                assert ana.network.send(peer, b"hello")
                assert (await ana.next(FrameReceived)).frame == b"HELLO"
            else:
                whole.stdin.write(f"{ana.address}\n".encode())
                assert (await ana.next(FrameReceived)).frame == b"me"
    finally:
        whole.kill()
        await whole.wait()


def test_another_libp2p_is_refused_by_name() -> None:
    require_version("0.8.1")
    with pytest.raises(ImportError, match=r"0\.8\.2 is installed"):
        require_version("0.8.2")


def test_every_fault_is_named_beside_its_remedy_and_in_the_decision() -> None:
    rooms = Path(node.p2p.__file__).parent
    code = "\n".join(file.read_text() for file in sorted(rooms.glob("*.py")))
    decision = (rooms.parents[1] / "docs/decisions/0009-libp2p-without-its-swarm.md").read_text()
    for number in range(1, 17):
        assert any(f"Fault {number}{end}" in code for end in (":", " of libp2p 0.8.1:"))
        assert f"\n| {number} |" in decision
