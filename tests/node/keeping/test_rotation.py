# SPDX-License-Identifier: AGPL-3.0-or-later
"""A network changes its signing key on a stopped node."""

import shutil
from pathlib import Path

import pytest

from node import clock
from node.keeping.cold import sign_file
from node.keeping.home import (
    DATABASE,
    HIGH_WATER,
    Founding,
    HomeUnusable,
    found,
    found_replica,
    locked,
    peer_id,
    read_key,
    read_keys,
)
from node.keeping.rotation import Change, Rotated, rotate, to_sign
from node.keeping.upkeep import verify_book
from node.loop.batch import Answered, Batch
from node.store.highwater import HighWater, why_recover
from node.store.storage import Storage
from protocol.events import Line, Store
from protocol.lanes.directory import Profile
from protocol.lanes.entry import COMMONS, Millis
from protocol.lanes.identity import Identity
from protocol.practices import PRACTICES
from protocol.replica import Replica
from protocol.wire.keys import KeyPair


async def founded(home: Path) -> None:
    await found(home, Founding("riacho", "Riacho", "HORA"), now=clock.now_ms, chance=clock.chance)


async def rotated(home: Path, next_key: Path | None = None, cold: str = "cold.key") -> Rotated:
    return await changed(home, Change(next_key), cold=cold)


async def changed(home: Path, change: Change, cold: str = "cold.key") -> Rotated:
    return await rotate(home, change, cold_keys=[home / "keys" / cold], now=clock.now_ms, chance=clock.chance)


async def loaded(home: Path) -> Replica:
    """Return the replica of a home as a node would begin with it."""
    storage = await Storage.open(home / DATABASE)
    try:
        network = await storage.network()
        assert network is not None
        replica = Replica(network, PRACTICES, chance=clock.chance, keyring=read_keys(home).keyring)
        for _ in replica.load(storage.entries()):
            pass
        return replica
    finally:
        await storage.close()


async def test_the_promised_key_takes_over_and_promises_the_next(tmp_path: Path) -> None:
    home = tmp_path / "riacho"
    await founded(home)
    promised = read_key(home / "keys" / "next.key")
    for epoch in (1, 2):
        done = await rotated(home)
        assert done.epoch == epoch
        identity = (await loaded(home)).journal.directory.networks
        (known,) = identity.values()
        assert known.identity.key_of(epoch) == KeyPair.from_seed(read_key(home / "keys" / "hot.key")).public
    assert read_key(home / "keys" / "hot.key") != promised, "the second rotation has used the next one"


async def test_a_key_that_was_not_promised_changes_nothing(tmp_path: Path) -> None:
    home = tmp_path / "riacho"
    await founded(home)
    before = {path.name: path.read_bytes() for path in (home / "keys").iterdir()}
    with pytest.raises(HomeUnusable, match="promised"):
        await rotated(home, next_key=home / "keys" / "transport.key")
    with pytest.raises(HomeUnusable, match="not a cold key"):
        await rotated(home, cold="transport.key")
    (known,) = (await loaded(home)).journal.directory.networks.values()
    assert known.identity.epoch == 0
    assert {name: (home / "keys" / name).read_bytes() for name in before} == before


async def test_a_rotation_broken_off_after_it_was_stored_is_finished_by_doing_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "riacho"
    await founded(home)

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("node.keeping.rotation._change_files", crash)
        with pytest.raises(KeyboardInterrupt):
            await rotated(home)
    assert (await rotated(home)).epoch == 1
    assert (await rotated(home)).epoch == 2, "the key that the first one promised was not lost"


# After a theft.


def secrets(home: Path) -> dict[str, bytes]:
    return {name: read_key(home / "keys" / f"{name}.key") for name in ("hot", "transport", "preimage")}


async def identity(home: Path) -> Identity:
    (known,) = (await loaded(home)).journal.directory.networks.values()
    return known.identity


async def why(home: Path) -> str | None:
    """Return why a node that is started from a home would have to recover."""
    storage = await Storage.open(home / DATABASE)
    network = await storage.network()
    assert network is not None
    mark = HighWater(home / HIGH_WATER, network)
    try:
        return await why_recover(mark.read(), storage, network)
    finally:
        mark.close()
        await storage.close()


async def say(home: Path, *names: str, at_ms: Millis) -> None:
    """Let whoever has the keys of a home say so many things in its name, and have them stored there."""
    replica = await loaded(home)
    for number, name in enumerate(names):
        replica.journal.write(Profile("riacho", name, "HORA", "Hora", 2, ()), COMMONS, at_ms + number)
    stores, _ = replica.journal.drain()
    storage = await Storage.open(home / DATABASE)
    await storage.commit(Batch([one.entry for one in stores if isinstance(one, Store)]))
    await storage.close()


