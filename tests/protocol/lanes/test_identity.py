# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who a network is, through all its keys (PROTOCOL 1)."""

from dataclasses import replace

import pytest

from protocol.lanes.claims import ColdKeys, Guardians, Inception, LaneHead, Reopening, Rotation, RotationClaim
from protocol.lanes.entry import COMMONS, IDENTITY, LEDGER, NO_NETWORK, Entry, EntryFault, encode_body, seal
from protocol.lanes.growing import advance, begin_identity, cold_signature
from protocol.lanes.identity import Identity, promise
from protocol.wire.keys import KeyPair


def key(number: int) -> KeyPair:
    return KeyPair.from_seed(bytes([number]) * 32)


HOT, NEXT, AFTER, TRANSPORT = key(1), key(2), key(3), key(4)
COLD = (key(11), key(12), key(13))
SALT = bytes(16)
INCEPTION = Inception(HOT.public, promise(NEXT.public), tuple(cold.public for cold in COLD), 2, TRANSPORT.public)


def inception(body: Inception = INCEPTION, signer: KeyPair = HOT) -> Entry:
    return seal(
        signer, network=NO_NETWORK, lane=IDENTITY, epoch=0, seq=0, prev=None, body=encode_body(body, 0), salt=SALT
    )


def founded() -> Identity:
    return begin_identity(inception(), INCEPTION)


def claim(identity: Identity, **changes: object) -> RotationClaim:
    head = LaneHead(LEDGER, 9, ledger_entry(identity, epoch=0, seq=9).id)
    plain = RotationClaim(identity.network, 1, NEXT.public, promise(AFTER.public), TRANSPORT.public, (head,))
    return replace(plain, **changes)


def rotated(
    identity: Identity, said: RotationClaim, *, signer: KeyPair = NEXT, cold: tuple[int, ...] = (0, 2), epoch: int = 1
) -> Identity:
    body = Rotation(said, tuple(cold_signature(index, COLD[index], said) for index in cold))
    entry = seal(
        signer,
        network=identity.network,
        lane=IDENTITY,
        epoch=epoch,
        seq=1,
        prev=identity.network,
        body=encode_body(body, 0),
        salt=SALT,
    )
    return advance(identity, entry, body)


def ledger_entry(identity: Identity, *, epoch: int, seq: int) -> Entry:
    return seal(HOT, network=identity.network, lane=LEDGER, epoch=epoch, seq=seq, prev=bytes(32), body=b"", salt=SALT)


def test_a_networks_id_is_that_of_its_inception() -> None:
    entry = inception()
    assert begin_identity(entry, INCEPTION).network == entry.id == entry.network


@pytest.mark.parametrize(
    "body",
    [
        replace(INCEPTION, cold_needed=4),
        replace(INCEPTION, cold=(COLD[0].public, COLD[0].public), cold_needed=1),
        replace(INCEPTION, key=bytes(32)),
        replace(INCEPTION, transport=bytes([1]) + bytes(31)),
    ],
    ids=["more signers than keys", "one key twice", "no point", "small order"],
)
def test_an_inception_that_nobody_could_live_by_founds_nothing(body: Inception) -> None:
    with pytest.raises(EntryFault):
        begin_identity(inception(body), body)


def test_only_its_own_key_founds_a_network() -> None:
    with pytest.raises(EntryFault):
        begin_identity(inception(signer=NEXT), INCEPTION)


def test_a_rotation_by_the_promised_key_and_two_of_three_cold_ones_opens_an_epoch() -> None:
    identity = rotated(founded(), claim(founded()))
    assert identity.epoch == 1
    assert (identity.key_of(0), identity.key_of(1), identity.key_of(2)) == (HOT.public, NEXT.public, None)
    assert identity.rotated == 1


def test_a_thief_of_the_hot_key_cannot_rotate() -> None:
    thief = key(66)
    identity = founded()
    with pytest.raises(EntryFault, match="promised"):
        rotated(identity, claim(identity, key=thief.public), signer=thief)
    with pytest.raises(EntryFault, match="signed by the key"):
        rotated(identity, claim(identity), signer=HOT)
    with pytest.raises(EntryFault, match="too few"):
        rotated(identity, claim(identity), cold=(1,))
    with pytest.raises(EntryFault, match="too few"):
        rotated(identity, claim(identity), cold=(1, 1))
    with pytest.raises(EntryFault):
        rotated(identity, claim(identity), epoch=2)
    with pytest.raises(EntryFault):
        rotated(identity, claim(identity, network=bytes(32)))


