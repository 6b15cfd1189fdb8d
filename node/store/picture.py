# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pictures drawn anew: what a member sends becomes a small JPEG without anything that the camera has told of it.

What reads foreign pictures (node/store/drawing.py) runs in a process of its own, with bounds on its memory and time:
one that is made to break a reader breaks nothing else, and a node has nothing of it in memory.
"""

import asyncio
import sys
from contextlib import suppress

PICTURE_READ_BYTES_MAX = 6 * 1024 * 1024
"""As large as photographs of telephones."""
KEPT_BYTES_MAX = 64 * 1024
PIXELS_MAX = 50_000_000
SIDE_PIXELS = 640
PICTURE_FORMS = ("JPEG", "PNG", "WEBP", "GIF")
QUALITIES = (85, 75, 60, 45, 30)
SECONDS_MAX = 10
MEMORY_BYTES_MAX = 1024 * 1024 * 1024
AT_ONCE_MAX = 1
PROGRAM = ("-m", "node.store.drawing")
UNREADABLE = f"a picture as {', '.join(PICTURE_FORMS)}, whole"
TOO_LARGE = f"a picture of at most {PIXELS_MAX // 1_000_000} million pixels"
ENDINGS = {3: UNREADABLE, 4: TOO_LARGE}
"""What the process says by how it ends."""


class PictureRefused(Exception):
    """What was sent cannot be kept as a picture; the text says what is expected."""


async def redrawn(data: bytes) -> bytes:
    """Return a picture as it is kept: a JPEG of at most KEPT_BYTES_MAX; raises PictureRefused."""
    async with _turns():
        process = await asyncio.create_subprocess_exec(
            sys.executable, *PROGRAM,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            async with asyncio.timeout(2 * SECONDS_MAX):
                drawn, _ = await process.communicate(data)
        except TimeoutError:
            raise PictureRefused(UNREADABLE) from None
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode != 0 or not 0 < len(drawn) <= KEPT_BYTES_MAX:
        raise PictureRefused(ENDINGS.get(process.returncode or 0, UNREADABLE))
    return drawn


_waiting: dict[asyncio.AbstractEventLoop, asyncio.Semaphore] = {}


def _turns() -> asyncio.Semaphore:
    loop = asyncio.get_running_loop()
    for gone in [one for one in _waiting if one.is_closed()]:
        del _waiting[gone]
    return _waiting.setdefault(loop, asyncio.Semaphore(AT_ONCE_MAX))
