# SPDX-License-Identifier: AGPL-3.0-or-later
"""What tests of pictures share: worlds to draw, and a reader of drawings that trusts none of our own measures."""

import re
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from itertools import combinations
from random import Random
from xml.etree import ElementTree as ET

from PIL import ImageFont

from protocol.practices.chains.engine.chain import HOUSEHOLDS, Enterprise, ProductiveChain
from protocol.practices.chains.pictures.pictured import ChainPictured, EnterprisePictured
from tests.protocol.practices.chains.mance import B, E, G, network

SVG = "{http://www.w3.org/2000/svg}"
WORKED = ChainPictured(
    network(),
    {
        E: EnterprisePictured("Empório", "commerce"),
        B: EnterprisePictured("Padaria"),
        G: EnterprisePictured("Hortas"),
    },
    network="riacho",
)
HOSTILE = (
    "<script>alert(1)</script>",
    '"&\'<svg onload="x">',
    "]]><!--",
    "\u202egnp.exe",
    "a\x00b\ud800\uffff",
    "長" * 90,
)


def many(count: int, seed: int = 1, names: tuple[str, ...] = ()) -> ChainPictured:
    """Return a chain of so many enterprises, who buy of each other as chance has it, some in transition."""
    dice = Random(seed)
    ids = [f"e{at}" for at in range(count)]
    enterprises: dict[str, Enterprise] = {}
    inside: dict[tuple[str, str], Fraction] = {}
    outside: dict[tuple[str, str], Fraction] = {}
    shown: dict[str, EnterprisePictured] = {}
    for at, id in enumerate(ids):
        turnover = dice.randint(500, 20_000)
        wages, surplus = (Fraction(turnover * dice.randint(0, most), 100) for most in (40, 10))
        enterprises[id] = Enterprise(Fraction(turnover), wages, surplus)
        for _ in range(dice.randint(0, 4)):
            inside[id, dice.choice(ids)] = Fraction(dice.randint(0, turnover // 10))
        outside[id, dice.choice(("flour", "oil", "energy", "inputs"))] = Fraction(turnover, 10)
        segment = dice.choice(("commerce", "service", "production", "production", "credit"))
        name = dice.choice(names) if names else f"Cooperativa {dice.choice(('Agrícola', 'da Serra', 'Têxtil'))} {at}"
        home = dice.choice(("", "", "serra", "encants"))
        shown[id] = EnterprisePictured(name, segment, dice.random() < 0.2, home)
    for id in dice.sample(ids, min(8, count)):
        inside[HOUSEHOLDS, id] = Fraction(dice.randint(100, 9_000))
    for item in ("rent", "clothing", "transport", "flour", "medicine", "books", "other"):
        outside[HOUSEHOLDS, item] = Fraction(dice.randint(100, 9_000))
    return ChainPictured(ProductiveChain(enterprises, inside, outside), shown, network="riacho")


def read(svg: str) -> ET.Element:
    """Return a drawing as XML; what is not well-formed raises."""
    return ET.fromstring(svg.encode("utf-8"))  # noqa: S314 - we have drawn it ourselves


def texts_of(root: ET.Element) -> list[str]:
    return [one.text or "" for one in root.iter(f"{SVG}text")]


font_of = cache(ImageFont.load_default)


def boxes(root: ET.Element) -> Iterator[tuple[str, tuple[float, float, float, float]]]:
    """Yield each text with the box that Pillow's own font gives it: left, top, right, bottom."""
    for one in root.iter(f"{SVG}text"):
        size, text = float(one.attrib["font-size"]), one.text or ""
        wide = font_of(size).getlength(text) * (1.06 if "font-weight" in one.attrib else 1.0)
        left = (
            float(one.attrib["x"])
            - wide * {"start": 0, "middle": 0.5, "end": 1}[one.attrib.get("text-anchor", "start")]
        )
        base = float(one.attrib["y"])
        yield text, (left, base - 0.75 * size, left + wide, base + 0.2 * size)


def overlaps(root: ET.Element) -> list[tuple[str, str]]:
    """Return the texts that lie on one another."""
    return [
        (one, other)
        for (one, a), (other, b) in combinations(boxes(root), 2)
        if a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
    ]


def outside_of(root: ET.Element) -> list[str]:
    """Return the texts that reach out of the picture."""
    wide, high = (float(one) for one in root.attrib["viewBox"].split()[2:])
    return [text for text, box in boxes(root) if min(box[:2]) < 0 or box[2] > wide or box[3] > high]


def titled(root: ET.Element, title: str) -> ET.Element:
    """Return the area that bears a title."""
    return next(
        one for one in root.iter() if one.tag != SVG[:-1] and one.findtext(f"{SVG}title") == title and one is not root
    )


def numbers(path: str) -> list[float]:
    """Return the numbers of a path, in order: x, y, x, y."""
    return [float(one) for one in re.findall(r"-?\d+(?:\.\d+)?", path)]
