# SPDX-License-Identifier: AGPL-3.0-or-later
"""Resources over HTTP: made, changed, shown and listed as their declarations say, and never twice by mistake."""

from base64 import b64encode
from hashlib import sha256
from typing import Any

import pytest

from node.http.app import document_of
from node.http.cursors import cursor_text, read_cursor
from node.http.problems import Denied
from node.http.refusals import CURSOR_UNKNOWN
from node.http.routes import subject_of
from protocol.book.refusals import LIMIT_EXCEEDED, RECOVERING, refuse
from tests.node.http.conftest import OPERATIONS, SHEET

pytestmark = pytest.mark.timeout(20)


async def test_a_new_loaf_is_answered_whole_with_its_address(shop: Any, loaf: Any) -> None:
    made = await shop.ask("POST", "/v1/loaves", {**loaf, "note": "for Bia", "toppings": ["salt", "seeds"]})
    assert made.status == 201
    assert made.headers["Location"] == "/v1/loaves/0"
    assert made.json == {
        "id": "0",
        "grain": "rye",
        "price": {"value": "1255", "asset_code": "HORA", "asset_scale": 2},
        "note": "for Bia",
        "ready": None,
        "seal": None,
        "toppings": ["salt", "seeds"],
        "slices": 1,
        "baker": "m1",
    }
    shown = await shop.ask("GET", "/v1/loaves/0")
    assert shown.body == made.body and shown.headers["ETag"] == made.headers["ETag"]


async def test_an_act_answers_with_what_has_become_of_the_thing(shop: Any, loaf: Any) -> None:
    await shop.ask("POST", "/v1/loaves", loaf)
    sliced = await shop.ask("POST", "/v1/loaves/0/slice", {"slices": 8})
    assert sliced.status == 200 and sliced.json["slices"] == 8
    assert (await shop.ask("POST", "/v1/loaves/0/slice")).json["slices"] == 2, "no body stands for no fields"
    assert (await shop.ask("GET", "/v1/loaves/0/crumbs")).json["items"] == [{"weight": 0}, {"weight": 1}]


async def test_what_is_not_there_is_a_problem_that_says_so(shop: Any) -> None:
    for path in ("/v1/loaves/7", "/v1/loaves/7/crumbs"):
        missing = await shop.ask("GET", path)
        assert (missing.status, missing.code) == (404, "NOT_FOUND")
    for path in ("/nothing", "/v1", "/v1/cakes", "/v1/loaves/", "/v1/loaves/7/", "/v1/loaves/7/icing", "/v2/loaves"):
        nowhere = await shop.ask("GET", path)
        assert (nowhere.status, nowhere.code) == (404, "PATH_UNKNOWN"), path


async def test_a_request_sent_again_with_its_key_is_answered_again_and_not_done_again(shop: Any, loaf: Any) -> None:
    first = await shop.ask("POST", "/v1/loaves", loaf, key="9f1c")
    again = await shop.ask("POST", "/v1/loaves", loaf, key="9f1c")
    assert "Idempotency-Replayed" not in first.headers and again.headers["Idempotency-Replayed"] == "true"
    for name in ("Location", "ETag", "Content-Type"):
        assert again.headers[name] == first.headers[name]
    assert (again.status, again.body) == (201, first.body)
    assert len(shop.bakery.loaves) == 1
    other = await shop.ask("POST", "/v1/loaves", {**loaf, "grain": "wheat"}, key="9f1c")
    assert (other.status, other.code) == (422, "IDEMPOTENCY_REUSED")
    assert (await shop.ask("POST", "/v1/loaves/0/slice", loaf, key="9f1c")).status == 400
    for loaf_id, code in (("0", 200), ("1", 422)):
        assert (await shop.ask("POST", f"/v1/loaves/{loaf_id}/slice", {}, key="c0de")).status == code
    elsewhere = await shop.ask("POST", "/v1/loaves", loaf, key="9f1c", token="mt_steward")
    assert elsewhere.status == 201 and "Idempotency-Replayed" not in elsewhere.headers, "keys are each one's own"


