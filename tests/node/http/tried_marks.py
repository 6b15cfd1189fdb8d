# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is said of goods and of who makes them: a label from its scheme to what was bought under it."""

from hashlib import sha256
from typing import TYPE_CHECKING

from tests.node.http.tried_credit import by_vote, worth

if TYPE_CHECKING:
    from tests.node.http.tried import Trial


async def try_marks(one: "Trial") -> None:
    """Do once what the wing of marks is for."""
    rules = sha256(b"No sugar is fed.").hexdigest()
    honey = {"name": "Honey of the hills", "rules": rules, "topic": "environment.biodiversity", "codes": ["0291"]}
    scheme = await one.ask("caio", "label-schemes.declare", "/v1/label-schemes", honey)
    did = scheme["issuers"][0]["did"]
    await one.show("bia", "label-schemes.show", f"/v1/label-schemes/{scheme['id']}")
    await one.show("bia", "label-schemes.list", "/v1/label-schemes")
    given = {
        "scheme": scheme["id"], "holder": "bia", "codes": ["02910"], "plots": ["hill-3"], "gtins": ["4006381333931"],
        "until": "2028-12-31", "level": "membership", "evidence": rules,
    }  # fmt: skip
    label = await one.ask("caio", "labels.issue", "/v1/labels", given)
    path = f"/v1/labels/{label['id']}"
    await by_vote(one, "dora", "label-issuers.trust", "/v1/label-issuers", {"issuer": did, "until": "2030-12-31"})
    await one.show("bia", "label-issuers.show", f"/v1/label-issuers/{did}")
    await one.show("bia", "label-issuers.list", "/v1/label-issuers")
    await one.show("bia", "labels.show", path)
    await one.show("bia", "labels.list", "/v1/labels?holder=bia&valid=true")
    asked = {"label": label["id"], "code": "02910", "plot": "hill-3"}
    await one.ask("bia", "labels.verify", "/v1/labels/verify", asked)
    await one.show("bia", "labels.credential", f"/v1/labels/credential?label={label['id']}")
    jar = {"title": "Honey", "code": "02910", "quantity": "9 kg", "prices": [worth(9_00, "HORA")]}
    offer = await one.ask("bia", "", "/v1/offers", jar)
    order = await one.ask("dora", "", "/v1/orders", {"offer": offer["id"], "quantity": "2 kg"})
    await one.show("dora", "label-purchases.show", f"/v1/label-purchases/{order['id']}")
    await one.show("dora", "label-purchases.list", "/v1/label-purchases")
    await one.ask("caio", "labels.revoke", f"{path}/revoke", {})
    await by_vote(one, "dora", "label-issuers.distrust", f"/v1/label-issuers/{did}/distrust", {})
