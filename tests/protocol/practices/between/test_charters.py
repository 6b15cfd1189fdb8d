# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who is a member of a federation follows from what networks say, whatever order it is heard in (PROTOCOL 8)."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.book.book import Book
from protocol.book.declaration import Entered
from protocol.lanes.directory import Directory
from protocol.lanes.entry import COMMONS
from protocol.practices import PRACTICES
from protocol.practices.between.federations import charters
from protocol.practices.between.federations.charters import (
    FEDERATIONS_MAX,
    FOUNDERS_MAX,
    OTHERS_MAX,
    Chartered,
    Charters,
    Endorsed,
    ExpulsionVoted,
    FederationJoined,
    FederationLeft,
    FederationStanding,
    FederationWord,
)


def id_of(name: str) -> bytes:
    """Return the id of a network that its name stands for; of two names the lower one has the lower id."""
    return name.encode().ljust(32, b"\0")


def names(networks: frozenset[bytes]) -> str:
    return " ".join(sorted(network.rstrip(b"\0").decode() for network in networks))


class Federation:
    """A charter, and what networks say, each in its own lane."""

    def __init__(self, founders: str, endorsements: int = 1, *, signed: bool = True) -> None:
        ids = tuple(map(id_of, sorted(founders.split())))
        self.charter = Chartered("Vale", ids, endorsements, "HORA", 2, 10_000, 1, 0, bytes(16))
        self.id = self.charter.id
        self.lanes: dict[str, list[FederationWord]] = {}
        self.forked: dict[bytes, int] = {}
        if signed:
            for founder in founders.split():
                self.says(founder, self.charter)

    def says(self, name: str, *words: FederationWord) -> None:
        self.lanes.setdefault(name, []).extend(words)

    def join(self, names: str) -> None:
        for name in names.split():
            self.says(name, FederationJoined(self.id))

    def leave(self, name: str) -> None:
        self.says(name, FederationLeft(self.id))

    def endorse(self, who: str, others: str) -> None:
        for name in who.split():
            self.says(name, *(Endorsed(self.id, id_of(other)) for other in others.split()))

    def vote(self, who: str, accused: str, seen: int | None = None) -> None:
        """Let them vote, having heard what the accused has said until now, or up to a place of its lane."""
        heard = len(self.lanes.get(accused, ())) - 1 if seen is None else seen
        for name in who.split():
            self.says(name, ExpulsionVoted(self.id, id_of(accused), max(0, heard)))

    def book(self, seed: int | None = None) -> Book:
        """Return what a node keeps that has heard all lanes, one after the other or as chance will."""
        book = Book(bytes(32), PRACTICES)
        book.of(Directory).forked = self.forked
        order = [name for name, lane in self.lanes.items() for _ in lane]
        if seed is not None:
            Random(seed).shuffle(order)
        heard = dict.fromkeys(self.lanes, 0)
        for name in order:
            seq, heard[name] = heard[name], heard[name] + 1
            charters.hear(book, Entered(self.lanes[name][seq], id_of(name), COMMONS, 0, seq, bytes(32), 0))
        return book

    def standing(self, seed: int | None = None) -> FederationStanding:
        book = self.book(seed)
        standing = book.of(Charters).standing(book, self.id)
        assert standing is not None
        return standing

    @property
    def members(self) -> str:
        return names(self.standing().members)

    @property
    def expelled(self) -> str:
        return names(self.standing().expelled)


# Founding.


def test_a_charter_counts_when_all_its_founders_have_said_it() -> None:
    vale = Federation("a b c", signed=False)
    vale.says("a", vale.charter)
    vale.says("b", vale.charter)
    assert (vale.members, names(vale.standing().missing)) == ("", "c")
    vale.says("c", vale.charter)
    assert (vale.members, names(vale.standing().missing)) == ("a b c", "")


def test_a_founder_that_joins_has_not_said_the_charter() -> None:
    vale = Federation("a b", signed=False)
    vale.says("a", vale.charter)
    vale.join("b")
    assert vale.members == ""


def test_a_charter_that_another_says_for_the_founders_means_nothing() -> None:
    vale = Federation("a b")
    vale.says("x", vale.charter)
    assert vale.members == "a b"
    other = Federation("a b", signed=False)
    other.says("x", other.charter)
    assert other.book().of(Charters).known == {}


