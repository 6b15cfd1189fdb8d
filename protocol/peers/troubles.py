# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is wrong with a node, in words for its steward: what it waits for, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from protocol.book.clock import Clock
from protocol.book.declaration import Doc
from protocol.book.refusals import BEHIND, RECOVERING, SUCCEEDED
from protocol.book.timezones import DAY_MS, MINUTE_MS
from protocol.lanes.directory import Directory
from protocol.lanes.entry import Millis
from protocol.peers.runs import Runs
from protocol.wire.keys import id_text

if TYPE_CHECKING:
    from protocol.peers.home import Home

NAMED_MAX = 4
"""How many nodes that are waited for are named."""
_REOPEN = "start this node with `mutirao serve --reopen`, which gives up what is lost"
TWO_COPIES, CLOCKS_DIFFER = "TWO_COPIES", "CLOCKS_DIFFER"
COMPARING, NOT_COMPARED, FORKED, CLOCK_LEAPT = "COMPARING", "NOT_COMPARED", "FORKED", "CLOCK_LEAPT"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is wrong with a node; one that `stops` keeps it from taking any wish."""

    code: Annotated[str, Doc("stable, for programs")]
    waits_for: Annotated[str, Doc("what would end it")]
    to_do: Annotated[str, Doc("what a steward can do about it")]
    stops: Annotated[bool, Doc("whether the node takes no wish meanwhile")] = True


def troubles_of(home: Home) -> Iterator[Trouble]:
    """Yield what is wrong with a node, what stops it first."""
    standing, behind = home.standing, home.journal.behind
    forks = home.journal.held.own_forks()
    if behind is not None:
        yield Trouble(BEHIND.code, f"a mutirao that knows entries of the kind {behind.kind}", "upgrade this node")
    elif standing.succeeded:
        yield _succeeded(home)
    elif standing.recovering:
        yield Trouble(RECOVERING.code, *(_forked(home, forks) if forks else _lost(home)))
    elif standing.comparing:
        yield Trouble(
            COMPARING,
            f"{_who(home)}, to compare what this network has signed, for a few seconds",
            "nothing; it goes on by itself",
        )
    if standing.went_alone:
        yield Trouble(
            NOT_COMPARED,
            f"{_who(home)}: nobody came in the first seconds, and this node signs without having compared",
            "start them, or connect them by --peer, soon after this node",
            stops=False,
        )
    yield from _doubled(home)
    clock = home.book.of(Clock)
    if clock.leapt and standing.silent is None:
        yield Trouble(
            CLOCK_LEAPT,
            f"a right clock: it is {span(clock.ahead_ms)} ahead of the time that passed, and standing payments wait",
            "set the clock of this machine; if it is right, say so: `mutirao clocks accept`",
            stops=False,
        )
    if forks and not standing.recovering:
        yield Trouble(FORKED, *_forked(home, forks), stops=False)


def _doubled(home: Home) -> Iterator[Trouble]:
    """Yield that a home runs twice, ours or a partner's, and whose clocks differ from ours."""
    runs = home.book.of(Runs)
    if runs.twin is not None:
        silent = home.standing.gave_way
        yield Trouble(
            TWO_COPIES,
            "one of two running copies of this home to be stopped" + ("; this one signs nothing" if silent else ""),
            "find the other one, and stop the one that is not wanted; then start the other anew",
            stops=silent,
        )
    for network in runs.doubled():
        to_do = "tell its stewards that they serve two copies of one home; pay nothing there until one is stopped"
        yield Trouble(TWO_COPIES, f"{_name(home, network)}, of whose home two copies run", to_do, stops=False)
    for network, off_ms in runs.differing().items():
        what = f"a right clock: the clocks of {_name(home, network)} and this node differ by {span(abs(off_ms))}"
        to_do = "compare both with a clock that is right, and set the wrong one"
        yield Trouble(CLOCKS_DIFFER, what, to_do, stops=False)


def _name(home: Home, network: bytes) -> str:
    known = home.book.of(Directory).networks.get(network)
    return id_text(network) if known is None or known.profile is None else known.profile.handle


def span(ms: Millis) -> str:
    """Return a span of time in words, its largest unit alone."""
    for unit, length_ms in (("years", 365 * DAY_MS), ("days", DAY_MS), ("hours", 60 * MINUTE_MS)):
        if ms >= 2 * length_ms:
            return f"{ms // length_ms} {unit}"
    return f"{ms // MINUTE_MS} minutes"


def told_to_askers(home: Home) -> Mapping[str, str]:
    """Return the figures of a refusal to whoever wishes for something while nothing is granted."""
    stops = next((one for one in troubles_of(home) if one.stops), None)
    return {} if stops is None else {"waits_for": stops.waits_for, "to_do": stops.to_do}


def _succeeded(home: Home) -> Trouble:
    if home.standing.may_object:
        to_do = "if nobody of you wants the keys that guardians gave it, say so: `mutirao recoveries veto`"
        return Trouble(SUCCEEDED.code, "nothing: guardians have given this network to another node", to_do)
    return Trouble(
        SUCCEEDED.code,
        "nothing: another node signs for this network now",
        "use that node; `mutirao init --replica-of` makes one that follows it",
    )


def _forked(home: Home, forks: Iterable[tuple[str, int]]) -> tuple[str, str]:
    """Return what is waited for, and what is to be done, where a network has spoken twice at these places."""
    places = ", ".join(f"{lane} {seq}" for lane, seq in sorted(forks)[:NAMED_MAX])
    known = home.book.of(Directory).networks.get(home.network)
    if known is not None and home.journal.held.differs_from_confirmed(known.identity):
        return (
            f"the books of a replica: of two things said at one place ({places}) its key events confirm the other one",
            "stop this node, make a backup of the replica (`mutirao backup FILE --home`), restore it here, start it",
        )
    return (
        f"new keys: this network has said two things at one place ({places}), and no replica follows it",
        "stop every copy of this home, rotate in one with the cold keys (`mutirao rotate`), start that one alone",
    )


def _lost(home: Home) -> tuple[str, str]:
    """Return what a node waits for that may have lost entries, and what is to be done."""
    standing = home.standing
    if standing.lacks_epochs:
        return (
            f"the key event of epoch {standing.opened} of this network, which {_who(home)} may hold",
            "start or connect them by --peer; if nobody has it any more, rotate with the cold keys (`mutirao rotate`)",
        )
    if standing.is_vouched:
        return "three seconds without news of what it has lost", "nothing; it goes on by itself"
    if standing.is_copied or standing.partners:
        return (
            f"{_who(home)}, to give back what it has lost",
            f"start them, or connect them by --peer; if they are gone for good, {_REOPEN}",
        )
    return (
        "a replica or a partner, to give back what it has lost; none is known here",
        _REOPEN,
    )


def _who(home: Home) -> str:
    """Return who holds what a network has signed: its replicas, or where it has none its partners."""
    standing = home.standing
    if standing.is_copied:
        return "a replica of this network"
    names = [_name(home, partner) for partner in standing.partners]
    return " or ".join(sorted(names)[:NAMED_MAX]) or "whoever was connected then"
