# SPDX-License-Identifier: AGPL-3.0-or-later
"""The worked network's figures as they are shown, to the printed digit; and what is refused (docs/stories.md)."""

from collections.abc import Callable
from dataclasses import astuple, replace
from fractions import Fraction
from typing import Any

import pytest

from protocol.book.refusals import MALFORMED, Reason, Refused
from protocol.practices.chains.engine.chain import HOUSEHOLDS
from protocol.practices.chains.entries import (
    EnterpriseSaid,
    EnterpriseStatus,
    SupplyEvidence,
    SupplyRelation,
    SupplySaid,
)
from protocol.practices.chains.figures.basis import ChainBasis, ChainEvidence, ChainNow
from protocol.practices.chains.figures.breaking import fragility_shown
from protocol.practices.chains.figures.choosing import least_bad_shown, read_weights
from protocol.practices.chains.figures.funding import calendar_shown, reinvestment_shown
from protocol.practices.chains.figures.linking import missing_links_shown, simulated
from protocol.practices.chains.figures.refusals import (
    BUYERS_TAKEN_TWICE,
    CANDIDATE_UNKNOWN,
    CHAIN_EMPTY,
    NOTHING_TO_CHOOSE,
    SHARE_BEYOND_ONE,
    TOO_MANY_CANDIDATES,
)
from protocol.practices.chains.figures.sharing import leaks_shown, retained_shown, shares_shown
from protocol.practices.chains.figures.views import reckoned
from protocol.practices.chains.refusals import CLOSED_GROUP, FIGURE_UNCLEAR
from protocol.practices.chains.state import ChainInputs, fold_enterprise, fold_supply
from protocol.practices.chains.telling import share_parts
from protocol.practices.chains.written import decimal_text, read_decimal, read_shares
from tests.protocol.practices.chains.mance import B, E, G, candidates, network

BASIS = ChainBasis(
    network(),
    candidates(),
    evidence=ChainEvidence(
        {B: {"declared": Fraction(20_000), "invoice": Fraction(900)}, E: {"invoice": Fraction(8_000)}},
        {"cleaning": {"declared": Fraction(900), "invoice": Fraction(1_600)}},
    ),
    makers={"vegetables": frozenset({G}), "bread": frozenset({B}), "all sorts": frozenset({E, B})},
    states={"mill": "wanted"},
    income=Fraction(700),
)


def reason_of(shown: Any) -> Reason:
    assert isinstance(shown, Refused), shown
    return shown.reason


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        ("0.53125", 4, "0.5313"), ("0.53124999", 4, "0.5312"), ("-0.00004", 4, "0.0000"), ("-0.00005", 4, "-0.0001"),
        ("1/3", 2, "0.33"), ("2/3", 2, "0.67"), ("15350", 2, "15350.00"), ("28.55", 1, "28.6"), ("7", 0, "7"),
        ("999999999999999.995", 2, "1000000000000000.00"),
    ],
)  # fmt: skip
def test_figures_are_rounded_once_and_a_half_goes_up(value: str, places: int, text: str) -> None:
    assert decimal_text(Fraction(value), places) == text


def test_shares() -> None:
    shown = shares_shown(BASIS)
    assert (shown.share, shown.inside, shown.bought, shown.leakage) == ("0.4689", "13550.00", "28900.00", "15350.00")
    assert shown.outside_items == 9
    assert {one.buyer: one.share for one in shown.buyers} == {
        HOUSEHOLDS: "0.5000", E: "0.5313", B: "0.0938", G: "0.0000",
    }  # fmt: skip
    assert [astuple(one) for one in shown.evidence] == [
        ("declared", "20000.00", "0.6920"),
        ("invoice", "8900.00", "0.3080"),
    ]
    assert shares_shown(replace(BASIS, evidence=ChainEvidence())).evidence == (), "what is not known is not told"


def test_leaks() -> None:
    shown = leaks_shown(2, BASIS)
    assert (shown.leakage, shown.outside_items) == ("15350.00", 9)
    assert [astuple(one) for one in shown.items] == [
        ("rent", "3000.00", "0.1954", {}),
        ("cleaning", "2500.00", "0.1629", {"declared": "0.3600", "invoice": "0.6400"}),
    ]
    assert [(one.buyer, one.leaks) for one in shown.buyers] == [
        (HOUSEHOLDS, "10000.00"), (E, "3000.00"), (B, "1450.00"), (G, "900.00"),
    ]  # fmt: skip


