# SPDX-License-Identifier: AGPL-3.0-or-later
"""The labels and status lists that stand on the boards that are held here, as they are looked for: by who bears them.

It is kept in memory as items come and go, and made anew at each start. A label's signature is checked once, when
somebody first asks for it.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar, Self

from protocol.book.addresses import party_id
from protocol.book.book import Book
from protocol.book.declaration import News
from protocol.book.signed import uuid_text
from protocol.lanes.entry import Millis
from protocol.peers.boards import HeldItem, body_of
from protocol.practices.market.intents import folded_label
from protocol.practices.marks.labels.bitstring import is_set, unpacked
from protocol.practices.marks.labels.credentials import (
    ASSESSOR_LEVELS,
    is_label_signed,
    is_list_signed,
    list_item,
    status_place,
    urn,
)
from protocol.practices.marks.labels.entries import LABEL_ITEMS, LIST_ITEMS, BoardLabel, LabelSaid, StatusList
from protocol.practices.marks.labels.multibase import did_of
from protocol.practices.marks.labels.state import Labels, own_status, trust_at
from protocol.practices.marks.labels.verdict import LabelFacts, LabelStatus

LabelPlace = tuple[bytes, bytes]
"""Whose board, and the label's id."""


class HeldLabel:
    """A label of a board, and whether its key has signed it, once that was looked at."""

    __slots__ = ("_intact", "arrival", "index", "label", "listed", "marks", "network", "said")

    def __init__(self, network: bytes, label: BoardLabel, arrival: int) -> None:
        self.network, self.label, self.said, self.arrival = network, label, label.said, arrival
        self.marks = (folded_label(uuid_text(label.said.scheme)), folded_label(label.said.scheme_name))
        """By what its scheme is looked for: id and name, folded."""
        place, self.index = status_place(network, self.said)
        self.listed = (network, place)
        """On whose board its status list stands, and under which id."""
        self._intact: bool | None = None

    @property
    def place(self) -> LabelPlace:
        """Whose board, and its id."""
        return self.network, self.said.label

    @property
    def holder(self) -> tuple[bytes, str]:
        """Who bears it: the network and the handle there."""
        return self.said.holder_network or self.network, self.said.holder

    @property
    def intact(self) -> bool:
        """Whether its own key has signed it."""
        if self._intact is None:
            self._intact = is_label_signed(self.network, self.said, self.label.signature)
        return self._intact


class HeldList:
    """A status list of a board: its bits, None where they cannot be read or nobody has signed them."""

    __slots__ = ("_bits", "_looked", "network", "said")

    def __init__(self, network: bytes, said: StatusList) -> None:
        self.network, self.said = network, said
        self._bits: bytes | None = None
        self._looked = False

    @property
    def bits(self) -> bytes | None:
        """Its bits, looked at once."""
        if not self._looked:
            self._looked = True
            self._bits = unpacked(self.said.packed) if is_list_signed(self.network, self.said) else None
        return self._bits


class LabelIndex:
    """Labels by place and by holder, status lists by place: no part of the fold."""

    TRANSIENT: ClassVar[bool] = True

    def __init__(self) -> None:
        self.by_place: dict[LabelPlace, HeldLabel] = {}
        self.by_holder: dict[tuple[bytes, str], list[HeldLabel]] = {}
        self.lists: dict[tuple[bytes, bytes], HeldList] = {}
        self.revoked: dict[LabelPlace, None] = {}
        """Labels that came as revoked, and at which the home has not looked yet."""
        self.tended_ms = 0
        """When the home has looked at its own labels and lists last; 0: it has to."""

    def __deepcopy__(self, memo: object) -> Self:
        """It follows boards, which no trial of wishes changes."""
        return self

    def hear(self, before: HeldItem | None, after: HeldItem | None) -> None:
        """Take in that an item has come, gone, or taken another's place."""
        if before is not None:
            self._forget(before.item.place)
        if after is None:
            return
        network, kind = after.item.network, after.item.said.kind
        if kind == BoardLabel.KIND and isinstance(body := body_of(after.item, LABEL_ITEMS), BoardLabel):
            if body.said.label != after.item.said.item:
                return
            one = HeldLabel(network, body, after.arrival)
            self.by_place[one.place] = one
            self.by_holder.setdefault(one.holder, []).append(one)
            if body.revoked_ms is not None:
                self.revoked[one.place] = None
        elif (
            kind == StatusList.KIND
            and isinstance(said := body_of(after.item, LIST_ITEMS), StatusList)
            and list_item(network, said.key, said.number) == after.item.said.item
        ):
            self.lists[network, after.item.said.item] = HeldList(network, said)

    def _forget(self, place: LabelPlace) -> None:
        self.lists.pop(place, None)
        self.revoked.pop(place, None)
        known = self.by_place.pop(place, None)
        if known is not None:
            left = [one for one in self.by_holder[known.holder] if one is not known]
            if left:
                self.by_holder[known.holder] = left
            else:
                del self.by_holder[known.holder]

    def status(self, held: HeldLabel) -> LabelStatus | None:
        """Return what is known of the revocation of a label of another network; None where nothing is."""
        listed = self.lists.get(held.listed)
        bits = None if listed is None else listed.bits
        since = held.label.revoked_ms
        if listed is None or bits is None:
            return None if since is None else LabelStatus(revoked=True, since_ms=since, as_of_ms=since)
        return LabelStatus(since is not None or is_set(bits, held.index), since, listed.said.issued_ms)


