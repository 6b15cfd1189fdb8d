# SPDX-License-Identifier: AGPL-3.0-or-later
"""Communes of real nodes: whatever a test starts is ended, however the test ends."""

from collections.abc import Iterator

import pytest
from nodes.harness import Commune


@pytest.fixture
def commune(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commune]:
    """A commune for one test."""
    commune = Commune(tmp_path_factory.mktemp("commune"))
    yield commune
    commune.close()


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commune]:
    """A commune for all tests of a module, none of which restarts its nodes."""
    commune = Commune(tmp_path_factory.mktemp("lasting"))
    yield commune
    commune.close()
