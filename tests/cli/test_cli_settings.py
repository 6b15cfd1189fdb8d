# SPDX-License-Identifier: AGPL-3.0-or-later
"""Command line before environment before mutirao.toml; keys and tokens are kept from other eyes."""

import json
import stat
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli import keys
from cli.ending import Misuse
from cli.settings import NODE_URL, CommandSettings, settings
from protocol.wire.keys import KeyPair, id_text, verify

RIACHO = bytes(range(32))
CHALLENGE = RIACHO + bytes(32)


def asked(**given: str) -> Namespace:
    return Namespace(**{"node": None, "token": None, "key": None, **given})


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def configured(here: Path) -> Path:
    (here / "by.toml.token").write_text("mt_toml\n")
    (here / "mutirao.toml").write_text(
        '[client]\nnode = "http://toml"\ntoken_file = "by.toml.token"\nkey = "toml.key"\n'
    )
    return here


@pytest.mark.usefixtures("here")
def test_without_any_settings_the_node_of_this_machine_is_asked() -> None:
    assert settings(asked(), {}) == CommandSettings(NODE_URL, None, None)


@pytest.mark.usefixtures("configured")
def test_the_command_line_goes_before_the_environment_and_that_before_the_file() -> None:
    environment = {"MUTIRAO_NODE": "http://environment", "MUTIRAO_TOKEN": "mt_environment"}
    typed = asked(node="http://typed", token="mt_typed")
    assert settings(typed, environment) == CommandSettings("http://typed", "mt_typed", None)
    assert settings(asked(), environment) == CommandSettings("http://environment", "mt_environment", None)
    assert settings(asked(), {}) == CommandSettings("http://toml", "mt_toml", Path("toml.key"))


@pytest.mark.usefixtures("configured")
def test_a_key_that_is_typed_does_not_go_out_under_a_token_that_lay_about() -> None:
    environment = {"MUTIRAO_TOKEN": "mt_steward", "MUTIRAO_KEY": "steward.key"}
    assert settings(asked(key="ana.key"), environment) == CommandSettings("http://toml", None, Path("ana.key"))
    assert settings(asked(token="mt_ana"), environment) == CommandSettings("http://toml", "mt_ana", None)
    assert settings(asked(), environment) == CommandSettings("http://toml", "mt_steward", Path("steward.key"))


def test_the_user_s_own_file_counts_where_there_is_none_here(here: Path) -> None:
    (here / "mutirao").mkdir()
    (here / "mutirao/mutirao.toml").write_text('[client]\nnode = "http://user"\nkey = "ana.key"\n')
    found = settings(asked(), {"XDG_CONFIG_HOME": str(here)})
    assert found == CommandSettings("http://user", None, here / "mutirao/ana.key")


def test_a_token_file_is_read_but_not_a_wrong_one(here: Path) -> None:
    (here / "token").write_text(" mt_file \n")
    assert settings(asked(), {"MUTIRAO_TOKEN_FILE": "token"}).token == "mt_file"
    for wrong in (b"", b"\n", b"\xff"):
        (here / "token").write_bytes(wrong)
        with pytest.raises(Misuse, match="token holds no token"):
            settings(asked(), {"MUTIRAO_TOKEN_FILE": "token"})
    with pytest.raises(Misuse, match="nowhere holds no token"):
        settings(asked(), {"MUTIRAO_TOKEN_FILE": "nowhere"})


@pytest.mark.parametrize("written", ["[client]\nnod = 'x'", "[client]\nnode = 1", "client = 1", "[client", "\xff"])
def test_a_file_that_cannot_be_meant_is_refused(here: Path, written: str) -> None:
    (here / "mutirao.toml").write_bytes(written.encode("latin-1"))
    with pytest.raises(Misuse, match=r"mutirao\.toml"):
        settings(asked(), {})


def test_a_node_s_own_settings_in_the_same_file_are_not_the_command_s(here: Path) -> None:
    (here / "mutirao.toml").write_text('http = "127.0.0.1:9"\n')
    assert settings(asked(), {}) == CommandSettings(NODE_URL, None, None)


