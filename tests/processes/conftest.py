# SPDX-License-Identifier: AGPL-3.0-or-later
"""Communes of real nodes: whatever a test starts is ended, however the test ends."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from processes.hands import ByCommand, ByHttp, Hand
from processes.harness import Commune
from processes.nursery import Nursery
from soak.marked import rest_to_soak


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """The process that forks nodes for all tests."""
    nursery = Nursery()
    yield nursery
    nursery.close()


@pytest.fixture
def commune(tmp_path_factory: pytest.TempPathFactory, nursery: Nursery) -> Iterator[Commune]:
    """A commune for one test."""
    commune = Commune(tmp_path_factory.mktemp("commune"), nursery)
    yield commune
    commune.close()


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory, nursery: Nursery) -> Iterator[Commune]:
    """A commune for all tests of a module, none of which restarts its nodes."""
    commune = Commune(tmp_path_factory.mktemp("lasting"), nursery)
    yield commune
    commune.close()


@pytest.fixture(scope="module")
def by_command(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commune]:
    """A commune for all tests of a module, whose nodes are started by `mutirao serve`."""
    commune = Commune(tmp_path_factory.mktemp("by-command"))
    yield commune
    commune.close()


@pytest.fixture(params=rest_to_soak(["http", "command"], first=1))
def hand(request: pytest.FixtureRequest, tmp_path: Path) -> Hand:
    return ByHttp() if request.param == "http" else ByCommand(tmp_path)
