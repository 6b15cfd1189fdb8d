# SPDX-License-Identifier: AGPL-3.0-or-later
"""The index of all offers and needs that are held here: by words and beginnings of words, codes, marks, members.

It is kept in memory as items come and go, and made anew at each start. Of a search that condition leads which finds the
fewest; what it finds is then looked at one by one, so two words and a filter cost about as much as the rarest of them.

A word takes some 240 bytes here, many times what it takes on a board. Once there are very many, what others say is no
longer found by words that nothing had before; it still is by all others, and by its network. What our own members and
partners say is found by all its words, always.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import merge
from itertools import chain
from typing import ClassVar, Self

from protocol.book.book import Book
from protocol.book.declaration import BoardKind, News
from protocol.book.refusals import CURRENCY_UNKNOWN, Refused, refuse
from protocol.peers.boards import HeldItem
from protocol.peers.ties import Tie, TiesShown
from protocol.practices.between.links.state import Links
from protocol.practices.market.heard import HeardIntent, IntentSearch, heard_item, is_sought
from protocol.practices.market.intents import INTENT_KINDS

INTENT_WORDS_MAX = 500_000
"""With so many words strangers bring no new ones; 120 MB."""
INTENT_WORDS_FEDERATION_MAX = 1_000_000
"""With so many, members of our federations do not either."""

_CODE, _LABEL, _NETWORK, _MEMBER, _CURRENCY = "\1", "\2", "\3", "\4", "\5"
"""What stands before what is no word of a text, in the same index."""
_NUMBERS_END = 2**63
_AFTER_ALL = "\U0010ffff"
_SORTED_ONE_BY_ONE = 64
"""So many new words find their places one by one; more are sorted together."""
_TIES_ASKED = 256
"""So often the ties of one moment are asked before they are worked out anew; nobody asks while there are few words."""
_LEFT_MIN = 1_024
"""So many words that nothing has any more are kept: who says other words again and again moves no long list."""


class IntentIndex:
    """All offers and needs that are held here, by numbers in the order in which they came: no part of the fold."""

    TRANSIENT: ClassVar[bool] = True

    def __init__(self) -> None:
        self.own_changed = False
        """Whether something of our own network has come, or of its members changed, since that was looked at."""
        self._by_number: dict[int, HeardIntent] = {}
        self._numbers: dict[str, array[int]] = {kind.body.KIND: array("Q") for kind in INTENT_KINDS}
        self._finds: dict[str, array[int]] = {}
        """By word, or what stands for one: the numbers of those that have it, ascending."""
        self._words: list[str] = []
        """All words in order, but for the new ones."""
        self._new: list[str] = []
        self._left = 0
        """How many of all words nothing has any more."""
        self._unfound: dict[bytes, set[int]] = {}
        """By network: the numbers of those that some of their words do not find."""
        self._ties: Mapping[bytes, Tie] = {}
        self._ties_asked = 0

    def __deepcopy__(self, memo: object) -> Self:
        """It follows boards, which no trial of wishes changes."""
        return self

    # Keeping.

    def hear(self, book: Book, before: HeldItem | None, after: HeldItem | None) -> Iterable[News]:
        """Take in that an item has come, gone, or taken another's place; nobody is told."""
        if before is not None and (known := self._by_number.pop(before.arrival, None)) is not None:
            self._forget(known)
        if after is not None:
            if (one := heard_item(after)) is not None:
                self._by_number[one.arrival] = one
                _add(self._numbers[one.kind.body.KIND], one.arrival)
                self._learn(book, one)
            self.own_changed = self.own_changed or after.item.network == book.network
        return ()

    def _learn(self, book: Book, one: HeardIntent) -> None:
        """Have it found by its words, as far as there is room for those that are new."""
        for word in _found_by(one):
            numbers = self._finds.get(word)
            if not numbers and not word.startswith(_NETWORK) and self._is_full(book, one.item.network):
                self._unfound.setdefault(one.item.network, set()).add(one.arrival)
                continue
            if numbers is None:
                numbers = self._finds[word] = array("Q")
                self._new.append(word)
            elif not numbers:
                self._left -= 1
            _add(numbers, one.arrival)

    def _is_full(self, book: Book, network: bytes) -> bool:
        """Tell whether a network brings no new words any more."""
        words = len(self._finds) - self._left
        if words < INTENT_WORDS_MAX:
            return False
        tie = self._tied(book).get(network, Tie.STRANGER)
        return tie < Tie.FEDERATION or (tie is Tie.FEDERATION and words >= INTENT_WORDS_FEDERATION_MAX)

    def _tied(self, book: Book) -> Mapping[bytes, Tie]:
        if self._ties_asked % _TIES_ASKED == 0:
            self._ties = TiesShown(book, book.network).networks
        self._ties_asked += 1
        return self._ties

    def _learn_of_partners(self, book: Book) -> None:
        """Have found by all words what was heard of networks before they became partners."""
        ties = self._tied(book)
        for network in [one for one in self._unfound if ties.get(one, Tie.STRANGER) >= Tie.PARTNER]:
            for number in sorted(self._unfound.pop(network)):
                self._learn(book, self._by_number[number])

    def _forget(self, one: HeardIntent) -> None:
        network = one.item.network
        _remove(self._numbers[one.kind.body.KIND], one.arrival)
        if (unfound := self._unfound.get(network)) is not None:
            unfound.discard(one.arrival)
            if not unfound:
                del self._unfound[network]
        for word in _found_by(one):
            numbers = self._finds.get(word)
            if numbers and _remove(numbers, one.arrival):
                self._left += not numbers
        if self._left > max(_LEFT_MIN, len(self._finds) // 2):
            self._words = [word for word in self._sorted() if self._finds[word]]
            self._finds = {word: self._finds[word] for word in self._words}
            self._left = 0

    def _sorted(self) -> list[str]:
        new, self._new = self._new, []
        if len(new) <= _SORTED_ONE_BY_ONE:
            for word in new:
                insort(self._words, word)
        else:
            self._words = sorted(chain(self._words, new))
        return self._words

    # Finding.

    def of_network(self, network: bytes) -> Sequence[HeardIntent]:
        """Return what members of a network offer and need, in the order in which it came."""
        return [self._by_number[number] for number in self._finds.get(_NETWORK + network.hex(), ())]

    def is_priced_in(self, code: str) -> bool:
        """Tell whether any price that is held here is in a currency of this code."""
        return _CURRENCY + code in self._finds

    def find(
        self, book: Book, kind: BoardKind, search: IntentSearch, after: int, before: int | None = None
    ) -> Iterator[HeardIntent]:
        """Yield the offers or the needs that are sought, after a number, in the order in which they came.

        With `before` those are yielded that came before that number, the newest first.
        """
        if self._unfound:
            self._learn_of_partners(book)
        for number in self._leading(kind, search, after, before):
            one = self._by_number.get(number)
            if one is not None and one.kind is kind and is_sought(book, search, one):
                yield one

    def _leading(self, kind: BoardKind, search: IntentSearch, after: int, before: int | None) -> Iterable[int]:
        """Return the numbers that the condition leaves which leaves the fewest."""
        all_of_kind = self._numbers[kind.body.KIND]
        choices = [[all_of_kind], *(self._begun(word) for word in search.words)]
        if search.code:
            choices.append(self._begun(_CODE + search.code))
        for mark, value in (
            (_LABEL, search.label),
            (_MEMBER, search.member),
            (_NETWORK, None if search.network is None else search.network.hex()),
        ):
            if value is not None:
                numbers = self._finds.get(mark + value)
                choices.append([] if numbers is None else [numbers])
        leading = min(choices, key=lambda choice: sum(map(len, choice)))
        numbers = leading[0] if len(leading) == 1 else sorted(set(chain.from_iterable(leading)))
        first, last = bisect_right(numbers, after), len(numbers) if before is None else bisect_left(numbers, before)
        places = range(first, last)
        return (numbers[place] for place in (places if before is None else reversed(places)))

    def _begun(self, beginning: str) -> list[array[int]]:
        """Return the numbers of all words that begin so."""
        words = self._sorted()
        first, last = bisect_left(words, beginning), bisect_left(words, beginning + _AFTER_ALL)
        return [self._finds[word] for word in words[first:last]]


def price_refusal(book: Book, search: IntentSearch) -> Refused | None:
    """Return why no price can be at most so much: nobody here, at a partner or on a board has such a currency."""
    code = None if search.max_price is None else search.max_price[0]
    if code is None or code in book.currencies or book.of(IntentIndex).is_priced_in(code):
        return None
    links = book.of(Links).by_id.values()
    is_theirs = any(link.theirs is not None and link.theirs.currency == code for link in links)
    return None if is_theirs else refuse(CURRENCY_UNKNOWN, currency=code)


def found_intents(book: Book, kind: BoardKind, search: IntentSearch, after: int) -> Iterator[HeardIntent]:
    """Yield the offers or the needs that are sought, after a number, in the order in which they came."""
    return book.of(IntentIndex).find(book, kind, search, after)


def newest_intents(
    book: Book, kinds: Iterable[BoardKind], search: IntentSearch, before: int | None
) -> Iterator[HeardIntent]:
    """Yield what is sought of these kinds and came before a number (None: all of it), the newest first."""
    index, last = book.of(IntentIndex), _NUMBERS_END if before is None else before
    found = [index.find(book, kind, search, 0, last) for kind in kinds]
    return merge(*found, key=lambda one: -one.arrival)


def keep_index(book: Book, before: HeldItem | None, after: HeldItem | None) -> Iterable[News]:
    """Keep the index as items come and go."""
    return book.of(IntentIndex).hear(book, before, after)


def _found_by(one: HeardIntent) -> Iterable[str]:
    """Return what finds it, each once, first what stands for much."""
    marks = [_NETWORK + one.item.network.hex(), _MEMBER + one.member]
    if one.code:
        marks.append(_CODE + one.code)
    marks += [_CURRENCY + code for code in one.currencies]
    return dict.fromkeys((*marks, *one.words.split(), *(_LABEL + label for label in one.labels)))


def _add(numbers: array[int], number: int) -> None:
    if not numbers or numbers[-1] < number:
        numbers.append(number)
    elif numbers[place := bisect_left(numbers, number)] != number:
        numbers.insert(place, number)


def _remove(numbers: array[int], number: int) -> bool:
    """Take a number out; tell whether it was there."""
    place = bisect_left(numbers, number)
    if place == len(numbers) or numbers[place] != number:
        return False
    del numbers[place]
    return True