@pytest.mark.parametrize("key", ["a b", "x" * 256, "ñ"])
async def test_a_key_that_cannot_be_kept_is_refused_before_anything_is_done(shop: Any, loaf: Any, key: str) -> None:
    refused = await shop.ask("POST", "/v1/loaves", loaf, key=key)
    assert (refused.status, refused.code) == (400, "MALFORMED")
    assert refused.json["figures"]["field"] == "Idempotency-Key"
    assert not shop.bakery.asked


async def test_a_list_is_read_page_by_page_in_order_of_arrival(shop: Any, loaf: Any) -> None:
    for _ in range(5):
        await shop.ask("POST", "/v1/loaves", loaf)
    found, path = [], "/v1/loaves?limit=2"
    for _ in range(3):
        page = (await shop.ask("GET", path)).json
        found += [one["id"] for one in page["items"]]
        path = f"/v1/loaves?limit=2&cursor={page['next']}"
    assert found == ["0", "1", "2", "3", "4"] and page["next"] is None


async def test_filters_are_the_fields_of_what_is_wanted_and_no_others(shop: Any, loaf: Any) -> None:
    await shop.ask("POST", "/v1/loaves", loaf)
    await shop.ask("POST", "/v1/loaves", {**loaf, "grain": "wheat"})
    assert [one["grain"] for one in (await shop.ask("GET", "/v1/loaves?grain=wheat")).json["items"]] == ["wheat"]
    for query, field in [
        ("grian=wheat", "grian"),
        ("grain=oats", "grain"),
        ("sliced=yes", "sliced"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=%D9%A3", "limit"),
        ("grain=rye&grain=wheat", "query"),
        ("baked_by=%FF", "query"),
        ("baked_by=a%00b", "baked_by"),
    ]:
        refused = await shop.ask("GET", f"/v1/loaves?{query}")
        assert (refused.status, refused.code) == (400, "MALFORMED"), query
        assert refused.json["figures"]["field"] == field, query
    for path in ("/v1/loaves/0?x=1", "/v1/loaves/0/crumbs?x=1", "/v1/node?x=1"):
        assert (await shop.ask("GET", path)).status == 400


async def test_a_cursor_that_this_node_did_not_give_is_refused(shop: Any) -> None:
    given = cursor_text(41, b"loaves")
    assert read_cursor(given, b"loaves") == 41
    greatest = cursor_text(2**63 - 1, b"loaves")
    for text in ("41", "", given[:-1], "B" + given[1:], greatest[:-2] + "AA", cursor_text(41, b"crumbs")):
        with pytest.raises(Denied) as refused:
            read_cursor(text, b"loaves")
        assert refused.value.reason is CURSOR_UNKNOWN
    assert (await shop.ask("GET", "/v1/loaves?cursor=garbage")).code == "CURSOR_UNKNOWN"


async def test_a_cursor_of_another_list_or_filter_is_refused_and_another_limit_is_not(shop: Any, loaf: Any) -> None:
    for _ in range(3):
        await shop.ask("POST", "/v1/loaves", loaf)
    cursor = (await shop.ask("GET", "/v1/loaves?limit=1")).json["next"]
    assert [one["id"] for one in (await shop.ask("GET", f"/v1/loaves?limit=2&cursor={cursor}")).json["items"]] == [
        "1",
        "2",
    ]
    for path in ("/v1/loaves?baked_by=m1&", "/v1/loaves/0/crumbs?", "/v1/tokens?"):
        refused = await shop.ask("GET", f"{path}cursor={cursor}")
        assert (refused.status, refused.code) == (400, "CURSOR_UNKNOWN"), path
    filtered = (await shop.ask("GET", "/v1/loaves?baked_by=m1&limit=1")).json["next"]
    assert (await shop.ask("GET", f"/v1/loaves?limit=2&cursor={filtered}&baked_by=m1")).status == 200
    assert (await shop.ask("GET", f"/v1/loaves?cursor={filtered}")).code == "CURSOR_UNKNOWN"


async def test_what_a_client_has_already_is_not_sent_again(shop: Any, loaf: Any) -> None:
    await shop.ask("POST", "/v1/loaves", loaf)
    for path in ("/v1/loaves/0", "/v1/loaves", "/v1/loaves/0/crumbs", "/v1/node", "/openapi.json"):
        tag = (await shop.ask("GET", path)).headers["ETag"]
        kept = await shop.ask("GET", path, If_None_Match=f'"other", {tag}')
        assert (kept.status, kept.body, kept.headers["ETag"]) == (304, b"", tag), path
        assert (await shop.ask("GET", path, If_None_Match='"other"')).status == 200
    assert (await shop.ask("GET", "/v1/loaves/0")).headers["Vary"] == "Authorization"


async def test_an_act_with_if_match_is_done_only_on_what_was_seen(shop: Any, loaf: Any) -> None:
    seen = (await shop.ask("POST", "/v1/loaves", loaf)).headers["ETag"]
    sliced = await shop.ask("POST", "/v1/loaves/0/slice", {"slices": 3}, If_Match=seen)
    assert sliced.status == 200
    stale = await shop.ask("POST", "/v1/loaves/0/slice", {"slices": 9}, If_Match=seen)
    assert (stale.status, stale.code) == (412, "PRECONDITION_FAILED")
    assert shop.bakery.loaves[0].slices == 3
    assert (await shop.ask("POST", "/v1/loaves/0/slice", If_Match=sliced.headers["ETag"])).status == 200


async def test_an_act_with_if_match_that_is_sent_again_with_its_key_is_answered_again(shop: Any, loaf: Any) -> None:
    seen = (await shop.ask("POST", "/v1/loaves", loaf)).headers["ETag"]
    first = await shop.ask("POST", "/v1/loaves/0/slice", {"slices": 3}, key="s1", If_Match=seen)
    again = await shop.ask("POST", "/v1/loaves/0/slice", {"slices": 3}, key="s1", If_Match=seen)
    assert (again.status, again.body, again.headers["Idempotency-Replayed"]) == (200, first.body, "true")
    other = await shop.ask("POST", "/v1/loaves/0/slice", {"slices": 9}, key="s1", If_Match=seen)
    assert (other.status, other.code) == (422, "IDEMPOTENCY_REUSED")
    stale = await shop.ask("POST", "/v1/loaves/0/slice", {"slices": 3}, key="s2", If_Match=seen)
    assert (stale.status, stale.code) == (412, "PRECONDITION_FAILED")
    newest = first.headers["ETag"]
    for tags, status in ((f"W/{newest}", 412), (f'"x", W/{newest}', 412), (f'"x", {newest}', 200)):
        answer = await shop.ask("POST", "/v1/loaves/0/slice", {"slices": 3}, If_Match=tags)
        assert answer.status == status, tags
        shown = await shop.ask("GET", "/v1/loaves/0", If_None_Match=f"W/{answer.headers.get('ETag', newest)}")
        assert shown.status == 304, "to read again, a weak tag is as good"


async def test_a_refusal_keeps_its_code_and_figures(shop: Any, loaf: Any) -> None:
    shop.bakery.refusal = refuse(
        LIMIT_EXCEEDED, currency="HORA", available=2_000, limit=-20_000, projected_balance=-21_000
    )
    for key in (None, "k"):
        refused = await shop.ask("POST", "/v1/loaves", loaf, key=key)
        assert (refused.status, refused.code) == (422, "LIMIT_EXCEEDED")
        assert refused.json["detail"] == "20.00 HORA left: the account's limit is -200.00 HORA."
        assert refused.json["figures"]["available"] == 2_000
    assert (await shop.ask("GET", "/v1/loaves")).status == 422
    shop.bakery.refusal = refuse(RECOVERING)
    for method, path, body in (("POST", "/v1/loaves", loaf), ("GET", "/v1/loaves/0", None)):
        busy = await shop.ask(method, path, body)
        assert (busy.status, busy.code, busy.headers["Retry-After"]) == (503, "RECOVERING", "5")


async def test_our_own_mistake_is_told_without_its_insides(shop: Any, loaf: Any, caplog: Any) -> None:
    shop.bakery.refusal = KeyError("ana's secret note")
    failed = await shop.ask("POST", "/v1/loaves", {**loaf, "note": "a secret"})
    assert (failed.status, failed.code) == (500, "INTERNAL")
    assert b"secret" not in failed.body and "secret" not in caplog.text
    assert "KeyError" in caplog.text and "loaves.create" in caplog.text


async def test_an_erased_text_is_shown_as_nothing(shop: Any, loaf: Any) -> None:
    from dataclasses import replace

    from protocol.book.declaration import TextRef

    await shop.ask("POST", "/v1/loaves", loaf)
    shop.bakery.loaves[0] = replace(shop.bakery.loaves[0], note=TextRef(b"x" * 32))
    assert (await shop.ask("GET", "/v1/loaves/0")).json["note"] is None


async def test_ids_may_hold_what_addresses_hold(shop: Any) -> None:
    await shop.ask("GET", "/v1/loaves/ana%40serra%2Fx")
    assert (await shop.ask("GET", "/v1/loaves/e%CC%81")).status == 404
    assert subject_of("e%CC%81") == "é", "two characters that are one letter are made one"


async def test_figures_are_asked_for_by_a_query_or_by_a_body(shop: Any, loaf: Any) -> None:
    await shop.ask("POST", "/v1/loaves", loaf)
    figures = await shop.ask("GET", "/v1/loaves/weight?grain=rye")
    assert (figures.status, figures.json) == (200, {"weight": 700})
    again = await shop.ask("GET", "/v1/loaves/weight?grain=rye", If_None_Match=figures.headers["ETag"])
    assert again.status == 304
    told = await shop.ask("POST", "/v1/loaves/costs", {"slices": 3}, key="9f1d")
    assert (told.status, told.json, told.headers["Cache-Control"]) == (200, {"weight": 3}, "no-store")
    assert "ETag" not in told.headers and not shop.bakery.answers, "what writes nothing is kept under no key"
    for method, path, body in (
        ("GET", "weight?colour=red", None),
        ("POST", "costs", []),
        ("POST", "costs?slices=3", {}),
    ):
        wrong = await shop.ask(method, f"/v1/loaves/{path}", body)
        assert (wrong.status, wrong.code) == (400, "MALFORMED")
    assert (await shop.ask("POST", "/v1/loaves/weight", {})).code == "METHOD_NOT_ALLOWED"


async def test_figures_are_given_in_other_forms_too(shop: Any, loaf: Any) -> None:
    await shop.ask("POST", "/v1/loaves", loaf)
    for path, accept in (("weight?format=csv", "*/*"), ("weight", "text/csv"), ("weight?format=csv", "text/html")):
        table = await shop.ask("GET", f"/v1/loaves/{path}", Accept=accept)
        assert (table.status, table.body.decode()) == (200, "weight\r\n700\r\n"), path
        assert table.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert table.headers["Vary"] == "Authorization, Accept"
        assert table.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert (
        await shop.ask("GET", "/v1/loaves/weight", Accept="text/csv", If_None_Match=table.headers["ETag"])
    ).status == 304
    for path, accept in (
        ("weight", "*/*"),
        ("weight", "application/json, text/csv"),
        ("weight?format=json", "text/csv"),
    ):
        figures = await shop.ask("GET", f"/v1/loaves/{path}", Accept=accept)
        assert figures.json == {"weight": 700} and figures.headers["ETag"] != table.headers["ETag"]
    page = await shop.ask("GET", "/v1/loaves/weight?grain=rye", Accept="text/html,application/xhtml+xml;q=0.9")
    assert page.body.decode() == f"<style>{SHEET}</style>700"
    digest = b64encode(sha256(SHEET.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in page.headers["Content-Security-Policy"]
    assert "script-src" not in page.headers["Content-Security-Policy"]
    for path in ("weight?format=xls", "weight?format=csv&format=csv", "weight?format=", "crumbs?format=csv"):
        wrong = await shop.ask("GET", f"/v1/loaves/{path}" if "weight" in path else f"/v1/loaves/0/{path}")
        assert (wrong.status, wrong.code) == (400, "MALFORMED"), path
    assert (await shop.ask("GET", "/v1/loaves/weight?format=csv&colour=red")).code == "MALFORMED"


def test_the_document_tells_all_forms() -> None:
    told = document_of(OPERATIONS)["paths"]["/v1/loaves/weight"]["get"]
    contents = told["responses"]["200"]["content"]
    assert {media: one["schema"].get("type") for media, one in contents.items()} == {
        "application/json": None, "application/ld+json": "object", "text/csv": "string", "text/html": "string",
    }  # fmt: skip
    (form,) = (one for one in told["parameters"] if one["name"] == "format")
    assert form["schema"] == {"type": "string", "enum": ["json", "jsonld", "csv", "html"], "default": "json"}