@pytest.mark.parametrize(
    "founders", [(), (id_of("b"), id_of("a")), (id_of("a"), id_of("a"))], ids=["none", "out of order", "twice"]
)
def test_a_charter_whose_founders_are_not_told_in_order_is_none(founders: tuple[bytes, ...]) -> None:
    vale = Federation("a b", signed=False)
    vale.charter = replace(vale.charter, founders=founders)
    vale.says("a", vale.charter)
    assert vale.book().of(Charters).known == {}


def test_a_charter_that_asks_for_more_endorsements_than_founders_could_give_is_none() -> None:
    assert Federation("a b", 2).members == "a b"
    assert Federation("a b", 3).book().of(Charters).known == {}


def test_charters_of_one_name_are_federations_of_their_own() -> None:
    vale = Federation("a b")
    other = replace(vale.charter, nonce=bytes([1] * 16))
    vale.says("a", other)
    book = vale.book()
    assert other.id != vale.id
    standing = book.of(Charters).standing(book, other.id)
    assert standing is not None
    assert (names(standing.missing), names(standing.members), vale.members) == ("b", "", "a b")


# Admission.


def test_who_joins_is_admitted_by_so_many_endorsements() -> None:
    vale = Federation("a b c", 2)
    vale.join("d")
    vale.endorse("a", "d")
    assert vale.members == "a b c"
    assert vale.standing().endorsements == {id_of("d"): 1}
    vale.endorse("c", "d")
    assert vale.members == "a b c d"


def test_who_is_endorsed_but_has_not_joined_is_no_member_and_endorses_nobody() -> None:
    vale = Federation("a b")
    vale.endorse("a", "d")
    vale.endorse("d", "e")
    vale.join("e")
    assert vale.members == "a b"
    vale.join("d")
    assert vale.members == "a b d", "what it said before it joined counts for nothing"


def test_one_network_endorses_another_once_and_itself_never() -> None:
    vale = Federation("a b", 2)
    vale.join("d")
    vale.endorse("a", "d d")
    vale.endorse("d", "d d")
    assert vale.members == "a b"
    vale.endorse("a", "a")
    assert vale.standing().endorsements == {id_of("d"): 1}


def test_the_admitted_admit_others_and_who_only_admit_each_other_are_not() -> None:
    vale = Federation("a b", 2)
    vale.join("c d e x y z")
    vale.endorse("a b", "c")
    vale.endorse("a c", "d")
    vale.endorse("c d", "e")
    for who, others in (("x", "y z"), ("y", "x z"), ("z", "x y")):
        vale.endorse(who, others)
    assert vale.members == "a b c d e"


def test_words_for_a_federation_in_which_one_does_not_take_part_mean_nothing() -> None:
    vale, other = Federation("a b"), Federation("x y")
    vale.join("d")
    vale.says("x", Endorsed(vale.id, id_of("d")), FederationLeft(vale.id), ExpulsionVoted(vale.id, id_of("a"), 0))
    assert vale.members == "a b"
    other.join("d")
    other.says("x", Endorsed(vale.id, id_of("d")))
    assert other.members == "x y"


def test_there_is_room_for_so_many_members_and_the_first_ranks_and_lowest_ids_have_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(charters, "FEDERATION_MEMBERS_MAX", 5)
    vale = Federation("a b")
    vale.join("f g h i j")
    vale.endorse("b", "j")
    vale.endorse("a", "i h")
    vale.endorse("h", "f g")
    assert vale.members == "a b h i j"
    vale.endorse("a", "g")
    assert vale.members == "a b g h i"


# Leaving, and coming back.


def test_who_leaves_is_no_member_and_whom_it_endorsed_stays() -> None:
    vale = Federation("a b")
    vale.join("d")
    vale.endorse("a", "d")
    vale.leave("a")
    assert vale.members == "b d"
    vale.endorse("a", "e")
    vale.join("e")
    assert vale.members == "b d", "who has left endorses nobody"


def test_who_left_comes_back_by_joining_a_founder_too() -> None:
    vale = Federation("a b")
    vale.join("d")
    vale.endorse("b", "d")
    for name in "ad":
        vale.leave(name)
    assert vale.members == "b"
    vale.join("d a")
    assert vale.members == "a b d"
    vale.leave("a")
    vale.says("a", vale.charter)
    assert vale.members == "a b d"


