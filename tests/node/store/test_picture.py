# SPDX-License-Identifier: AGPL-3.0-or-later
"""A picture is kept small and bare, and one that is made to break a reader breaks nothing."""

import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image

from node.store import picture
from node.store.picture import KEPT_BYTES_MAX, PIXELS_MAX, SIDE_PIXELS, TOO_LARGE, UNREADABLE, PictureRefused, redrawn


def sent(image: Image.Image, form: str = "JPEG", **more: object) -> bytes:
    file = BytesIO()
    image.save(file, form, **more)  # type: ignore[arg-type]
    return file.getvalue()


def noise(width: int, height: int) -> Image.Image:
    """The picture that takes the most bytes."""
    return Image.merge("RGB", [Image.effect_noise((width, height), 100)] * 3)


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it has so many pixels."""
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1_000))) + chunk(b"IEND", b"")
    )


async def test_a_photograph_becomes_small_and_loses_what_the_camera_has_told() -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "SECRETCAM", 6  # the maker; that it is to be turned by a quarter
    photograph = sent(noise(1_600, 1_000), exif=exif.tobytes(), comment=b"SECRETCOMMENT")
    assert b"SECRETCAM" in photograph and b"SECRETCOMMENT" in photograph
    kept = await redrawn(photograph)
    assert b"SECRET" not in kept and b"Exif" not in kept
    assert len(kept) <= KEPT_BYTES_MAX
    with Image.open(BytesIO(kept)) as drawn:
        assert (drawn.format, drawn.size, dict(drawn.getexif())) == ("JPEG", (SIDE_PIXELS * 10 // 16, SIDE_PIXELS), {})


@pytest.mark.parametrize(
    ("form", "mode"), [("PNG", "RGBA"), ("PNG", "1"), ("GIF", "P"), ("WEBP", "RGB"), ("JPEG", "CMYK")]
)
async def test_pictures_of_every_form_and_colour_are_drawn(form: str, mode: str) -> None:
    kept = await redrawn(sent(Image.new(mode, (30, 20)), form))
    with Image.open(BytesIO(kept)) as drawn:
        assert (drawn.format, drawn.mode, drawn.size) == ("JPEG", "RGB", (30, 20))


async def test_what_is_no_whole_picture_or_has_too_many_pixels_is_refused() -> None:
    whole = sent(noise(300, 200))
    side = int(PIXELS_MAX**0.5) + 1
    for data, expected in (
        (b"", UNREADABLE),
        (b"not a picture", UNREADABLE),
        (whole[: len(whole) // 2], UNREADABLE),
        (sent(Image.new("RGB", (9, 9)), "BMP"), UNREADABLE),
        (b"\xff\xd8\xff" + bytes(1_000), UNREADABLE),
        (bomb(side, side), TOO_LARGE),
        (bomb(2**31 - 1, 2**31 - 1), TOO_LARGE),
        (bomb(5_000, 5_000), UNREADABLE),  # says more than it holds
    ):
        with pytest.raises(PictureRefused, match=expected[:20]):
            await redrawn(data)


async def test_a_reader_that_hangs_or_falls_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "SECONDS_MAX", 0.0)
    with pytest.raises(PictureRefused):
        await redrawn(sent(noise(600, 400)))
    monkeypatch.undo()
    monkeypatch.setattr(picture, "PROGRAM", ("-c", "import os; os.kill(os.getpid(), 11)"))
    with pytest.raises(PictureRefused):
        await redrawn(sent(noise(600, 400)))
