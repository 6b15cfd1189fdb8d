# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whatever key events of a network and its guardians come, in whatever order, all nodes agree on its keys."""

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.lanes.claims import (
    BackedBy,
    Backing,
    ColdKeys,
    Guardians,
    Inception,
    Recovery,
    RecoveryClaim,
    Reopening,
    Rotation,
    RotationClaim,
)
from protocol.lanes.entry import IDENTITY, NO_NETWORK, Body, Entry, encode_body, seal
from protocol.lanes.growing import cold_signature
from protocol.lanes.identity import promise
from protocol.lanes.journal import Journal, Keyring
from protocol.peers.gossip import Gossip
from protocol.peers.messages import PeerFault
from protocol.peers.sessions import Session
from protocol.practices import PRACTICES
from protocol.practices.money.receipts import identity_of
from protocol.wire.keys import KeyPair

DELAY_MS = 1_000
LATE_MS = 1_000_000


def key(network: str, number: int) -> KeyPair:
    return KeyPair.from_seed(f"{network} {number}".encode().ljust(32, b"."))


def chance(count: int) -> bytes:
    return bytes(count)


@dataclass(frozen=True)
class Said:
    """The identity lane of a network so far, and the key that signs next; a value, so that it may part in two."""

    name: str
    events: tuple[Entry, ...] = ()
    signer: KeyPair = field(default_factory=lambda: key("", 0))
    rotations: int = 0

    @property
    def network(self) -> bytes:
        return self.events[0].id

    @property
    def newest(self) -> bytes:
        return self.events[-1].id

    def then(self, body: Body, signer: KeyPair, at_ms: int = 0) -> "Said":
        first, seq = not self.events, len(self.events)
        entry = seal(
            signer, network=NO_NETWORK if first else self.network, lane=IDENTITY, epoch=seq, seq=seq,
            prev=None if first else self.newest, body=encode_body(body, at_ms), salt=bytes(16),
        )  # fmt: skip
        return replace(self, events=(*self.events, entry), signer=signer)

    def reopens(self, backs: Backing | None = None) -> "Said":
        return self.then(Reopening(len(self.events), (), backs), self.signer)

    def backs(self, claim: RecoveryClaim, at_ms: int) -> "Said":
        return self.reopens(Backing(claim.digest, at_ms))

    def by(self, at_ms: int) -> BackedBy:
        """Return the newest event as the word of a guardian."""
        return BackedBy(self.network, self.newest, at_ms)

    def rotates(self, guardians: Guardians | None = None) -> "Said":
        coming, following = key(self.name, 1 + self.rotations), key(self.name, 2 + self.rotations)
        claim = RotationClaim(
            self.network, len(self.events), coming.public, promise(following.public), key(self.name, 90).public, (),
            guardians=guardians,
        )  # fmt: skip
        said = self.then(Rotation(claim, (cold_signature(0, key(self.name, 80), claim),)), coming)
        return replace(said, rotations=self.rotations + 1)

    def claim(self, heir: int) -> RecoveryClaim:
        """Return what guardians may back: other keys from the next epoch on."""
        hot, following, cold, transport = (key(f"{self.name} heir {heir}", number) for number in range(4))
        cold_keys = ColdKeys((cold.public,), 1)
        return RecoveryClaim(
            self.network, len(self.events), hot.public, promise(following.public), transport.public, cold_keys, ()
        )

    def recovers(self, heir: int, *by: BackedBy) -> "Said":
        return self.then(Recovery(self.claim(heir), by), key(f"{self.name} heir {heir}", 0))


def founded(name: str) -> Said:
    inception = Inception(
        key(name, 0).public, promise(key(name, 1).public), (key(name, 80).public,), 1, key(name, 90).public
    )
    return Said(name).then(inception, key(name, 0))


