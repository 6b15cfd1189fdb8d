# SPDX-License-Identifier: AGPL-3.0-or-later
"""Faults: what networks have been seen to do wrong, each with the evidence by which others can check it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Annotated

from protocol.book.book import Book
from protocol.book.declaration import (
    READERS,
    Accusation,
    At,
    Desk,
    Doc,
    Errand,
    EvidenceWanted,
    List,
    Practice,
    Show,
    Urgency,
)
from protocol.book.refusals import NETWORK_UNKNOWN, NOT_FOUND, Refused, refuse
from protocol.book.signed import Digest, Time
from protocol.book.timezones import DAY_MS
from protocol.lanes.directory import Directory
from protocol.lanes.entry import COMMONS, LANE_CHARS_MAX, LEDGER, Millis
from protocol.peers.budgets import RESTS_ON
from protocol.peers.home import ACCUSED, KEPT, WRONGS
from protocol.practices.between.checkpoints.state import Checkpoints
from protocol.practices.between.faults.evidence import EVIDENCE_ENTRIES_MAX, SELF_PROVING, Evidence, FaultKind
from protocol.practices.between.faults.unclaimed import of_arrivals
from protocol.practices.money.receipts import EntryBytes
from protocol.wire.codec import decode, encode
from protocol.wire.keys import digest, id_text, parse_id
from protocol.wire.shape import AtMost, Range, from_map, to_map

FAULTS_KEPT_MAX = 256
"""Faults that a node keeps: who makes more of them is known well enough."""
DETAIL_CHARS_MAX = 200
FAULT_NEWS_MS = 14 * DAY_MS
"""So long those who coordinate are told of a fault; the list of faults keeps it."""


@dataclass(frozen=True, slots=True)
class FaultPlace:
    """Where an entry, or both of a fork, are stored."""

    lane: Annotated[str, AtMost(LANE_CHARS_MAX)]
    seq: Annotated[int, Range(0, 2**53)]


@dataclass(frozen=True, slots=True)
class Fault:
    """What a network has done wrong: `places` of it that are stored here, and entries that could not be taken."""

    kind: FaultKind
    network: Digest
    detail: Annotated[str, AtMost(DETAIL_CHARS_MAX)]
    at_ms: Time
    places: Annotated[tuple[FaultPlace, ...], AtMost(EVIDENCE_ENTRIES_MAX)] = ()
    wires: Annotated[tuple[EntryBytes, ...], AtMost(EVIDENCE_ENTRIES_MAX)] = ()

    @property
    def id(self) -> bytes:
        """The same for the same wrong, whenever and however often it is seen."""
        parts = (self.kind.value, *(f"{one.lane}/{one.seq}" for one in self.places), *(one.hex() for one in self.wires))
        said = "\n".join((*parts, self.detail if not (self.places or self.wires) else ""))
        return digest("fault", self.network + said.encode())


@dataclass(slots=True)
class Faults:
    """The faults that this node has seen, in the order in which it saw them: no part of the fold."""

    by_id: dict[bytes, Fault] = field(default_factory=dict[bytes, Fault])

    @property
    def details(self) -> list[str]:
        """What was seen, in order."""
        return [fault.detail for fault in self.by_id.values()]

    def add(self, fault: Fault) -> bool:
        """Keep a fault; tell whether it is news."""
        if fault.id in self.by_id or len(self.by_id) >= FAULTS_KEPT_MAX:
            return False
        self.by_id[fault.id] = fault
        return True


def keep(book: Book, accusation: Accusation, now: Millis) -> tuple[bytes, bytes] | None:
    """Keep what a network has done wrong; returns its id and bytes where it is news."""
    fault = Fault(
        FaultKind(accusation.kind), accusation.network, accusation.detail[:DETAIL_CHARS_MAX], now,
        tuple(FaultPlace(lane, seq) for lane, seq in accusation.places), accusation.wires,
    )  # fmt: skip
    return (fault.id, written(fault)) if book.of(Faults).add(fault) else None


def accused(book: Book) -> Iterable[tuple[bytes, bool]]:
    """Return whose key events the evidence is checked by."""
    return ((fault.network, False) for fault in book.of(Faults).by_id.values() if fault.network != book.network)


def written(fault: Fault) -> bytes:
    """Return the bytes by which a node keeps a fault."""
    return encode(to_map(fault))


def recall(book: Book, data: bytes) -> None:
    """Take in a fault that this node has kept."""
    book.of(Faults).add(from_map(Fault, decode(data, bytes_max=1024 * 1024)))


def of_checkpoints(desk: Desk) -> Iterable[Accusation]:
    """Yield what checkpoints have shown: those of our own network's ledger, and all networks' words."""
    book = desk.book
    state = book.of(Checkpoints)
    for seq, parts in state.wrong:
        detail = f"the checkpoint at entry {seq} is not what the entries make: {parts}"
        yield Accusation(FaultKind.CHECKPOINT_WRONG, book.network, detail, ((LEDGER, seq),))
    for said_by, (before, after) in state.doubled.items():
        detail = f"the checkpoints at {before} and {after} of its commons lane cannot both be true"
        yield Accusation(FaultKind.CHECKPOINTS_DIFFER, said_by, detail, ((COMMONS, before), (COMMONS, after)))
    for said_by, seq in state.unbalanced.items():
        detail = f"by the checkpoint at {seq} of its commons lane its balances do not sum to zero"
        yield Accusation(FaultKind.CHECKPOINT_UNBALANCED, said_by, detail, ((COMMONS, seq),))


def _of_arrivals(desk: Desk) -> Iterable[Accusation]:
    """Yield what the links' records do not claim, once for each link: its evidence is another with each new entry."""
    for one in of_arrivals(desk):
        if one.detail not in desk.book.of(Faults).details:
            yield one


