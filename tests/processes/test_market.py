# SPDX-License-Identifier: AGPL-3.0-or-later
"""Offers and needs between two real nodes, by command and over HTTP: found, told of, shown, over a kill."""

import json
from base64 import urlsafe_b64decode
from hashlib import sha256
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from PIL import Image
from processes.harness import Commune, Node, link_up, mutirao, start, until


def command(node: Node, *words: str) -> Any:
    """Return what a command prints as JSON, given as the steward."""
    done = mutirao(*words, "--node", node.url, "--token", node.api.token or "", "--json")
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return json.loads(done.stdout)


def refused(node: Node, *words: str) -> str:
    """Return by which code a command is refused."""
    done = mutirao(*words, "--node", node.url, "--token", node.api.token or "", "--json")
    assert done.returncode == 1, (words, done.stdout, done.stderr)
    return done.stderr.split(": ")[1]


def told(node: Node, kind: str) -> Any:
    """Return the first event of a kind since the node began, as its steward reads it."""
    connection = HTTPConnection("127.0.0.1", node.api.port, timeout=20)
    headers = {"Authorization": f"Bearer {node.api.token}", "Last-Event-ID": "0"}
    connection.request("GET", f"/v1/events?types={kind}", headers=headers)
    response = connection.getresponse()
    try:
        while not (line := response.readline()).startswith(b"data: "):
            assert line, "the stream has ended"
        return json.loads(line.removeprefix(b"data: "))
    finally:
        connection.close()


@pytest.mark.soak
@pytest.mark.timeout(90)
def test_cheese_of_one_network_is_found_in_another(commune: Commune, tmp_path: Path) -> None:
    riacho, serra = commune.riacho_and_serra()
    riacho.join("ana")
    serra.join("bia")
    link_up(riacho, serra, 100, rate="2")
    saved = command(serra, "searches", "save", "--search", "queijo cabra", "--member", "bia")
    flour = (
        "--title", "Queijo de cabra", "--text", "Curado 60 dias", "--quantity", "1,5 kg", "--prices", "4.50 HORA",
        "--state-money", "10.00 BRL", "--labels", "organic", "--place", "geo:-23.55051,-46.63331", "--code", "22254",
    )  # fmt: skip
    offer = command(riacho, "offers", "publish", *flour, "--member", "ana")
    assert (offer["quantity"], offer["place"]) == ({"value": "1.5", "unit": "KGM", "symbol": "kg"}, "geo:-23.55,-46.63")

    def found(*words: str) -> list[Any]:
        return command(serra, "search", "list", *words)["items"]

    until(lambda: found("--search", "CABRA quei", "--code", "222"), "Serra finds the cheese")
    [seen] = found("--search", "cabra", "--near", "geo:-23,-46", "--within-km", "100", "--max-price", "9.00 FLOR")
    [price] = seen["prices"]
    assert (seen["handle"], seen["member"], seen["kind"], seen["km"]) == ("riacho", "ana", "offer", 89)
    assert (price["amount"]["value"], price["beside"]["asset_code"], price["here"]["value"]) == ("450", "BRL", "900")
    assert found("--search", "cabra", "--max-price", "8.99 FLOR") == []
    assert command(serra, "offers", "show", f"{offer['id']}@riacho")["title"] == "Queijo de cabra"
    matched = told(serra, "search.matched")
    assert (matched["resource"], matched["figures"]["search"]) == (seen["id"], saved["id"])

    Image.effect_noise((400, 300), 90).save(tmp_path / "cheese.png")
    command(riacho, "offer-pictures", "set", "--offer", offer["id"], "--picture", str(tmp_path / "cheese.png"))
    with urlopen(f"{riacho.url}/v1/offer-pictures/{offer['id']}") as answer:  # noqa: S310 - of a node of ours
        shown = json.load(answer)
    digest = sha256(urlsafe_b64decode(shown["jpeg"] + "==")).hexdigest()
    until(lambda: found("--search", "cabra")[0]["version"] == 2, "Serra knows that there is a picture")
    assert command(serra, "offers", "show", seen["id"])["picture"] == digest
    assert refused(serra, "offer-pictures", "show", seen["id"]) == "PICTURE_ELSEWHERE"
    written = tmp_path / "shown.jpg"
    done = mutirao("offer-pictures", "show", offer["id"], "--output", str(written), "--node", riacho.url)
    assert (done.returncode, sha256(written.read_bytes()).hexdigest()) == (0, digest), done.stderr

    for words, code in (
        (("--title", "Leite", "--quantity", "1.234 l"), "NUMBER_UNCLEAR"),
        (("--title", "Leite", "--quantity", "3 baldes"), "UNIT_UNKNOWN"),
        (("--title", "Leite", "--prices", "1.00 SOL"), "CURRENCY_UNKNOWN"),
        (("--title", "Leite", "--place", "here"), "MALFORMED"),
    ):
        assert refused(riacho, "offers", "publish", *words, "--member", "ana") == code
    for node in (riacho, serra):
        node.kill()
    start(riacho, serra)
    assert [one["title"] for one in found("--member", "ana")] == ["Queijo de cabra"]
    assert [one["id"] for one in command(serra, "searches", "list", "--member", "bia")["items"]] == [saved["id"]]
    command(riacho, "members", "suspend", "ana")
    until(lambda: not found("--search", "queijo"), "Serra hears that it is offered no more")
