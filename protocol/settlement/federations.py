# SPDX-License-Identifier: AGPL-3.0-or-later
"""Federations: networks that clear together and find each other, by a charter that no centre keeps (PROTOCOL 8)."""

from protocol.economy.feature import Feature
from protocol.settlement import charters

FEATURE = Feature(
    name="federations",
    entries=(),
    words=charters.WORDS,
    hear=charters.hear,
    unhear=charters.unhear,
)
