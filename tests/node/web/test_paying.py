# SPDX-License-Identifier: AGPL-3.0-or-later
"""Paying and receiving by hand-made pages, without a script: by name, by code, by the address behind a QR code."""

import json
import re

import pytest
from aiohttp import FormData

from node.web.pages.qr import SHORT_CODE_ALPHABET, read_short_code, short_code
from tests.node.web.conftest import Browser, Seen, Town

pytestmark = pytest.mark.timeout(120)


async def neighbours(town: Town) -> tuple[Browser, Browser]:
    for handle, name in (
        ("ana", "Ana Souza"),
        ("bia", "Bia Conceição"),
        ("clara", "Clara Neves"),
        ("cla", "Clara Dias"),
    ):
        await town.join(handle, name)
    return await town.signed_in(member="ana"), await town.signed_in(member="bia")


async def test_a_payment_takes_four_taps_from_today_to_who_was_paid_before(town: Town) -> None:
    ana, _ = await neighbours(town)
    await ana.send("/payments/create", payee="bia", amount="12,50", note="bread")
    today = await ana.get("/")
    assert "/pay" in today.links, "the first tap"
    pay = await ana.get("/pay")
    assert "Bia Conceição" in pay.text and "bread" in pay.text and "/pay?payee=bia" in pay.links, "the second"
    chosen = await ana.get("/pay?payee=bia")
    fields = {
        "_form": chosen.hidden("_form"),
        "_key": chosen.hidden("_key"),
        "payee": "bia",
        "amount": "10",
        "note": "",
    }
    confirm = await ana.post("/payments/create", fields)
    assert "gets exactly 10.00 HORA" in confirm.text and "Sign and pay 10.00 HORA" in confirm.text, "the third"
    assert "−12.50 now, −22.50 then." in confirm.text and "77.50 still free" in confirm.text
    assert "You can spend 87.50 HORA" in (await ana.get("/")).text, "nothing is paid before it is signed"
    paid = await ana.post("/payments/create", {**fields, "_step": "do"})
    assert "It arrived at Bia Conceição" in paid.text and "−22.50 HORA" in paid.text, "the fourth"


async def test_who_is_meant_by_a_part_of_a_name_is_found_and_of_two_one_is_asked_for(town: Town) -> None:
    ana, _ = await neighbours(town)
    form = await ana.get("/pay")
    fields = {"_form": form.hidden("_form"), "_key": form.hidden("_key"), "payee": "conceicao", "amount": "1"}
    assert "Bia Conceição bia gets exactly 1.00" in (await ana.post("/payments/create", fields)).text
    asked = await ana.post("/payments/create", {**fields, "payee": "Clara", "note": "a pattern"})
    assert asked.status == 422 and "Who is meant?" in asked.text and "a pattern" in asked.html
    assert sorted(re.findall(r'type="radio" name="payee" value="([^"]+)"', asked.html)) == ["cla", "clara"]


async def test_who_goes_back_from_the_confirmation_finds_what_was_typed(town: Town) -> None:
    ana, _ = await neighbours(town)
    form = await ana.get("/pay")
    fields = {"_form": form.hidden("_form"), "_key": form.hidden("_key"), "payee": "bia", "amount": "3", "note": "eggs"}
    back = await ana.post("/payments/create", {**fields, "_step": "change"})
    assert back.status == 200 and 'value="eggs"' in back.html and 'value="do"' not in back.html


async def test_what_is_too_much_says_how_much_is_missing_and_leads_to_what_fits(town: Town) -> None:
    ana, _ = await neighbours(town)
    refused = await ana.send("/payments/create", payee="bia", amount="117,50", note="a cow")
    assert "17.50 HORA missing" in refused.text and "Nothing was paid." in refused.text
    [way] = [one for one in refused.links if one.startswith("/pay?")]
    fits = await ana.get(way)
    assert 'value="100.00"' in fits.html and 'value="a cow"' in fits.html and 'value="bia"' in fits.html


