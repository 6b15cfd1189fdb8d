# SPDX-License-Identifier: AGPL-3.0-or-later
"""A setting is taken from the nearest place that gives it, and one that cannot be is named."""

from pathlib import Path
from typing import Any

import pytest

from node.keeping.config import FILE_NAME, Config, ConfigFault, load


def test_without_a_word_a_node_listens_to_this_machine_only(tmp_path: Path) -> None:
    assert load(tmp_path, {}, {}) == Config()
    assert Config().http == ("127.0.0.1", 8081)


def test_the_command_line_goes_before_the_environment_and_that_before_the_file(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text(
        'http = "127.0.0.1:1"\nlog_level = "error"\np2p = ["/ip4/127.0.0.1/tcp/1"]\n[client]\nnode = "x"\n'
    )
    environment = {"MUTIRAO_HTTP": "127.0.0.1:2", "MUTIRAO_PEERS": "/ip4/192.0.2.1/tcp/1,/ip4/192.0.2.2/tcp/1"}
    config = load(tmp_path, {"http": "[::1]:3", "p2p": None}, environment)
    assert config.http == ("::1", 3)
    assert config.peers == ("/ip4/192.0.2.1/tcp/1", "/ip4/192.0.2.2/tcp/1")
    assert config.log_level == "error"
    assert config.p2p == ("/ip4/127.0.0.1/tcp/1",)
    assert load(tmp_path, {}, environment).http == ("127.0.0.1", 2)
    assert load(tmp_path, {}, {}).http == ("127.0.0.1", 1)


@pytest.mark.parametrize(
    ("arguments", "environment", "written", "complaint"),
    [
        ({"http": "8081"}, {}, "", "--http is '8081': a host and a port"),
        ({"http": "127.0.0.1:99999"}, {}, "", "--http is '127.0.0.1:99999'"),
        ({"peers": ["serra"]}, {}, "", r"--peer is \['serra'\]: at most 512 multiaddrs"),
        ({}, {"MUTIRAO_BEHIND_PROXY": "maybe"}, "", "MUTIRAO_BEHIND_PROXY is 'maybe': true or false"),
        ({}, {"MUTIRAO_LOG_LEVEL": "loud"}, "", "MUTIRAO_LOG_LEVEL is 'loud': one of debug"),
        ({}, {}, 'tls_key = "/nowhere"', "tls_key in mutirao.toml is '/nowhere': there is no such file"),
        ({}, {}, "htttp = 1", "htttp in .*mutirao.toml is no setting"),
        ({}, {}, "http", "mutirao.toml cannot be read"),
        ({}, {}, 'p2p = [1, "x"]', "p2p in mutirao.toml"),
    ],
)
def test_a_setting_that_cannot_be_is_named_with_its_place(
    tmp_path: Path, arguments: dict[str, Any], environment: dict[str, str], written: str, complaint: str
) -> None:
    (tmp_path / FILE_NAME).write_text(written)
    with pytest.raises(ConfigFault, match=complaint):
        load(tmp_path, arguments, environment)


@pytest.mark.parametrize("address", ["0.0.0.0:8081", "192.0.2.1:8081", "[::]:8081", "riacho.example:8081"])
def test_what_others_can_reach_needs_tls_or_a_proxy(tmp_path: Path, address: str) -> None:
    with pytest.raises(ConfigFault, match="which others can reach"):
        load(tmp_path, {"http": address}, {})
    assert load(tmp_path, {"http": address, "behind_proxy": True}, {}).behind_proxy
    for name in ("chain.pem", "key.pem"):
        (tmp_path / name).write_text("")
    tls = {"tls_certificate": tmp_path / "chain.pem", "tls_key": tmp_path / "key.pem"}
    assert load(tmp_path, {"http": address, **tls}, {}).tls_key == tmp_path / "key.pem"
    with pytest.raises(ConfigFault, match="set together"):
        load(tmp_path, {"http": address, "tls_key": tmp_path / "key.pem"}, {})
    assert load(tmp_path, {"http": "localhost:1"}, {}).http == ("localhost", 1)
