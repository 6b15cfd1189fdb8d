# SPDX-License-Identifier: AGPL-3.0-or-later
"""The pages of a real node, without scripts: signing in, paying, reading; and what nobody gets from them."""

from asyncio import gather
from base64 import b64encode
from collections import Counter
from hashlib import sha256

import pytest

from node.http.sign_in_codes import CODE_MS
from node.keeping.source import Source, SourceUnusable
from node.languages.catalogues import LANGUAGES_TOLD
from node.web.fields import lead_of
from node.web.visits import SESSION
from node.web.words import PageWords
from protocol.book.parameters import TIME_ZONE
from protocol.practices import OPERATIONS
from protocol.practices.market.wishes import OffersWanted
from protocol.practices.money.schedules.entries import SchedulePayment
from protocol.practices.people.members.views import MemberShown
from tests.node.web.conftest import Town
from tests.node.web.crawl import OF_A_KIND_MAX, kind_of

pytestmark = pytest.mark.timeout(120)


async def test_a_member_without_a_key_signs_in_by_a_code_and_pays(town: Town) -> None:
    await town.join("ana", "Ana Souza")
    await town.join("bia", "Bia")
    ana = await town.signed_in(member="ana")
    today = await ana.get("/")
    assert "You can spend 100.00 HORA" in today.text
    form = await ana.get("/payments/create")
    fields = {
        "_form": form.hidden("_form"),
        "_key": form.hidden("_key"),
        "payee": "bia",
        "amount": "12,50",
        "note": "pão",
    }
    confirm = await ana.post("/payments/create", fields)
    assert (confirm.status, "12.50 HORA" in confirm.text, "bia" in confirm.text) == (200, True, True)
    assert "You can spend 100.00 HORA" in (await ana.get("/")).text, "nothing is paid before it is said"
    paid = await ana.post("/payments/create", {**fields, "_step": "do"})
    again = await ana.post("/payments/create", {**fields, "_step": "do"})
    assert paid.path == again.path and paid.path.startswith("/payments/")
    assert "12.50 HORA" in paid.text and "pão" in paid.text
    assert "You can spend 87.50 HORA" in (await ana.get("/")).text, "twice sent is once paid"
    assert "−12.50 HORA" in (await ana.get("/statement")).text


async def test_a_confirmation_says_what_it_costs_and_a_payee_who_is_not_there_is_refused_before_it(town: Town) -> None:
    await town.join("ana", "Ana")
    await town.join("bia", "Bia")
    ana = await town.signed_in(member="ana")
    form = await ana.get("/payments/create")
    fields = {"_form": form.hidden("_form"), "_key": form.hidden("_key"), "payee": "bia", "amount": "12,50"}
    confirm = await ana.post("/payments/create", fields)
    assert confirm.status == 200 and confirm.text.count("12.50 HORA") == 3, "asked for, what she gets, what it costs"
    for payee, amount in (("nobody", "1"), ("bia", "-5"), ("bia@nowhere", "1")):
        refused = await ana.post("/payments/create", {**fields, "payee": payee, "amount": amount})
        assert refused.status == 422 and 'role="alert"' in refused.html, (payee, refused.text)


async def test_a_refusal_says_the_figure_that_is_missing_and_keeps_what_was_typed(town: Town) -> None:
    await town.join("ana", "Ana")
    await town.join("bia", "Bia")
    ana = await town.signed_in(member="ana")
    refused = await ana.send("/payments/create", payee="bia", amount="117,50", note="a cow")
    assert refused.status == 422
    assert "17.50 HORA missing" in refused.text and "LIMIT_EXCEEDED" in refused.text
    assert "a cow" in refused.html and 'value="117,50"' in refused.html
    wrong = await ana.send("/payments/create", payee="bia", amount="12,5O")
    assert wrong.status == 422 and "an amount such as 12.50" in wrong.text
    assert "You can spend 100.00 HORA" in (await ana.get("/")).text


async def test_what_was_refused_is_corrected_and_sent_from_the_same_page_and_paid_once(town: Town) -> None:
    await town.join("ana", "Ana")
    await town.join("bia", "Bia")
    ana = await town.signed_in(member="ana")
    refused = await ana.send("/payments/create", payee="bia", amount="117,50")
    corrected = {name: refused.hidden(name) for name in ("_form", "_key")} | {"payee": "bia", "amount": "2"}
    seen = await gather(*(ana.post("/payments/create", {**corrected, "_step": "do"}) for _ in range(5)))
    assert any(one.path.startswith("/payments/") and one.status == 200 for one in seen)
    assert "You can spend 98.00 HORA" in (await ana.get("/")).text
    # Who went back and typed another amount has paid already: the key stays, and nothing more is paid.
    again = await ana.post("/payments/create", {**corrected, "amount": "3", "_step": "do"})
    assert "IDEMPOTENCY_REUSED" in again.text and again.hidden("_key") == corrected["_key"]
    assert "You can spend 98.00 HORA" in (await ana.get("/")).text


