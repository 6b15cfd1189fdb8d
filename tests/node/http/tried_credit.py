# SPDX-License-Identifier: AGPL-3.0-or-later
"""The rest of a group's first weeks: money with backing, loans and savings, cards, a company of its workers."""

from hashlib import sha256
from typing import TYPE_CHECKING

from node.http.values import bytes_text
from protocol.book.signed import parse_uuid
from protocol.practices.credit.cards.statements import CardPayment, TerminalRecord, local_day, signed_statement
from protocol.practices.credit.kiosks.statements import KioskAct, KioskStatement, sign_statement
from protocol.practices.credit.reserves.entries import AttestMove
from protocol.wire.keys import KeyPair

if TYPE_CHECKING:
    from tests.node.http.tried import Json, Trial


def key_of(word: str) -> KeyPair:
    return KeyPair.from_seed(sha256(word.encode()).digest())


def worth(minor: int, code: str) -> "Json":
    return {"value": str(minor), "asset_code": code, "asset_scale": 2}


async def try_credit(one: "Trial") -> None:
    """Do once what the wings of credit and governance are for."""
    await issuer_groups(one)
    await savings(one)
    await rotations(one)
    await guaranteed(one)
    await company(one)
    await cards(one)
    await by_the_group(one)


async def by_vote(one: "Trial", who: str, operation: str, path: str, body: "Json") -> None:
    """Ask for what the group decides, and let it decide so."""
    from tests.node.http.tried import carried

    await carried(one, [await one.ask(who, operation, path, body)])


async def accounts_in(one: "Trial", code: str, *handles: str) -> None:
    """Give members accounts in a currency that came after them."""
    for who in handles:
        await one.ask("steward", "", f"/v1/members/{who}/approve", {"currency": code})


async def issuer_groups(one: "Trial") -> None:
    flor = {"code": "FLOR", "name": "Flor", "credit_limit": worth(100_00, "FLOR")}
    await one.ask("steward", "", "/v1/currencies", flor)
    await one.ask("steward", "issuer-groups.create", "/v1/issuer-groups", {"name": "flor", "title": "Who takes FLOR"})
    path = "/v1/issuer-groups/flor"
    await one.ask("steward", "issuer-groups.admit", f"{path}/admit", {"members": ["ana", "bia", "caio"]})
    await one.ask("steward", "issuer-groups.remove", f"{path}/remove", {"members": ["caio"]})
    await one.ask("steward", "issuer-groups.keep", f"{path}/keep", {"currency": "FLOR"})
    await one.show("ana", "issuer-groups.show", path)
    await one.show("ana", "issuer-groups.list", "/v1/issuer-groups")
    await accounts_in(one, "FLOR", "ana", "bia")
    mixed = {"payee": "ana", "payer": "bia", "amounts": [worth(4_00, "FLOR"), worth(6_00, "HORA")]}
    paid = await one.ask("bia", "mixed-payments.create", "/v1/mixed-payments", mixed)
    await one.show("bia", "mixed-payments.show", f"/v1/mixed-payments/{paid['id']}")


async def savings(one: "Trial") -> None:
    group = {
        "title": "Tuesday", "currency": "HORA", "share": worth(1_00, "HORA"), "key_holders": ["bia", "caio", "dora"],
    }  # fmt: skip
    found = await one.ask("bia", "savings-groups.create", "/v1/savings-groups", group)
    path = f"/v1/savings-groups/{found['id']}"
    for who in ("bia", "caio", "dora"):
        await one.ask(who, "savings-groups.join", f"{path}/join", {"member": who})
    await one.ask("bia", "savings-groups.open", f"{path}/open", {})
    rows = [{"member": "bia", "shares": 3}, {"member": "caio", "shares": 2, "social": worth(50, "HORA")}]
    sheet = {"group": found["id"], "number": 1, "rows": rows}
    meeting = await one.ask("bia", "savings-meetings.create", "/v1/savings-meetings", sheet)
    held = f"/v1/savings-meetings/{meeting['id']}"
    for who in ("bia", "caio", "dora"):
        await one.ask(who, "savings-meetings.sign", f"{held}/sign", {"member": who})
    await one.ask("bia", "savings-meetings.hold", f"{held}/hold", {})
    await one.show("bia", "savings-meetings.show", held)
    await one.show("bia", "savings-meetings.list", f"/v1/savings-meetings?group={found['id']}")
    await one.show("bia", "savings-groups.show", path)
    await one.show("bia", "savings-groups.list", "/v1/savings-groups")