async def test_a_request_is_paid_by_its_short_code_and_by_the_address_behind_its_qr(town: Town) -> None:
    ana, bia = await neighbours(town)
    asked = await bia.send("/payment-requests/create", amount="5", note="eggs of Saturday")
    assert asked.path.startswith("/payment-requests/") and "<path" in asked.html, "a QR code as a picture"
    code = re.search(r'class="spelt">([A-Z0-9]{4}-[A-Z0-9]{4})<', asked.html)
    assert code is not None
    said = code[1].lower().replace("-", " ")
    found = await ana.get(f"/pay?code={said}")
    assert found.path == f"{asked.path}/pay"
    network = (await town.ask("GET", "/v1/node"))["network_id"]
    held_out = f"{town.url}/pay?payee=mutirao%3A{network}%2Fx.HORA&amount=5.00&request={asked.path.split('/')[2]}"
    assert (await ana.get("/pay?" + "code=" + held_out.replace("&", "%26").replace("?", "%3F"))).path == found.path
    foreign = "https%3A%2F%2Fserra.example%2Fpay%3Fpayee%3Dmutirao%253Ax%252Fy.FLOR%26amount%3D4.00"
    assert 'value="mutirao:x/y.FLOR"' in (await ana.get(f"/pay?code={foreign}")).html
    paid = await ana.send(found.path)
    assert paid.status == 200 and "5.00 HORA" in paid.text
    assert "Paid" in (await bia.get(asked.path)).text
    assert (await ana.get(f"/pay?code={said}")).status == 404, "what is paid is not found by its code"
    assert (await ana.get("/pay?code=AAAA-AAAA")).status == 404
    assert (await ana.get("/pay?code=https%3A%2F%2Felsewhere.example%2F")).status == 404


async def checked(who: Browser, receipt: str | bytes, *, as_file: bool = False) -> Seen:
    page = await who.get("/receipts/check")
    form = FormData({"_form": page.hidden("_form")}, default_to_multipart=True)
    if as_file:
        form.add_field("file", receipt, filename="x.receipt")
    else:
        form.add_field("receipt", receipt)
    async with who.session.post(who.url + "/receipts/check", data=form) as answer:
        return Seen(answer.status, answer.url.raw_path, await answer.text())


async def test_a_receipt_is_kept_and_checked_by_anybody_and_a_changed_one_proves_nothing(town: Town) -> None:
    ana, bia = await neighbours(town)
    paid = await ana.send("/payments/create", payee="bia", amount="2")
    [file] = [one for one in paid.links if one.startswith("/receipts/file/")]
    kept = await ana.get(file)
    assert "attachment" in kept.headers["Content-Disposition"]
    stranger = town.browser()
    for as_file in (True, False):
        good = await checked(stranger, kept.html.encode() if as_file else kept.html, as_file=as_file)
        assert good.status == 200 and "The receipt is good" in good.text and "Riacho" in good.text
    told = json.loads(kept.html)
    document = told["document"]
    spoilt = {**told, "document": document[:300] + ("A" if document[300] != "A" else "B") + document[301:]}
    for wrong in (json.dumps(spoilt), document[:-40], "", "no receipt <b>", "{", '{"document": 5}', "[" * 5_000):
        seen = await checked(stranger, wrong)
        assert seen.status == 200 and "This receipt proves nothing" in seen.text, wrong[:20]
        assert "<b>no" not in seen.html and "receipt <b>" not in seen.html
    assert (await (await town.signed_in(member="clara")).get(file)).status == 403, "it is the payer's and the payee's"
    assert (await stranger.get(file)).status in (401, 403)
    assert (await bia.get(file)).status == 200
    assert (await ana.get("/receipts/file/none")).status == 404


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=b", b"--b\r\n"),
        ("multipart/form-data; boundary=b", b"x\r\n--b\r\n\r\n--b--"),
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xff\r\n--b--'),
        ("multipart/form-data; boundary=b", b"--b\r\n" + b"form-data; " * 200_000 + b"\r\n\r\n\r\n--b--"),
    ],
)
async def test_a_form_with_files_that_cannot_be_read_is_refused(town: Town, content_type: str, body: bytes) -> None:
    stranger = town.browser()
    headers = {"Content-Type": content_type}
    async with stranger.session.post(town.url + "/receipts/check", data=body, headers=headers) as answer:
        assert answer.status == 400 and "MALFORMED" in await answer.text()


def test_a_short_code_is_read_however_it_is_typed() -> None:
    code = short_code(bytes(16))
    assert read_short_code(code) == read_short_code(code.lower().replace("-", " ")) == code
    assert set(code) - {"-"} <= set(SHORT_CODE_ALPHABET) and not set("01IO") & set(SHORT_CODE_ALPHABET)
    assert read_short_code("K7M-2QX") is None and read_short_code("ABCD-EFG0") is None
    assert len({short_code(number.to_bytes(16)) for number in range(2_000)}) == 2_000