async def test_a_code_opens_once_and_what_is_no_code_opens_nothing(town: Town) -> None:
    await town.join("ana", "Ana")
    made = await town.ask("POST", "/v1/sign-in-codes", {"member": "ana"})
    stranger = town.browser()
    assert (await stranger.get("/")).path == "/sign-in"
    preview = await stranger.get(made["path"])
    assert preview.status == 200 and made["code"].replace(" ", "") in preview.html, "to look at a link uses nothing up"
    assert (await stranger.sign_in("AAAA BBBB CCCC")).status == 401
    assert (await stranger.sign_in(made["code"].lower())).status == 200
    other = town.browser()
    second = await other.sign_in(made["code"])
    assert (second.status, "SIGN_IN_CODE_UNKNOWN" in second.text) == (401, True)
    assert (await other.get("/statement")).status == 401
    assert CODE_MS == 15 * 60_000


async def test_who_signs_out_or_whose_token_is_revoked_sees_nothing_any_more(town: Town) -> None:
    await town.join("ana", "Ana")
    ana, elsewhere = await town.signed_in(member="ana"), await town.signed_in(member="ana")
    page = await ana.get("/more")
    [kept] = [one.value for one in ana.session.cookie_jar if one.key == SESSION]
    assert (await ana.post("/sign-out", {"_form": page.hidden("_form")})).path == "/sign-in"
    async with town.asking.get(f"{town.url}/v1/accounts", headers={"Authorization": f"Bearer {kept}"}) as answer:
        assert answer.status == 401, "whoever copied the cookie has nothing of it any more"
    assert (await ana.get("/statement")).status == 401
    assert (await elsewhere.get("/statement")).status == 200
    for token in (await town.ask("GET", "/v1/tokens"))["items"]:
        if token["label"] == "browser" and token["live"]:
            async with town.asking.delete(
                f"{town.url}/v1/tokens/{token['id']}", headers={"Authorization": f"Bearer {town.steward}"}
            ) as answer:
                assert answer.status == 204
    assert (await elsewhere.get("/statement")).status == 401


async def test_a_form_that_another_site_or_another_member_sends_does_nothing(town: Town) -> None:
    await town.join("ana", "Ana")
    await town.join("bia", "Bia")
    ana, bia = await town.signed_in(member="ana"), await town.signed_in(member="bia")
    form = await ana.get("/payments/create")
    wish = {"_key": form.hidden("_key"), "payee": "bia", "amount": "1", "_step": "do"}
    theirs = (await bia.get("/payments/create")).hidden("_form")
    for token in ("", "x", "é", theirs):
        assert (await ana.post("/payments/create", {**wish, "_form": token})).status == 403
    own = {**wish, "_form": form.hidden("_form")}
    for origin in ("https://elsewhere.example", "null", "http://[", ana.url.removeprefix("http://")):
        assert (await ana.post("/payments/create", own, {"Origin": origin})).status == 403, origin
    assert (await ana.get("/payments/create?payee=bia&amount=1&_step=do")).status == 200, "to look at it does nothing"
    assert "You can spend 100.00 HORA" in (await ana.get("/")).text
    assert (await ana.post("/payments/create", own)).status == 200
    assert "You can spend 99.00 HORA" in (await ana.get("/")).text


async def test_text_of_others_is_text_on_every_page(town: Town) -> None:
    wicked = "<script>alert(1)</script><b>&amp;"
    await town.join("ana", wicked[:40])
    await town.join("bia", "Bia")
    ana = await town.signed_in(member="ana")
    paid = await ana.send("/payments/create", payee="bia", amount="1", note=wicked)
    shown = [paid, await ana.get("/payments"), await ana.get("/statement"), await ana.get("/members")]
    shown.append(await ana.get(f"/members?name={wicked}"))
    shown.append(await ana.get("/%3Cscript%3Ealert(1)"))
    for page in shown:
        assert "<script>alert" not in page.html and "<b>&" not in page.html, page.path
    assert wicked in paid.text


async def test_no_page_lets_scripts_styles_or_frames_of_elsewhere_in(town: Town) -> None:
    page = await town.browser().get("/sign-in")
    policy = page.headers["Content-Security-Policy"]
    for part in ("default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"):
        assert part in policy
    assert "unsafe" not in policy and "http" not in policy
    assert "style=" not in page.html and "<style" not in page.html and "onclick" not in page.html
    assert page.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("role", ["steward", "member", "auditor", "committee"])
