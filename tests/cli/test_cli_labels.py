# SPDX-License-Identifier: AGPL-3.0-or-later
"""A label as it is typed at a real node, and checked from its file without any."""

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_cli_governance import SOON_SECONDS, Home, decided, opened, until

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def riacho(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    home = opened(tmp_path_factory)
    yield home
    home.stop()


def test_a_label_from_its_scheme_to_a_check_without_any_node(
    mutirao: Callable[..., Any], riacho: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steward = riacho.steward
    for handle in ("growers", "elio"):
        code = mutirao("invitations", "create", *steward).shown["code"]
        assert mutirao("join", code, "--handle", handle, "--node", riacho.url, "--json").code == 0
        assert mutirao("members", "approve", handle, *steward).code == 0
    assert mutirao("parameters", "set", "motions.least_minutes", "--value", "0", *steward).code == 0
    rules = sha256(b"No sugar is fed.").hexdigest()
    terms = ("--name", "Honey", "--rules", rules, "--topic", "environment.biodiversity", "--codes", "0291")
    scheme = mutirao("label-schemes", "declare", *terms, "--owner", "growers", *steward).shown
    did = scheme["issuers"][0]["did"]
    given = ("labels", "issue", "--scheme", scheme["id"], "--holder", "elio", "--issuer", "growers")
    beyond = mutirao(*given, "--codes", "21494", *steward)
    assert beyond.code == 1 and "SCHEME_SCOPE: The scheme does not cover 21494" in beyond.err
    made = mutirao(*given, "--codes", "02910", "--gtins", "4006381333931", *steward)
    assert made.code == 0, made.err
    label = made.shown["id"]
    assert made.shown["links"] == ["https://id.gs1.org/01/04006381333931"]
    check = ("labels", "verify", "--label", label, "--code", "02910")
    untrusted = mutirao(*check, *steward)
    assert untrusted.code == 1 and "ISSUER_UNTRUSTED: Issuer not trusted: growers" in untrusted.err

    closes = (datetime.now(UTC) + timedelta(seconds=SOON_SECONDS)).isoformat()
    wish = json.dumps({"operation": "label-issuers.trust", "wish": {"issuer": did}})
    motion = mutirao("motions", "create", "--text", "It", "--closes", closes, "--wishes", wish, *steward).shown["id"]
    for handle in ("growers", "elio"):
        assert mutirao("motions", "vote", motion, "--ballot", "yes", "--member", handle, *steward).code == 0
    assert until(lambda: decided(mutirao, riacho, motion), "the group to decide")["state"] == "executed"
    assert mutirao(*check, *steward).shown["holder_name"] == "elio"

    files = {name: tmp_path / name for name in ("honey.vc", "honey.list", "jam.vc")}
    told = ("labels", "credential", "--label", label, "--format", "vc", "--output")
    assert mutirao(*told, files["honey.vc"], "--node", riacho.url).code == 0
    assert mutirao(*told, files["honey.list"], "--status", "--node", riacho.url).code == 0
    riacho.stop()
    alone = ("verify", "label", files["honey.vc"], "--json")
    found = mutirao(*alone, "--status", files["honey.list"], "--trusted", did, "--code", "02910")
    assert found.code == 0, found.err
    assert (found.shown["valid"], found.shown["holder"], found.shown["status_days_old"]) == (True, "elio", 0)
    assert found.shown["warnings"] == []
    clock, day_ns = time.time_ns, 24 * 60 * 60 * 10**9
    for days, warnings in ((30, []), (31, ["STATUS_STALE"])):
        with monkeypatch.context() as later:
            later.setattr(time, "time_ns", lambda days=days: clock() + days * day_ns)
            found = mutirao(*alone, "--status", files["honey.list"], "--trusted", did, "--code", "02910")
        assert (found.shown["valid"], found.shown["status_days_old"], found.shown["warnings"]) == (True, days, warnings)
    bare = mutirao(*alone)
    assert (bare.shown["valid"], bare.shown["warnings"]) == ("if you trust its issuer", ["STATUS_UNKNOWN"])
    files["jam.vc"].write_text(files["honey.vc"].read_text().replace("02910", "21494"))
    for words, code in (
        (("label", files["honey.vc"], "--code", "21494"), "OUT_OF_SCOPE: This label does not cover 21494"),
        (("label", files["honey.vc"], "--trusted", "did:key:z6Mk"), "ISSUER_UNTRUSTED: Issuer not trusted: growers"),
        (("label", files["jam.vc"], "--code", "21494"), "LABEL_TAMPERED: The signature does not fit"),
        (("label", files["honey.vc"], "--status", files["honey.vc"]), "MALFORMED: status."),
        (("label", files["honey.list"]), "MALFORMED: credential."),
    ):
        ended = mutirao("verify", *words)
        assert ended.code == 1 and code in ended.err, ended.err
    assert mutirao("verify", "label", tmp_path / "nothing").code == 2

    riacho.serve()
    assert mutirao("labels", "revoke", label, "--yes", *riacho.steward).shown["state"] == "revoked"
    assert mutirao(*told, files["honey.list"], "--status", "--node", riacho.url).code == 0
    ended = mutirao(*alone, "--status", files["honey.list"], "--trusted", did)
    assert ended.code == 1 and "LABEL_REVOKED: Revoked by growers" in ended.err
