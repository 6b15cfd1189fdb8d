# SPDX-License-Identifier: AGPL-3.0-or-later
"""What members look for and the pictures of what they offer: kept at home, over a restart, and erased with them."""

import asyncio
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from doorless import Riacho, at_work, riacho_in
from PIL import Image

from node.keeping.home import DATABASE
from node.loop import door
from node.store.picture import redrawn
from protocol.book.declaration import Actor, Role, Seers
from protocol.book.refusals import Refused
from protocol.practices.market.offer_pictures import RemoveOfferPicture, SetOfferPicture
from protocol.practices.market.search import IntentKind
from protocol.practices.market.searches import SAVED_MAX, SaveSearch, SearchesWanted, WithdrawSearch
from protocol.practices.market.wishes import OffersWanted, PublishNeed, PublishOffer, ReplaceOffer, WithdrawOffer
from protocol.practices.people.privacy import EraseData

pytestmark = pytest.mark.timeout(60)


def on_disk(home: Path) -> bytes:
    return b"".join(path.read_bytes() for path in home.glob(f"{DATABASE}*") if path.is_file())


async def purged(riacho: Riacho, data: bytes) -> None:
    for _ in range(100):
        if data not in on_disk(riacho.home):
            return
        await asyncio.sleep(0.1)
    raise AssertionError("it is still there")


async def told(riacho: Riacho, member: str) -> list[tuple[str, str]]:
    """Return of which things a member was told, each with the search that found it."""
    id, events = riacho.books.book.member_by_handle[member], await riacho.storage.events(0)
    mine = [one for one in events if one.type == "search.matched" and id in one.audience]
    return [(one.resource, one.figures["search"]) for one in mine]


async def refusal(riacho: Riacho, operation: str, wish: Any = None, **asked: Any) -> str:
    refused = await riacho.ask(operation, wish, **asked)
    assert isinstance(refused, Refused), refused
    return refused.reason.code


async def saved(riacho: Riacho, member: str) -> list[str | None]:
    items = (await riacho.ask("searches.list", SearchesWanted(), as_=member)).items
    return [one.said.search or one.said.code for one in items]


async def test_a_member_is_told_of_what_it_looks_for_once_and_over_restarts(tmp_path: Path) -> None:
    home = await riacho_in(tmp_path / "riacho")
    async with at_work(home) as riacho:
        for name in ("ana", "bia"):
            await riacho.join(name)
        cheese = await riacho.ask("searches.save", SaveSearch("queijo cabra", kind=IntentKind.OFFER), as_="ana")
        flours = await riacho.ask("searches.save", SaveSearch(code="231"), as_="ana")
        assert (cheese.member, cheese.said) == ("ana", None), "an answer that is remembered does not hold it"
        offer = await riacho.ask("offers.publish", PublishOffer("Queijo de cabra", member="bia"))
        need = await riacho.ask("needs.publish", PublishNeed("Farinha", code="23110", member="bia"))
        for title, member in (("Queijo de vaca", "bia"), ("Queijo de cabra", "ana"), ("Leite", "bia")):
            await riacho.ask("offers.publish", PublishOffer(title, member=member))
        await riacho.ask("needs.publish", PublishNeed("Queijo de cabra", member="bia"))
        assert await told(riacho, "ana") == [(offer.id, cheese.id), (need.id, flours.id)]
        await riacho.ask("offers.replace", ReplaceOffer("Queijo de cabra", "Curado"), subject=offer.id)
        assert len(await told(riacho, "ana")) == 2, "of each thing once"
    async with at_work(home) as riacho:
        assert await saved(riacho, "ana") == ["queijo cabra", "231"]
        assert len(await told(riacho, "ana")) == 2, "a start tells of nothing that was there before"
        later = await riacho.ask("offers.publish", PublishOffer("QUEIJO fresco de CABRA", member="bia"))
        assert (await told(riacho, "ana"))[2:] == [(later.id, cheese.id)]
        await riacho.ask("searches.withdraw", WithdrawSearch(), subject=cheese.id, as_="ana")
        await riacho.ask("offers.publish", PublishOffer("Queijo de cabra", member="bia"))
        assert (len(await told(riacho, "ana")), await told(riacho, "bia")) == (3, [])
        assert await saved(riacho, "ana") == ["231"]


