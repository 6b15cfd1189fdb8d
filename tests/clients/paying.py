# SPDX-License-Identifier: AGPL-3.0-or-later
"""A member's day with the generated Python client: who is there, a payment, one too many, the statement."""

# pyright: reportMissingImports=false
# ruff: noqa: T201

import sys

from riacho_client import AuthenticatedClient
from riacho_client.api.accounts import accounts_entries
from riacho_client.api.members import members_list
from riacho_client.api.payments import payments_create
from riacho_client.models import AmountWished, PayHere, PaymentShown, Problem

url, token = sys.argv[1:]
client = AuthenticatedClient(base_url=url, token=token)

page = members_list.sync(client=client)
handles = [member.handle for member in page.items]
assert {"ana", "bia", "caio"} <= set(handles), handles

bread = PayHere(payee="ana", amount=AmountWished(value="250", asset_code="HORA", asset_scale=2), note="bread")
paid = payments_create.sync(client=client, body=bread, idempotency_key="loaf-1")
assert isinstance(paid, PaymentShown) and paid.state.value == "posted" and paid.note == "bread", paid
again = payments_create.sync(client=client, body=bread, idempotency_key="loaf-1")
assert isinstance(again, PaymentShown) and again.id == paid.id

much = PayHere(payee="ana", amount=AmountWished(value="999900", asset_code="HORA", asset_scale=2))
refused = payments_create.sync(client=client, body=much)
assert isinstance(refused, Problem) and refused.code.value == "LIMIT_EXCEEDED" and not refused.transient, refused
assert refused.figures["available"] > 0 and refused.ways

lines = accounts_entries.sync("bia", client=client, limit=50).items
assert lines[-1].amount.value == "-250", lines[-1]
print(f"Python: {len(handles)} members, paid {paid.amount.value}, refused: {refused.heading}")