def test_a_federation_that_all_have_left_has_no_members_and_is_founded_still() -> None:
    vale = Federation("a b")
    for name in "ab":
        vale.leave(name)
    assert (vale.members, vale.standing().missing) == ("", frozenset())


# Expulsion.


@pytest.mark.parametrize(("others", "needed"), [(1, None), (2, 2), (3, 3), (4, 4), (5, 4), (8, 6), (9, 7)])
def test_two_thirds_of_the_members_expel_the_accused_counted_among_them(others: int, needed: int | None) -> None:
    voters = "abcdefghi"[:others]
    for votes in range(others + 1):
        vale = Federation(" ".join([*voters, "z"]))
        vale.vote(" ".join(voters[:votes]), "z")
        assert vale.expelled == ("z" if needed is not None and votes >= needed else "")
        assert ("z" in vale.members) == (vale.expelled == "")


def test_nobody_votes_for_its_own_expulsion_nor_two_times() -> None:
    vale = Federation("a b c")
    vale.vote("a", "c")
    vale.vote("a", "c")
    vale.vote("c", "c")
    assert vale.members == "a b c"


def test_who_is_no_member_has_no_vote() -> None:
    vale = Federation("a b c d")
    vale.join("x y")
    vale.vote("a b x y", "d")
    assert vale.members == "a b c d"


def test_an_endorsement_takes_back_a_vote_and_lets_the_expelled_come_back() -> None:
    vale = Federation("a b c")
    vale.vote("a b", "c")
    assert vale.expelled == "c"
    vale.leave("c")
    vale.join("c")
    assert vale.members == "a b", "joining again does not help"
    vale.endorse("a", "c")
    assert (vale.members, vale.expelled) == ("a b c", "")
    vale.vote("a", "c")
    assert vale.expelled == "c"


def test_a_vote_takes_no_endorsement_back() -> None:
    vale = Federation("a b c", 2)
    vale.join("d")
    vale.endorse("a b", "d")
    vale.vote("a", "d")
    assert vale.members == "a b c d", "one alone admits and expels nobody"


def test_who_leaves_is_expelled_all_the_same() -> None:
    vale = Federation("a b c")
    vale.leave("c")
    vale.vote("a b", "c")
    assert vale.expelled == "c"
    vale.join("c")
    assert vale.members == "a b"


def test_whom_the_expelled_has_endorsed_before_stays_and_whom_it_endorses_afterwards_does_not_come_in() -> None:
    vale = Federation("a b c")
    vale.join("d e")
    vale.endorse("c", "d")
    assert vale.members == "a b c d"
    vale.vote("a b d", "c")
    vale.endorse("c", "e")
    assert (vale.members, vale.expelled) == ("a b d", "c")


@pytest.mark.parametrize(
    ("seen", "stays"),
    [((0, 3, 3, 9, 9), True), ((2, 2, 2, 9, 9), False), ((2, 2, 9, 9), False), ((2, 3, 9, 9, 9), True)],
)
def test_what_the_expelled_endorsed_lasts_as_far_as_half_of_its_voters_had_heard(
    seen: tuple[int, ...],
    stays: bool,  # noqa: FBT001
) -> None:
    vale = Federation("a b c d e f")
    vale.join("x")
    vale.endorse("f", "p q x")
    for voter, place in zip("abcde", seen, strict=False):
        vale.vote(voter, "f", seen=place)
    assert (vale.members, vale.expelled) == ("a b c d e x" if stays else "a b c d e", "f")


def test_the_expelled_cannot_come_back_by_those_whom_it_admits_nor_by_whom_they_admit() -> None:
    vale = Federation("a b c")
    vale.vote("a b", "c")
    vale.join("d e f g")
    vale.endorse("c", "d")
    vale.endorse("d", "e f g")
    assert (vale.members, vale.expelled) == ("a b", "c")


def test_the_expelled_and_their_votes_count_no_more_in_what_is_judged_afterwards() -> None:
    vale = Federation("a b c d e f g h i")
    vale.vote("a b c d e f", "g")
    vale.vote("a b c d e f", "h")
    vale.vote("a b c d e f", "i")
    vale.vote("a b c", "f")
    # With g, h and i that would be 3 of 9, without them it is 3 of 6.
    assert (vale.members, vale.expelled) == ("a b c d e f", "g h i")
    vale.vote("d", "f")
    assert (vale.members, vale.expelled) == ("a b c d e", "f g h i")