def test_what_stays() -> None:
    shown = {one.spender: one for one in retained_shown(BASIS).spenders}
    assert {one: each.stays for one, each in shown.items()} == {
        HOUSEHOLDS: None, E: "0.4727", B: "0.5017", G: "0.7000",
    }  # fmt: skip
    assert [each.lm3 for each in shown.values()] == ["1.7717", "1.6300", "1.8821", "1.9000"]
    assert shown[HOUSEHOLDS].full == "2.0748" and shown[E].leaves == "0.5273"


def test_missing_links() -> None:
    shown = missing_links_shown(None, 50, BASIS)
    told = [
        (one.candidate, one.stays, one.retains, one.keeps, one.jobs, one.jobs_elsewhere, one.payback_months, one.state)
        for one in shown.links
    ]
    assert told == [
        ("mill", "0.7500", "1050.00", "1050.00", "0.50", "0.60", "28.6", "wanted"),
        ("soap", "0.5000", "750.00", "750.00", "0.75", "0.00", "12.0", "outside"),
        ("biofertiliser", "0.7400", "333.00", "343.30", "0.26", "0.08", "16.7", "outside"),
        ("sewing", "0.5500", "330.00", "330.00", "0.39", "0.00", "30.0", "outside"),
    ]
    assert [one.candidate for one in missing_links_shown(None, 2, BASIS).links] == ["mill", "soap"]
    assert missing_links_shown(Fraction(1_400), 1, BASIS).links[0].jobs == "0.25"
    unknown = missing_links_shown(None, 1, replace(BASIS, income=None))
    assert (unknown.income, unknown.links[0].jobs, unknown.links[0].jobs_elsewhere) == (None, None, None)


def test_who_would_sell_too_little_is_blocked_and_comes_last() -> None:
    needs = [replace(one, minimum=Fraction(1_401)) if one.name == "mill" else one for one in candidates()]
    links = missing_links_shown(None, 50, replace(BASIS, candidates=needs)).links
    assert [(one.candidate, one.is_blocked) for one in links][-1] == ("mill", True)
    found = reinvestment_shown(Fraction(8_000), "", replace(BASIS, candidates=needs))
    assert not isinstance(found, Refused) and "mill" not in found.candidates


def test_before_and_after_without_writing_anything() -> None:
    shown = simulated("mill", BASIS)
    assert not isinstance(shown, Refused)
    assert (shown.before.leakage, shown.after.leakage, shown.keeps) == ("15350.00", "14300.00", "1050.00")
    assert (shown.before.share, shown.after.share) == ("0.4689", "0.5225")
    buyers = {one.buyer: one for one in shown.buyers}
    bakery = buyers[B].after
    assert bakery is not None and (bakery.share, bakery.stays, bakery.lm3) == ("0.8438", "0.8017", "2.3337")
    households = buyers[HOUSEHOLDS].after
    assert households is not None and households.full == "2.3149"
    assert buyers["mill"].before is None and buyers["mill"].after is not None
    both = simulated("mill, soap", BASIS)
    assert not isinstance(both, Refused)
    assert (both.after.leakage, both.after.share) == ("13550.00", "0.5586")
    households = next(one.after for one in both.buyers if one.buyer == HOUSEHOLDS)
    assert households is not None and (households.lm3, households.full) == ("1.9136", "2.4975")


def test_a_pledge_may_be_tried_that_is_another_than_the_candidates_own() -> None:
    shown = simulated("mill=0.5", BASIS)
    assert not isinstance(shown, Refused) and shown.keeps == "525.00"
    nobody = simulated("", BASIS)
    assert not isinstance(nobody, Refused) and nobody.before == nobody.after and nobody.founded == ()
    off = simulated("mill=0", BASIS)
    assert not isinstance(off, Refused) and (off.keeps, off.blocked) == ("0.00", ("mill",))


def test_what_to_found_with_a_fund_and_what_greed_would_have_found() -> None:
    by_fund = {
        fund: (found.candidates, found.keeps, found.left, found.greedy.keeps)
        for fund in (6_000, 8_000, 10_500, 0)
        if not isinstance(found := reinvestment_shown(Fraction(fund), "", BASIS), Refused)
    }
    assert by_fund == {
        6_000: (("soap", "biofertiliser", "sewing"), "1423.30", "0.00", "1423.30"),
        8_000: (("mill", "biofertiliser"), "1473.40", "500.00", "1423.30"),
        10_500: (("mill", "soap", "biofertiliser"), "2223.40", "300.00", "1423.30"),
        0: ((), "0.00", "0.00", "0.00"),
    }
    only = reinvestment_shown(Fraction(8_000), "mill,soap", BASIS)
    assert not isinstance(only, Refused) and only.candidates == ("mill",)


