# SPDX-License-Identifier: AGPL-3.0-or-later
"""Starts stations, and stops them."""

from collections.abc import AsyncIterator

import pytest
from stations import Start, Station

from node.p2p.network import NetworkBounds
from protocol.peers.ties import Tie


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    stations: list[Station] = []

    async def start_station(
        name: str,
        *,
        consuming: bool = True,
        tie: Tie = Tie.PARTNER,
        listen: str = "/ip4/127.0.0.1/tcp/0",
        behind_proxy: bool = False,
        **bounds: int,
    ) -> Station:
        kept = NetworkBounds(**bounds)
        station = Station(name, kept, consuming=consuming, tie=tie, listen=listen, behind_proxy=behind_proxy)
        stations.append(station)
        await station.network.start()
        return station

    yield start_station  # type: ignore[misc]
    for station in stations:
        await station.network.stop()