def test_those_who_expel_each_other_are_all_out() -> None:
    vale = Federation("a b c")
    vale.vote("a b", "c")
    vale.vote("b c", "a")
    assert (vale.members, vale.expelled) == ("b", "a c")


def test_who_is_expelled_in_a_first_judgement_is_not_judged_again() -> None:
    # Without x, y and z, whom they expel first, the votes of p and q alone are too few.
    vale = Federation("a b c d e f p q x")
    vale.vote("a b c p q x", "f")
    vale.vote("a b c d p q", "x")
    vale.vote("a b c d e x", "p")
    assert vale.expelled == "f p x"


def test_judging_comes_to_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def chain() -> Federation:
        vale = Federation("a b c d e f g h i")
        vale.vote("a b c d e f", "g")
        vale.vote("a b c d e f", "h")
        vale.vote("a b c d e f", "i")
        vale.vote("a b c d", "f")
        return vale

    monkeypatch.setattr(charters, "JUDGEMENTS_MAX", 1)
    assert chain().expelled == "g h i"
    monkeypatch.setattr(charters, "JUDGEMENTS_MAX", 2)
    assert chain().expelled == "f g h i"


def test_a_federation_that_grows_takes_nobody_back_whom_it_has_expelled() -> None:
    vale = Federation("a b c")
    vale.vote("a b", "c")
    vale.join("d e f g")
    vale.endorse("a", "d e f g")
    assert (vale.members, vale.expelled) == ("a b d e f g", "c")
    vale.endorse("d", "h i j")
    vale.join("h i j")
    assert vale.expelled == "c", "nor by those whom newcomers admit"


def test_who_was_admitted_before_a_vote_or_by_others_counts_in_it() -> None:
    before = Federation("a b c")
    before.join("d e")
    before.endorse("a", "d e")
    before.vote("a b", "c")
    assert before.expelled == "", "2 of 5"
    by_others = Federation("a b c x")
    by_others.vote("a b x", "c")
    by_others.join("d e")
    by_others.endorse("a", "d")
    assert by_others.expelled == "c"
    by_others.lanes["x"].remove(ExpulsionVoted(by_others.id, id_of("c"), 0))
    by_others.endorse("x", "d")
    assert by_others.expelled == "", "2 of 5: x has admitted d, and has not voted"


def test_an_endorsement_that_is_said_again_stands_where_it_was_said_first() -> None:
    vale = Federation("a b c")
    vale.join("d")
    vale.endorse("a", "d")
    vale.vote("a b", "c")
    vale.endorse("a", "d")
    assert vale.expelled == "", "2 of 4"


def test_a_newcomer_may_vote_as_well() -> None:
    vale = Federation("a b c d")
    vale.vote("a b", "d")
    vale.join("e")
    vale.endorse("a", "e")
    assert vale.expelled == "", "2 of 4"
    vale.vote("e", "d")
    assert vale.expelled == "", "3 of 5"
    vale.vote("c", "d")
    assert vale.expelled == "d"


def test_so_many_accused_are_looked_into_the_most_accused_first(monkeypatch: pytest.MonkeyPatch) -> None:
    def grown() -> Federation:
        vale = Federation("a b c d e f")
        vale.vote("a b c d", "e")
        vale.vote("a b c d e", "f")
        vale.join("u v w x y z")
        vale.endorse("a", "u v w x y z")
        return vale

    assert grown().expelled == "e f"
    monkeypatch.setattr(charters, "DISPUTED_MAX", 1)
    monkeypatch.setattr(charters, "JUDGEMENTS_MAX", 1)
    assert grown().expelled == "f"
    monkeypatch.setattr(charters, "DISPUTED_MAX", 0)
    assert grown().expelled == ""
    clear = Federation("a b c")
    clear.vote("a b", "c")
    assert clear.expelled == "c", "there is nothing to look into"


def test_founders_count_however_late_they_are_endorsed() -> None:
    vale = Federation("a b c d")
    vale.vote("a b", "d")
    vale.endorse("a b", "c")
    assert vale.expelled == "", "2 of 4"


def test_a_vote_stands_though_its_voter_leaves() -> None:
    vale = Federation("a b c d")
    vale.vote("a b c", "d")
    vale.leave("a")
    assert (vale.members, vale.expelled) == ("b c", "d")
    vale.leave("b")
    vale.leave("c")
    assert vale.expelled == "d"


