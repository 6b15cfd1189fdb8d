# SPDX-License-Identifier: AGPL-3.0-or-later
"""The program that draws one picture anew: what comes in on stdin goes out on stdout, small and bare."""

import resource
import sys
from io import BytesIO

from PIL import Image, ImageOps

from node.store.picture import (
    ENDINGS,
    KEPT_BYTES_MAX,
    MEMORY_BYTES_MAX,
    PICTURE_FORMS,
    PICTURE_READ_BYTES_MAX,
    PIXELS_MAX,
    QUALITIES,
    SECONDS_MAX,
    SIDE_PIXELS,
    TOO_LARGE,
    UNREADABLE,
    PictureRefused,
)


def draw(data: bytes) -> bytes:
    """Return a picture as a small JPEG; raises PictureRefused."""
    try:
        with Image.open(BytesIO(data), formats=PICTURE_FORMS) as sent:
            # Known from the head alone: nothing is unpacked yet.
            if sent.width * sent.height > PIXELS_MAX:
                raise PictureRefused(TOO_LARGE)
            sent.draft("RGB", (2 * SIDE_PIXELS, 2 * SIDE_PIXELS))
            turned = ImageOps.exif_transpose(sent)
            turned.thumbnail((SIDE_PIXELS, SIDE_PIXELS))
            seen = turned.convert("RGBA")
    except Image.DecompressionBombError as bomb:
        raise PictureRefused(TOO_LARGE) from bomb
    except (OSError, SyntaxError, ValueError, MemoryError) as error:
        raise PictureRefused(UNREADABLE) from error
    # A new picture: of the one that was sent it has the colours, and nothing else.
    plain = Image.new("RGB", seen.size, "white")
    plain.paste(seen, mask=seen.getchannel("A"))
    while True:
        for quality in QUALITIES:
            file = BytesIO()
            plain.save(file, "JPEG", quality=quality, optimize=True)
            if file.tell() <= KEPT_BYTES_MAX:
                return file.getvalue()
        plain = plain.reduce(2)


def draw_sent() -> int:
    """Draw what comes in anew; returns how it ended."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS_MAX, SECONDS_MAX))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        drawn = draw(sys.stdin.buffer.read(PICTURE_READ_BYTES_MAX + 1))
    except PictureRefused as refused:
        return next((code for code, text in ENDINGS.items() if text == str(refused)), 1)
    sys.stdout.buffer.write(drawn)
    return 0


if __name__ == "__main__":
    sys.exit(draw_sent())