async def rotations(one: "Trial") -> None:
    wish = {"title": "Twelve fields", "currency": "HORA", "day": worth(1_00, "HORA")}
    found = await one.ask("bia", "rotations.create", "/v1/rotations", wish)
    path = f"/v1/rotations/{found['id']}"
    for who in ("bia", "caio"):
        await one.ask(who, "rotations.join", f"{path}/join", {})
    await one.show("bia", "rotations.show", path)
    await one.show("bia", "rotations.list", "/v1/rotations")
    for verb in ("confirm", "deny"):
        told = {"rotation": found["id"], "receiver": "caio"}
        day = await one.ask("bia", "work-days.tell", "/v1/work-days", told)
        said = {"member": "caio"} if verb == "confirm" else {}
        await one.ask("caio", f"work-days.{verb}", f"/v1/work-days/{day['id']}/{verb}", said)
    await one.show("bia", "work-days.show", f"/v1/work-days/{day['id']}")
    await one.show("bia", "work-days.list", "/v1/work-days")


async def guaranteed(one: "Trial") -> None:
    palmas = {"code": "PALMAS", "name": "Palmas", "credit_limit": worth(0, "PALMAS")}
    await one.ask("steward", "", "/v1/currencies", palmas)
    await accounts_in(one, "PALMAS", "bia", "caio")
    opened = {
        "currency": "PALMAS", "state": "BRL", "custodians": ["ana", "fia"], "needed": 2, "fee_basis_points": 200,
    }  # fmt: skip
    await by_vote(one, "bia", "reserves.open", "/v1/reserves", opened)
    path = "/v1/reserves/PALMAS"
    await one.show("bia", "reserves.show", path)
    await one.show("bia", "reserves.list", "/v1/reserves")
    moved = await one.ask(
        "steward", "reserve-moves.create", "/v1/reserve-moves", {"reserve": "PALMAS", "amount": worth(30_000_00, "BRL")}
    )
    for who in ("ana", "fia"):
        await one.sign_in(who)
        attested = one.signed("reserve-moves.attest", AttestMove(parse_uuid(moved["id"]) or b""), who)
        await one.ask(who, "reserve-moves.attest", f"/v1/reserve-moves/{moved['id']}/attest", attested)
    idle = {"reserve": "PALMAS", "amount": worth(5_00, "BRL")}
    again = await one.ask("steward", "", "/v1/reserve-moves", idle)
    await one.ask("steward", "reserve-moves.cancel", f"/v1/reserve-moves/{again['id']}/cancel", {})
    await one.show("bia", "reserve-moves.show", f"/v1/reserve-moves/{moved['id']}")
    await one.show("bia", "reserve-moves.list", "/v1/reserve-moves?reserve=PALMAS")
    issue = {"member": "bia", "amount": worth(100_00, "PALMAS")}
    await one.ask("steward", "reserves.issue", f"{path}/issue", issue)
    await one.ask("steward", "reserves.fill-till", f"{path}/fill-till", {"amount": worth(500_00, "BRL")})
    redeemed = await one.ask("bia", "redemptions.create", "/v1/redemptions", {"amount": worth(20_00, "PALMAS")})
    await one.show("bia", "redemptions.show", f"/v1/redemptions/{redeemed['id']}")
    await one.show("bia", "redemptions.list", "/v1/redemptions")
    key = bytes_text(key_of("kiosk").public)
    wish = {"reserve": "PALMAS", "name": "market", "public_key": key}
    kiosk = await one.ask("steward", "kiosks.register", "/v1/kiosks", wish)
    at_kiosk = f"/v1/kiosks/{kiosk['id']}"
    await one.ask("steward", "kiosks.send", f"{at_kiosk}/send", {"amount": worth(900_00, "PALMAS")})
    await one.ask("steward", "kiosks.fill-till", f"{at_kiosk}/fill-till", {"amount": worth(100_00, "BRL")})
    told = await one.show("steward", "kiosks.show", at_kiosk)
    signed = KioskStatement(
        one.network, parse_uuid(kiosk["id"]) or b"", 1, None, KioskAct.ISSUE, 600_00, "bia", None, None, one.hour[0]
    )
    statement = sign_statement(key_of("kiosk"), signed)
    sent = {"statements": [{"data": bytes_text(statement.data), "signature": bytes_text(statement.signature)}]}
    assert told["place"] == 0
    await one.ask("steward", "kiosks.sync", f"{at_kiosk}/sync", sent)
    await one.show("steward", "kiosks.list", "/v1/kiosks")