async def test_every_page_that_can_be_reached_opens(town: Town, role: str) -> None:
    await town.join("ana", "Ana")
    await town.join("bia", "Bia")
    ana = await town.signed_in(member="ana")
    await ana.send("/payments/create", payee="bia", amount="1", note="bread")
    who = {"role": role, **({"member": "ana"} if role == "member" else {})}
    browser = await town.signed_in(**who)
    seen: dict[str, int] = {}
    waiting, kinds = ["/", "/more", "/week"], Counter[str]()
    while waiting:
        path = waiting.pop()
        if path in seen or kinds[kind_of(path)] == OF_A_KIND_MAX:
            continue
        kinds[kind_of(path)] += 1
        page = await browser.get(path)
        seen[path] = page.status
        assert page.status < 500, (path, page.text)
        assert "Traceback" not in page.html and "Undefined" not in page.html
        waiting += [one for one in page.links if one not in seen]
    opened = {path.split("/")[1] for path, status in seen.items() if status == 200}
    wanted = {one.noun for one in OPERATIONS.values() if getattr(one, "who", ()) and role in one.who}
    assert len(opened & wanted) > 20, opened
    assert all(status in (200, 401, 403, 404) for status in seen.values()), seen


@pytest.mark.parametrize("language", LANGUAGES_TOLD)
async def test_a_page_is_told_in_the_readers_language(town: Town, language: str) -> None:
    stranger = town.browser()
    said = {"en": "Sign in", "es": "Entrar", "fr": "Entrer", "pt": "Entrar"}
    page = await stranger.get("/sign-in", language)
    assert said[language] in page.text and f'lang="{language}"' in page.html
    chosen = await stranger.post("/language", {"_form": page.hidden("_form"), "language": "pt", "back": "/sign-in"})
    assert chosen.path == "/sign-in" and 'lang="pt"' in chosen.html
    for elsewhere in ("https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example"):
        answer = await stranger.post("/language", {"_form": page.hidden("_form"), "language": "pt", "back": elsewhere})
        assert answer.path in ("/sign-in", "/"), elsewhere


@pytest.mark.parametrize("language", [language for language in LANGUAGES_TOLD if language != "en"])
async def test_a_form_says_in_the_readers_language_what_it_does_and_what_its_fields_are(
    town: Town, language: str
) -> None:
    await town.join("ana", "Ana")
    ana = await town.signed_in(member="ana")
    words = PageWords(language, TIME_ZONE.default)
    for path, texts in (
        ("/scheduled-payments/create", (lead_of(SchedulePayment), "how much each time")),
        ("/offers", (lead_of(OffersWanted), "only those with this mark")),
        ("/members/ana", (lead_of(MemberShown),)),
    ):
        page = await ana.get(path, language)
        told = [" ".join(words.help(text).split()) for text in texts]  # as the page's text has its spaces
        assert [text for text in told if text not in page.text] == [], path
        assert [text for text in texts if text in page.text] == [], path


async def test_what_is_no_page_is_told_so(town: Town) -> None:
    stranger = town.browser()
    for path in ("/nothing", "/members/ana/none/such", "/static/../site.py", "/static/none.css", "//", "/s"):
        page = await stranger.get(path)
        assert page.status in (401, 404), (path, page.status)
    assert (await stranger.get("/members?" + "&".join(f"a{number}=1" for number in range(33)))).status == 400
    assert (await stranger.get("/static/mutirao.css")).status == 200
    assert "<svg" in (await stranger.get("/tile.svg")).html


async def test_anybody_takes_the_source_along(town: Town) -> None:
    nobody = town.browser()
    page = await nobody.get("/source", "pt")
    assert page.status == 200 and "Código-fonte" in page.text and "GNU Affero" in page.text
    assert "/source" in (await nobody.get("/sign-in")).links, "from every page"
    assert 'href="/v1/source"' in page.html
    async with town.asking.get(f"{town.url}/v1/source") as answer:
        data, headers = await answer.read(), answer.headers
    digest = sha256(data)
    assert headers["Repr-Digest"] == f"sha-256=:{b64encode(digest.digest()).decode()}:"
    assert digest.hexdigest() in page.text
    async with town.asking.get(f"{town.url}/v1/source", headers={"If-None-Match": headers["ETag"]}) as answer:
        assert (answer.status, await answer.read()) == (304, b"")


async def test_a_program_changed_under_the_node_is_told_and_not_given(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changed(_: object) -> Source:
        raise SourceUnusable("app.py was changed since the node was started: start it again")

    monkeypatch.setattr("node.keeping.source.ProgramSource.packed", changed)
    async with town.asking.get(f"{town.url}/v1/source") as answer:
        told = await answer.json(content_type=None)
    assert (answer.status, told["code"], told["transient"]) == (503, "SOURCE_CHANGED", True)
    page = await town.browser().get("/source")
    assert (page.status, "SOURCE_CHANGED" in page.text) == (503, True)
