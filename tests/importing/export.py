# SPDX-License-Identifier: AGPL-3.0-or-later
"""Export a group's members, currencies, limits and balances from a node of the build before practices got rooms.

`MUTIRAO_TOKEN=... python tests/importing/export.py http://127.0.0.1:8080 >riacho.json` asks the serving node by its
HTTP API with the steward's token; it needs nothing but Python. `mutirao import riacho.json` of this build reads it.
Amounts are minor units. What is pending, and what is open with partners, has to end first; then nothing is lost but
history, which stays with the old home.
"""

import json
import os
import sys
from typing import Any
from urllib.request import Request, urlopen

FORM = "mutirao-export-1"
Json = dict[str, Any]


def export(url: str, token: str) -> Json:
    """Return what a node's books amount to; raises SystemExit where something is still under way."""
    node = ask(url, token, "/v1/node")
    currencies, members, accounts = (every(url, token, f"/v1/{noun}") for noun in ("currencies", "members", "accounts"))
    for account in accounts:
        own = account["member"] is None and account["name"] not in ("commons", "exchange")
        if int(account["pending"]["value"]) or (own and int(account["balance"]["value"])):
            raise SystemExit(f"{account['id']} holds what is still under way: let it end, or close the link, first")
    return {
        "form": FORM,
        "network": {"id": node["network_id"], "handle": node["handle"]},
        "currencies": [_currency(one) for one in currencies if not one["closed"]],
        "members": [_member(one, accounts) for one in members if one["state"] in ("active", "suspended")],
        "commons": [_commons(one["code"], accounts) for one in currencies if not one["closed"]],
    }


def every(url: str, token: str, path: str) -> list[Json]:
    """Return all items of a list."""
    items: list[Json] = []
    cursor = ""
    while True:
        page = ask(url, token, f"{path}?limit=200{cursor}")
        items += page["items"]
        if page["next"] is None:
            return items
        cursor = f"&cursor={page['next']}"


def ask(url: str, token: str, path: str) -> Json:
    """Return the JSON that is shown at a path."""
    request = Request(url + path, headers={"Authorization": f"Bearer {token}"})  # noqa: S310 - the steward's own node
    with urlopen(request) as response:  # noqa: S310
        return json.load(response)


def _currency(one: Json) -> Json:
    kept = ("code", "name", "unit_word", "scale", "levy_basis_points", "levy_until_repaid")
    limits = {name: _minor(one[name]) for name in ("credit_limit", "balance_limit")}
    return {**{name: one[name] for name in kept}, **limits}


def _member(one: Json, accounts: list[Json]) -> Json:
    return {
        "handle": one["handle"],
        "name": one["name"],
        "state": one["state"],
        "keys": [key["key"] for key in one["keys"] if key["cap_minor"] is None],
        "accounts": [
            {
                "currency": account["currency"],
                "credit_limit": -int(account["limit"]["value"]),
                "balance_limit": _minor(account["ceiling"]),
                "balance": _minor(account["balance"]),
            }
            for account in accounts
            if account["member"] == one["id"]
        ],
    }


def _commons(code: str, accounts: list[Json]) -> Json:
    """Return what belongs to the group: the commons, with what fees and rounding have brought."""
    own = [one for one in accounts if one["currency"] == code and one["member"] is None]
    return {"currency": code, "balance": sum(int(one["balance"]["value"]) for one in own)}


def _minor(amount: Json | None) -> int | None:
    return None if amount is None else int(amount["value"])


if __name__ == "__main__":
    json.dump(export(sys.argv[1].rstrip("/"), os.environ["MUTIRAO_TOKEN"]), sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")
