# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whatever fits the node's own OpenAPI document, or does not, is answered by a status that the document names."""

import json
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from processes.harness import Commune, Node, environment, link_up, units
from soak.marked import rest_to_soak

from node.http.auth import FAILURES_AT_ONCE

SEED = 2
SECONDS_MAX = 200
NOT_CHECKED = "positive_data_acceptance"
"""What is well-formed may still be refused by a rule."""
DOORS = "ignored_auth"
"""The check that tries a bad token at each operation that has answered."""
DOORS_MAX = FAILURES_AT_ONCE * 3 // 2
"""So many doors are tried between two starts: some more than a node bears at once, since it forgets as time passes."""
DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi.json"
BRIEFLY = "examples,fuzzing"
ALL = "examples,coverage,fuzzing,stateful"
ASKED = [("stranger", BRIEFLY, 1), ("steward", BRIEFLY, 1), ("stranger", BRIEFLY, 5), ("steward", ALL, 5)]
"""Who asks, in which phases, and with how many examples. A stranger is turned away before what she sends is read."""
UNENDING = "/v1/events"
"""A stream of events ends only with its reader; tests/node/http/test_http_events.py has what it may answer."""


@dataclass
class Town:
    """Riacho with members, payments and a link, and what can be found there: an id for each noun."""

    node: Node
    ids: dict[str, str]

    def settings(self) -> str:
        """Return the settings by which all questions are about things that are there."""
        return "\n".join(
            f"[[operations]]\ninclude-path-regex = '^/v1/{noun}/'\nparameters = {{ 'path.id' = '{name}' }}\n"
            for noun, name in self.ids.items()
        )


@pytest.fixture(scope="module")
def town(lasting: Commune) -> Town:
    riacho, serra = lasting.riacho_and_serra()
    ana, _ = riacho.join("ana"), riacho.join("beto")
    serra.join("edna")
    link = link_up(riacho, serra, 100)
    payment = ana.pay("beto", 1)["id"]
    ana.pay_through("edna@serra", 1)
    request = riacho.api.post("/v1/payment-requests", {"payee": "beto", "amount": units(1)})["id"]
    # Whoever tries to delete tokens shall not delete the one that it asks with.
    token = riacho.api.post("/v1/tokens", {"label": "till", "member": "ana"})["id"]
    ids = {
        "members": "ana", "accounts": "ana", "currencies": "HORA", "networks": riacho.network_id, "links": link,
        "payments": payment, "receipts": payment, "payment-requests": request,
        "tokens": token,
    }  # fmt: skip
    return Town(riacho, ids)


@pytest.mark.timeout(SECONDS_MAX + 20)
@pytest.mark.parametrize(("who", "phases", "examples"), rest_to_soak(ASKED, first=2))
def test_no_answer_is_a_server_error_or_undocumented(
    town: Town, who: str, phases: str, examples: int, tmp_path: Path
) -> None:
    asked = "--phases", phases, "--max-examples", str(examples)
    ask_around(town, tmp_path, "--exclude-checks", f"{NOT_CHECKED},{DOORS}", *asked, signed_in=who == "steward")


def nouns_in_parts() -> list[str]:
    """Return the nouns of all paths in order, as a regex for each part of so many doors."""
    paths = json.loads(DOCUMENT.read_text())["paths"]
    doors = [path.split("/")[2] for path, asked in paths.items() if path.startswith("/v1/") for _ in asked]
    parts: list[list[str]] = [[]]
    for noun, count in sorted(Counter(doors).items()):
        if sum(doors.count(one) for one in parts[-1]) + count > DOORS_MAX:
            parts.append([])
        parts[-1].append(noun)
    return [f"^/v1/({'|'.join(part)})(/|$)" for part in parts]


@pytest.mark.timeout(SECONDS_MAX + 20)
@pytest.mark.parametrize("nouns", nouns_in_parts())
def test_no_door_opens_to_a_bad_token(town: Town, nouns: str, tmp_path: Path) -> None:
    # One bad token is tried at each door, and a node bears so many at once from one address: it begins anew.
    town.node.stop()
    town.node.start()
    asked = "--phases", BRIEFLY, "--max-examples", "1", "--include-path-regex", nouns
    ask_around(town, tmp_path, "--checks", DOORS, *asked, signed_in=True)


def ask_around(town: Town, folder: Path, *asked: str, signed_in: bool) -> None:
    token = ["--header", f"Authorization: Bearer {town.node.api.token}"] if signed_in else []
    if token:
        (folder / "schemathesis.toml").write_text(town.settings())
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")), "run", f"{town.node.url}/openapi.json", *token, *asked,
            "--exclude-path", UNENDING, "--seed", str(SEED), "--generation-deterministic",
            "--generation-with-security-parameters", "false", "--continue-on-failure", "--request-timeout", "20",
            "--no-color",
        ],
        capture_output=True, text=True, timeout=SECONDS_MAX, cwd=folder, env=environment(), check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]
    assert town.node.readiness == 200 and town.node.is_zero_sum
    metrics = town.node.api.ask("GET", "/metrics").body.decode().splitlines()
    assert "mutirao_bugs_total 0.0" in metrics