async def name_of(home: Path) -> str:
    (known,) = (await loaded(home)).journal.directory.networks.values()
    assert known.profile is not None
    return known.profile.name


async def test_after_a_theft_no_secret_of_the_home_stays_what_it_was(tmp_path: Path) -> None:
    home = tmp_path / "riacho"
    await founded(home)
    before = secrets(home)
    promised = read_key(home / "keys" / "next.key")
    done = await changed(home, Change(stolen=True))
    after = secrets(home)
    assert all(after[name] != before[name] for name in before) and after["hot"] == promised
    assert (await identity(home)).transport == KeyPair.from_seed(after["transport"]).public
    assert done.peer_id == peer_id(KeyPair.from_seed(after["transport"]).public)
    assert await why(home) is None, "it starts at once"
    # Another one, without a theft, keeps those of wire and preimages.
    await rotated(home)
    again = secrets(home)
    assert again["hot"] != after["hot"]
    assert {**again, "hot": b""} == {**after, "hot": b""}
    assert not list((home / "keys").glob("*.new"))


@pytest.mark.parametrize("writes", range(6))
async def test_a_change_after_a_theft_that_breaks_off_anywhere_is_finished_by_doing_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    home = tmp_path / "riacho"
    await founded(home)
    before = secrets(home)
    promised = read_key(home / "keys" / "next.key")
    left = writes
    replace = Path.replace

    def breaks(path: Path, target: Path) -> Path:
        nonlocal left
        left -= 1
        if left < 0:
            raise KeyboardInterrupt
        return replace(path, target)

    with monkeypatch.context() as broken:
        broken.setattr(Path, "replace", breaks)
        if writes < 4:
            with pytest.raises(KeyboardInterrupt):
                await changed(home, Change(stolen=True))
            assert (
                KeyPair.from_seed(read_key(home / "keys" / "hot.key")).public != (await identity(home)).key_of(1)
                or (home / "keys" / "next.key.new").exists()
            )
        else:
            await changed(home, Change(stolen=True))
    epoch = 1 if writes < 4 else 2
    assert (await changed(home, Change(stolen=True))).epoch == epoch
    after = secrets(home)
    assert all(after[name] != before[name] for name in before)
    assert after["hot"] == promised or epoch == 2
    assert (await identity(home)).transport == KeyPair.from_seed(after["transport"]).public
    assert (await rotated(home)).epoch == epoch + 1, "the key that was promised is there"


async def test_keys_that_were_made_for_a_change_that_never_came_are_not_used(tmp_path: Path) -> None:
    home = tmp_path / "riacho"
    await founded(home)
    before = secrets(home)
    with pytest.raises(HomeUnusable, match="not a cold key"):
        await changed(home, Change(stolen=True), cold="transport.key")
    left = {path: path.read_bytes() for path in (home / "keys").glob("*.new")}
    assert {path.name for path in left} == {"next.key.new", "preimage.key.new", "transport.key.new"}
    await rotated(home)
    assert (home / "keys" / "next.key").read_bytes() != left[home / "keys" / "next.key.new"], "a thief may have it"
    assert {**secrets(home), "hot": b""} == {**before, "hot": b""}
    assert (await identity(home)).transport == KeyPair.from_seed(before["transport"]).public
    await rotated(home)
    assert {**secrets(home), "hot": b""} == {**before, "hot": b""}


async def test_what_a_home_took_in_of_the_thief_is_given_up_by_going_back(tmp_path: Path) -> None:
    home = tmp_path / "riacho"
    await founded(home)
    theft_ms = clock.now_ms() + 60_000
    await say(home, "Riacho Claro", at_ms=theft_ms - 1)
    await say(home, "Ladrão", at_ms=theft_ms)
    await say(home, "Ladrão again, dated back", at_ms=theft_ms - 30_000)
    done = await changed(home, Change(stolen=True, before_ms=theft_ms))
    assert (done.epoch, done.given_up) == (1, 2)
    assert await name_of(home) == "Riacho Claro"
    assert (await identity(home)).epochs[1].heads[COMMONS].seq == 1
    assert await why(home) is None
    assert verify_book(home, lambda _: None).faults == ()
    # What was there is kept beside it, for whoever wants to see what the thief has done.
    (home / "mutirao.db.old1").replace(home / DATABASE)
    assert await name_of(home) == "Ladrão again, dated back"


