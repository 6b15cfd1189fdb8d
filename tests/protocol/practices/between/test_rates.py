# SPDX-License-Identifier: AGPL-3.0-or-later
"""Rates: taken exactly however they are written, shown in whole units, and moved far only if that is said twice."""

import pytest
from simulation.groups import exchange, linked
from simulation.world import World, whole

from protocol.book.money import Amount, Rate
from protocol.book.refusals import Refused
from protocol.lanes.directory import Profile
from protocol.lanes.entry import COMMONS
from protocol.practices.between.clearing.part import ValueCurrency
from protocol.practices.between.links.rates import RateSide, leaps, rate_said, read_rate
from protocol.practices.between.links.wishes import AcceptLink, ProposeLink, SetLinkRate
from protocol.practices.between.quotes.state import AskQuote
from protocol.practices.money.currencies.views import CreateCurrency

ECO, FLOR, HORA, MIN = RateSide(2, "ECO"), RateSide(2, "FLOR"), RateSide(2, "HORA"), RateSide(0, "MIN")


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("1.5", (3, 2)),
        ("1,5", (3, 2)),
        ("3/2", (3, 2)),
        ("7/11", (7, 11)),
        ("1,5 / 2", (3, 4)),
        ("7 ECO for 11 FLOR", (7, 11)),
        ("7 ECO = 11 FLOR", (7, 11)),
        ("11 FLOR por 7 ECO", (7, 11)),
        ("0.5ECO pour 1.00FLOR", (1, 2)),
    ],
)
def test_a_rate_is_taken_exactly_however_it_is_written(text: str, rate: tuple[int, int]) -> None:
    assert read_rate(text, ECO, FLOR) == Rate(*rate)


@pytest.mark.parametrize(
    "text",
    ["3/0", "0/3", "3/2/1", "1_0/3", "٣/2", "1.5.2", "1,5.2", "-3/2", "7 ECO for 11 MIN", "7 FLOR for 11 FLOR",
     "7 eco for 11 flor", "7 ECO per 11 FLOR", "7 ECO for 0 FLOR", "7 ECO", "1/" + "3" * 41, "1" * 121],
)  # fmt: skip
def test_what_is_no_rate_names_its_field_and_the_forms(text: str) -> None:
    refused = read_rate(text, ECO, FLOR, field="value")
    assert isinstance(refused, Refused) and refused.reason.code == "MALFORMED"
    assert refused.figures["field"] == "value" and "3/2" in str(refused.figures["expected"])


def test_a_rate_is_shown_as_the_smallest_whole_figures_in_whole_units() -> None:
    assert rate_said(Rate(3, 5), MIN, HORA) == "60 MIN = 1 HORA"
    assert rate_said(Rate(5, 3), HORA, MIN) == "1 HORA = 60 MIN"
    assert rate_said(Rate(7, 11), ECO, FLOR) == "7 ECO = 11 FLOR"
    assert rate_said(Rate(1, 1), HORA, HORA) == "1 HORA = 1 HORA"
    assert rate_said(Rate(2, 1), HORA, HORA) == "2 HORA = 1 HORA of the link"
    for own, link in ((MIN, HORA), (HORA, MIN), (ECO, FLOR)):
        for rate in (Rate(3, 5), Rate(7, 11), Rate(1, 1), Rate(999_999_999_989, 10**6)):
            assert read_rate(rate_said(rate, own, link), own, link) == rate, "what is shown can be typed"


def test_a_rate_leaps_beyond_a_tenth_of_what_it_was() -> None:
    assert not leaps(Rate(1, 1), Rate(11, 10)) and not leaps(Rate(1, 1), Rate(9, 10))
    assert leaps(Rate(1, 1), Rate(1_101, 1_000)) and leaps(Rate(1, 1), Rate(899, 1_000))


def two(code: str, scale: int, rate: str) -> tuple[World, str]:
    """Serra with HORA, riacho with another currency, and a link in HORA at a rate of riacho's."""
    world = World()
    exchange(world, "serra", "HORA", "bia")
    node = world.found("riacho", code)
    node.replica.journal.write(Profile("riacho", "Riacho", code, code, scale, ()), COMMONS, world.now)
    world.granted(
        "riacho", "currencies.create", CreateCurrency(code, code.title(), Amount(90_000, None, scale), None, scale)
    )
    world.join("riacho", "serra")
    world.tick(2)
    link = world.granted("serra", "links.create", ProposeLink("riacho", whole(400), "HORA"))
    world.granted("riacho", "links.accept", AcceptLink(whole(400), code, rate), subject=link.id)
    world.tick(2)
    return world, link.id


def test_minutes_for_hours_are_shown_as_sixty_for_one_on_both_sides() -> None:
    world, link = two("MIN", 0, "60 MIN = 1 HORA")
    here, there = (world.granted(name, "links.show", subject=link) for name in ("riacho", "serra"))
    assert (here.rate, here.rate_num, here.rate_den) == ("60 MIN = 1 HORA", 3, 5)
    assert (here.partner_rate, here.partner_rate_num, here.partner_rate_den) == ("1 HORA = 1 HORA", 1, 1)
    assert there.partner_rate_num == 3 and there.partner_rate_den == 5
    assert there.partner_rate == "60 MIN = 1 HORA"
    refused = world.ask("riacho", "links.set-rate", SetLinkRate("45"), subject=link)
    assert refused.reason.code == "RATE_LEAPS"
    assert refused.figures == {"before": "60 MIN = 1 HORA", "after": "45 MIN = 1 HORA"}
    assert world.granted("riacho", "links.show", subject=link) == here, "nothing was changed"
    assert world.granted("riacho", "links.set-rate", SetLinkRate("63"), subject=link).rate == "63 MIN = 1 HORA"
    world.granted("riacho", "links.set-rate", SetLinkRate("45", sure=True), subject=link)
    assert world.granted("riacho", "links.show", subject=link).rate == "45 MIN = 1 HORA"


def test_seven_for_eleven_costs_eleven_and_a_fee_that_is_not_named_stays() -> None:
    world = World()
    exchange(world, "serra", "FLOR", "bia")
    exchange(world, "encants", "ECO", "pau")
    link = linked(world, "serra", "encants", 400, rate="7 ECO for 11 FLOR", fee=1)
    quote = world.granted("serra", "quotes.create", AskQuote("pau@encants", whole(7), payer="bia"))
    assert quote.debit == Amount(11_00, "FLOR", 2)
    shown = world.granted("encants", "links.set-rate", SetLinkRate("7.1/11"), subject=link)
    assert (shown.rate, shown.fee) == ("71 ECO = 110 FLOR", Amount(1_00, "ECO", 2))


def test_what_a_currency_is_worth_may_be_a_ratio() -> None:
    world = World()
    exchange(world, "serra", "FLOR", "bia")
    world.granted("serra", "currencies.value", ValueCurrency("3/2"), subject="FLOR")
    refused = world.ask("serra", "currencies.value", ValueCurrency("1_0"), subject="FLOR")
    assert (refused.reason.code, refused.figures["field"]) == ("MALFORMED", "value")