def lanes() -> dict[str, Said]:
    """Return what might have happened to riacho and its guardians, serra, campo and mata.

    Riacho is serra's only guardian in turn, so that recoveries hang on one another.
    """
    serra, campo, mata, riacho = map(founded, ("serra", "campo", "mata", "riacho"))
    riacho = riacho.rotates(Guardians((serra.network, campo.network, mata.network), 2, DELAY_MS))
    serra = serra.rotates(Guardians((riacho.network,), 1, DELAY_MS))
    first, second = riacho.claim(1), riacho.claim(2)
    serra_1, campo_1, mata_2 = serra.backs(first, 10), campo.backs(first, 20), mata.backs(second, 40)
    campo_2 = campo_1.backs(second, 50)
    riacho_1 = riacho.recovers(1, serra_1.by(10), campo_1.by(20))
    riacho_2 = riacho.recovers(2, campo_2.by(50), mata_2.by(40))
    # Riacho, recovered, gives serra new keys; and so it may have done, by a lie of its date, before it was.
    after = serra_1.claim(3)
    riacho_3 = riacho_1.backs(after, 5_000)
    riacho_4 = riacho_3.backs(after, 30)
    return {
        "riacho": riacho,
        "serra": serra,
        "serra backs 1": serra_1,
        "campo backs 1": campo_1,
        "campo backs 1 and 2": campo_2,
        "mata backs 2": mata_2,
        "riacho by claim 1": riacho_1,
        "riacho by claim 2": riacho_2,
        "riacho by claim 2, and goes on": riacho_2.reopens(),
        "riacho vetoes": riacho.reopens(),
        "riacho vetoes, and goes on": riacho.reopens().reopens().reopens(),
        "riacho rotates": riacho.rotates(),
        "serra rotates instead of backing": serra.rotates(),
        "campo rotates instead of backing": campo.rotates(),
        "serra rotates after it": serra_1.rotates(),
        "riacho by claim 1 backs serra's": riacho_3,
        "serra by riacho's word": serra_1.recovers(3, riacho_3.by(5_000)),
        "riacho by claim 1, which antedates": riacho_4,
        "serra by riacho's antedated word": serra_1.recovers(3, riacho_4.by(30)),
        "serra by riacho's word instead of backing": serra.recovers(4, riacho_3.by(5_000)),
    }


LANES = lanes()
FORKED = "riacho by claim 1 forks"
REPLAYED, MISNAMED = "riacho by a claim that was stopped", "riacho by claim 1 on the word for claim 2"
UNMOVED = "riacho reopens, is recovered and rotates"


def lies() -> dict[str, Said]:
    """Return what heirs may try besides."""
    riacho, serra, campo, mata = (LANES[name] for name in ("riacho", "serra backs 1", "campo backs 1", "mata backs 2"))
    again = riacho.reopens()
    stopped = again.then(
        Recovery(riacho.claim(1), (serra.by(10), campo.by(20))), key("riacho heir 1", 0)
    )  # fmt: skip
    # What they say after a recovery, cold keys of theirs among it, confirms nothing before it.
    claim = again.claim(1)
    backing = {
        "serra backs later": LANES["serra"].backs(claim, 10),
        "campo backs later": founded("campo").backs(claim, 20),
    }
    later = again.recovers(1, backing["serra backs later"].by(10), backing["campo backs later"].by(20))
    heir = [key("riacho heir 1", number) for number in range(4)]
    rotation = RotationClaim(riacho.network, 4, heir[1].public, promise(heir[2].public), heir[3].public, ())
    unmoved = later.then(Rotation(rotation, (cold_signature(0, heir[2], rotation),)), heir[1])
    return backing | {
        FORKED: LANES["riacho by claim 1"].reopens(),
        REPLAYED: stopped,
        MISNAMED: riacho.recovers(1, serra.by(10), mata.by(40)),
        UNMOVED: unmoved,
    }


LANES_OF_LIARS = lies()
OBSERVER = founded("vale")


@dataclass
class Observer:
    """A node of a network that has nothing to do with it."""

    journal: Journal = field(
        default_factory=lambda: Journal(OBSERVER.network, PRACTICES, chance, Keyring(key("vale", 0), bytes(32)))
    )

    def hears(self, *names: str, now: int = LATE_MS) -> None:
        gossip = Gossip(self.journal, chance, None)
        for name in names:
            gossip.taking.hear_entries(Session("peer", bytes(32), 0), (LANES | LANES_OF_LIARS)[name].events, now)

    def sees(self) -> dict[bytes, bytes]:
        """Return the newest key event of each network."""
        return {network: known.identity.epochs[-1].event for network, known in self.journal.directory.networks.items()}

    def follows(self, name: str) -> bool:
        """Tell whether a lane is what it holds."""
        said = LANES[name]
        return self.sees().get(said.network) == said.newest


def observer(*names: str, now: int = LATE_MS) -> Observer:
    found = Observer()
    found.hears(*names, now=now)
    return found


BACKED_1 = ("serra backs 1", "campo backs 1")
BACKED_2 = ("campo backs 1 and 2", "mata backs 2")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(sorted(LANES)), unique=True, min_size=2).flatmap(
    lambda names: st.tuples(st.permutations(names), st.permutations(names))
))  # fmt: skip
def test_any_order_of_what_was_said_gives_the_same_keys(orders: tuple[list[str], list[str]]) -> None:
    seen: list[dict[bytes, bytes]] = []
    for names in orders:
        one, before = Observer(), None
        # Anti-entropy shows again what a node has not taken yet, until nothing changes.
        for _ in range(len(LANES)):
            if one.sees() == before:
                break
            before = one.sees()
            one.hears(*names)
        seen.append(one.sees())
    assert seen[0] == seen[1]


