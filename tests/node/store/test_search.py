# SPDX-License-Identifier: AGPL-3.0-or-later
"""People find members by name and payments by note, as they type them, and nobody finds what is not its own."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from doorless import Riacho, at_work, riacho_in

from node.keeping.home import DATABASE
from node.keeping.upkeep import rebuild, verify_book
from node.loop.batch import Batch
from node.loop.refusals import SEARCH_UNAVAILABLE
from node.store import search
from protocol.book.declaration import Page
from protocol.book.folding import folded, words_of
from protocol.book.money import Amount
from protocol.book.refusals import MALFORMED, Refused
from protocol.events import Erase
from protocol.practices.money.payments.views import PaymentsWanted
from protocol.practices.money.requests.views import AskPayment, RequestsWanted
from protocol.practices.people.members.views import MembersWanted
from protocol.practices.people.names import Rename
from protocol.practices.people.privacy import EraseData

NOTES = ("Açúcar mascavo", "pão de Ana", "um pão e meio", "col·lectiu, 1º andar", "œufs frais", "queijo")


@pytest.fixture
async def home(tmp_path: Path) -> Path:
    """Riacho with three members; Ana has paid Bia for each of the notes in turn, and Caio has paid Bia once."""
    home = await riacho_in(tmp_path / "riacho")
    async with at_work(home) as riacho:
        for handle, name in (("ana", "Ana Souza da Conceição"), ("bia", "Bia Lima"), ("caio", "Caio Souza")):
            await riacho.join(handle, name)
        for note in NOTES:
            await riacho.pay("ana", "bia", 100, note)
        await riacho.pay("caio", "bia", 100, "pão de Caio")
    return home


async def notes(riacho: Riacho, words: str, *, as_: str = "", **wanted: Any) -> list[str | None]:
    page = await riacho.ask("payments.list", PaymentsWanted(search=words, **wanted), as_=as_)
    return [one.note for one in page.items]


async def handles(riacho: Riacho, words: str, **wanted: Any) -> list[str]:
    page = await riacho.ask("members.list", MembersWanted(search=words, **wanted), as_="bia")
    return [one.handle for one in page.items]


def test_words_meet_however_they_are_typed() -> None:
    pairs = {
        "Açúcar": "acucar", "pa\u0303o": "pão", "ŒUFS": "oeufs", "col·lectiu": "collectiu", "coŀlectiu": "COL•LECTIU",
        "1º andar": "1 andar", "Straße": "strasse", "Łódź": "lodz", "d'água": "d’agua", "ﬁlha": "filha",
    }  # fmt: skip
    assert {typed for typed, other in pairs.items() if words_of(typed) != words_of(other)} == set()
    assert words_of("pão-de-ló, 12,50!") == ["pao", "de", "lo", "12", "50"]
    assert folded(None) == folded(" ·- ") == ""


async def test_payments_are_found_by_note_without_accents_in_any_order(home: Path) -> None:
    async with at_work(home) as riacho:
        assert await notes(riacho, "acucar") == ["Açúcar mascavo"]
        assert await notes(riacho, "MASC acúc") == ["Açúcar mascavo"]
        assert await notes(riacho, "oeuf") == ["œufs frais"]
        assert await notes(riacho, "1 collect") == ["col·lectiu, 1º andar"]
        assert await notes(riacho, "pa\u0303o meio") == ["um pão e meio"]
        assert await notes(riacho, "acucar queijo") == await notes(riacho, "mascav* OR queijo") == []
        assert await notes(riacho, "ucar") == []
        for nothing in ("", " - ", '"*'):
            refused = await riacho.ask("payments.list", PaymentsWanted(search=nothing))
            assert isinstance(refused, Refused) and (refused.reason, refused.figures["field"]) == (MALFORMED, "search")


async def test_the_best_come_first_and_pages_do_not_shift(home: Path) -> None:
    async with at_work(home) as riacho:
        await riacho.pay("ana", "bia", 100, "pãozinho")
        expected = ["pão de Caio", "pão de Ana", "um pão e meio", "pãozinho"]
        assert await notes(riacho, "pao") == expected
        shown, after = [], 0
        while True:
            page = await riacho.ask("payments.list", PaymentsWanted(search="pao"), after=after, limit=1)
            assert isinstance(page, Page) and len(page.items) == 1
            shown += [one.note for one in page.items]
            await riacho.pay("ana", "bia", 1, "pão")
            if page.next is None:
                break
            after = page.next
        assert shown == expected


async def test_payments_are_found_by_whom_they_are_between_under_any_name(home: Path) -> None:
    async with at_work(home) as riacho:
        assert await notes(riacho, "caio") == ["pão de Caio"]
        assert await notes(riacho, "conceicao pao") == ["pão de Ana", "um pão e meio"]
        await riacho.ask("members.rename", Rename(handle="dora", name="Dora Reis"), subject="caio")
        assert await notes(riacho, "dora reis") == await notes(riacho, "caio pao") == ["pão de Caio"]
        assert await notes(riacho, "reis", account="ana") == await notes(riacho, "reis souza") == []


async def test_members_are_found_by_name_and_by_handles_that_they_had(home: Path) -> None:
    async with at_work(home) as riacho:
        assert await handles(riacho, "souza") == ["caio", "ana"]
        assert await handles(riacho, "conc AN") == ["ana"]
        await riacho.ask("members.rename", Rename(handle="dora", name="Dora Reis"), subject="caio")
        assert await handles(riacho, "souza") == ["ana"]
        assert await handles(riacho, "caio") == await handles(riacho, "rei dor") == ["dora"]
        assert await handles(riacho, "a", handle="bia") == [] and await handles(riacho, "li", handle="bia") == ["bia"]


async def test_nobody_finds_what_is_not_its_own(home: Path) -> None:
    async with at_work(home) as riacho:
        assert await notes(riacho, "pao", as_="ana") == ["pão de Ana", "um pão e meio"]
        assert await notes(riacho, "pao", as_="caio") == await notes(riacho, "caio", as_="caio") == ["pão de Caio"]
        assert len(await notes(riacho, "p", as_="bia")) == 3
        # Nor by what the index holds besides words.
        with closing(sqlite3.connect(search.path_beside(home / DATABASE))) as connection:
            [(marks,)] = connection.execute("SELECT marks FROM words WHERE said = '' AND told LIKE 'acucar%'")
        assert [await notes(riacho, mark) for mark in marks.split()] == [[]] * 4
        wish = AskPayment(payee="ana", payer="bia", amount=Amount(300, "HORA", 2), note="três jarros de mel")
        await riacho.ask("payment-requests.create", wish)
        found = [await riacho.ask("payment-requests.list", RequestsWanted(search="jarros tres"), as_=one) for one in
                 ("ana", "bia", "caio", "")]  # fmt: skip
        assert [len(page.items) for page in found] == [1, 1, 0, 1]


async def test_the_index_goes_on_after_a_restart_and_is_made_anew_where_it_lags(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    remake = search.remake

    def remade(database: Path, rows: Any) -> None:
        made.append(1)
        remake(database, rows)

    monkeypatch.setattr(search, "remake", remade)
    async with at_work(home) as riacho:
        assert (await notes(riacho, "acucar"), made) == (["Açúcar mascavo"], [])
        riacho.storage.search.current = False  # as if it were killed before the index followed
        await riacho.pay("ana", "bia", 100, "rapadura")
    async with at_work(home) as riacho:
        assert (await notes(riacho, "rapad"), made) == (["rapadura"], [1])
        assert await handles(riacho, "lima") == ["bia"]
    index = search.path_beside(home / DATABASE)
    for damage in (b"", b"no database at all", index.read_bytes()[:5_000]):
        index.write_bytes(damage)
        made.clear()
        async with at_work(home) as riacho:
            assert (await notes(riacho, "acucar caio"), await notes(riacho, "mascavo")) == ([], ["Açúcar mascavo"])
        assert made == [1]
    made.clear()
    assert await rebuild(home) > 0 and made == [1]
    assert verify_book(home, lambda _: None).faults == ()


async def test_a_damaged_index_stops_nobody_from_paying(home: Path) -> None:
    async with at_work(home) as riacho:
        with closing(sqlite3.connect(search.path_beside(home / DATABASE))) as connection:
            connection.execute("DROP TABLE words")
        paid = await riacho.pay("ana", "bia", 100, "rapadura")
        refused = await riacho.ask("payments.list", PaymentsWanted(search="rapadura"))
        assert isinstance(refused, Refused) and refused.reason is SEARCH_UNAVAILABLE and refused.reason.transient
        assert (await riacho.ask("payments.show", subject=paid)).note == "rapadura"
    async with at_work(home) as riacho:
        assert await notes(riacho, "rapadura") == ["rapadura"]


async def test_what_is_erased_is_found_no_more_and_stands_in_no_file_of_the_index(home: Path) -> None:
    async with at_work(home) as riacho:
        for number in range(300):
            await riacho.pay("ana", "bia", 1, f"segredo{number:03} trigo")
        assert b"segredo123" in on_disk(home) and len(await notes(riacho, "trigo")) == 50
        await riacho.ask("members.erase", EraseData(), subject="ana")
        found = on_disk(home)
        assert [text for text in (b"segredo", b"trigo", b"mascavo", b"conceicao") if text in found] == []
        assert await notes(riacho, "mascavo") == await handles(riacho, "souza conceicao") == []
        assert len(await notes(riacho, "ana")) == 50 and await notes(riacho, "caio pao") == ["pão de Caio"]
        await riacho.pay("ana", "bia", 1, "segredo novo")
        assert await notes(riacho, "segr") == ["segredo novo"]
    async with at_work(home) as riacho:
        assert await notes(riacho, "segr") == ["segredo novo"]


async def test_an_erasure_that_a_crash_has_cut_is_gone_from_the_index_after_the_start(home: Path) -> None:
    async def killed(_: search.SearchIndex) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search.SearchIndex, "scrub", killed)
        async with at_work(home) as riacho:
            with pytest.raises(KeyboardInterrupt):
                await riacho.storage.commit(erasure_of(riacho, "ana"))
    assert b"mascavo" in on_disk(home)
    async with at_work(home) as riacho:
        assert await notes(riacho, "mascavo") == []
        assert b"mascavo" not in on_disk(home)


def erasure_of(riacho: Riacho, handle: str) -> Any:
    return Batch(erased=[Erase(riacho.books.book.member_by_handle[handle], 1 << 60)])


def on_disk(home: Path) -> bytes:
    """Return all that is in the files of the index, byte by byte."""
    return b"".join(path.read_bytes() for path in home.glob(f"{DATABASE}.search*"))