def keep_label_index(book: Book, before: HeldItem | None, after: HeldItem | None) -> Iterable[News]:
    """Keep the index as items come and go; nobody is told."""
    book.of(LabelIndex).hear(before, after)
    return ()


def status_known(book: Book, held: HeldLabel, now: Millis) -> LabelStatus | None:
    """Return what is known here of a label's revocation."""
    kept = book.of(Labels).issued.get(held.said.label) if held.network == book.network else None
    return book.of(LabelIndex).status(held) if kept is None else own_status(kept, now)


def facts_held(held: HeldLabel) -> LabelFacts:
    """Return what a label of a board says."""
    return facts_said(held.network, held.said, intact=held.intact)


def facts_said(network: bytes, said: LabelSaid, *, intact: bool) -> LabelFacts:
    """Return what a label says, as its credential would say it."""
    issuer = did_of(said.key)
    listed, index = status_place(network, said)
    return LabelFacts(
        label=urn(said.label),
        issuer=issuer,
        issuer_name=said.issuer,
        issuer_ids=(issuer, party_id(network, said.issuer)),
        key=said.key,
        holder=party_id(said.holder_network or network, said.holder),
        holder_name=said.holder,
        scheme=urn(said.scheme),
        scheme_name=said.scheme_name,
        codes=said.codes,
        plots=said.plots,
        gtins=said.gtins,
        from_ms=said.from_ms,
        until_ms=said.until_ms,
        level=ASSESSOR_LEVELS[said.level],
        evidence=None if said.evidence is None else said.evidence.hex(),
        listed=urn(listed),
        index=index,
        intact=intact,
    )


def counting(
    book: Book, found: Iterable[HeldLabel], code: str, now: Millis, mark: str | None = None
) -> Iterator[HeldLabel]:
    """Yield the labels that count for an item now, of one scheme alone where it is told, by its folded name or id.

    The cheap questions come first, and the signature last.
    """
    trusted: dict[bytes, bool] = {}
    for held in found:
        said = held.said
        if mark is not None and mark not in held.marks:
            continue
        if not (said.from_ms <= now <= said.until_ms and code.startswith(said.codes)):
            continue
        key = said.key
        if key not in trusted:
            trusted[key] = trust_at(book, key, now) is not None
        if trusted[key] and not _is_revoked(book, held, now) and held.intact:
            yield held


def _is_revoked(book: Book, held: HeldLabel, now: Millis) -> bool:
    """Tell whether a label is known to be revoked by now."""
    since = held.label.revoked_ms
    if since is None and held.network == book.network:
        kept = book.of(Labels).issued.get(held.said.label)
        since = None if kept is None else kept.revoked_ms
    if since is not None:
        return since <= now
    listed = book.of(LabelIndex).lists.get(held.listed)
    bits = None if listed is None else listed.bits
    return bits is not None and is_set(bits, held.index)


def labels_counting(
    book: Book, network: bytes, member: str, code: str, now: Millis, mark: str | None = None
) -> Iterator[HeldLabel]:
    """Yield the labels of a member of a network that count for an item now; without a code nothing is in scope."""
    if code:
        yield from counting(book, book.of(LabelIndex).by_holder.get((network, member), ()), code, now, mark)


def schemes_counting(
    book: Book, network: bytes, member: str, code: str, now: Millis, mark: str | None
) -> Sequence[tuple[str, str]]:
    """Return the schemes, by id and name, whose labels of a member count for an item now."""
    found = labels_counting(book, network, member, code, now, mark)
    return tuple(dict.fromkeys((uuid_text(one.said.scheme), one.said.scheme_name) for one in found))