def test_a_new_key_is_its_owner_s_alone_and_never_written_over(mutirao: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "ana.key"
    public = mutirao("keys", "new", "--out", path, "--json").shown["public_key"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert mutirao("keys", "show", path).out == f"file        {path}\npublic key  {public}\n"
    before = path.read_bytes()
    ended = mutirao("keys", "new", "--out", path)
    assert (ended.code, ended.out) == (2, "")
    assert "already there" in ended.err
    assert path.read_bytes() == before


def test_a_key_that_others_can_read_is_warned_of(mutirao: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "ana.key"
    mutirao("keys", "new", "--out", path)
    path.chmod(0o640)
    ended = mutirao("keys", "show", path)
    assert ended.code == 0
    assert ended.err == f"mutirao: others can read {path}: chmod 600 {path}\n"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: b"",
        lambda _: b"[]",
        lambda held: json.dumps({**held, "form": "other"}).encode(),
        lambda held: json.dumps({**held, "secret_seed": "AAAA"}).encode(),
        lambda held: json.dumps({**held, "secret_seed": keys.text_of(bytes(32))}).encode(),
        lambda held: json.dumps({**held, "secret_seed": 7}).encode(),
    ],
)
def test_a_file_that_holds_no_key_is_refused_without_telling_the_secret(
    mutirao: Callable[..., Any], tmp_path: Path, spoil: Callable[[Any], bytes]
) -> None:
    path = tmp_path / "ana.key"
    keys.write_new(path)
    held = json.loads(path.read_text())
    path.write_bytes(spoil(held))
    ended = mutirao("keys", "show", path)
    assert ended.code == 2
    assert "holds no key" in ended.err and held["secret_seed"] not in ended.err


def node_of(stub: Any, challenge: bytes = CHALLENGE) -> None:
    stub.shows("GET", "/v1/node", {"network_id": id_text(RIACHO), "handle": "riacho"})
    stub.shows("POST", "/v1/challenges", {"challenge": keys.text_of(challenge)}, 201)
    stub.shows(
        "POST", "/v1/sessions", {"token": "mt_session", "member": "M", "expires": "2026-12-01T00:00:00.000Z"}, 201
    )


def test_a_key_signs_in_and_the_session_s_token_asks(mutirao: Callable[..., Any], stub: Any, tmp_path: Path) -> None:
    node_of(stub)
    stub.shows("GET", "/v1/accounts", {"items": [], "next": None})
    public = keys.bytes_of(keys.write_new(tmp_path / "ana.key"))
    assert mutirao("balance", "--key", tmp_path / "ana.key").code == 0
    said = stub.asked("POST", "/v1/sessions")[0].body
    assert keys.bytes_of(said["key"]) == public
    assert verify(public, "session", CHALLENGE, keys.bytes_of(said["signature"]))
    assert stub.asked("GET", "/v1/accounts")[0].headers["Authorization"] == "Bearer mt_session"


@pytest.mark.parametrize("challenge", [bytes(64), b"", RIACHO[:31]])
def test_another_network_s_challenge_is_not_signed(
    mutirao: Callable[..., Any], stub: Any, tmp_path: Path, challenge: bytes
) -> None:
    node_of(stub, challenge)
    keys.write_new(tmp_path / "ana.key")
    ended = mutirao("balance", "--key", tmp_path / "ana.key")
    assert ended.code == 3
    assert "another network than its own" in ended.err
    assert stub.asked("POST", "/v1/sessions") == []


def test_a_saved_session_is_its_owner_s_alone_and_not_printed(
    mutirao: Callable[..., Any], stub: Any, tmp_path: Path
) -> None:
    node_of(stub)
    keys.write_new(tmp_path / "ana.key")
    path = tmp_path / "ana.token"
    for _ in range(2):  # an older session's file gives way
        ended = mutirao("login", "--key", tmp_path / "ana.key", "--save", path, "--json")
        assert (ended.shown["token"], ended.shown["token_file"]) == (None, str(path))
    assert path.read_text() == "mt_session\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert mutirao("login", "--key", tmp_path / "ana.key", "--json").shown["token"] == "mt_session"


def test_signing_in_needs_a_key(mutirao: Callable[..., Any], stub: Any) -> None:
    ended = mutirao("login", "--token", "mt_t")
    assert ended.code == 2
    assert "this needs a key" in ended.err
    assert stub.heard == []


def test_a_key_file_holds_the_key_that_it_shows(tmp_path: Path) -> None:
    public = keys.write_new(tmp_path / "ana.key")
    held = json.loads((tmp_path / "ana.key").read_text())
    assert KeyPair.from_seed(keys.bytes_of(held["secret_seed"])).public == keys.bytes_of(public)
