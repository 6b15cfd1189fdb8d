# SPDX-License-Identifier: AGPL-3.0-or-later
"""Charters of federations: what networks say of them in the commons, and who is a member by it (PROTOCOL 8).

Nobody keeps the list of members. It follows from the set of all words, whatever order they are heard in: of each
lane only its own order counts.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from protocol.book.book import Book
from protocol.book.declaration import Entered
from protocol.book.personal import NAME_CHARS_MAX
from protocol.book.refusals import Reason, Stage
from protocol.lanes.directory import Directory
from protocol.peers.messages import Id32, Seq
from protocol.peers.ties import Tie
from protocol.practices.between.links.entries import RATE_TERM_MAX
from protocol.practices.money.currencies.entries import Code
from protocol.wire.codec import encode
from protocol.wire.keys import digest
from protocol.wire.shape import AtMost, Length, Range, to_map

FEDERATION_UNKNOWN = Reason(
    "FEDERATION_UNKNOWN",
    Stage.SUBJECT,
    404,
    "This federation is not known here",
    "No federation of this id is known here.",
    heading="This federation is not known",
    ways=("see those known here: mutirao federations list",),
)

FOUNDERS_MAX = 32
FEDERATIONS_MAX = 32
"""Of how many federations one network may speak, those that it left included."""
OTHERS_MAX = 256
"""Of how many others one network may speak in a federation: whom it endorses, and whom it would expel."""
FEDERATION_MEMBERS_MAX = 256
"""How many networks may ever be admitted to a federation, the founders included."""
JUDGEMENTS_MAX = 8
"""How often expulsions are judged anew without those who are out by then."""
DISPUTED_MAX = 16
"""Of how many accused, those with the most votes, one judgement looks up who was admitted before the votes."""
RHYTHM_MINUTES_MAX = 527_040
"""The longest rhythm of clearing: a year."""


@dataclass(frozen=True, slots=True)
class Chartered:
    """We found a federation on these terms; it is founded once all founders have said the same.

    `endorsements` of members admit a network. One minor unit of the common unit, at that scale, is worth num/den
    reference units. Members open a round of clearing whenever the clock (UTC) reaches a multiple of
    `rhythm_minutes`; 0: they do not.
    """

    KIND: ClassVar[str] = "federations/chartered"
    name: Annotated[str, AtMost(NAME_CHARS_MAX)]
    founders: Annotated[tuple[Id32, ...], AtMost(FOUNDERS_MAX)]
    endorsements: Annotated[int, Range(1, FOUNDERS_MAX)]
    unit: Code
    scale: Annotated[int, Range(0, 9)]
    num: Annotated[int, Range(1, RATE_TERM_MAX)]
    den: Annotated[int, Range(1, RATE_TERM_MAX)]
    rhythm_minutes: Annotated[int, Range(0, RHYTHM_MINUTES_MAX)]
    nonce: Annotated[bytes, Length(16)]

    @property
    def id(self) -> bytes:
        """What the federation is known by: another charter, be it of the same name, is another federation."""
        return digest("federation", encode(to_map(self)))

    def is_well_formed(self) -> bool:
        """Tell whether it names each founder once, in ascending order, and enough of them to admit anybody."""
        return list(self.founders) == sorted(set(self.founders)) and self.endorsements <= len(self.founders)


@dataclass(frozen=True, slots=True)
class FederationJoined:
    """We join a federation: as a member once enough members endorse us."""

    KIND: ClassVar[str] = "federations/joined"
    federation: Id32


@dataclass(frozen=True, slots=True)
class FederationLeft:
    """We leave a federation."""

    KIND: ClassVar[str] = "federations/left"
    federation: Id32


@dataclass(frozen=True, slots=True)
class Endorsed:
    """We endorse a network, and vote for its expulsion no more, if we did."""

    KIND: ClassVar[str] = "federations/endorsed"
    federation: Id32
    network: Id32


@dataclass(frozen=True, slots=True)
class ExpulsionVoted:
    """We vote to expel a network; whom it endorsed up to the place `seen` of its commons, it has endorsed."""

    KIND: ClassVar[str] = "federations/expulsion-voted"
    federation: Id32
    network: Id32
    seen: Seq


FederationWord = Chartered | FederationJoined | FederationLeft | Endorsed | ExpulsionVoted
WORDS = (Chartered, FederationJoined, FederationLeft, Endorsed, ExpulsionVoted)


@dataclass(slots=True)
class ExpulsionVote:
    """A vote to expel: where it stands in the voter's commons, and how far the voter had heard the accused's."""

    seq: int
    seen: int


@dataclass(slots=True)
class FederationSaid:
    """What one network has said in one federation; numbers are places in its commons."""

    inside: bool = False
    """Whether, by its own newest word, it takes part."""
    chartered: int | None = None
    endorsed: dict[bytes, int] = field(default_factory=dict[bytes, int])
    votes: dict[bytes, ExpulsionVote] = field(default_factory=dict[bytes, ExpulsionVote])
    newest: int = 0

    def has_room(self, network: bytes) -> bool:
        """Tell whether it may speak of another network still."""
        return (
            network in self.endorsed
            or network in self.votes
            or len(self.endorsed.keys() | self.votes.keys()) < OTHERS_MAX
        )


@dataclass(frozen=True, slots=True)
class FederationStanding:
    """Who is what in a federation; `missing` founders have not said its charter yet."""

    charter: Chartered
    missing: frozenset[bytes]
    members: frozenset[bytes] = frozenset()
    expelled: frozenset[bytes] = frozenset()
    endorsements: Mapping[bytes, int] = field(default_factory=dict[bytes, int])
    """How many endorsements of members, present and past, each network has."""


@dataclass(slots=True)
class Charters:
    """All charters that are known, and what networks have said of them."""

    known: dict[bytes, Chartered] = field(default_factory=dict[bytes, Chartered])
    arrivals: dict[bytes, int] = field(default_factory=dict[bytes, int])
    said: dict[bytes, dict[bytes, FederationSaid]] = field(default_factory=dict[bytes, dict[bytes, FederationSaid]])
    """By federation and network."""
    of_network: dict[bytes, dict[bytes, FederationSaid]] = field(
        default_factory=dict[bytes, dict[bytes, FederationSaid]]
    )
    """The same by network and federation."""
    before: dict[bytes, FederationStanding] = field(default_factory=dict[bytes, FederationStanding])
    """How things stood before the words since they were told as news: not part of the fold."""
    _standing: dict[bytes, tuple[dict[bytes, int], FederationStanding]] = field(
        default_factory=dict[bytes, tuple[dict[bytes, int], FederationStanding]]
    )

    def enter(self, network: bytes, federation: bytes) -> FederationSaid | None:
        """Return the place for what a network says in a federation, None where it speaks of too many."""
        of_network = self.of_network.setdefault(network, {})
        if federation not in of_network:
            if len(of_network) >= FEDERATIONS_MAX:
                return None
            of_network[federation] = self.said.setdefault(federation, {})[network] = FederationSaid()
        return of_network[federation]

    def stale(self, federation: bytes) -> None:
        """Let who is a member be worked out anew when it is asked next."""
        found = self._standing.pop(federation, None)
        if found is not None:
            self.before.setdefault(federation, found[1])

    def standing(self, book: Book, federation: bytes) -> FederationStanding | None:
        """Return who is what in a federation, None where its charter is not known."""
        charter = self.known.get(federation)
        if charter is None:
            return None
        said = self.said[federation]
        forked = {network: end for network, end in book.of(Directory).forked.items() if network in said}
        found = self._standing.get(federation)
        if found is None or found[0] != forked:
            found = self._standing[federation] = forked, judge_federation(charter, said, forked)
        return found[1]

    def of(self, book: Book, network: bytes) -> Iterator[tuple[bytes, Chartered]]:
        """Return the federations of which a network is a member, by id in ascending order."""
        for federation in sorted(self.of_network.get(network, ())):
            standing = self.standing(book, federation)
            if standing is not None and network in standing.members:
                yield federation, standing.charter


def hear(book: Book, word: Entered) -> None:
    """Keep what a network says: of a federation in which it does not take part itself, nothing counts."""
    charters, network, body, seq = book.of(Charters), word.network, word.body, word.seq
    assert isinstance(body, FederationWord)
    federation = body.id if isinstance(body, Chartered) else body.federation
    if isinstance(body, Chartered) and not (body.is_well_formed() and network in body.founders):
        return
    if isinstance(body, Chartered | FederationJoined):
        said = charters.enter(network, federation)
    else:
        said = charters.of_network.get(network, {}).get(federation)
        said = said if said is not None and said.inside else None
    if said is None:
        return
    match body:
        case Chartered():
            if federation not in charters.known:
                charters.known[federation] = body
                charters.arrivals[federation] = max(charters.arrivals.values(), default=-1) + 1
            said.inside, said.chartered = True, seq if said.chartered is None else said.chartered
        case FederationJoined():
            said.inside = True
        case FederationLeft():
            said.inside = False
        case Endorsed(_, other) if other != network and said.has_room(other):
            said.votes.pop(other, None)
            said.endorsed.setdefault(other, seq)
        case ExpulsionVoted(_, other, seen) if other != network and said.has_room(other):
            said.votes[other] = ExpulsionVote(seq, seen)
        case _:
            return
    said.newest = seq
    charters.stale(federation)


def unhear(book: Book, network: bytes) -> None:
    """Drop what a network has said, and charters that nobody else has said."""
    charters = book.of(Charters)
    for federation in charters.of_network.pop(network, {}):
        said = charters.said[federation]
        del said[network]
        if not any(one.chartered is not None for one in said.values()):
            charters.known.pop(federation, None)
            charters.arrivals.pop(federation, None)
        charters.stale(federation)


def fellows(book: Book) -> Iterator[tuple[bytes, Tie]]:
    """Return the members of the federations of which our network is a member."""
    charters = book.of(Charters)
    for federation, _ in charters.of(book, book.network):
        standing = charters.standing(book, federation)
        assert standing is not None, "we are a member of it"
        for member in standing.members:
            yield member, Tie.FEDERATION


def spoken_of(book: Book) -> Iterator[tuple[bytes, bool]]:
    """Return on whose words it rests who is a member of the federations in which our network takes part."""
    charters = book.of(Charters)
    for federation in charters.of_network.get(book.network, ()):
        standing = charters.standing(book, federation)
        if standing is not None:
            for one in {*standing.charter.founders, *standing.members, *standing.expelled, *standing.endorsements}:
                if one != book.network:
                    yield one, True


# Who is a member.


def judge_federation(
    charter: Chartered, said: Mapping[bytes, FederationSaid], forked: Mapping[bytes, int]
) -> FederationStanding:
    """Return who is what in a federation, from what each network has said.

    Of `forked` networks, which are no members meanwhile, counts what they said before that place of their commons.

    Founders are admitted, and who has joined and is endorsed by enough that are admitted. Nobody ceases to be
    admitted because somebody who endorsed it has left, was expelled, or would expel it. Members are those admitted
    who take part by their own word, and are neither expelled nor forked.
    """
    missing = frozenset(
        founder
        for founder in charter.founders
        if founder not in said or not _is_before(said[founder].chartered, founder, forked)
    )
    if missing:
        return FederationStanding(charter, missing)
    ends, expelled = dict(forked), set[bytes]()
    admitted, endorsements = _admitted(charter, said, ends)
    for _ in range(JUDGEMENTS_MAX):
        found = dict(_expelled(charter, said, admitted, ends))
        if not found:
            break
        expelled.update(found)
        ends.update(found)
        admitted, endorsements = _admitted(charter, said, ends)
    members = frozenset(network for network in admitted if said[network].inside and network not in ends)
    return FederationStanding(charter, missing, members, frozenset(expelled), endorsements)


def _is_before(seq: int | None, network: bytes, ends: Mapping[bytes, int]) -> bool:
    return seq is not None and (network not in ends or seq < ends[network])


def _admitted(
    charter: Chartered, said: Mapping[bytes, FederationSaid], ends: Mapping[bytes, int]
) -> tuple[set[bytes], dict[bytes, int]]:
    """Return who was ever admitted, rank by rank from the founders, and how many endorsements each network has.

    Of a rank for which there is no room those of the lowest ids are admitted. What a network says from the place
    in `ends` on does not count.
    """
    admitted, endorsements = set[bytes](), Counter[bytes]()
    rank: Iterable[bytes] = charter.founders
    while rank:
        admitted.update(rank)
        spoken_of = [
            other
            for network in rank
            for other, seq in said[network].endorsed.items()
            if _is_before(seq, network, ends)
        ]  # fmt: skip
        endorsements.update(spoken_of)
        reached = sorted(
            other
            for other in set(spoken_of) - admitted
            if endorsements[other] >= charter.endorsements and other in said
        )
        rank = reached[: FEDERATION_MEMBERS_MAX - len(admitted)]
    return admitted, dict(endorsements)


def _expelled(
    charter: Chartered,
    said: Mapping[bytes, FederationSaid],
    admitted: set[bytes],
    ends: Mapping[bytes, int],
) -> Iterator[tuple[bytes, int]]:
    """Yield whom two thirds of the members expel, the accused counted with them, and where its word ends.

    Its word ends behind the place that half of the voters had heard. Who has voted counts though it has left. Who
    was admitted only by what voters have said after their votes, or the accused after its end, does not count:
    a federation that grows does not take back whom it has expelled.
    """
    present = {network for network in admitted if network not in ends}
    votes: dict[bytes, dict[bytes, ExpulsionVote]] = {}
    for voter in present:
        for accused, vote in said[voter].votes.items():
            if accused in present:
                votes.setdefault(accused, {})[voter] = vote
    inside = {network for network in present if said[network].inside}
    disputed = 0
    for accused in sorted(votes, key=lambda one: (-len(votes[one]), one)):
        cast = votes[accused]
        end = sorted(vote.seen for vote in cast.values())[(len(cast) - 1) // 2] + 1
        if not _suffices(cast, inside, accused):
            if disputed == DISPUTED_MAX or not _suffices(cast, inside.intersection(charter.founders), accused):
                continue
            disputed += 1
            before = {**ends, **{voter: vote.seq for voter, vote in cast.items()}, accused: end}
            if not _suffices(cast, inside & _admitted(charter, said, before)[0], accused):
                continue
        yield accused, end


def _suffices(cast: Mapping[bytes, ExpulsionVote], others: set[bytes], accused: bytes) -> bool:
    return 3 * len(cast) >= 2 * len(others | cast.keys() | {accused})


# The common unit.


def common_charter(book: Book, unit: str, one: bytes, other: bytes) -> Chartered | None:
    """Return the charter of a federation of two networks whose common unit it is; of several, that of the lowest id."""
    charters = book.of(Charters)
    both = charters.of_network.get(one, {}).keys() & charters.of_network.get(other, {}).keys()
    for federation in sorted(both):
        charter = charters.known.get(federation)
        if charter is not None and charter.unit == unit:
            standing = charters.standing(book, federation)
            if standing is not None and {one, other} <= standing.members:
                return charter
    return None
