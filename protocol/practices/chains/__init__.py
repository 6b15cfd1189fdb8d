# SPDX-License-Identifier: AGPL-3.0-or-later
"""Productive chains (Euclides Mance): what leaves a network, who could make it inside, what that would keep."""

from protocol.book.declaration import Practice
from protocol.practices.chains import prices

PRACTICES: tuple[Practice, ...] = (prices.PRACTICE,)