async def test_going_back_drops_lines_and_answers_and_keeps_what_came_before(tmp_path: Path) -> None:
    home = tmp_path / "riacho"
    await founded(home)
    storage = await Storage.open(home / DATABASE)
    stored = len(list(storage.entries()))
    old, new = (Answered(bytes([n]) * 32, bytes(32), 200, "text/plain", b"", 1_000 + n) for n in (1, 2))
    lines = [Line("ana.HORA", seq, 1, "payment", None, None, 1, seq) for seq in (1, 2)]
    await storage.commit(Batch([], lines, [], [old, new]))
    extra = list(storage.entries())[-1:]
    assert await storage.go_back(stored - 1, 1, 1_002, Batch(extra)) == 1
    assert [one.id for one in storage.entries()][-1] == extra[0].id
    assert len(list(storage.entries())) == stored
    assert [line.seq for line in storage.lines()] == [1]
    assert list(await storage.answers([old.scope, new.scope])) == [old.scope]
    await storage.close()


@pytest.mark.parametrize("before_ms", [0, 2**40])
async def test_going_back_before_the_founding_is_refused_and_a_time_to_come_gives_nothing_up(
    tmp_path: Path, before_ms: int
) -> None:
    home = tmp_path / "riacho"
    await founded(home)
    if before_ms == 0:
        with pytest.raises(HomeUnusable, match="founded"):
            await changed(home, Change(stolen=True, before_ms=before_ms))
        assert (await identity(home)).epoch == 0
    else:
        done = await changed(home, Change(stolen=True, before_ms=before_ms + 2**42))
        assert (done.epoch, done.given_up) == (1, 0)
        assert not (home / "mutirao.db.old1").exists()


async def test_a_home_at_work_is_not_rotated(tmp_path: Path) -> None:
    home = tmp_path / "riacho"
    await founded(home)
    with locked(home), pytest.raises(HomeUnusable, match="at work"):
        await rotated(home)
    assert (await identity(home)).epoch == 0


async def test_what_others_have_dated_does_not_decide_how_far_a_home_goes_back(tmp_path: Path) -> None:
    home = tmp_path / "riacho"
    await founded(home)
    founding = Founding("serra", "Serra", "FLOR")
    await found(tmp_path / "serra", founding, now=lambda: clock.now_ms() + 10**9, chance=clock.chance)
    theirs = await Storage.open(tmp_path / "serra" / DATABASE)
    mine = await Storage.open(home / DATABASE)
    await mine.commit(Batch(list(theirs.entries())[:2]))
    await theirs.close()
    await mine.close()
    theft_ms = clock.now_ms() + 60_000
    await say(home, "Riacho Claro", at_ms=theft_ms - 1)
    await say(home, "Ladrão", at_ms=theft_ms)
    assert (await changed(home, Change(stolen=True, before_ms=theft_ms))).given_up == 1


async def test_a_home_that_has_lost_its_own_keys_gets_new_ones(tmp_path: Path) -> None:
    home = tmp_path / "riacho"
    await founded(home)
    for name in ("hot", "transport", "preimage"):
        (home / "keys" / f"{name}.key").unlink()
    done = await changed(home, Change(stolen=True))
    assert done.key == KeyPair.from_seed(secrets(home)["hot"]).public.hex()
    assert done.peer_id == peer_id(KeyPair.from_seed(secrets(home)["transport"]).public)
    replica = tmp_path / "casa"
    await found_replica(replica, done.network_id, "00" * 16, now=clock.now_ms, chance=clock.chance)
    with pytest.raises(HomeUnusable, match="a replica has no keys"):
        await changed(replica, Change())


async def test_keys_made_for_a_change_to_come_outlive_the_last_one_done_once_more(tmp_path: Path) -> None:
    home, stick = tmp_path / "riacho", tmp_path / "next.key"
    await founded(home)
    shutil.copy(home / "keys" / "next.key", stick)
    await changed(home, Change(stick))
    promised = read_key(home / "keys" / "next.key")
    await to_sign(home, Change(stolen=True, cold_keys=2), tmp_path / "claim", chance=clock.chance)
    before, guards = secrets(home), cold_of(home)
    assert (await changed(home, Change(stick))).epoch == 1, "it is done already"
    assert secrets(home) == before and cold_of(home) == guards
    assert read_key(home / "keys" / "next.key") == promised
    assert (await rotated(home)).epoch == 2


# Several cold keys, on other machines.


async def founded_by_three(home: Path) -> None:
    founding = Founding("riacho", "Riacho", "HORA", cold_keys=3)
    await found(home, founding, now=clock.now_ms, chance=clock.chance)


