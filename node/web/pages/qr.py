# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is passed on from hand to hand: QR codes as pictures in a page, and short codes that are read aloud."""

from hashlib import sha256

import segno

SHORT_CODE_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Without 0 and O, 1 and I, which are taken for each other."""
SHORT_CODE_CHARS = 8


def qr_svg(text: str) -> str:
    """Return a QR code of ASCII text as SVG for a page: black on white in both themes, its quiet zone around it."""
    made = segno.make_qr(text, error="m")
    return made.svg_inline(omitsize=True, border=4, dark="#000", light="#fff")


def short_code(id: bytes) -> str:
    """Return the code by which a thing is found that has been passed on by mouth: two groups of four."""
    number = int.from_bytes(sha256(b"short code" + id).digest()[:5])
    chars = [SHORT_CODE_ALPHABET[number >> 5 * place & 31] for place in range(SHORT_CODE_CHARS)]
    return f"{''.join(chars[:4])}-{''.join(chars[4:])}"


def read_short_code(text: str) -> str | None:
    """Return a short code as it is written, however it was typed; None where it is none."""
    plain = "".join(one for one in text.upper() if one.isalnum())
    if len(plain) != SHORT_CODE_CHARS or not set(plain) <= set(SHORT_CODE_ALPHABET):
        return None
    return f"{plain[:4]}-{plain[4:]}"