@pytest.mark.parametrize(
    ("months", "keeps", "by_rank", "worst"),
    [(12, "13736.60", "9726.80", "9423.40"), (24, "44377.42", "40367.63", None)],
)
def test_the_founding_calendar(months: int, keeps: str, by_rank: str, worst: str | None) -> None:
    shown = calendar_shown(months, None, "", BASIS)
    assert not isinstance(shown, Refused)
    assert (shown.monthly, shown.orders, shown.keeps, shown.keeps_by_rank) == ("1000.00", 24, keeps, by_rank)
    assert worst in (None, shown.keeps_at_worst)
    assert [(one.month, one.candidate) for one in shown.openings] == [
        (3, "soap"), (4, "biofertiliser"), (6, "sewing"), (10, "mill"),
    ]  # fmt: skip
    assert (shown.by_rank[0].month, shown.by_rank[0].candidate) == (6, "mill")


def test_what_breaks_if_one_stops() -> None:
    shown = fragility_shown(BASIS)
    assert [(one.enterprise, one.share, one.inside, one.bought) for one in shown.stops] == [
        (E, "0.0956", "2150.00", "22500.00"),
        (B, "0.3810", "10400.00", "27300.00"),
        (G, "0.3929", "11000.00", "28000.00"),
    ]
    assert [(one.enterprise, one.alone_with) for one in shown.stops if "SINGLE_SUPPLIER" in one.warnings] == [
        (B, ("bread",)),
        (G, ("vegetables",)),
    ]


CRITERIA = ("labour", "ecology", "ownership", "nearness", "openness")
WEIGHTS = "labour=.30, ecology=.25, ownership=.20, nearness=.15, openness=.10"


def values(*told: str | None) -> dict[str, Fraction | None]:
    return {one: None if value is None else Fraction(value) for one, value in zip(CRITERIA, told, strict=True)}


KNOWN = {
    "x": values(".4", ".8", "0", ".3", ".6"),
    "y": values(None, ".4", ".5", ".9", ".3"),
    "z": values(".8", ".3", ".2", ".5", ".7"),
}


def test_the_least_bad_card() -> None:
    weights = read_weights(WEIGHTS)
    assert not isinstance(weights, Refused)
    shown = least_bad_shown(weights, KNOWN, {"x"})
    assert not isinstance(shown, Refused)
    assert shown.chosen == "z"
    assert [(one.supplier, one.low, one.high, one.excluded) for one in shown.ranked] == [
        ("z", "0.5000", "0.5000", None), ("y", "0.3650", "0.6650", None), ("x", "0.4250", "0.4250", "BOYCOTTED"),
    ]  # fmt: skip
    assert [one.said for one in shown.questions] == ["y overtakes if labour >= .45: ask"]
    nobody = least_bad_shown(weights, KNOWN, set(KNOWN))
    assert not isinstance(nobody, Refused) and nobody.chosen is None
    assert reason_of(least_bad_shown(weights, {}, ())) is NOTHING_TO_CHOOSE


def test_a_threshold_that_is_told_always_holds() -> None:
    weights = read_weights("labour=0.6,ecology=0.4")
    assert not isinstance(weights, Refused)
    known = {"a": {"labour": None, "ecology": Fraction(0)}, "b": {"labour": Fraction(1, 3), "ecology": Fraction(0)}}
    shown = least_bad_shown(weights, known, ())
    assert not isinstance(shown, Refused)
    assert [one.said for one in shown.questions] == ["a overtakes if labour >= .3334: ask"]


@pytest.mark.parametrize("text", ["", "labour=.5", "labour=1.1,ecology=-.1", "labour=.5,ecology=.6", "labour"])
def test_weights_that_are_not_one_in_all_are_refused(text: str) -> None:
    assert reason_of(read_weights(text)) is SHARE_BEYOND_ONE


@pytest.mark.parametrize(
    "text", ["labour=x", "labour=1e9", "=1", "labour=.5,labour=.5", "labour=1/2", "labour=.", "a=" + "9" * 99]
)
def test_what_is_no_figure_is_refused(text: str) -> None:
    assert reason_of(read_shares(text, "weights")) is MALFORMED