def test_what_the_old_key_signs_past_the_confirmed_heads_was_never_said() -> None:
    identity = rotated(founded(), claim(founded()))
    assert identity.was_said(ledger_entry(identity, epoch=0, seq=9))
    assert not identity.was_said(ledger_entry(identity, epoch=0, seq=10))
    twin = seal(HOT, network=identity.network, lane=LEDGER, epoch=0, seq=9, prev=None, body=b"", salt=SALT)
    assert not identity.was_said(twin), "another entry at the confirmed head"
    assert identity.was_said(ledger_entry(identity, epoch=1, seq=10))
    unheard = seal(HOT, network=identity.network, lane=COMMONS, epoch=0, seq=0, prev=None, body=b"", salt=SALT)
    assert not identity.was_said(unheard), "a lane that the rotation does not name had no entries"


def test_a_restored_network_opens_an_epoch_under_the_same_key() -> None:
    identity = founded()
    body = Reopening(1, (LaneHead(LEDGER, 4, bytes(32)),))
    entry = seal(
        HOT,
        network=identity.network,
        lane=IDENTITY,
        epoch=1,
        seq=1,
        prev=identity.network,
        body=encode_body(body, 0),
        salt=SALT,
    )
    after = advance(identity, entry, body)
    assert (after.epoch, after.rotated, after.key_of(1)) == (1, 0, HOT.public)
    assert after.next_digest == identity.next_digest, "the promise still stands"
    assert not after.was_said(ledger_entry(after, epoch=0, seq=5))


OTHERS = (key(21), key(22), key(23))


def handed_over(identity: Identity, needed: int = 2, keys: tuple[KeyPair, ...] = OTHERS) -> Identity:
    """Let two of the three cold keys put others in their place."""
    guard = ColdKeys(tuple(one.public for one in keys), needed)
    return rotated(identity, claim(identity, cold=guard))


def next_rotation(identity: Identity, signers: tuple[KeyPair, ...]) -> Identity:
    said = RotationClaim(identity.network, 2, AFTER.public, promise(key(5).public), TRANSPORT.public, ())
    signatures = tuple(cold_signature(index, one, said) for index, one in enumerate(signers))
    body = Rotation(said, signatures)
    entry = seal(
        AFTER, network=identity.network, lane=IDENTITY, epoch=2, seq=2, prev=identity.epochs[-1].event,
        body=encode_body(body, 0), salt=SALT,
    )  # fmt: skip
    return advance(identity, entry, body)


def test_cold_keys_may_hand_over_to_others_which_alone_sign_from_then_on() -> None:
    after = handed_over(founded())
    assert (after.cold, after.cold_needed) == (tuple(one.public for one in OTHERS), 2)
    assert next_rotation(after, OTHERS[:2]).cold == after.cold, "nobody is put in their place unless it is said"
    with pytest.raises(EntryFault, match="too few cold keys"):
        next_rotation(after, OTHERS[:1])
    with pytest.raises(EntryFault, match="too few cold keys"):
        next_rotation(after, COLD)
    assert after.at(0).cold == founded().cold, "and what they ended is as it was"


def test_new_cold_keys_do_not_vouch_for_themselves() -> None:
    identity = founded()
    said = claim(identity, cold=ColdKeys(tuple(one.public for one in OTHERS), 1))
    body = Rotation(said, tuple(cold_signature(index, one, said) for index, one in enumerate(OTHERS)))
    entry = seal(
        NEXT, network=identity.network, lane=IDENTITY, epoch=1, seq=1, prev=identity.network,
        body=encode_body(body, 0), salt=SALT,
    )  # fmt: skip
    with pytest.raises(EntryFault, match="too few cold keys"):
        advance(identity, entry, body)


@pytest.mark.parametrize(("needed", "keys"), [(4, OTHERS), (2, (OTHERS[0], OTHERS[0])), (1, ())])
def test_cold_keys_that_could_never_sign_take_nobodys_place(needed: int, keys: tuple[KeyPair, ...]) -> None:
    with pytest.raises(EntryFault, match="cannot be satisfied"):
        handed_over(founded(), needed, keys)


def test_a_cold_key_of_small_order_takes_nobodys_place() -> None:
    identity = founded()
    with pytest.raises(EntryFault, match="not acceptable"):
        rotated(identity, claim(identity, cold=ColdKeys((bytes(32),), 1)))


SERRA, CAMPO = bytes([1]) * 32, bytes([2]) * 32


def test_cold_keys_name_guardians_who_stay_until_others_are_named() -> None:
    guardians = Guardians((SERRA, CAMPO), 2, 1_000)
    identity = rotated(founded(), claim(founded(), guardians=guardians))
    assert identity.guardians == guardians
    assert not founded().guardians.networks


@pytest.mark.parametrize(
    "networks", [(SERRA, SERRA), (SERRA,), (founded().network, SERRA)], ids=["one twice", "too few", "itself"]
)
def test_guardians_that_could_never_help_are_not_named(networks: tuple[bytes, ...]) -> None:
    with pytest.raises(EntryFault, match="guardians"):
        rotated(founded(), claim(founded(), guardians=Guardians(networks, 2, 1_000)))


def test_a_network_may_do_without_guardians_again() -> None:
    assert not rotated(founded(), claim(founded(), guardians=Guardians((), 1, 1_000))).guardians.networks
