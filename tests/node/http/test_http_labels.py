# SPDX-License-Identifier: AGPL-3.0-or-later
"""A label over HTTP: declared, issued, trusted by vote, verified by anybody, by its file too, and revoked."""

import asyncio
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from node.http.values import bytes_text
from tests.node.http.tried import DAY_MS, Trial, amount, founded

pytestmark = pytest.mark.timeout(60)

PEOPLE = ("growers", "elio", "ana")


async def asked(one: Trial, path: str, body: Any) -> tuple[int, Any]:
    """Ask without any token, as who was shown a label does."""
    async with ClientSession() as session, session.post(one.url + path, json=body) as response:
        return response.status, await response.json()


async def test_a_label_is_verified_by_anybody_and_each_way_not_to_count_has_its_code(tmp_path: Path) -> None:
    async with founded(tmp_path / "riacho") as one:
        for handle in PEOPLE:
            code = (await one.ask("steward", "", "/v1/invitations", {}))["code"]
            await one.ask("", "", "/v1/members", {"code": code, "handle": handle, "name": handle.title()})
            await one.ask("steward", "", f"/v1/members/{handle}/approve", {"currency": "HORA"})
        rules = sha256(b"No sugar is fed.").hexdigest()
        honey = {"name": "Honey", "rules": rules, "topic": "environment.biodiversity", "codes": ["0291"]}
        scheme = await one.ask("steward", "", "/v1/label-schemes", honey | {"owner": "growers"})
        given = {"scheme": scheme["id"], "holder": "elio", "codes": ["02910"], "issuer": "growers"}
        label = await one.ask("steward", "", "/v1/labels", given)
        check = {"label": label["id"], "code": "02910"}
        status, problem = await asked(one, "/v1/labels/verify", check)
        assert (status, problem["code"]) == (422, "ISSUER_UNTRUSTED")
        assert problem["heading"] == "Issuer not trusted: growers"
        did = scheme["issuers"][0]["did"]
        motion = await one.ask("steward", "", "/v1/label-issuers", {"issuer": did})
        for who in PEOPLE:
            await one.ask("steward", "", f"/v1/motions/{motion['id']}/vote", {"ballot": "yes", "member": who})
        one.hour[0] += 8 * DAY_MS
        for _ in range(200):
            if (await one.show("steward", "", f"/v1/motions/{motion['id']}"))["state"] == "executed":
                break
            await asyncio.sleep(0.05)
        status, told = await asked(one, "/v1/labels/verify", check)
        assert (status, told["holder_name"], told["warnings"]) == (200, "elio", [])
        status, problem = await asked(one, "/v1/labels/verify", check | {"code": "21494"})
        assert (status, problem["code"]) == (422, "OUT_OF_SCOPE")
        assert problem["detail"] == "It is for 02910, and not for 21494."

        shown = await one.show("steward", "", f"/v1/labels/credential?label={label['id']}")
        async with ClientSession() as session:
            path = f"{one.url}/v1/labels/credential?label={label['id']}&format=vc"
            async with session.get(path) as response:
                assert response.content_type == "application/vc"
                file = await response.text()
        assert file == shown["credential"] + "\n"
        status, told = await asked(one, "/v1/labels/verify", {"credential": bytes_text(file.encode())})
        assert (status, told["label"]) == (200, json.loads(file)["id"])
        forged = file.replace("02910", "21494").encode()
        status, problem = await asked(one, "/v1/labels/verify", {"credential": bytes_text(forged)})
        assert (status, problem["code"]) == (422, "LABEL_TAMPERED")
        status, problem = await asked(one, "/v1/labels/verify", {"credential": bytes_text(b"{}")})
        assert (status, problem["code"]) == (400, "MALFORMED")

        jar = {"title": "Honey", "code": "02910", "quantity": "9 kg", "prices": [amount(9_00)], "member": "elio"}
        offer = await one.ask("steward", "", "/v1/offers", jar)
        found = (await one.show("steward", "", "/v1/offers?verified=honey"))["items"]
        assert [(here["id"], here["verified"]) for here in found] == [
            (offer["id"], [{"id": scheme["id"], "name": "Honey"}])
        ]
        order = {"offer": offer["id"], "quantity": "2 kg", "buyer": "ana"}
        bought = await one.ask("steward", "", "/v1/orders", order)
        purchase = await one.show("steward", "", f"/v1/label-purchases/{bought['id']}")
        assert (purchase["labels"], purchase["flagged"]) == ([label["id"]], [])
        await one.ask("steward", "", f"/v1/labels/{label['id']}/revoke", {})
        for body in (check, {"credential": bytes_text(file.encode())}):
            status, problem = await asked(one, "/v1/labels/verify", body)
            assert (status, problem["code"]) == (422, "LABEL_REVOKED")
        assert (await one.show("steward", "", "/v1/offers?verified=honey"))["items"] == []
        purchase = await one.show("steward", "", f"/v1/label-purchases/{bought['id']}")
        assert purchase["flagged"] == [], "it was bought before"