def test_when_others_leave_the_votes_of_those_who_stay_may_be_enough() -> None:
    vale = Federation("a b c d e")
    vale.vote("a b", "e")
    assert vale.expelled == ""
    vale.leave("c")
    vale.leave("d")
    assert vale.expelled == "e", "2 of 3"


# Forks.


def test_a_network_that_has_forked_is_no_member_and_whom_it_endorsed_before_stays() -> None:
    vale = Federation("a b c")
    vale.join("d e")
    vale.endorse("a", "d e")
    vale.vote("a b", "c")
    assert vale.members == "a b c d e"
    # a has said two things at the place of its second endorsement.
    vale.forked = {id_of("a"): 2}
    assert vale.members == "b c d"
    assert vale.expelled == "", "nor does its vote count"


def test_who_has_forked_where_it_joined_or_founded_has_said_nothing_that_counts() -> None:
    vale = Federation("a b")
    vale.join("d")
    vale.endorse("a", "d")
    vale.endorse("d", "e")
    vale.join("e")
    assert vale.members == "a b d e"
    vale.forked = {id_of("d"): 0}
    assert vale.members == "a b"
    vale.forked = {id_of("a"): 0}
    assert names(vale.standing().missing) == "a"


def test_who_is_proved_to_have_forked_is_not_judged_meanwhile() -> None:
    vale = Federation("a b c")
    vale.vote("a b", "c")
    vale.forked = {id_of("c"): 1}
    assert (vale.members, vale.expelled) == ("a b", "")


def test_a_fork_that_is_heard_of_later_counts_at_once() -> None:
    vale = Federation("a b")
    book = vale.book()
    federation = book.of(Charters)
    assert federation.standing(book, vale.id) is federation.standing(book, vale.id), "worked out once"
    book.of(Directory).forked[id_of("a")] = 1
    standing = federation.standing(book, vale.id)
    assert standing is not None
    assert names(standing.members) == "b"


# Bounds, and what is dropped.


def test_a_network_speaks_of_so_many_federations_and_goes_on_in_those() -> None:
    vale = Federation("a b")
    vale.join("d")
    for number in range(FEDERATIONS_MAX):
        vale.says("d", FederationJoined(bytes([number + 1]) * 32))
    vale.leave("d")
    vale.join("d")
    vale.endorse("a", "d")
    book = vale.book()
    assert len(book.of(Charters).of_network[id_of("d")]) == FEDERATIONS_MAX
    assert vale.members == "a b d"


def test_a_network_speaks_of_so_many_others_and_goes_on_about_those() -> None:
    vale = Federation("a b c")
    vale.join("d e")
    vale.vote("a", "c")
    vale.endorse("a", "d")
    vale.says("a", *(Endorsed(vale.id, bytes([255, number]) * 16) for number in range(OTHERS_MAX - 2)))
    vale.endorse("a", "e")
    vale.vote("a", "e")
    vale.vote("a b", "c")
    vale.vote("b", "d")
    said = vale.book().of(Charters).said[vale.id][id_of("a")]
    assert len(said.endorsed.keys() | said.votes.keys()) == OTHERS_MAX
    assert id_of("e") not in said.endorsed
    assert id_of("e") not in said.votes
    assert vale.expelled == "", "2 of 4"
    vale.vote("d", "c")
    assert vale.expelled == "c"


def test_as_many_found_a_federation_as_a_charter_may_name() -> None:
    vale = Federation(" ".join(f"n{number:02}" for number in range(FOUNDERS_MAX)), FOUNDERS_MAX)
    assert len(vale.standing().members) == FOUNDERS_MAX


def test_what_a_network_has_said_is_dropped_whole() -> None:
    vale = Federation("a b")
    vale.join("d")
    vale.endorse("a", "d")
    book = vale.book()
    federation = book.of(Charters)
    assert federation.standing(book, vale.id) == vale.standing()
    charters.unhear(book, id_of("a"))
    standing = federation.standing(book, vale.id)
    assert standing is not None
    assert (names(standing.missing), names(standing.members)) == ("a", "")
    charters.unhear(book, id_of("b"))
    assert (federation.standing(book, vale.id), federation.known) == (None, {})
    for name in "ab":
        for seq, word in enumerate(vale.lanes[name]):
            charters.hear(book, Entered(word, id_of(name), COMMONS, 0, seq, bytes(32), 0))
    standing = federation.standing(book, vale.id)
    assert standing is not None
    assert names(standing.members) == "a b d"


