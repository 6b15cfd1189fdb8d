#!/bin/bash
# SPDX-License-Identifier: AGPL-3.0-or-later
# A stream of py-libp2p that its sender has reset ends, for who is reading it, as one that was closed.
#
# Versions:  libp2p 0.8.1 (Python) with multiaddr 0.2.0, on Python 3.11
# Input:     two hosts on this machine, one stream: nine bytes, then `close()`, or `reset()`, while the other reads on
# Behaviour: both times the reader has its nine bytes and then StreamEOF. There is a StreamReset, but it does not come
#            while `read(n)` is under way: who reads cannot tell a message that was broken off from one that ended.
# For us:    each frame tells its own length; the end of a stream never means that what came is complete.
set -euo pipefail
there=$(mktemp -d)
trap 'rm -rf "$there"' EXIT
python3 -m venv "$there/venv"
"$there/venv/bin/pip" install -q --disable-pip-version-check libp2p==0.8.1 multiaddr==0.2.0

cat >"$there/expected" <<'EXPECTED'
closed: 9 bytes, then StreamEOF
reset: 9 bytes, then StreamEOF
EXPECTED

cat >"$there/play.py" <<'PLAY'
import logging

import multiaddr
import trio
from libp2p import new_host
from libp2p.custom_types import TProtocol
from libp2p.peer.peerinfo import info_from_p2p_addr

logging.disable(logging.CRITICAL)
PROTOCOL = TProtocol("/hours/1")
HERE = multiaddr.Multiaddr("/ip4/127.0.0.1/tcp/0")


async def ended_by(name: str) -> str:
    heard, told = bytearray(), []
    complete, over = trio.Event(), trio.Event()

    async def hear(stream) -> None:
        try:
            while True:
                heard.extend(await stream.read(9))
                complete.set()
        except Exception as error:
            told.append(type(error).__name__)
        over.set()

    ana, bia = new_host(), new_host()
    bia.set_stream_handler(PROTOCOL, hear)
    async with ana.run(listen_addrs=[HERE]), bia.run(listen_addrs=[HERE]):
        await ana.connect(info_from_p2p_addr(bia.get_addrs()[0]))
        stream = await ana.new_stream(bia.get_id(), [PROTOCOL])
        await stream.write(b"ninebytes")
        await complete.wait()
        await trio.sleep(0.3)  # it reads on by now
        await getattr(stream, name)()
        with trio.move_on_after(10):
            await over.wait()
    return f"{len(heard)} bytes, then {told[0] if told else 'nothing'}"


print("closed:", trio.run(ended_by, "close"))
print("reset:", trio.run(ended_by, "reset"))
PLAY
"$there/venv/bin/python" "$there/play.py" >"$there/seen"
cat "$there/seen"
diff "$there/expected" "$there/seen"
