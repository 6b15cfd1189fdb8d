# SPDX-License-Identifier: AGPL-3.0-or-later
"""What people mean by what they say of an offer: days by their own clock, prices of one unit, marks with accents."""

from datetime import UTC, datetime
from typing import Any

import pytest
from simulation.groups import exchange
from simulation.world import World

from protocol.book.declaration import Refused
from protocol.book.money import Amount
from protocol.practices.governance.parameters import SetParameter
from protocol.practices.market.matches.views import MatchesWanted
from protocol.practices.market.measures import NUMBER_UNCLEAR
from protocol.practices.market.wishes import OffersWanted, PublishNeed, PublishOffer


@pytest.fixture
def world() -> World:
    """Riacho by the clock of São Paulo, on 14 November 2023 at 19:13: in UTC three hours later."""
    world = World()
    exchange(world, "riacho", "HORA", "ana", "bia")
    world.granted("riacho", "parameters.set", SetParameter("America/Sao_Paulo"), subject="group.time_zone")
    return world


def published(world: World, **said: Any) -> Any:
    return world.ask("riacho", "offers.publish", PublishOffer(**{"title": "Wool", "member": "ana", **said}))


def utc(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1_000, UTC).isoformat(timespec="milliseconds")[:23]


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("2023-11-14", "2023-11-15T02:59:59.999"),
        ("2023-12-20", "2023-12-21T02:59:59.999"),
        ("2023-12-20T18:00", "2023-12-20T21:00:00.000"),
        ("2023-12-20T18:00:00Z", "2023-12-20T18:00:00.000"),
        ("2023-12-20T18:00:00+02:00", "2023-12-20T16:00:00.000"),
    ],
)
def test_a_day_lasts_to_its_end_by_the_group_s_clock(world: World, text: str, ends: str) -> None:
    shown = published(world, until=text, days=90)
    assert (utc(shown.until), shown.ends_at) == (ends, shown.until)


def test_a_day_begins_by_the_group_s_clock(world: World) -> None:
    assert utc(published(world, since="2023-12-20").since) == "2023-12-20T03:00:00.000"
    same_day = published(world, since="2023-12-20", until="2023-12-20")
    assert utc(same_day.until) == "2023-12-21T02:59:59.999"


@pytest.mark.parametrize(
    "text",
    [
        "2023-11-13",
        "tomorrow",
        "2023-02-30",
        "2023-W50",
        "20231220",
        "9999-12-31",
        "1969-01-01",
        "2023-12-20T25:00",
        "",
    ],
)
def test_what_is_no_day_to_come_is_refused(world: World, text: str) -> None:
    refused = published(world, until=text)
    assert isinstance(refused, Refused), refused
    assert (refused.reason.code, refused.figures["field"]) == ("MALFORMED", "until")


def test_of_what_a_price_is_and_what_all_comes_to_is_told(world: World) -> None:
    price = (Amount(5_00, "HORA", 2),)
    for said, per, total in (
        ({"quantity": "500 g"}, "g", 2_500_00),
        ({"quantity": "500 g", "unit": "kg"}, "kg", 2_50),
        ({"quantity": "3 caixas de 12"}, "×", 180_00),
        ({"unit": "h"}, "h", None),
        ({}, "piece", None),
    ):
        [shown] = published(world, prices=price, **said).prices
        assert (shown.per, None if shown.total is None else shown.total.value) == (per, total), said


def test_accents_of_marks_do_not_matter(world: World) -> None:
    published(world, labels=("orgânico", "★"))
    for label, found in (("organico", 1), ("ORGÂNICO", 1), ("★", 1), ("☆", 0), ("organic", 0)):
        listed = world.granted("riacho", "offers.list", OffersWanted(label=label)).items
        assert len(listed) == found, label
    world.granted("riacho", "needs.publish", PublishNeed("Wool", labels=("ORGANICO",), member="bia"))
    [match] = world.granted("riacho", "matches.list", MatchesWanted()).items
    assert (match.buyer, match.seller) == ("bia", "ana")


@pytest.mark.parametrize("text", ["-10 kg", "R$ 300,00", "=400", "1.234 kg"])
def test_what_is_wrong_with_a_number_is_told_as_it_is(world: World, text: str) -> None:
    refused = published(world, quantity=text)
    assert isinstance(refused, Refused)
    assert refused.reason is NUMBER_UNCLEAR
    told = " ".join((NUMBER_UNCLEAR.sentence, *NUMBER_UNCLEAR.ways))
    assert "--language" not in told, "over HTTP there is a field language"
    assert all(word in told for word in ("sign", "mark of money", "formula", "field language"))


def test_a_bound_in_a_currency_that_nobody_has_is_refused(world: World) -> None:
    asked = world.ask("riacho", "offers.list", OffersWanted(max_price="3.00 EUR"))
    assert isinstance(asked, Refused)
    assert asked.reason.code == "CURRENCY_UNKNOWN"
    assert world.granted("riacho", "offers.list", OffersWanted(max_price="3.00 HORA")).items == ()
