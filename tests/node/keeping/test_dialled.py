# SPDX-License-Identifier: AGPL-3.0-or-later
"""The addresses that a steward has given a running node are kept, each once, up to a bound."""

from pathlib import Path

import pytest

from node.keeping.dialled import DIALLED_MAX, keep_dialled, read_dialled


def test_addresses_are_kept_in_order_each_once_up_to_a_bound(tmp_path: Path) -> None:
    assert read_dialled(tmp_path) == ()
    for _ in range(2):
        for number in range(DIALLED_MAX):
            keep_dialled(tmp_path, f"/ip4/192.0.2.1/tcp/{number}")
    assert len(read_dialled(tmp_path)) == DIALLED_MAX
    with pytest.raises(ValueError, match="at most"):
        keep_dialled(tmp_path, "/ip4/192.0.2.2/tcp/1")
    assert read_dialled(tmp_path)[0] == "/ip4/192.0.2.1/tcp/0" and len(read_dialled(tmp_path)) == DIALLED_MAX
    assert [one.name for one in tmp_path.iterdir()] == ["dialled"]