# Laws.

NAMES = "abcdefg"
WORDS = st.tuples(st.sampled_from(["join", "leave", "endorse", "vote"]), st.sampled_from(NAMES), st.sampled_from(NAMES))


def told(words: list[tuple[str, str, str]], endorsements: int) -> Federation:
    vale = Federation("a b c", endorsements)
    for kind, who, other in words:
        match kind:
            case "join":
                vale.join(who)
            case "leave":
                vale.leave(who)
            case "endorse":
                vale.endorse(who, other)
            case _:
                vale.vote(who, other)
    return vale


@given(st.lists(WORDS, max_size=60), st.integers(1, 3), st.integers())
def test_members_follow_from_the_words_whatever_order_they_are_heard_in(
    words: list[tuple[str, str, str]], endorsements: int, seed: int
) -> None:
    vale = told(words, endorsements)
    assert vale.standing(seed) == vale.standing()


@given(st.lists(WORDS, max_size=60), st.integers(1, 3), st.integers())
def test_who_is_a_member_is_the_same_looked_at_after_every_word_or_at_the_end(
    words: list[tuple[str, str, str]], endorsements: int, seed: int
) -> None:
    vale = told(words, endorsements)
    book = Book(bytes(32), PRACTICES)
    for name, lane in vale.lanes.items():
        for seq, word in enumerate(lane):
            charters.hear(book, Entered(word, id_of(name), COMMONS, 0, seq, bytes(32), 0))
            book.of(Charters).standing(book, vale.id)
    assert book.of(Charters).standing(book, vale.id) == vale.standing(seed)


@given(st.lists(WORDS, max_size=60), st.sampled_from(NAMES), st.integers(1, 3))
def test_nobody_else_is_out_because_one_network_leaves(
    words: list[tuple[str, str, str]], leaver: str, endorsements: int
) -> None:
    vale = told([word for word in words if word[0] != "vote"], endorsements)
    before = set(vale.standing().members)
    vale.leave(leaver)
    assert vale.standing().members == before - {id_of(leaver)}


@given(st.lists(WORDS, max_size=60), st.integers(1, 3))
def test_members_have_joined_and_are_endorsed_or_founders(words: list[tuple[str, str, str]], endorsements: int) -> None:
    vale = told(words, endorsements)
    standing = vale.standing()
    for member in standing.members - set(vale.charter.founders):
        lane = vale.lanes[names(frozenset({member}))]
        assert FederationJoined(vale.id) in lane
        assert standing.endorsements[member] >= endorsements
    assert not standing.members & standing.expelled


STRIFE = st.tuples(
    st.sampled_from(["join", "endorse", "vote", "vote", "vote"]), st.sampled_from("abcdg"), st.sampled_from("cdg")
)  # fmt: skip


@given(st.lists(STRIFE, max_size=60), st.integers(1, 3), st.integers(1, 6))
def test_no_growth_that_voters_bring_about_takes_the_expelled_back(
    words: list[tuple[str, str, str]], endorsements: int, newcomers: int
) -> None:
    vale = told(words, endorsements)
    before = vale.standing().expelled
    said = vale.book().of(Charters).said[vale.id]
    coming = [f"n{number}" for number in range(newcomers)]
    vale.join(" ".join(coming))
    for network, one in said.items():
        if before and before <= one.votes.keys():
            vale.endorse(names(frozenset({network})), " ".join(coming))
    for name in coming:
        vale.endorse(name, " ".join(coming))
    assert vale.standing().expelled >= before


@given(st.lists(WORDS, max_size=60), st.lists(WORDS, max_size=20), st.integers(1, 3))
def test_what_those_say_whom_nobody_endorses_changes_nothing(
    words: list[tuple[str, str, str]], strangers: list[tuple[str, str, str]], endorsements: int
) -> None:
    vale = told(words, endorsements)
    before = vale.standing()
    for kind, who, other in strangers:
        vale.says(f"x{who}", FederationJoined(vale.id))
        if kind == "endorse":
            vale.endorse(f"x{who}", f"{other} x{other}")
        elif kind == "vote":
            vale.vote(f"x{who}", other)
    after = vale.standing()
    assert (after.members, after.expelled) == (before.members, before.expelled)
