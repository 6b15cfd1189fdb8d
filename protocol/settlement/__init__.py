# SPDX-License-Identifier: AGPL-3.0-or-later
"""Settlement: what passes between networks over signed credit lines."""

from dataclasses import replace

from protocol.economy.feature import Feature
from protocol.settlement import (
    abroad,
    checkpoints,
    clearing,
    faults,
    federations,
    importers,
    links,
    networks,
    obligations,
    offers,
    quotes,
    recoveries,
    rounds,
    routing,
    setoffs,
)

FEATURES: tuple[Feature, ...] = (
    networks.FEATURE,
    federations.FEATURE,
    offers.FEATURE,
    links.FEATURE,
    importers.FEATURE,
    routing.FEATURE,
    quotes.FEATURE,
    abroad.FEATURE,
    replace(clearing.FEATURE, due=rounds.due),
    checkpoints.FEATURE,
    faults.FEATURE,
    obligations.FEATURE,
    setoffs.FEATURE,
    recoveries.FEATURE,
)
