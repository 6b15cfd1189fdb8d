# SPDX-License-Identifier: AGPL-3.0-or-later
"""Signatures are bound to key, kind and data; keys on which people could disagree are not registered."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.bindings import crypto_sign

from protocol.wire.keys import (
    KeyPair,
    digest,
    id_text,
    is_acceptable_key,
    parse_id,
    sign,
    verify,
    verify_bare,
)

VECTORS = Path(__file__).parents[2] / "vectors"
ANA = KeyPair.from_seed(b"a" * 32)
BIA = KeyPair.from_seed(b"b" * 32)


def vectors(name: str) -> Any:
    return json.loads((VECTORS / name).read_text())


def wycheproof() -> list[Any]:
    groups = vectors("wycheproof_ed25519_test.json")["testGroups"]
    return [
        pytest.param(group["publicKey"]["pk"], case, id=f"{case['tcId']}")
        for group in groups
        for case in group["tests"]
    ]


@pytest.mark.parametrize(("key", "case"), wycheproof())
def test_wycheproof(key: str, case: dict[str, str]) -> None:
    message, signature = bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"])
    assert is_acceptable_key(bytes.fromhex(key))
    assert verify_bare(bytes.fromhex(key), message, signature) == (case["result"] == "valid")


def test_wycheproof_is_whole() -> None:
    results = [case.values[1]["result"] for case in wycheproof()]
    assert (len(results), results.count("valid")) == (151, 88)


# The cases of "Taming the many EdDSAs" (Chalkias, Garillot, Nikolaenko 2020), and what becomes of them here:
# may the key be registered, and would the signature pass if it had been.
SPECCHECK = [
    ("0: key and R of small order, S = 0", False, False),
    ("1: key of small order", False, False),
    ("2: R of small order, key of mixed order", False, False),
    ("3: key and R of mixed order, both equations hold", False, True),
    ("4: key and R of mixed order, only the cofactored equation holds", False, False),
    ("5: likewise, and the cofactor must come after the reduction", False, False),
    ("6: S beyond the group order", True, False),
    ("7: S far beyond the group order", True, False),
    ("8: R of small order, not canonical, reduced before hashing", False, False),
    ("9: likewise, not reduced", False, False),
    ("10: key of small order, not canonical, reduced before hashing", False, False),
    ("11: likewise, not reduced", False, False),
]


@pytest.mark.parametrize(
    ("case", "acceptable", "passes"),
    [(case, *verdict[1:]) for case, verdict in zip(vectors("ed25519_speccheck_cases.json"), SPECCHECK, strict=True)],
    ids=[name for name, _, _ in SPECCHECK],
)
def test_speccheck(case: dict[str, str], *, acceptable: bool, passes: bool) -> None:
    """No case has a key that may be registered and passes: libraries that disagree on it never come to it."""
    key, message, signature = (bytes.fromhex(case[part]) for part in ("pub_key", "message", "signature"))
    assert is_acceptable_key(key) == acceptable
    assert verify_bare(key, message, signature) == passes
    assert not (acceptable and passes)


def test_keys_of_small_order_are_not_registered() -> None:
    """All eight points whose order divides 8, and the spellings of them that are not canonical."""
    p = 2**255 - 19
    order_8 = (
        0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD83D3D706A17C7,
        0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
    )
    ordinates = (1, p - 1, 0, p, p + 1, *order_8)
    for ordinate in ordinates:
        for sign_bit in (0, 1 << 255):
            assert not is_acceptable_key((ordinate | sign_bit).to_bytes(32, "little"))


@pytest.mark.parametrize("key", [b"", ANA.public[:31], ANA.public + b"\0", b"\xff" * 32, b"\2" + b"\0" * 31])
def test_what_is_no_point_is_not_registered(key: bytes) -> None:
    assert not is_acceptable_key(key)


OWN = vectors("own_keys.json")


@pytest.mark.parametrize("case", OWN["cases"], ids=lambda case: f"{case['kind']} {case['data'][:8]}")
def test_our_vectors(case: dict[str, str]) -> None:
    seed, public, data, signature = (bytes.fromhex(case[part]) for part in ("seed", "public", "data", "signature"))
    assert KeyPair.from_seed(seed).public == public
    assert is_acceptable_key(public)
    assert sign(seed, case["kind"], data) == signature
    assert verify(public, case["kind"], data, signature)
    assert digest(case["kind"], data).hex() == case["digest"]
    assert id_text(bytes.fromhex(case["digest"])) == case["digest_text"]
    assert parse_id(case["digest_text"]) == bytes.fromhex(case["digest"])


@pytest.mark.parametrize("case", OWN["keys"], ids=lambda case: case["name"])
def test_what_may_be_a_key_is_one_and_nothing_else(case: dict[str, Any]) -> None:
    assert is_acceptable_key(bytes.fromhex(case["public"])) is case["is_key"]


@pytest.mark.parametrize("case", OWN["signatures"], ids=lambda case: case["name"])
def test_a_signature_holds_as_told(case: dict[str, Any]) -> None:
    public, message, signature = (bytes.fromhex(case[part]) for part in ("public", "message", "signature"))
    assert verify_bare(public, message, signature) is case["is_valid"]
    kind, _, data = message.removeprefix(b"mutirao/v1/").partition(b"\0")
    assert verify(public, kind.decode(), data, signature) is case["is_valid"]


@pytest.mark.parametrize("text", OWN["not_an_id"])
def test_other_texts_are_no_id(text: str) -> None:
    assert parse_id(text) is None


@given(st.binary(max_size=300))
def test_a_signature_is_of_one_key_one_kind_and_one_message(data: bytes) -> None:
    signature = ANA.sign("order", data)
    assert signature == sign(ANA, "order", data) == sign(b"a" * 32, "order", data)
    assert verify(ANA.public, "order", data, signature)
    assert not verify(BIA.public, "order", data, signature)
    assert not verify(ANA.public, "entry", data, signature)
    assert not verify(ANA.public, "order", data + b"\0", signature)
    assert not verify_bare(ANA.public, data, signature)


@given(st.binary(max_size=80), st.integers(0, 511))
def test_a_changed_bit_is_seen(data: bytes, bit: int) -> None:
    signature = bytearray(ANA.sign("order", data))
    signature[bit // 8] ^= 1 << bit % 8
    assert not verify(ANA.public, "order", data, bytes(signature))


@given(st.binary(max_size=70), st.binary(max_size=130))
def test_keys_and_signatures_of_any_length_are_answered(public: bytes, signature: bytes) -> None:
    assert not verify(public, "order", b"", signature)
    assert not verify(ANA.public, "order", b"", signature)
    assert not verify(public, "order", b"", ANA.sign("order", b"")) or public == ANA.public


def test_a_signature_ends_where_the_message_begins() -> None:
    message = b"twelve and a half for bread"
    signature = crypto_sign(message, b"a" * 32 + ANA.public)[:64]
    assert verify_bare(ANA.public, message, signature)
    assert not verify_bare(ANA.public, message[1:], signature + message[:1])
    assert not verify_bare(ANA.public + b"\0", message, signature)


def test_a_kind_ends_where_the_data_begins() -> None:
    assert digest("link", b"/record") != digest("link/record", b"")
    for kind in ("", "a\0b", "Order", "\u00f3rdem", "-a", "a\n"):
        with pytest.raises(ValueError, match="a kind is"):
            digest(kind, b"")


def test_a_key_pair_does_not_show_its_secret() -> None:
    for shown in (repr(ANA), str(ANA), f"{ANA}", f"{[ANA]}"):
        assert repr(ANA.public) in shown
        assert "aaaaaaaa" not in shown and (b"a" * 32).hex() not in shown


def test_key_pairs_are_equal_by_their_public_halves() -> None:
    assert KeyPair.from_seed(b"a" * 32) == KeyPair(ANA.public, b"") == ANA != BIA
    assert len({ANA, BIA, KeyPair.from_seed(b"a" * 32)}) == 2


@pytest.mark.parametrize("seed", [b"", b"a" * 31, b"a" * 33, b"a" * 64])
def test_a_seed_of_another_length_makes_no_key(seed: bytes) -> None:
    with pytest.raises(ValueError, match="a seed has 32 bytes"):
        KeyPair.from_seed(seed)
    with pytest.raises(ValueError, match="a seed has 32 bytes"):
        sign(seed, "order", b"")


@given(st.binary(min_size=32, max_size=32))
def test_an_id_is_read_back(raw: bytes) -> None:
    text = id_text(raw)
    assert (len(text), text) == (52, text.lower())
    assert parse_id(text) == raw


def test_only_32_bytes_have_an_id_text() -> None:
    for raw in (b"", b"\0" * 31, b"\0" * 33):
        with pytest.raises(ValueError, match="an id has 32 bytes"):
            id_text(raw)
