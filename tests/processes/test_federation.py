# SPDX-License-Identifier: AGPL-3.0-or-later
"""A federation of real nodes loses no payment and makes none twice, whatever the weather and whoever is killed."""

from collections.abc import Iterator
from random import Random

import pytest
from processes.federation import DELAY_SECONDS, LOSS, found
from processes.harness import Commune
from processes.weather import Weather

PAYMENTS = 60
APART_SECONDS = 4.0


@pytest.fixture
def weather() -> Iterator[Weather]:
    weather = Weather(Random(1))
    yield weather
    weather.close()


@pytest.mark.soak
@pytest.mark.timeout(120)
def test_payments_through_loss_partitions_and_a_kill(commune: Commune, weather: Weather) -> None:
    federation = found(commune, weather, (1, 2, 1, 1), seed=1)
    weather.loss, weather.delay_seconds = LOSS, DELAY_SECONDS
    with federation.trade(PAYMENTS):
        federation.wait_accepted(PAYMENTS // 6)
        pending, _ = federation.part(3, "silent", APART_SECONDS)
        assert pending, "the money waits while nobody answers"
        federation.part(3, "cut", APART_SECONDS)
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

    attempt = federation.accepted[0]
    attempt.was_accepted = False
    with pytest.raises(AssertionError, match="each once, no other"):
        federation.audit()
    attempt.was_accepted = True
    federation.members[0].pay_through(f"beto@{federation.nodes[-1].handle}", 1)
    with pytest.raises(AssertionError, match="each once, no other"):
        federation.audit()
    federation.verify_books()