async def test_what_is_looked_for_is_the_members_own_and_goes_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "PURGE_EVERY_MS", 100)
    home = await riacho_in(tmp_path / "riacho")
    async with at_work(home) as riacho:
        for name in ("ana", "bia"):
            await riacho.join(name)
        mine = await riacho.ask("searches.save", SaveSearch("insulina", near="geo:1.23456,2.34567"), as_="ana")
        assert (await riacho.ask("searches.show", subject=mine.id, as_="ana")).said.near == "geo:1.23,2.35"
        assert b"insulina" in on_disk(home) and b"1.23456" not in on_disk(home)
        for operation, wish in (("searches.show", None), ("searches.withdraw", WithdrawSearch())):
            assert await refusal(riacho, operation, wish, subject=mine.id, as_="bia") == "NOT_FOUND"
        assert await refusal(riacho, "searches.list", SearchesWanted(member="ana"), as_="bia") == "NOT_FOUND"
        assert await refusal(riacho, "searches.save", SaveSearch("x", member="ana"), as_="bia") == "NOT_FOUND"
        for wish, code in (
            (SaveSearch(), "MALFORMED"),
            (SaveSearch(kind=IntentKind.NEED), "MALFORMED"),
            (SaveSearch("?!"), "MALFORMED"),
            (SaveSearch(code="x1"), "MALFORMED"),
            (SaveSearch("mel", within_km=5), "MALFORMED"),
        ):
            assert await refusal(riacho, "searches.save", wish, as_="ana") == code, wish
        for number in range(SAVED_MAX - 1):
            await riacho.ask("searches.save", SaveSearch(f"thing {number}"), as_="ana")
        assert await refusal(riacho, "searches.save", SaveSearch("one more"), as_="ana") == "SEARCHES_FULL"
        await riacho.ask("searches.save", SaveSearch("mel"), as_="bia")
        await riacho.ask("members.erase", EraseData(), subject="ana", as_="ana")
        assert (await saved(riacho, "ana"), await saved(riacho, "bia")) == ([], ["mel"])
        await riacho.ask("offers.publish", PublishOffer("Insulina", member="bia"))
        assert await told(riacho, "ana") == []
        await purged(riacho, b"insulina")
    async with at_work(home) as riacho:
        assert (await saved(riacho, "ana"), await saved(riacho, "bia")) == ([], ["mel"])


async def drawn() -> bytes:
    file = BytesIO()
    Image.effect_noise((90, 70), 90).save(file, "PNG")
    return await redrawn(file.getvalue())


async def jpeg_of(riacho: Riacho, offer: str, *, as_: Actor | None = None) -> Any:
    shown = await riacho.books.ask("offer-pictures.show", as_ or Actor(Role.ANYONE), None, subject=offer)
    return shown.reason.code if isinstance(shown, Refused) else shown.jpeg


async def test_an_offers_picture_is_shown_at_its_home_and_erased_with_the_offer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "PURGE_EVERY_MS", 100)
    home = await riacho_in(tmp_path / "riacho")
    async with at_work(home) as riacho:
        for name in ("ana", "bia"):
            await riacho.join(name)
        ids = [
            (await riacho.ask("offers.publish", PublishOffer(title, seers=seers, member="ana"))).id
            for title, seers in (("Cheese", Seers.EVERYBODY), ("Milk", Seers.GROUP), ("Wool", Seers.EVERYBODY))
        ]
        pictures = [await drawn() for _ in ids]
        for id, jpeg in zip(ids, pictures, strict=True):
            shown = await riacho.ask("offer-pictures.set", SetOfferPicture(id, jpeg), as_="ana")
            assert (shown.digest, shown.jpeg) == (sha256(jpeg).hexdigest(), None)
            assert (await riacho.ask("offers.show", subject=id)).picture == shown.digest
        assert [await jpeg_of(riacho, id) for id in ids] == [pictures[0], "NOT_FOUND", pictures[2]]
        bia = Actor(Role.MEMBER, riacho.books.book.member_by_handle["bia"])
        assert await jpeg_of(riacho, ids[1], as_=bia) == pictures[1]
        assert (
            await refusal(riacho, "offer-pictures.set", SetOfferPicture(ids[0], pictures[0]), as_="bia") == "FORBIDDEN"
        )
        assert await refusal(riacho, "offer-pictures.set", SetOfferPicture(ids[0], b"GIF89a"), as_="ana") == "MALFORMED"
        assert await refusal(riacho, "offer-pictures.set", SetOfferPicture("x", pictures[0]), as_="ana") == "NOT_FOUND"
        await riacho.ask("offers.replace", ReplaceOffer("Goat cheese"), subject=ids[0], as_="ana")
        assert await jpeg_of(riacho, ids[0]) == pictures[0], "what is said anew keeps its picture"
        inner = [jpeg[300:340] for jpeg in pictures]
        await riacho.ask("offers.withdraw", WithdrawOffer(), subject=ids[0], as_="ana")
        assert await jpeg_of(riacho, ids[0]) == "NOT_FOUND"
        await purged(riacho, inner[0])
        assert inner[2] in on_disk(home)
        await riacho.ask("offer-pictures.remove", RemoveOfferPicture(), subject=ids[1], as_="ana")
        assert (
            await refusal(riacho, "offer-pictures.remove", RemoveOfferPicture(), subject=ids[1], as_="ana")
            == "NOT_FOUND"
        )
        await purged(riacho, inner[1])
    async with at_work(home) as riacho:
        assert await jpeg_of(riacho, ids[2]) == pictures[2]
        await riacho.ask("members.erase", EraseData(), subject="ana", as_="ana")
        assert await jpeg_of(riacho, ids[2]) == "NOT_FOUND"
        for _ in range(100):
            if (await riacho.ask("offers.show", subject=ids[2])).picture is None:
                break
            await asyncio.sleep(0.1)
        assert [one.picture for one in (await riacho.ask("offers.list", OffersWanted())).items] == [None, None]
