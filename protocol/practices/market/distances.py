# SPDX-License-Identifier: AGPL-3.0-or-later
"""How far two places are apart, by the great circle: whole numbers throughout, so that all nodes find the same."""

from collections.abc import Callable
from functools import cache

from protocol.practices.market.intents import IntentPlace

_RADIUS_KM = 6_371
_ONE = 10**24
"""What 1 is counted as: a kilometre changes the cosine by a part in 10^8."""
_PI = 3_141_592_653_589_793_238_462_643
_HALF_TURN = 18_000
"""Hundredths of a degree."""
GREAT_CIRCLE_KM_MAX = 20_016


def is_within(one: IntentPlace, other: IntentPlace, km: int) -> bool:
    """Tell whether two places are at most so many kilometres apart."""
    return within(one, km)(other)


def within(place: IntentPlace, km: int) -> Callable[[IntentPlace], bool]:
    """Return what tells whether another place is at most so many kilometres away; for many, it is quicker."""
    if km >= GREAT_CIRCLE_KM_MAX:
        return lambda _: True
    sine, cosine, east, least = _sine(place.north), _cosine(place.north), place.east, _cosine_at(km) * _ONE

    def is_near(other: IntentPlace) -> bool:
        level, along = sine * _sine(other.north), cosine * _cosine(other.north) // _ONE
        return level + along * _cosine(east - other.east) >= least or other == place

    return is_near


def km_between(one: IntentPlace, other: IntentPlace) -> int:
    """Return how many kilometres two places are apart, rounded up."""
    cosine, low, high = _cosine_between(one, other), 0, GREAT_CIRCLE_KM_MAX
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if cosine >= _cosine_at(middle) else (middle + 1, high)
    return low


def _cosine_between(one: IntentPlace, other: IntentPlace) -> int:
    """Return the cosine of the angle between two places, seen from the middle of the earth."""
    if one == other:
        return _ONE
    level = _sine(one.north) * _sine(other.north)
    return (level + _cosine(one.north) * _cosine(other.north) // _ONE * _cosine(one.east - other.east)) // _ONE


@cache
def _cosine_at(km: int) -> int:
    return _ONE if km == 0 else _cosine_of(km * _ONE // _RADIUS_KM)


@cache
def _cosine(hundredths: int) -> int:
    return _cosine_of(abs(hundredths) * _PI // _HALF_TURN)


def _sine(hundredths: int) -> int:
    return _cosine(_HALF_TURN // 2 - hundredths)


def _cosine_of(angle: int) -> int:
    """Return the cosine of an angle in radians by its series; angles of a turn at most."""
    total = term = _ONE
    step = 0
    while term:
        step += 2
        # The sign is kept apart: a floor of what is below 0 would never come to it.
        term = term * angle // _ONE * angle // _ONE // (step * (step - 1))
        total += term if step % 4 == 0 else -term
    return total
