# SPDX-License-Identifier: AGPL-3.0-or-later
"""Writes what is no key, no signature and no text: `PYTHONPATH=.:tests python tests/vectors/make_bytes.py`.

Verifiers of Ed25519 part where points are of small order or not canonical, and languages where their tables of Unicode
are of different age; so these vectors hold what each of them has to refuse.
"""

import json
from hashlib import sha256, sha512
from pathlib import Path
from typing import Any
from unicodedata import ucd_3_2_0

from make import written
from nacl.bindings import crypto_core_ed25519_add, crypto_scalarmult_ed25519_base_noclamp

from protocol.wire.codec import CodecFault, encode
from protocol.wire.keys import is_acceptable_key, verify_bare

FOLDER = Path(__file__).parent
ORDER = 2**252 + 27742317777372353535851937790883648493
"""How many points the main subgroup has."""
NEUTRAL = (1).to_bytes(32, "little")
OF_ORDER_8 = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")
SMALL_ORDER = (
    ("the neutral point", NEUTRAL),
    ("of order 2", (2**255 - 20).to_bytes(32, "little")),
    ("of order 4", bytes(32)),
    ("of order 8", OF_ORDER_8),
)
SCALAR = int.from_bytes(sha256(b"scalar").digest(), "little") % ORDER
NONCE = int.from_bytes(sha256(b"nonce").digest(), "little") % ORDER
MESSAGE = b"mutirao/v1/entry\0" + b"data"


def point(scalar: int) -> bytes:
    """Return a multiple of the base point; that of 0 is the neutral one."""
    scalar %= ORDER
    return crypto_scalarmult_ed25519_base_noclamp(scalar.to_bytes(32, "little")) if scalar else NEUTRAL


def challenge(r: bytes, key: bytes, message: bytes) -> int:
    return int.from_bytes(sha512(r + key + message).digest(), "little") % ORDER


def plus_8(one: bytes) -> bytes:
    """Return a point, more by one of order 8: of no small order, and of another subgroup."""
    return crypto_core_ed25519_add(one, OF_ORDER_8)


def by_equation(r: bytes, nonce: int, key: bytes, scalar: int, message: bytes = MESSAGE) -> bytes:
    """Return R and S such that S B = nonce B + challenge scalar B, whatever points R and the key are besides."""
    return r + ((nonce + challenge(r, key, message) * scalar) % ORDER).to_bytes(32, "little")


def keys() -> list[dict[str, Any]]:
    """Return what is a key, and what looks like one."""
    honest = point(SCALAR)
    cases = [("a point of the main subgroup", honest)]
    cases += [(f"a point of small order: {name}", one) for name, one in SMALL_ORDER]
    cases += [
        ("a point of the main subgroup and one of order 8, added", plus_8(honest)),
        ("the neutral point, not canonical: y is 1 + p", (2**255 - 18).to_bytes(32, "little")),
        ("the neutral point with a sign", (1 | 1 << 255).to_bytes(32, "little")),
        ("no point of the curve", (2).to_bytes(32, "little")),
        ("31 octets", honest[:31]),
        ("33 octets", honest + b"\0"),
    ]
    return [{"name": name, "public": key.hex(), "is_key": is_acceptable_key(key)} for name, key in cases]


