# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every figure of the worked network, to the printed digit (Mance's chains: docs/stories.md)."""

from fractions import Fraction
from itertools import permutations

import pytest

from protocol.practices.chains.engine.chain import HOUSEHOLDS
from protocol.practices.chains.engine.founded import founded
from protocol.practices.chains.engine.funds import calendar, in_order, reinvested
from protocol.practices.chains.engine.least_bad import least_bad, nearness
from protocol.practices.chains.engine.missing import MissingLinks
from protocol.practices.chains.engine.retained import full_multipliers, lm3, retained
from protocol.practices.chains.engine.shares import fragility, shares_of
from tests.protocol.practices.chains.mance import B, E, G, candidates, network

MILL, SOAP, BIOFERTILISER, SEWING = range(4)


@pytest.fixture(scope="module")
def links() -> MissingLinks:
    return MissingLinks(network(), candidates())


def printed(value: Fraction | None, places: int) -> str:
    assert value is not None
    return f"{float(value):,.{places}f}"


def test_shares_and_leakage() -> None:
    shares = shares_of(network())
    percents = {who: printed(100 * share, 2) for who, share in shares.of.items()}
    assert percents == {HOUSEHOLDS: "50.00", E: "53.12", B: "9.38", G: "0.00"}
    assert shares.of[E] == Fraction("0.53125"), "53.13 where a half rounds up"
    assert (printed(100 * shares.all, 2), shares.leakage, len(shares.by_item)) == ("46.89", 15_350, 9)
    assert list(shares.by_item.items())[:3] == [("rent", 3_000), ("cleaning", 2_500), ("other", 2_400)]


def test_what_stays() -> None:
    found = retained(network())
    assert {who: printed(share, 4) for who, share in found.stays.items()} == {E: "0.4727", B: "0.5017", G: "0.7000"}
    assert all(found.stays[who] + found.leaves[who] == 1 for who in found.stays)
    multipliers = lm3(network())
    told = {who: printed(one, 4) for who, one in multipliers.items()}
    assert told == {HOUSEHOLDS: "1.7717", E: "1.8821", B: "1.6300", G: "1.9000"}
    full = full_multipliers(network())
    assert full is not None and printed(full[HOUSEHOLDS], 4) == "2.0748"


def test_missing_links_are_ranked_by_what_they_retain(links: MissingLinks) -> None:
    ranked = links.ranked(Fraction(700))
    told = [
        (
            one.candidate.name, printed(one.retains, 4), printed(one.first_order, 0), printed(one.keeps, 1),
            printed(one.jobs, 2), printed(one.payback, 1),
        )
        for one in ranked
    ]  # fmt: skip
    assert told == [
        ("mill", "0.7500", "1,050", "1,050.0", "0.50", "28.6"),
        ("soap", "0.5000", "750", "750.0", "0.75", "12.0"),
        ("biofertiliser", "0.7400", "333", "343.3", "0.26", "16.7"),
        ("sewing", "0.5500", "330", "330.0", "0.39", "30.0"),
    ]
    grown = founded(links, (MILL,)).enterprises[G]
    assert printed((grown.wages - network().enterprises[G].wages) / 700, 2) == "0.60", "jobs at the growers"


def test_before_and_after(links: MissingLinks) -> None:
    after = founded(links, (MILL,))
    shares, stays, multipliers, full = shares_of(after), retained(after).stays, lm3(after), full_multipliers(after)
    assert full is not None
    assert (shares.leakage, printed(100 * shares.all, 2), shares.of[B]) == (14_300, "52.25", Fraction("0.84375"))
    assert (printed(stays[B], 4), printed(multipliers[B], 4), printed(full[HOUSEHOLDS], 4)) == (
        "0.8017", "2.3337", "2.3149",
    )  # fmt: skip
    after = founded(links, (MILL, SOAP))
    full = full_multipliers(after)
    assert full is not None
    assert (shares_of(after).leakage, printed(100 * shares_of(after).all, 2)) == (13_550, "55.86")
    assert (printed(lm3(after)[HOUSEHOLDS], 4), printed(full[HOUSEHOLDS], 4)) == ("1.9136", "2.4975")


def test_two_links_may_reinforce_each_other(links: MissingLinks) -> None:
    both = links.keeps((MILL, BIOFERTILISER))
    assert printed(both, 1) == "1,473.4"
    assert both > links.keeps((MILL,)) + links.keeps((BIOFERTILISER,))
    assert 15_350 - shares_of(founded(links, (MILL, BIOFERTILISER))).leakage == both


@pytest.mark.parametrize(
    ("fund", "which", "keeps"),
    [
        (6_000, (SOAP, BIOFERTILISER, SEWING), "1,423.3"),
        (8_000, (MILL, BIOFERTILISER), "1,473.4"),
        (10_500, (MILL, SOAP, BIOFERTILISER), "2,223.4"),
        (1_499, (), "0.0"),
    ],
)
def test_what_to_found_with_a_fund(links: MissingLinks, fund: int, which: tuple[int, ...], keeps: str) -> None:
    found = reinvested(links, Fraction(fund))
    assert (found.which, printed(found.keeps, 1)) == (which, keeps)


def test_the_calendar_of_founding(links: MissingLinks) -> None:
    best = calendar(links, Fraction(1_000), 12)
    assert best.opens == ((3, SOAP), (4, BIOFERTILISER), (6, SEWING), (10, MILL))
    assert printed(best.keeps, 1) == "13,736.6"
    by_rank = (MILL, SOAP, BIOFERTILISER, SEWING)
    mill_first = in_order(links, by_rank, Fraction(1_000), 12)
    assert (mill_first.opens[0], printed(mill_first.keeps, 1)) == ((6, MILL), "9,726.8")
    every = [in_order(links, order, Fraction(1_000), 12).keeps for order in permutations(range(4))]
    assert (printed(min(every), 1), max(every)) == ("9,423.4", best.keeps)
    assert printed(calendar(links, Fraction(1_000), 24).keeps, 1) == "44,377.4"
    assert printed(in_order(links, by_rank, Fraction(1_000), 24).keeps, 1) == "40,367.6"


def test_what_breaks_if_one_stops() -> None:
    left = fragility(network())
    assert [(one.stopped, printed(100 * one.share, 2)) for one in left] == [(E, "9.56"), (B, "38.10"), (G, "39.29")]


def test_the_least_bad_supplier_and_what_to_ask() -> None:
    told = {"labour": ".30", "ecology": ".25", "ownership": ".20", "nearness": ".15", "openness": ".10"}
    weights = {criterion: Fraction(weight) for criterion, weight in told.items()}

    def values(*told: str | None) -> dict[str, Fraction | None]:
        return {one: None if value is None else Fraction(value) for one, value in zip(weights, told, strict=True)}

    suppliers = {
        "X": values(".4", ".8", "0", ".3", ".6"),
        "Y": values(None, ".4", ".5", ".9", ".3"),
        "Z": values(".8", ".3", ".2", ".5", ".7"),
    }
    found = least_bad(weights, suppliers, {"X"})
    shown = [(one.name, printed(one.low, 3), printed(one.high, 3), one.is_boycotted) for one in found.ranked]
    assert shown == [("Z", "0.500", "0.500", False), ("Y", "0.365", "0.665", False), ("X", "0.425", "0.425", True)]
    (question,) = found.questions
    assert (question.name, question.criterion, question.value) == ("Y", "labour", Fraction("0.45"))
    assert least_bad(weights, suppliers).ranked[1].name == "X", "where no boycott stands"
    assert (nearness(Fraction(90)), nearness(Fraction(600))) == (Fraction("0.7"), 0)
