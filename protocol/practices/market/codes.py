# SPDX-License-Identifier: AGPL-3.0-or-later
"""Item codes as members look them up: by a word in their own language, or by how the code begins."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated

from protocol.book.declaration import ANYONE, Desk, Doc, List, Practice
from protocol.book.folding import folded, words_of
from protocol.book.refusals import MALFORMED, Refused, refuse
from protocol.practices.market.item_codes import ITEM_CODES
from protocol.practices.market.wishes import CODE_CHARS, INTENT_TITLE_CHARS_MAX
from protocol.wire.shape import AtMost


@dataclass(frozen=True, slots=True)
class ItemCodesWanted:
    """Which of the item codes that are named here."""

    search: Annotated[
        str | None,
        AtMost(INTENT_TITLE_CHARS_MAX),
        Doc("only those with all these words, or beginnings of words, in a language; accents do not matter"),
    ] = None
    code: Annotated[str | None, AtMost(CODE_CHARS), Doc("only those that begin so, such as 231")] = None


@dataclass(frozen=True, slots=True)
class ItemCodeShown:
    """An item code, and what it is called."""

    code: Annotated[str, Doc("five digits of CPC 2.1")]
    es: Annotated[str, Doc("in Spanish")]
    pt: Annotated[str, Doc("in Portuguese")]
    en: Annotated[str, Doc("in English")]
    fr: Annotated[str, Doc("in French")]


def list_item_codes(desk: Desk, wanted: ItemCodesWanted, after: int) -> Iterator[tuple[int, ItemCodeShown]] | Refused:
    """List item codes in the order of their numbers."""
    del desk
    words = words_of(wanted.search or "")
    if wanted.search is not None and not words:
        return refuse(MALFORMED, field="search", expected="at least one letter or digit")
    return _listed(words, wanted.code or "", after)


def _listed(words: Sequence[str], begins: str, after: int) -> Iterator[tuple[int, ItemCodeShown]]:
    for place, one in enumerate(ITEM_CODES.values(), 1):
        if place > after and one.code.startswith(begins) and _has(one.code, words):
            yield place, ItemCodeShown(*one)


def _has(code: str, words: Sequence[str]) -> bool:
    """Tell whether all words are in one of a code's names."""
    return not words or any(all(f" {word}" in name for word in words) for name in _folded_names()[code])


@cache
def _folded_names() -> dict[str, tuple[str, ...]]:
    return {one.code: tuple(f" {folded(name)}" for name in one[1:]) for one in ITEM_CODES.values()}


PRACTICE = Practice(
    name="item-codes",
    entries=(),
    operations=(
        List("item-codes", ItemCodesWanted, ItemCodeShown, view=list_item_codes, who=ANYONE,
             example="mutirao item-codes list --search farinha"),
    ),
)  # fmt: skip