def signatures() -> list[dict[str, Any]]:
    """Return signatures of one message, of which most are none."""
    honest, r = point(SCALAR), point(NONCE)
    fine = by_equation(r, NONCE, honest, SCALAR)
    mixed = plus_8(honest)
    s = int.from_bytes(fine[32:], "little")
    cases = [
        ("by the equation", honest, fine),
        ("R is the neutral point, and the equation holds", honest, by_equation(NEUTRAL, 0, honest, SCALAR)),
        ("R is of order 2", honest, by_equation(SMALL_ORDER[1][1], 0, honest, SCALAR)),
        ("R is of order 8, as the equation times 8 would allow", honest, by_equation(OF_ORDER_8, 0, honest, SCALAR)),
        ("R is more by a point of order 8", honest, by_equation(plus_8(r), NONCE, honest, SCALAR)),
        ("the key is the neutral point, and the equation holds", NEUTRAL, by_equation(r, NONCE, NEUTRAL, 0)),
        ("the key is of order 8", OF_ORDER_8, by_equation(r, NONCE, OF_ORDER_8, 0)),
        ("S is more by the order of the subgroup", honest, fine[:32] + (s + ORDER).to_bytes(32, "little")),
        ("R is not canonical", honest, (2**255 - 18).to_bytes(32, "little") + fine[32:]),
        ("the key is not canonical", (2**255 - 18).to_bytes(32, "little"), fine),
        ("63 octets", honest, fine[:63]),
        ("65 octets", honest, fine + b"\0"),
        ("a key of 31 octets", honest[:31], fine),
        ("another bit", honest, bytes((fine[0] ^ 1, *fine[1:]))),
    ]  # fmt: skip
    for number in range(64):
        nonce = NONCE + number
        holds = challenge(point(nonce), mixed, MESSAGE) % 8 == 0
        if holds or number == 0:
            says = "the equation holds" if holds else "only times 8 does the equation hold"
            cases.append(
                (f"a key with a part of order 8: {says}", mixed, by_equation(point(nonce), nonce, mixed, SCALAR))
            )
        if holds:
            break
    return [
        {
            "name": name,
            "public": key.hex(),
            "message": MESSAGE.hex(),
            "signature": signature.hex(),
            "is_valid": verify_bare(key, MESSAGE, signature),
        }
        for name, key, signature in cases
    ]


def known_ranges() -> list[list[int]]:
    """Return all characters of Unicode 3.2, as ranges of code points."""
    ranges: list[list[int]] = []
    for code in range(0x110000):
        if ucd_3_2_0.category(chr(code)) != "Cn":
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    return ranges


def texts() -> list[dict[str, Any]]:
    """Return texts by their code points, and whether they may stand on the wire."""
    cases = (
        ("plain", "conta"),
        ("composed", "São João"),
        ("decomposed", "Sa\u0303o"),
        ("marks in the order of their classes", "q\u0323\u0307"),
        ("marks in another order", "q\u0307\u0323"),
        ("a Hangul syllable", "\uac00"),
        ("its parts", "\u1100\u1161"),
        ("the sign of the Ohm, which is a letter", "\u2126"),
        ("a character that is left out of composition", "\u0958"),
        ("a mark of Unicode 6 between two of 3.2 ends the run", "a\u1dfc\u0303"),
        ("what today's tables compose past a mark of Unicode 6, which ends the run", "ê\u1dfd\u0301"),
        ("a decomposed letter before a letter of Unicode 7", "a\u0303\U000118a0"),
        ("an emoji of Unicode 6", "\U0001f600"),
        ("nothing assigned", "\U000e0fff"),
    )
    return [{"name": name, "points": [ord(one) for one in text], "is_text": is_text(text)} for name, text in cases]


def is_text(text: str) -> bool:
    try:
        encode(text)
    except CodecFault:
        return False
    return True


def write() -> None:
    """Write it all anew."""
    path = FOLDER / "own_keys.json"
    told = json.loads(path.read_text())
    told["keys"], told["signatures"] = keys(), signatures()
    told["about"] = (
        'Signatures (Ed25519) and digests (SHA-256) of mutirao cover "mutirao/v1/<kind>", a zero byte, then '
        "the data; an id in text is lower-case base32 of its 32 bytes without padding: `cases`. `not_an_id` "
        "are texts that are no ids. `keys` tell what may be registered as a key, of a member or of a network."
        " `signatures` are over `message` as it is, with the prefix in it: R and keys of small order are "
        "refused even where the equation holds."
    )
    path.write_text(written(told))
    (FOLDER / "own_text.json").write_text(
        written(
            {
                "about": "A text may stand on the wire if each run of characters of Unicode 3.2 in it (`known` has"
                " their first and last code points) is in NFC, by tables of any later version: these characters never"
                " change theirs. Others end a run. `cases` are texts by their code points.",
                "cases": texts(),
                "known": known_ranges(),
            }
        )
    )


if __name__ == "__main__":
    write()
