# SPDX-License-Identifier: AGPL-3.0-or-later
"""What was measured, and how it is told: each figure with its unit and its spread over the rounds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

NAME_CHARS = 52


@dataclass(frozen=True, slots=True)
class Target:
    """What a median is to reach, or to stay below."""

    bound: float
    at_least: bool = True

    def told(self, value: float) -> str:
        """Say whether a value is as it should be."""
        met = value >= self.bound if self.at_least else value <= self.bound
        return (
            f"target {'at least' if self.at_least else 'at most'} {_number(self.bound)}: {'met' if met else 'MISSED'}"
        )


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing measured in each round, in one unit."""

    name: str
    unit: str
    values: Sequence[float]
    target: Target | None = None

    @property
    def median(self) -> float:
        """The middle of the rounds."""
        return median(self.values)

    def told(self) -> str:
        """Return the line for it: median, unit, least and greatest, number of rounds, target."""
        spread = ""
        if len(self.values) > 1:
            spread = f"{_number(min(self.values))} to {_number(max(self.values))}, {len(self.values)} rounds"
        target = "" if self.target is None else self.target.told(self.median)
        words = "; ".join(word for word in (spread, target) if word)
        return f"  {self.name:<{NAME_CHARS}} {_number(self.median):>10} {self.unit:<14} {words}".rstrip()


def ratio(name: str, over: Figure, under: Figure, target: Target | None = None) -> Figure:
    """Return the ratio of two things measured side by side, round by round."""
    pairs = zip(over.values, under.values, strict=True)
    return Figure(name, "", [one / other for one, other in pairs], target)


@dataclass(frozen=True, slots=True)
class Shares:
    """Where the time of a thing went, in parts of the whole."""

    name: str
    parts: Mapping[str, float]

    def told(self) -> str:
        """Return a line for each part, the greatest first."""
        whole = sum(self.parts.values()) or 1.0
        parts = sorted(self.parts.items(), key=lambda part: -part[1])
        lines = [f"    {100 * value / whole:5.1f}% {name}" for name, value in parts]
        return "\n".join([f"  {self.name}:", *lines])


Told = Figure | Shares


def _number(value: float) -> str:
    size = abs(value)
    if size >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 10 else f"{value:.3g}" if size < 1 else f"{value:.2f}"
