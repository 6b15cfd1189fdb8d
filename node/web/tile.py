# SPDX-License-Identifier: AGPL-3.0-or-later
"""A network's tile: a picture made of its id, by which people recognise it, as a banknote by its picture.

SHA-256 of the id says which motifs stand in the corner, on the diagonal, on the edges and in the centre of a quarter,
and which of them have the companion colour; the quarter is mirrored four times.
"""

from hashlib import sha256

from protocol.book.book import Book
from protocol.book.parameters import PIGMENT

SIDE = 96
HALF = SIDE // 2

CORNERS = (
    '<circle cx="0" cy="0" r="20"/>',
    '<path d="M0 0H22L0 22Z"/>',
    '<path d="M0 0H24A24 24 0 0 1 0 24Z"/>',
    '<path d="M0 12A12 12 0 0 0 12 0H24A24 24 0 0 1 0 24Z"/>',
    '<rect width="18" height="18"/>',
    '<path d="M0 0H26L13 13 0 26Z"/>',
)
DIAGONALS = (
    '<path d="M12 12C30 12 36 18 36 36 18 36 12 30 12 12Z"/>',
    '<path d="M24 12L36 24 24 36 12 24Z"/>',
    '<circle cx="24" cy="24" r="9"/>',
    '<path d="M14 14L34 18 38 38 18 34Z"/>',
    '<rect x="16" y="16" width="16" height="16"/>',
    '<path d="M24 10A14 14 0 0 1 38 24 14 14 0 0 1 24 38 20 20 0 0 0 24 10Z"/>',
)
EDGES = (
    '<path d="M36 0H48V14Z M0 36V48H14Z"/>',
    '<circle cx="48" cy="0" r="12"/><circle cx="0" cy="48" r="12"/>',
    '<path d="M34 0C38 8 44 10 48 10V0Z M0 34C8 38 10 44 10 48H0Z"/>',
    '<path d="M40 0H48V20Z M0 40V48H20Z"/>',
    '<rect x="40" width="8" height="16"/><rect y="40" width="16" height="8"/>',
    '<path d="M30 0L48 12V0Z M0 30L12 48H0Z"/>',
)
CENTRES = (
    '<circle cx="48" cy="48" r="11"/>',
    '<path d="M48 30V48H30Z"/>',
    '<path d="M48 32A16 16 0 0 0 32 48H48Z"/>',
    '<path d="M48 34L40 40 34 48H48Z"/>',
    '<rect x="37" y="37" width="11" height="11"/>',
    '<path d="M48 28C44 40 40 44 28 48H48Z"/>',
)
LIME = "#EEF1EC"
PIGMENTS = {
    "petrol": ("#0B5563", "#E8743B"),
    "plum": ("#7A2259", "#7FA23F"),
    "indigo": ("#2A4299", "#F0B429"),
    "earth": ("#5E4632", "#D9A441"),
    "night": ("#2B3744", "#C9563C"),
}
"""The pigments that a group may choose from, each with the companion colour of its tile."""


def tile(network: bytes, pigment: str) -> str:
    """Return the tile of a network as SVG, 96 by 96: the same picture on every node that knows it."""
    chosen = sha256(network).digest()
    deep, companion = PIGMENTS[pigment]
    ground, ink = (deep, LIME) if chosen[0] % 2 else (LIME, deep)
    parts = (
        f'<g fill="{companion if chosen[5] >> number & 1 else ink}">{motifs[chosen[number + 1] % len(motifs)]}</g>'
        for number, motifs in enumerate((CORNERS, DIAGONALS, EDGES, CENTRES))
    )
    quarter = "".join(parts)
    turned = (
        "",
        f"translate({SIDE} 0) scale(-1 1)",
        f"translate(0 {SIDE}) scale(1 -1)",
        f"translate({SIDE} {SIDE}) scale(-1)",
    )
    uses = "".join(f'<use href="#q" transform="{one}"/>' if one else '<use href="#q"/>' for one in turned)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIDE} {SIDE}" width="{SIDE}" height="{SIDE}">'
        f'<defs><g id="q">{quarter}</g></defs><rect width="{SIDE}" height="{SIDE}" fill="{ground}"/>{uses}</svg>'
    )


def pigment_of(network: bytes) -> str:
    """Return the pigment of a group that has chosen none: one by its id."""
    return sorted(PIGMENTS)[sha256(network).digest()[31] % len(PIGMENTS)]


def pigment_in(book: Book) -> str:
    """Return the pigment of a book's group: the one that it has chosen, or one by its id."""
    chosen = book.parameter(PIGMENT)
    return chosen if chosen in PIGMENTS else pigment_of(book.network)
