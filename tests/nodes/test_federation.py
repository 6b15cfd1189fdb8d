# SPDX-License-Identifier: AGPL-3.0-or-later
"""A federation of real nodes loses no payment and makes none twice, whatever the weather and whoever is killed."""

import time
from collections.abc import Iterator
from random import Random

import pytest
from nodes.federation import LOSS, found
from nodes.harness import Commune
from nodes.weather import Weather

PAYMENTS = 60
APART_SECONDS = 4.0


@pytest.fixture
def weather() -> Iterator[Weather]:
    weather = Weather(Random(1))
    yield weather
    weather.close()


@pytest.mark.timeout(120)
def test_payments_through_loss_partitions_and_a_kill(commune: Commune, weather: Weather) -> None:
    federation = found(commune, weather, (1, 2, 1, 1), seed=1)
    near, far = federation.nodes[:3], federation.nodes[3:]
    weather.loss = LOSS
    with federation.trade(PAYMENTS):
        federation.wait_accepted(PAYMENTS // 6)
        for how in ("silent", "cut"):
            weather.part([one.handle for one in near], [one.handle for one in far], how=how)
            time.sleep(APART_SECONDS)
            weather.heal()
            federation.wait_accepted(PAYMENTS // 3)
        victim = federation.nodes[2]
        victim.kill()
        victim.start()
        federation.wait_accepted(PAYMENTS)
    weather.clear()
    federation.settle()
    ends = federation.audit()
    assert ends["posted"] and sum(ends.values()) >= PAYMENTS
    assert {one.hops for one in federation.accepted} >= {1, 2, 3}
    assert weather.figures.lost and weather.figures.partings == 2
    federation.verify_books()