async def signed(home: Path, claim: Path, *numbers: int) -> list[Path]:
    """Let the keepers of these cold keys sign, each alone."""
    files = [claim.with_name(f"{claim.name}.signed-{number}") for number in numbers]
    for number, file in zip(numbers, files, strict=True):
        sign_file(claim, home / "keys" / f"cold-{number}.key", file)
    return files


async def finished(home: Path, change: Change, signatures: list[Path], *cold: Path) -> Rotated:
    return await rotate(home, change, cold_keys=cold, signatures=signatures, now=clock.now_ms, chance=clock.chance)


async def test_two_of_three_keepers_sign_apart_and_bring_their_signatures(tmp_path: Path) -> None:
    home, claim = tmp_path / "riacho", tmp_path / "claim"
    await founded_by_three(home)
    change = Change(stolen=True)
    shown = await to_sign(home, change, claim, chance=clock.chance)
    one, two, three = await signed(home, claim, 1, 2, 3)
    assert sign_file(claim, home / "keys" / "cold-3.key", tmp_path / "once-more") == shown
    with pytest.raises(HomeUnusable, match="2 cold keys have to sign, 1 did"):
        await finished(home, change, [three])
    with pytest.raises(HomeUnusable, match="2 cold keys have to sign, 1 did"):
        await finished(home, change, [three, tmp_path / "once-more"], home / "keys" / "cold-3.key")
    sign_file(claim, home / "keys" / "hot.key", tmp_path / "by-hot")
    with pytest.raises(HomeUnusable, match="not a cold key"):
        await finished(home, change, [one, tmp_path / "by-hot"])
    assert (await identity(home)).epoch == 0
    made = {path.name: path.read_bytes() for path in (home / "keys").glob("*.new")}
    done = await finished(home, change, [three, one])
    assert {f"{name}.new": (home / "keys" / name).read_bytes() for name in ("next.key", "transport.key")} == {
        name: made[name] for name in ("next.key.new", "transport.key.new")
    }
    assert (done.epoch, done.key, done.peer_id) == (1, shown.key, shown.peer_id)
    assert (await identity(home)).rotated == 1
    with pytest.raises(HomeUnusable, match="promised"):
        await to_sign(home, Change(home / "keys" / "preimage.key"), tmp_path / "other", chance=clock.chance)
    assert two.exists()


async def test_a_key_here_and_a_signature_from_elsewhere_count_together(tmp_path: Path) -> None:
    home, claim = tmp_path / "riacho", tmp_path / "claim"
    await founded_by_three(home)
    await to_sign(home, Change(), claim, chance=clock.chance)
    done = await finished(home, Change(), await signed(home, claim, 2), home / "keys" / "cold-1.key")
    assert done.epoch == 1


async def test_a_signature_of_another_change_of_keys_is_refused_by_name(tmp_path: Path) -> None:
    home, claim = tmp_path / "riacho", tmp_path / "claim"
    await founded_by_three(home)
    await to_sign(home, Change(), claim, chance=clock.chance)
    files = await signed(home, claim, 1, 2)
    with pytest.raises(HomeUnusable, match=r"signed-1 does not sign this change"):
        await finished(home, Change(stolen=True), files)
    await say(home, "Riacho Claro", at_ms=clock.now_ms())
    with pytest.raises(HomeUnusable, match="has the node run meanwhile"):
        await finished(home, Change(), files)
    assert (await identity(home)).epoch == 0


@pytest.mark.parametrize("text", ["", "00", "zz\nzz", "# nothing", "00" * 32 + "\n" + "11" * 63])
async def test_a_file_that_is_no_claim_or_signature_is_refused(tmp_path: Path, text: str) -> None:
    home, wrong = tmp_path / "riacho", tmp_path / "wrong"
    await founded(home)
    wrong.write_text(text)
    with pytest.raises(HomeUnusable, match="holds nothing to sign"):
        sign_file(wrong, home / "keys" / "cold.key", tmp_path / "signed")
    with pytest.raises(HomeUnusable, match="holds no signature"):
        await finished(home, Change(), [wrong])
    assert not (tmp_path / "signed").exists()


@pytest.mark.parametrize(("keys", "needed"), [(0, None), (17, None), (2, 3), (1, 0)])
async def test_cold_keys_that_could_never_sign_found_nothing(tmp_path: Path, keys: int, needed: int | None) -> None:
    home = tmp_path / "riacho"
    with pytest.raises(HomeUnusable, match="cold keys"):
        await found(
            home,
            Founding("riacho", "Riacho", "HORA", cold_keys=keys, cold_needed=needed),
            now=clock.now_ms,
            chance=clock.chance,
        )
    assert not home.exists()