async def company(one: "Trial") -> None:
    wish = {"currency": "HORA", "workers": ["bia", "caio"], "member": "dora"}
    made = await one.ask("dora", "companies.create", "/v1/companies", wish)
    path = f"/v1/companies/{made['id']}"
    await one.ask("bia", "", "/v1/payments", {"payee": "dora-lima", "amount": worth(40_00, "HORA")})
    log = {"company": made["id"], "hours": "7.5", "note": "the oven"}
    done = await one.ask("bia", "work.create", "/v1/work", log)
    await one.ask("caio", "work.confirm", f"/v1/work/{done['id']}/confirm", {"member": "caio"})
    await one.ask("dora", "companies.advance", f"{path}/advance", {"worker": "bia", "amount": worth(2_00, "HORA")})
    await one.ask(
        "bia", "companies.set-workers", f"{path}/set-workers", {"workers": ["bia", "caio"], "pay": [100, 120]}
    )
    await one.ask("bia", "companies.allocate", f"{path}/allocate", {"surplus": worth(10_00, "HORA")})
    await one.show("bia", "companies.show", path)
    await one.show("bia", "companies.list", "/v1/companies")
    await one.show("bia", "work.show", f"/v1/work/{done['id']}")
    await one.show("bia", "work.list", "/v1/work")


async def cards(one: "Trial") -> None:
    wish = {"account": "bia", "card_key": bytes_text(key_of("card").public), "load": worth(20_00, "HORA")}
    card = await one.ask("bia", "cards.create", "/v1/cards", wish)
    path = f"/v1/cards/{card['id']}"
    await one.ask("bia", "cards.load", f"{path}/load", {"amount": worth(5_00, "HORA")})
    await one.ask("bia", "cards.unload", f"{path}/unload", {"amount": worth(3_00, "HORA")})
    await one.ask("bia", "cards.freeze", f"{path}/freeze", {})
    await one.ask("bia", "cards.renew", f"{path}/renew", {})
    await one.show("bia", "cards.show", path)
    await one.show("bia", "cards.list", "/v1/cards")
    till = {"account": "caio", "terminal_key": bytes_text(key_of("till").public), "currency": "HORA"}
    terminal = await one.ask("caio", "terminals.create", "/v1/terminals", till)
    at_till = f"/v1/terminals/{terminal['id']}"
    await one.show("caio", "terminals.show", at_till)
    await one.show("caio", "terminals.list", "/v1/terminals")
    await one.ask("caio", "terminals.sync", f"{at_till}/sync", {"records": [paid_at(one, card, terminal)]})
    await one.ask("caio", "terminals.retire", f"{at_till}/retire", {})
    await one.ask("bia", "cards.end", f"{path}/end", {})


def paid_at(one: "Trial", card: "Json", terminal: "Json") -> "Json":
    """Return the first record of a terminal's log: the card has paid 4.00 there."""
    at_ms, network = one.hour[0], one.network
    name, till = parse_uuid(card["id"]) or b"", parse_uuid(terminal["id"]) or b""
    paid = signed_statement(key_of("card"), CardPayment(network, name, 1, 4_00, till, terminal["account"], at_ms))
    day = local_day("UTC UTC0", at_ms)
    record = TerminalRecord(till, 0, None, 1, 0, day, at_ms, paid.data, paid.signature)
    signed = signed_statement(key_of("till"), record)
    return {"data": bytes_text(signed.data), "signature": bytes_text(signed.signature)}


async def by_the_group(one: "Trial") -> None:
    """Wish for what the group decides; the answers are motions."""
    await one.ask("bia", "demurrage.set", "/v1/demurrage/HORA/set", {"basis_points": 200})
    await one.ask("steward", "guarantee-fund.feed", "/v1/guarantee-fund/HORA/feed", {"amount": worth(1_00, "HORA")})
    comunal = {"code": "COMUNAL", "name": "Comunal", "credit_limit": worth(10_00, "COMUNAL")}
    await one.ask("steward", "", "/v1/currencies", comunal)
    await one.ask("caio", "currencies.keep-home", "/v1/currencies/COMUNAL/keep-home", {})
    await one.ask("caio", "parameters.set", "/v1/parameters/motions.quorum/set", {"value": "60%"})
    await one.ask("steward", "liabilities.publish", "/v1/liabilities", {"reserve": "PALMAS"})
    await one.ask("steward", "currencies.value", "/v1/currencies/HORA/value", {"value": "1.5"})
    sheet = b"handle,amount\ncaio,1.00\ndora-lima,1.00\n"
    many = {"currency": "HORA", "title": "December", "payer": "bia", "file": bytes_text(sheet)}
    await one.ask("steward", "mass-payments.create", "/v1/mass-payments", many)