@dataclass(frozen=True, slots=True)
class FaultsWanted:
    """Which faults to list."""

    network: Annotated[str | None, Doc("only those of the network with this id")] = None


@dataclass(frozen=True, slots=True)
class FaultShown:
    """A wrong that this node has seen; `mutirao verify fault FILE` checks the evidence anywhere."""

    id: str
    kind: FaultKind
    network: Annotated[str, Doc("the id of the network that is accused")]
    detail: Annotated[str, Doc("what was seen")]
    found_at: At
    proves_itself: Annotated[bool, Doc("whether the evidence convinces who has none of the books")]
    document: Annotated[bytes | None, Doc("the evidence, where one fault is asked for")] = None


def show_fault(desk: Desk, id: str) -> EvidenceWanted | Refused:
    """Show a fault with its evidence."""
    fault = desk.book.of(Faults).by_id.get(parse_id(id) or b"")
    if fault is None:
        return refuse(NOT_FOUND)

    def show(identity: tuple[bytes, ...], stored: tuple[bytes, ...]) -> FaultShown:
        entries = (*stored, *fault.wires)[:EVIDENCE_ENTRIES_MAX]
        return _shown(fault, encode(to_map(Evidence(fault.kind, identity, entries))))

    return EvidenceWanted(fault.network, tuple((one.lane, one.seq) for one in fault.places), show)


def list_faults(desk: Desk, wanted: FaultsWanted, after: int) -> Iterable[tuple[int, FaultShown]] | Refused:
    """List faults in the order in which they were seen."""
    network = None if wanted.network is None else parse_id(wanted.network)
    if wanted.network is not None and network is None:
        return refuse(NETWORK_UNKNOWN, network=wanted.network[:64])
    found = (one for one in desk.book.of(Faults).by_id.values() if network in (None, one.network))
    return ((at, _shown(fault, None)) for at, fault in enumerate(found, 1) if at > after)


def _shown(fault: Fault, document: bytes | None) -> FaultShown:
    return FaultShown(
        id_text(fault.id),
        fault.kind,
        id_text(fault.network),
        fault.detail,
        fault.at_ms,
        fault.kind in SELF_PROVING,
        document,
    )


def week(desk: Desk) -> Iterator[Errand]:
    """Yield what other networks have done wrong in the last days, forks first."""
    for fault in desk.book.of(Faults).by_id.values():
        if desk.now - fault.at_ms < FAULT_NEWS_MS:
            handle = desk.book.of(Directory).handle(fault.network) or id_text(fault.network)
            is_fork = fault.kind is FaultKind.FORK
            said = f"{handle} has signed two statements at one place" if is_fork else f"{handle}: {fault.detail}"
            urgency, sentence = (Urgency.STOPPED, "faults.fork") if is_fork else (Urgency.NEWS, "faults.seen")
            yield Errand(id_text(fault.id), handle, sentence, said, "faults.show", urgency)


PRACTICE = Practice(
    name="faults",
    entries=(),
    week=week,
    operations=(
        Show("faults", FaultShown, view=show_fault, who=READERS, example="mutirao faults show FAULT"),
        List("faults", FaultsWanted, FaultShown, view=list_faults, who=READERS, example="mutirao faults list"),
    ),
    fills=(ACCUSED.by(keep), RESTS_ON.by(accused), KEPT.by(recall), WRONGS.by(of_checkpoints), WRONGS.by(_of_arrivals)),
)