@pytest.mark.parametrize(("keys", "needed", "sign"), [(1, None, 1), (2, None, 2), (3, None, 2), (5, 4, 4)])
async def test_over_half_of_the_cold_keys_sign_unless_told_otherwise(
    tmp_path: Path, keys: int, needed: int | None, sign: int
) -> None:
    home = tmp_path / "riacho"
    founding = Founding("riacho", "Riacho", "HORA", cold_keys=keys, cold_needed=needed)
    await found(home, founding, now=clock.now_ms, chance=clock.chance)
    made = await identity(home)
    assert (len(made.cold), made.cold_needed) == (keys, sign)
    files = sorted(home.glob("keys/cold*.key"))
    assert {KeyPair.from_seed(read_key(path)).public for path in files} == set(made.cold)


def cold_of(home: Path) -> list[bytes]:
    """Return the public halves of the cold keys that lie in a home."""
    return [KeyPair.from_seed(read_key(path)).public for path in sorted(home.glob("keys/cold*.key"))]


@pytest.mark.parametrize(("keys", "needed", "signs"), [(3, None, 2), (2, 1, 1), (1, None, 1)])
async def test_a_lost_or_stolen_cold_key_is_replaced_with_all_others_by_those_that_are_left(
    tmp_path: Path, keys: int, needed: int | None, signs: int
) -> None:
    home, claim = tmp_path / "riacho", tmp_path / "claim"
    await founded_by_three(home)
    old = tmp_path / "old"
    shutil.copytree(home / "keys", old)
    change = Change(cold_keys=keys, cold_needed=needed)
    shown = await to_sign(home, change, claim, chance=clock.chance)
    one, two = await signed(home, claim, 1, 2)
    for path in home.glob("keys/cold*.key"):
        path.unlink()
    with pytest.raises(HomeUnusable, match="does not sign this change"):
        await finished(home, Change(cold_keys=keys + 1), [one, two])
    shown = await to_sign(home, change, tmp_path / "again", chance=clock.chance)
    files: list[Path] = []
    for number in (1, 2):
        files.append(tmp_path / f"by-{number}")
        assert sign_file(tmp_path / "again", old / f"cold-{number}.key", files[-1]) == shown
    assert (await finished(home, change, files)).epoch == 1
    made = await identity(home)
    assert list(made.cold) == cold_of(home) == [bytes.fromhex(text) for text in shown.cold_keys]
    assert (made.cold_needed, shown.cold_needed) == (signs, signs)
    assert not list(home.glob("keys/*.new"))
    with pytest.raises(HomeUnusable, match="not a cold key"):
        await finished(home, Change(), [], old / "cold-1.key", old / "cold-2.key")
    done = await finished(home, Change(), [], *sorted(home.glob("keys/cold*.key"))[:signs])
    assert done.epoch == 2
    assert (await identity(home)).cold == made.cold


async def test_cold_keys_that_could_never_sign_change_nothing(tmp_path: Path) -> None:
    home = tmp_path / "riacho"
    await founded(home)
    for change in (Change(cold_keys=17), Change(cold_keys=2, cold_needed=3)):
        with pytest.raises(HomeUnusable, match="cold keys"):
            await changed(home, change)
    assert (await identity(home)).epoch == 0
    await rotated(home)
    assert list((await identity(home)).cold) == cold_of(home)


async def test_cold_keys_made_for_another_change_take_nobodys_place(tmp_path: Path) -> None:
    home, claim = tmp_path / "riacho", tmp_path / "claim"
    await founded_by_three(home)
    await to_sign(home, Change(cold_keys=2), claim, chance=clock.chance)
    files = await signed(home, claim, 1, 2)
    with pytest.raises(HomeUnusable, match="does not sign this change"):
        await finished(home, Change(cold_keys=4), files)
    made = {path.name: path.read_bytes() for path in home.glob("keys/cold*.new")}
    assert (await finished(home, Change(cold_keys=2), files)).epoch == 1
    assert not list(home.glob("keys/*.new"))
    assert all((home / "keys" / f"cold-{n}.key").read_bytes() == made[f"cold-{n}.key.new"] for n in (1, 2))
    # What was written down to be signed, and never was, a thief may have found.
    await to_sign(home, Change(cold_keys=2), tmp_path / "again", chance=clock.chance)
    found = [path.read_bytes() for path in home.glob("keys/cold*.new")]
    cold = [home / "keys" / f"cold-{number}.key" for number in (1, 2)]
    assert (await finished(home, Change(cold_keys=2), [], *cold)).epoch == 2
    assert not {path.read_bytes() for path in cold} & set(found)