def test_a_recovery_waits_for_its_guardians_word_and_for_its_time() -> None:
    assert observer("riacho", "riacho by claim 1").follows("riacho")
    assert observer("serra backs 1", "riacho by claim 1").follows("riacho")
    early = observer(*BACKED_1, "riacho by claim 1", now=20 + DELAY_MS - 1)
    assert early.follows("riacho")
    early.hears("riacho by claim 1", now=20 + DELAY_MS)
    assert early.follows("riacho by claim 1")


def test_any_key_event_of_the_network_itself_goes_before_a_recovery_however_late() -> None:
    for objection in ("riacho vetoes", "riacho vetoes, and goes on", "riacho rotates"):
        late = observer(*BACKED_1, "riacho by claim 1", objection)
        assert late.follows(objection)
        late.hears("riacho by claim 1")
        assert late.follows(objection)


def test_of_two_recoveries_the_one_that_takes_effect_earlier_goes_first() -> None:
    both = observer(*BACKED_1, *BACKED_2, "riacho by claim 2")
    assert both.follows("riacho by claim 2")
    both.hears("riacho by claim 2, and goes on", "riacho by claim 1")
    assert both.follows("riacho by claim 1")
    both.hears("riacho by claim 2, and goes on")
    assert both.follows("riacho by claim 1")
    assert not both.journal.held.is_forked(LANES["riacho"].network, IDENTITY)


def test_a_guardians_word_falls_with_the_key_that_cold_keys_have_ended_and_so_does_the_recovery() -> None:
    one = observer(*BACKED_1, "riacho by claim 1")
    one.hears("serra rotates instead of backing")
    assert one.follows("riacho"), "whoever had serra's key gave its word"
    one.hears("riacho by claim 1")
    assert one.follows("riacho")


def test_a_guardians_word_stands_though_its_key_changes_afterwards() -> None:
    one = observer(*BACKED_1, "riacho by claim 1", "serra rotates after it")
    assert one.follows("riacho by claim 1")
    assert observer("serra rotates after it", "campo backs 1", "riacho by claim 1").follows("riacho by claim 1")


def test_a_recovered_guardian_backs_others_and_what_hangs_on_its_word_falls_with_it() -> None:
    one = observer(*BACKED_1, "riacho by claim 1 backs serra's", "serra by riacho's word")
    assert one.follows("serra by riacho's word")
    one.hears("riacho vetoes")
    assert one.follows("riacho vetoes")
    assert one.follows("serra backs 1")


def test_recoveries_fall_one_after_another() -> None:
    one = observer(*BACKED_1, "riacho by claim 1 backs serra's", "serra by riacho's word")
    # Serra was met first: when it is looked at, riacho still is whom campo made it.
    one.hears("campo rotates instead of backing")
    assert one.follows("riacho") and one.follows("serra backs 1")


def test_a_recovered_guardian_backs_nothing_before_it_was_recovered() -> None:
    one = observer(*BACKED_1, "riacho by claim 1, which antedates", "serra by riacho's antedated word")
    assert one.follows("riacho by claim 1, which antedates")
    assert one.follows("serra backs 1")


def test_an_heir_who_speaks_twice_does_not_keep_the_network_from_objecting() -> None:
    one = observer(*BACKED_1, "riacho by claim 1 backs serra's", FORKED)
    assert one.journal.directory.networks[LANES["riacho"].network].forked
    one.hears("riacho vetoes")
    assert one.follows("riacho vetoes")
    assert not one.journal.directory.networks[LANES["riacho"].network].forked


def test_key_events_with_a_recovery_prove_nothing_by_themselves() -> None:
    def wires(name: str) -> list[bytes]:
        return [one.wire for one in LANES[name].events]

    assert identity_of(wires("riacho")) is not None
    assert identity_of(wires("riacho by claim 1")) is None


def test_a_claim_that_was_stopped_is_of_no_use_in_a_later_epoch() -> None:
    one = observer(*BACKED_1, "riacho")
    with pytest.raises(PeerFault, match="opens the next epoch"):
        one.hears(REPLAYED)
    assert one.follows("riacho")


def test_a_word_for_another_claim_backs_nothing() -> None:
    assert observer(*BACKED_1, "mata backs 2", MISNAMED).follows("riacho")


def test_what_heirs_rotate_confirms_no_reopening_before_them() -> None:
    one = observer("serra backs later", "campo backs later", UNMOVED)
    seen = one.journal.directory.networks[LANES["riacho"].network].identity
    assert (seen.epoch, seen.rank(2), seen.rank(3)[0], seen.rank(4)[0]) == (4, (2, 0, b""), 3, 0)