@pytest.mark.parametrize(
    ("text", "said"),
    [("8000", 8_000), ("8000.00", 8_000), ("8000,5", "8000.5"), ("8.000,50", "8000.5"), ("8,000.50", "8000.5"),
     ("0.450", "0.45"), ("8.00", 8), ("8 000", 8_000), ("-5", -5)],
)  # fmt: skip
def test_a_figure_is_read_with_a_point_or_a_comma(text: str, said: int | str) -> None:
    assert read_decimal(text, "fund") == Fraction(said)


@pytest.mark.parametrize("text", ["8.000", "1,000", "-1.000", "8.000.00", "8,00,0"])
def test_a_figure_that_could_mean_two_things_is_not_guessed(text: str) -> None:
    assert reason_of(read_decimal(text, "fund")) is FIGURE_UNCLEAR


@pytest.mark.parametrize("text", ["much", "1e9", "=1", "8000 EUR", "", "-", "1/2", "9" * 30])
def test_what_is_no_figure_of_money_is_refused(text: str) -> None:
    assert reason_of(read_decimal(text, "fund")) is MALFORMED


def test_a_share_may_be_a_percentage_and_has_a_point() -> None:
    assert read_shares("mill, soap=60%,sewing=.6", "candidates") == {
        "mill": None, "soap": Fraction(3, 5), "sewing": Fraction(3, 5),
    }  # fmt: skip
    cut = read_shares("soap=0,6", "candidates")
    assert isinstance(cut, Refused) and cut.reason is MALFORMED
    assert cut.figures["expected"] == "shares with a point: soap=0.6"


@pytest.mark.parametrize("ask", [simulated, lambda text, basis: reinvestment_shown(Fraction(1), text, basis)])
def test_who_is_no_candidate_or_takes_too_much_is_refused(ask: Callable[[str, ChainBasis], Any]) -> None:
    assert reason_of(ask("mine", BASIS)) is CANDIDATE_UNKNOWN
    assert reason_of(ask("mill=1.5", BASIS)) is SHARE_BEYOND_ONE
    assert reason_of(ask("mill=-0.5", BASIS)) is SHARE_BEYOND_ONE
    twice = replace(BASIS, candidates=[*candidates(), replace(candidates()[0], name="mill-2")])
    assert reason_of(ask("mill=.6,mill-2=.6", twice)) is BUYERS_TAKEN_TWICE


def test_all_orders_of_eight_are_too_many() -> None:
    many = [replace(one, name=f"{one.name}-{number}") for number in (1, 2) for one in candidates()]
    refused = calendar_shown(12, None, "", replace(BASIS, candidates=many))
    assert reason_of(refused) is TOO_MANY_CANDIDATES
    few = calendar_shown(12, None, "mill-1,soap-1", replace(BASIS, candidates=many))
    assert not isinstance(few, Refused) and few.orders == 2


def test_a_calendar_of_candidates_for_the_same_buyers_is_refused() -> None:
    twice = replace(BASIS, candidates=[*candidates(), replace(candidates()[0], name="mill-2")])
    assert reason_of(calendar_shown(12, None, "", twice)) is BUYERS_TAKEN_TWICE
    found = reinvestment_shown(Fraction(20_000), "", twice)
    assert not isinstance(found, Refused) and not {"mill", "mill-2"} <= set(found.candidates)


def test_what_an_older_book_holds_and_no_chain_can_be_made_of_is_refused() -> None:
    """A book may hold what its author's version took: whoever asks is told why there are no figures."""
    inputs = ChainInputs()
    ids = {name: name.encode() * 16 for name in "ab"}
    for name, other in (("a", "b"), ("b", "a")):
        said = EnterpriseSaid(
            ids[name], name, EnterpriseStatus.SOLIDARITY, "", (), 100_00, 0, 0, None, None, None, None
        )  # fmt: skip
        fold_enterprise(inputs, said)
        relation = SupplyRelation(
            ids[name], ids[name], "it", 100_00, SupplyEvidence.DECLARED, ids[other], *[None] * 6
        )  # fmt: skip
        fold_supply(inputs, SupplySaid((relation,)))
    assert reason_of(reckoned(shares_shown, ChainNow(inputs, 0))) is CLOSED_GROUP
    assert reason_of(reckoned(shares_shown, ChainNow(ChainInputs(), 0))) is CHAIN_EMPTY


def test_a_share_beyond_the_whole_is_told_as_what_it_is() -> None:
    said = share_parts("190%")
    assert (
        isinstance(said, Refused) and said.reason.texts.heading.format(**said.figures) == "190% is more than the whole"
    )
    assert said.reason.texts.sentence.format(**said.figures).startswith("190%: a share is more than 100%")
