# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whether the clock can be believed: it may not run ahead of the time that has really passed.

What time alone brings (standing payments, dues, clearing by its rhythm) cannot be undone. So it waits where the
clock has leapt, until the clock is right again or somebody has looked. All else goes on by the clock as it is.
"""

from dataclasses import dataclass
from typing import ClassVar

from protocol.lanes.entry import Millis

LEAP_MS = 5 * 60_000
"""How far the clock may be ahead of the time that has passed."""
STEP_MS = 10_000
"""What it may be off from one second to the next: a slow batch, or a clock that is set right bit by bit."""


@dataclass(slots=True)
class Clock:
    """How far the clock is ahead of the time that has passed: not part of the fold."""

    TRANSIENT: ClassVar[bool] = True
    ahead_ms: Millis = 0
    now_ms: Millis | None = None
    """What it said last, where it was not ahead."""
    steady_ms: int | None = None
    """What a clock that nobody sets, and that counts from no known hour, said then."""
    _seen: tuple[Millis, int] | None = None

    @property
    def leapt(self) -> bool:
        """Whether what time alone brings has to wait."""
        return self.ahead_ms > LEAP_MS

    def calendar(self, now: Millis) -> Millis:
        """Return the hour by which what cannot be undone comes into force."""
        return now - self.ahead_ms if self.leapt else now

    def tick(self, now: Millis, steady_ms: int | None) -> None:
        """Compare what the clock says with the time that has passed, where somebody measures it."""
        if steady_ms is None:
            return
        if self._seen is not None:
            step = (now - self._seen[0]) - (steady_ms - self._seen[1])
            if abs(step) >= STEP_MS:
                self.ahead_ms += step
        self._seen = now, steady_ms
        if not self.leapt:
            self.now_ms, self.steady_ms = self._seen

    def accept(self) -> None:
        """Take the clock as it is."""
        self.ahead_ms = 0
