# SPDX-License-Identifier: AGPL-3.0-or-later
"""Writes our own vectors anew, the same bytes each time: `PYTHONPATH=.:tests python tests/vectors/make.py`.

tests/protocol/test_own_vectors.py checks what is published and makes nothing. A change in these files is a change
of the protocol: other implementations must hear of it.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from functools import partial
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

from make_cards import card_statements
from make_loans import loans
from make_trace import fold_trace
from more_wishes import more_wishes
from simulation.federation import drawn_debts
from trace_cards import card_wishes
from trace_lending import lending_wishes
from trace_loans import loan_wishes

from protocol.book.book import Book
from protocol.book.cold import sign_claim
from protocol.book.declaration import Entered
from protocol.book.money import Amount, Rate
from protocol.book.payments import PaymentState
from protocol.book.signed import Envelope
from protocol.lanes.claims import (
    BackedBy,
    Backing,
    ColdKeys,
    ColdSignature,
    Guardians,
    Inception,
    LaneHead,
    Recovery,
    RecoveryClaim,
    Reopening,
    Rotation,
    RotationClaim,
)
from protocol.lanes.directory import Directory, Profile
from protocol.lanes.entry import COMMONS, IDENTITY, LEDGER, NO_NETWORK, Body, Entry, Header, encode_body, seal
from protocol.lanes.growing import cold_signature
from protocol.lanes.identity import promise
from protocol.practices import PRACTICES
from protocol.practices.between.abroad.rules import address_of
from protocol.practices.between.checkpoints.proofs import (
    BalanceLeaf,
    Checkpoint,
    CheckpointClaim,
    CheckpointSaid,
    CheckpointSigned,
    ConsistencyProof,
    Proof,
    Total,
)
from protocol.practices.between.faults.evidence import Evidence, FaultKind
from protocol.practices.between.federations.charters import (
    Chartered,
    Charters,
    Endorsed,
    ExpulsionVoted,
    FederationJoined,
    FederationLeft,
    hear,
)
from protocol.practices.between.links.entries import (
    AckItem,
    GrantClaim,
    LinkRecord,
    Settings,
    SignedGrant,
    Terms,
    link_id,
    link_lane,
)
from protocol.practices.between.quotes.invoices import Invoice, condition_of, preimage_of
from protocol.practices.governance.motions.entries import Ballot, Vote
from protocol.practices.money.currencies.entries import CurrencyCreated
from protocol.practices.money.obligations.entries import GiveConsent
from protocol.practices.money.payments.entries import Pay, ReversePayment
from protocol.practices.money.receipts import Attested
from protocol.practices.money.schedules.entries import Rhythm, SchedulePayment
from protocol.practices.people.devices import AddKey, RebindKey, RevokeKey
from protocol.practices.people.guardians import BackKey, NameGuardians, ObjectToKey
from protocol.practices.people.invitations import Invited
from protocol.practices.people.joinings import Joining, sign_joining
from protocol.practices.people.mandates import GiveMandate
from protocol.practices.people.members.entries import Leave
from protocol.solvers.netting import Case, Headroom, Obligation, set_off
from protocol.wire.codec import encode
from protocol.wire.keys import KeyPair, digest
from protocol.wire.merkle import audit_path, consistency_of, leaf_hash, root_of
from protocol.wire.shape import to_map

FOLDER = Path(__file__).parent
SET_OFF_LOTS = 8
"""Lots that are shown of each debt: more than decide between any."""
FIRST_MS = 1_790_000_000_000
INT64_MAX = 2**63 - 1
SMALL_ORDER_KEY = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")


def seed_of(name: str) -> bytes:
    """Return the seed of the key that a name stands for."""
    return sha256(name.encode()).digest()


def key(name: str) -> KeyPair:
    """Return the key that a name stands for."""
    return KeyPair.from_seed(seed_of(name))


def note(value: Any) -> Any:
    """Return a value in the JSON notation of own_codec.json."""
    match value:
        case bool() | None | str():
            return value
        case int():
            return value if abs(value) < 2**53 else {"int": str(value)}
        case bytes():
            return {"bytes": value.hex()}
        case dict():
            return {"map": [[number, note(one)] for number, one in sorted(value.items())]}
        case _:
            return [note(one) for one in value]


def named(value: Any) -> list[list[Any]]:
    """Return a dataclass as (number, name, value) of each field that is there."""
    names = [one.name for one in fields(value)]
    return [[number, names[number - 1], note(one)] for number, one in to_map(value).items()]


class Author:
    """A network that writes lanes: each entry after the last one of its lane."""

    def __init__(self, name: str, *, cold: int = 1, needed: int = 1) -> None:
        self.name = name
        self.epoch = 0
        self.signer = f"{name} hot 0"
        self.cold = [f"{name} cold {number}" for number in range(cold)]
        self.heads: dict[str, Entry] = {}
        self.written: list[Entry] = []
        self.network = NO_NETWORK
        self.network = self.write(self.inception(needed), IDENTITY).id

    def inception(self, needed: int) -> Inception:
        return Inception(
            key(self.signer).public,
            promise(key(f"{self.name} hot 1").public),
            tuple(key(one).public for one in self.cold),
            needed,
            key(f"{self.name} transport").public,
        )

    def make(self, said: Body, lane: str, **changed: Any) -> Entry:
        """Return the next entry of a lane, or one that differs from it."""
        head = self.heads.get(lane)
        seq = 0 if head is None else head.header.seq + 1
        parts: dict[str, Any] = {
            "network": self.network,
            "lane": lane,
            "epoch": self.epoch,
            "seq": seq,
            "prev": None if head is None else head.id,
            "body": encode_body(said, FIRST_MS + 1_000 * seq),
            "salt": sha256(f"salt {self.name} {lane} {seq}".encode()).digest()[:16],
        }
        signer = changed.pop("signer", self.signer)
        return seal(key(signer), **(parts | changed))

    def write(self, body: Body, lane: str) -> Entry:
        """Write the next entry of a lane."""
        entry = self.heads[lane] = self.make(body, lane)
        self.written.append(entry)
        return entry

    def claim(self, **changed: Any) -> RotationClaim:
        claim = RotationClaim(
            self.network,
            self.epoch + 1,
            key(f"{self.name} hot {self.epoch + 1}").public,
            promise(key(f"{self.name} hot {self.epoch + 2}").public),
            key(f"{self.name} transport").public,
            self.all_heads(),
        )
        return replace(claim, **changed)

    def all_heads(self) -> tuple[LaneHead, ...]:
        return tuple(LaneHead(lane, head.header.seq, head.id) for lane, head in sorted(self.heads.items()))

    def rotation(self, claim: RotationClaim, *signers: int) -> Rotation:
        return Rotation(claim, tuple(cold_signature(index, key(self.cold[index]), claim) for index in signers))

    def rotate(self, *signers: int) -> Entry:
        """Open an epoch under the key that was promised."""
        body = self.rotation(self.claim(), *signers)
        self.epoch += 1
        self.signer = f"{self.name} hot {self.epoch}"
        return self.write(body, IDENTITY)

    def reopen(self) -> Entry:
        """Open an epoch under the same key, after a restore."""
        body = Reopening(self.epoch + 1, self.all_heads())
        self.epoch += 1
        return self.write(body, IDENTITY)


def recovered(riacho: Author, serra: Author, written: list[dict[str, Any]], refuse: Callable[..., None]) -> None:
    """Let riacho name serra as its guardian, which backs the recovery that follows."""
    guardians = Guardians((serra.network,), 1, 14 * 86_400_000)
    named_so = riacho.claim(key=key("riacho hot 2").public, guardians=guardians)
    riacho.epoch, riacho.signer = 3, "riacho hot 2"
    entry = riacho.write(riacho.rotation(named_so, 0, 2), IDENTITY)
    written.append(
        shown_entry("a rotation that names a guardian", entry, riacho.signer, riacho.rotation(named_so, 0, 2))
    )
    plain = riacho.claim()
    riacho.epoch, riacho.signer = 4, "riacho hot 4"
    entry = riacho.write(riacho.rotation(plain, 0, 2), IDENTITY)
    written.append(
        shown_entry(
            "a rotation that names none: the guardian stays", entry, riacho.signer, riacho.rotation(plain, 0, 2)
        )
    )

    def claimed(epoch: int, heir: str) -> RecoveryClaim:
        cold = ColdKeys((key("riacho cold 9").public,), 1)
        return RecoveryClaim(
            riacho.network, epoch, key(heir).public, promise(key(f"{heir} next").public),
            key("riacho transport").public, cold, riacho.all_heads(),
        )  # fmt: skip

    def backed(claim: RecoveryClaim) -> BackedBy:
        at_ms = FIRST_MS + 86_400_000
        serra.epoch += 1
        word = Reopening(serra.epoch, serra.all_heads(), Backing(claim.digest, at_ms))
        backing = serra.write(word, IDENTITY)
        told = f"a reopening by which a guardian backs a recovery to epoch {claim.epoch}"
        written.append(shown_entry(told, backing, serra.signer, word))
        return BackedBy(serra.network, backing.id, at_ms)

    claim = claimed(5, "riacho hot 9")
    by = backed(claim)
    event = {"epoch": 5, "signer": "riacho hot 9"}
    refuse("a recovery that nobody backs", "KEY_EVENT_INVALID", riacho.make(Recovery(claim, ()), IDENTITY, **event))
    twice = riacho.make(Recovery(claim, (by, by)), IDENTITY, **event)
    refuse("a recovery that a guardian backs twice", "KEY_EVENT_INVALID", twice)
    own = riacho.make(Recovery(claim, (replace(by, guardian=riacho.network),)), IDENTITY, **event)
    refuse("a recovery that no guardian backs", "KEY_EVENT_INVALID", own)
    for name, wrong in (
        ("that leaves an epoch out", replace(claim, epoch=6)),
        ("of another network", replace(claim, network=serra.network)),
        ("whose libp2p key is of small order", replace(claim, transport=SMALL_ORDER_KEY)),
        ("to a cold key of small order", replace(claim, cold=ColdKeys((SMALL_ORDER_KEY,), 1))),
    ):
        at = event | {"epoch": wrong.epoch}
        refuse(f"a recovery {name}", "KEY_EVENT_INVALID", riacho.make(Recovery(wrong, (by,)), IDENTITY, **at))
    for epoch, heir, name in (
        (5, "riacho hot 9", "a recovery: guardians open epoch 5"),
        (6, "riacho hot 11", "another recovery: they are guardians still"),
    ):
        claim = claim if epoch == 5 else claimed(epoch, heir)
        by = by if epoch == 5 else backed(claim)
        riacho.epoch, riacho.signer = epoch, heir
        body = Recovery(claim, (by,))
        written.append(shown_entry(name, riacho.write(body, IDENTITY), heir, body))


def profile(name: str, code: str) -> Profile:
    return Profile(name, name.title(), code, code.title(), 2, ("/dns4/example.org/tcp/4001",))


def hora(code: str = "HORA", limit: int = 100_00) -> CurrencyCreated:
    return CurrencyCreated(code, "Horas do Riacho", "hora", 2, -limit, None)


def invited(name: str) -> Invited:
    return Invited(seed_of(name)[:16], digest("invitation", name.encode()), FIRST_MS + 30 * 86_400_000)


def shown_entry(name: str, entry: Entry, signer: str, body: Body) -> dict[str, Any]:
    return {
        "name": name,
        "kind": body.KIND,
        "signed_by": signer,
        "header_fields": named(entry.header),
        "body_fields": named(body),
        "header": entry.header_bytes.hex(),
        "salt": entry.salt.hex(),
        "body": entry.body_bytes.hex(),
        "signature": entry.signature.hex(),
        "id": entry.id.hex(),
        "network": entry.network.hex(),
        "wire": entry.wire.hex(),
    }


def unlike(entry: Entry, **parts: bytes) -> bytes:
    """Return the wire of an entry of which a part was changed after it was signed."""
    whole = {
        "header": entry.header_bytes,
        "salt": entry.salt,
        "body": entry.body_bytes,
        "signature": entry.signature,
    } | parts
    return encode(tuple(whole.values()))


def sealed(signer: str, header: Any, salt: bytes, body: bytes) -> bytes:
    """Return the wire of an entry with a header of any form, rightly signed."""
    data = header if isinstance(header, bytes) else encode(header)
    return encode((data, salt, body, key(signer).sign("entry", data)))


def flipped(data: bytes) -> bytes:
    return bytes((data[0] ^ 1, *data[1:]))


def entries() -> dict[str, Any]:
    """Return entries of all lanes, and ones that look like the next and are not."""
    written: list[dict[str, Any]] = []
    invalid: list[dict[str, Any]] = []

    def write(name: str, author: Author, body: Body, lane: str) -> Entry:
        entry = author.write(body, lane)
        written.append(shown_entry(name, entry, author.signer, body))
        return entry

    def refuse(name: str, reason: str, wire: bytes | Entry) -> None:
        data = wire.wire if isinstance(wire, Entry) else wire
        invalid.append({"name": name, "after": len(written), "reason": reason, "wire": data.hex()})

    riacho, serra = Author("riacho", cold=3, needed=2), Author("serra")
    for author, needed in ((riacho, 2), (serra, 1)):
        body = author.inception(needed)
        name = f"the inception of {author.name.title()}, whose id is the network's"
        written.append(shown_entry(name, author.heads[IDENTITY], author.signer, body))
    first = riacho.inception(2)
    founding = {"network": NO_NETWORK, "seq": 0, "prev": None}
    for name, body in (
        ("a cold key of small order", replace(first, cold=(SMALL_ORDER_KEY,), cold_needed=1)),
        ("more cold keys needed than there are", replace(first, cold_needed=4)),
        ("one cold key given twice", replace(first, cold=first.cold[:1] * 2)),
    ):
        refuse(f"an inception with {name}", "KEY_EVENT_INVALID", riacho.make(body, IDENTITY, **founding))
    no_wire = riacho.make(replace(first, transport=SMALL_ORDER_KEY), IDENTITY, **founding)
    refuse("an inception with a libp2p key of small order", "KEY_EVENT_INVALID", no_wire)
    reopened = riacho.make(Reopening(1, ()), IDENTITY, **founding)
    refuse("a reopening in the place of an inception", "KEY_EVENT_INVALID", reopened)
    late = riacho.make(first, IDENTITY, **(founding | {"epoch": 1}))
    refuse("an inception that opens epoch 1", "KEY_EVENT_INVALID", late)
    refuse(
        "an inception signed by another key than it names",
        "KEY_EVENT_INVALID",
        riacho.make(first, IDENTITY, **founding, signer="serra hot 0", salt=bytes(16)),
    )

    said = profile("riacho", "HORA")
    write("what the network says of itself", riacho, said, COMMONS)
    write("the first entry of a ledger", riacho, hora(), LEDGER)
    ledger = write("the entry after it", riacho, invited("ana"), LEDGER)
    low, high = sorted((riacho.network, serra.network))
    terms = Terms(low, high, "HORA", 2, seed_of("link")[:16])
    lane = link_lane(link_id(terms))
    settings = Settings("HORA", 1, 1, 0)
    opening = LinkRecord(terms, settings, 500_00, 0, 0, 0, 0, (), (), (), 0, None)
    ours = write("the first record of a link: Riacho lets Serra owe 500.00", riacho, opening, lane)
    theirs = replace(
        opening,
        settings=Settings("FLOR", 3, 2, 1_00),
        granted=300_00,
        ack=AckItem(0, 1, ours.id),
    )
    write("Serra takes the link up: it lets Riacho owe 300.00", serra, theirs, lane)

    following = riacho.make(invited("bia"), LEDGER)
    refuse("a prev that is not the head", "PREV_WRONG", riacho.make(invited("bia"), LEDGER, prev=digest("entry", b"")))
    refuse("no prev, though it is not the first", "PREV_WRONG", riacho.make(invited("bia"), LEDGER, prev=None))
    refuse("a place left out", "PREV_WRONG", riacho.make(invited("bia"), LEDGER, seq=3))
    other_body = encode_body(invited("caio"), FIRST_MS)
    refuse("another body than the one that was signed", "BODY_WRONG", unlike(following, body=other_body))
    refuse("another salt", "BODY_WRONG", unlike(following, salt=flipped(following.salt)))
    refuse("a salt of 15 bytes", "BODY_WRONG", unlike(following, salt=following.salt[:15]))
    refuse(
        "a changed bit in the signature", "SIGNATURE_WRONG", unlike(following, signature=flipped(following.signature))
    )
    refuse("signed by another network", "SIGNATURE_WRONG", riacho.make(invited("bia"), LEDGER, signer="serra hot 0"))
    as_order = key("riacho hot 0").sign("order", following.header_bytes)
    refuse("signed as an order", "SIGNATURE_WRONG", unlike(following, signature=as_order))
    bare = encode(to_map(following.header))
    heading = to_map(following.header)
    refuse(
        "a version that is not known",
        "MALFORMED",
        sealed("riacho hot 0", heading | {1: 2}, following.salt, following.body_bytes),
    )
    refuse(
        "a field that is not known",
        "MALFORMED",
        sealed("riacho hot 0", heading | {8: 0}, following.salt, following.body_bytes),
    )
    refuse(
        "no seq",
        "MALFORMED",
        sealed("riacho hot 0", {n: v for n, v in heading.items() if n != 5}, following.salt, following.body_bytes),
    )
    longer = bytes((0xB8, bare[0] & 31)) + bare[1:]
    refuse(
        "a header that is not spelt the shortest way",
        "MALFORMED",
        sealed("riacho hot 0", longer, following.salt, following.body_bytes),
    )
    refuse(
        "three parts instead of four",
        "MALFORMED",
        encode((following.header_bytes, following.salt, following.body_bytes)),
    )
    refuse(
        "an epoch that nothing has opened",
        "EPOCH_UNKNOWN",
        riacho.make(invited("bia"), LEDGER, epoch=1, signer="riacho hot 1"),
    )
    elsewhere = replace(terms, nonce=bytes(16))
    refuse(
        "a record that stands in another link's lane",
        "RULE_BROKEN",
        riacho.make(replace(opening, terms=elsewhere), lane),
    )
    unknown = encode({1: "weather/seen", 2: FIRST_MS, 3: {1: "rain"}})
    refuse(
        "a ledger entry of a kind that is not known", "KIND_UNKNOWN", riacho.make(invited("bia"), LEDGER, body=unknown)
    )
    newer = encode({1: "members/invited", 2: FIRST_MS, 3: to_map(invited("bia")) | {99: 1}})
    more = riacho.make(invited("bia"), LEDGER, body=newer)
    refuse("a ledger entry with a field that is not known", "KIND_UNKNOWN", more)
    for name, wrong in (
        ("a body with a fourth part", {1: "members/invited", 2: FIRST_MS, 3: to_map(invited("bia")), 4: 0}),
        ("a body whose date is a text", {1: "members/invited", 2: "now", 3: to_map(invited("bia"))}),
        (
            "a body whose field is of another type",
            {1: "members/invited", 2: FIRST_MS, 3: to_map(invited("bia")) | {1: 0}},
        ),
    ):
        refuse(name, "RULE_BROKEN", riacho.make(invited("bia"), LEDGER, body=encode(wrong)))
    refuse("what belongs into the ledger, in the lane of a link", "RULE_BROKEN", riacho.make(invited("bia"), lane))
    again = riacho.make(invited("ana"), LEDGER)
    refuse("what a rule of the book refuses: an invitation that exists already", "RULE_BROKEN", again)
    stolen = riacho.rotation(riacho.claim(key=key("thief").public), 0, 1)
    event = {"epoch": 1, "signer": "thief"}
    refuse("a rotation to a key that was not promised", "KEY_EVENT_INVALID", riacho.make(stolen, IDENTITY, **event))
    event["signer"] = "riacho hot 1"
    few = riacho.rotation(riacho.claim(), 1)
    refuse("a rotation signed by one cold key of the two", "KEY_EVENT_INVALID", riacho.make(few, IDENTITY, **event))
    twice = riacho.rotation(riacho.claim(), 1, 1)
    refuse("a rotation signed by one cold key twice", "KEY_EVENT_INVALID", riacho.make(twice, IDENTITY, **event))
    skipped = riacho.rotation(riacho.claim(epoch=2), 0, 2)
    refuse(
        "a rotation that leaves an epoch out",
        "KEY_EVENT_INVALID",
        riacho.make(skipped, IDENTITY, epoch=2, signer="riacho hot 1"),
    )
    foreign = riacho.rotation(riacho.claim(network=serra.network), 0, 2)
    refuse("a rotation of another network", "KEY_EVENT_INVALID", riacho.make(foreign, IDENTITY, **event))
    for name, changed in (
        ("whose libp2p key is of small order", {"transport": SMALL_ORDER_KEY}),
        ("to a cold key of small order", {"cold": ColdKeys((SMALL_ORDER_KEY,), 1)}),
        ("to more cold keys needed than there are", {"cold": ColdKeys((key("riacho cold 9").public,), 2)}),
        ("that names itself as its guardian", {"guardians": Guardians((riacho.network,), 1, 1)}),
        ("that names a guardian twice", {"guardians": Guardians((serra.network,) * 2, 1, 1)}),
        ("that needs more guardians than it names", {"guardians": Guardians((serra.network,), 2, 1)}),
    ):
        wrong = riacho.make(riacho.rotation(riacho.claim(**changed), 0, 2), IDENTITY, **event)
        refuse(f"a rotation {name}", "KEY_EVENT_INVALID", wrong)
    beyond = riacho.make(Reopening(2, ()), IDENTITY, epoch=2)
    refuse("a reopening that leaves an epoch out", "KEY_EVENT_INVALID", beyond)
    elsewhere = riacho.make(Reopening(2, ()), IDENTITY, epoch=1)
    refuse("a reopening whose body names another epoch", "KEY_EVENT_INVALID", elsewhere)
    old_signer = riacho.make(riacho.rotation(riacho.claim(), 0, 2), IDENTITY, epoch=1)
    refuse("a rotation that the old key signs", "KEY_EVENT_INVALID", old_signer)

    thiefs = riacho.make(invited("thief"), LEDGER)
    rotation = riacho.rotation(riacho.claim(), 0, 2)
    riacho.rotate(0, 2)
    written.append(
        shown_entry("a rotation: two cold keys of three open epoch 1", riacho.heads[IDENTITY], riacho.signer, rotation)
    )
    refuse("what the old key signs past the heads that the rotation names", "EPOCH_CLOSED", thiefs)
    refuse(
        "epoch 1 signed by the key of epoch 0",
        "SIGNATURE_WRONG",
        riacho.make(invited("bia"), LEDGER, signer="riacho hot 0"),
    )
    twin = riacho.make(invited("twin"), LEDGER, epoch=0, signer="riacho hot 0", seq=ledger.header.seq)
    refuse("another entry at the place of the head that the rotation names", "EPOCH_CLOSED", twin)
    write("the ledger goes on in epoch 1", riacho, invited("bia"), LEDGER)
    refuse(
        "the old key again, after the new one",
        "EPOCH_CLOSED",
        riacho.make(invited("thief"), LEDGER, epoch=0, signer="riacho hot 0"),
    )
    heads = riacho.all_heads()
    riacho.reopen()
    written.append(
        shown_entry(
            "a reopening: epoch 2, under the same key", riacho.heads[IDENTITY], riacho.signer, Reopening(2, heads)
        )
    )
    write("a profile in epoch 2", riacho, profile("riacho", "HORA"), COMMONS)
    recovered(riacho, serra, written, refuse)
    assert ledger.header == Header(1, riacho.network, LEDGER, 0, 1, ledger.header.body_hash, ledger.header.prev)

    names = sorted(
        {one["signed_by"] for one in written} | {*riacho.cold, *serra.cold, "riacho transport", "serra transport"}
    )
    return {
        "about": "Entries of two networks, in the order in which they may be folded in. The key of a name has as its"
        " seed the SHA-256 of the name. Each invalid entry is to be judged by who has folded in the first `after`"
        " entries, and nothing else; it is wrong in one way. The reasons: MALFORMED the bytes are no entry; BODY_WRONG"
        " the body is not the one that the header names; PREV_WRONG it does not follow the head of its lane;"
        " EPOCH_UNKNOWN no key event has opened its epoch; EPOCH_CLOSED it lies past the heads that the next epoch"
        " named; SIGNATURE_WRONG the key of its epoch has not signed it; KEY_EVENT_INVALID an inception, rotation,"
        " reopening or recovery that opens no epoch; KIND_UNKNOWN a body of no known kind, where that matters;"
        " RULE_BROKEN its signature is right and a rule of the book refuses it. Values are written as in"
        " own_codec.json; fields are [number, name, value].",
        "keys": {name: {"seed": seed_of(name).hex(), "public": key(name).public.hex()} for name in names},
        "entries": written,
        "invalid": invalid,
    }


def orders() -> dict[str, Any]:
    """Return what is signed besides entries, one of each kind or more."""
    network, partner = seed_of("network"), seed_of("partner")
    ana, phone, hot = "ana", "ana phone", "riacho hot"
    day = FIRST_MS + 86_400_000
    payment = seed_of("payment")[:16]
    account, hora = "ANAANAANAANAANAA.HORA", partial(Amount, asset_code="HORA", asset_scale=2)
    order = Pay("bia", hora(12_50), account, payment=payment)
    preimage = preimage_of(seed_of("preimage secret"), bytes(16))
    invoice = Invoice(
        partner, 0, "BIABIABIABIABIAB.FLOR", "bia@serra", 135_00, 2, condition_of(preimage),
        FIRST_MS + 900_000, bytes(16), "ana@riacho", None, None, bytes(16),
    )  # fmt: skip
    invoice_bytes = encode(to_map(invoice))
    claim = RotationClaim(
        network, 1, key("riacho hot 1").public, promise(key("riacho hot 2").public), key("riacho transport").public,
        (LaneHead(LEDGER, 7, seed_of("head")),),
    )  # fmt: skip
    abroad = Pay(
        address_of(invoice),
        Amount(135_00, "FLOR", 2),
        account,
        payment=payment,
        note=digest("text", bytes(16) + b"bread"),
        mandate=seed_of("mandate")[:16],
        max_debit=hora(90_00),
        invoice=digest("invoice", invoice_bytes),
        condition=invoice.condition,
    )
    standing = SchedulePayment("bia", hora(10_00), day, Rhythm.MONTHLY, 12, account, seed_of("schedule")[:16])
    attested = Attested(network, payment, 7, PaymentState.POSTED, account, -12_50, 9, seed_of("head"), FIRST_MS)
    wishes = (
        ("a payment within the network", ana, "payments.create", order),
        ("a payment that waits for the payee's word", ana, "payments.create", replace(order, pending=True)),
        ("a payment to another network by a helper, with invoice and note", ana, "payments.create", abroad),
        ("the greatest amount", ana, "payments.create", replace(order, amount=hora(INT64_MAX))),
        ("a payment is paid back", "bia", "payments.reverse", ReversePayment(payment)),
        ("a vote on a motion", ana, "motions.vote", Vote(payment, Ballot.ABSTAIN)),
        *((says, ana, operation, wish) for says, operation, wish in lending_wishes(payment)),
        *((says, ana, operation, wish) for says, operation, wish in card_wishes(payment)),
        *((says, ana, operation, wish) for says, operation, wish in loan_wishes(payment)),
        *((says, ana, operation, wish) for says, operation, wish in more_wishes(payment)),
        ("twelve monthly payments", ana, "scheduled-payments.create", standing),
        (
            "one payment later",
            ana,
            "scheduled-payments.create",
            replace(standing, rhythm=Rhythm.ONCE, times=1, note=seed_of("note")),
        ),
        (
            "a mandate",
            ana,
            "members.mandate",
            GiveMandate(account, "CAIOCAIOCAIOCAIO", hora(50_00), day, seed_of("mandate")[:16]),
        ),
        (
            "two debts may be set off",
            ana,
            "set-off-consents.create",
            GiveConsent(day, account, requests=(payment, bytes(16)), draw=hora(5_00), consent=seed_of("set-off")[:16]),
        ),
        (
            "a key gives way to another",
            ana,
            "members.rebind-key",
            RebindKey("ANAANAANAANAANAA", sign_joining(key(phone), network, "ana"), key(ana).public),
        ),
        ("a key is only revoked", phone, "members.revoke-key", RevokeKey("ANAANAANAANAANAA", key(ana).public)),
        ("a member leaves", ana, "members.leave", Leave("ANAANAANAANAANAA", erase=True)),
        (
            "a second key with a cap",
            ana,
            "members.add-key",
            AddKey("ANAANAANAANAANAA", sign_joining(key(phone), network, "ana"), 20_00),
        ),
        (
            "a second key without one",
            ana,
            "members.add-key",
            AddKey("ANAANAANAANAANAA", sign_joining(key(phone), network, "ana")),
        ),
        (
            "two guardians, both of whom it takes",
            ana,
            "guardians.name",
            NameGuardians("ANAANAANAANAANAA", ("BIABIABIABIABIAB", "CAIOCAIOCAIOCAIO"), 2),
        ),
        ("nobody is a guardian any more", ana, "guardians.name", NameGuardians("ANAANAANAANAANAA")),
        (
            "a guardian is the first to back a new key",
            "bia",
            "guardians.back",
            BackKey("ANAANAANAANAANAA", key(phone).public, sign_joining(key(phone), network, "ana")),
        ),
        ("another backs it too", "caio", "guardians.back", BackKey("ANAANAANAANAANAA", key(phone).public)),
        ("an old key objects", ana, "guardians.object", ObjectToKey("ANAANAANAANAANAA")),
    )
    envelopes = [
        Envelope(network, operation, encode(to_map(wish)), key(signer).public, number, day, seed_of("head"))
        for number, (_, signer, operation, wish) in enumerate(wishes, 1)
    ]
    # Without what may be left out.
    envelopes[0] = replace(envelopes[0], head=None)
    cases = [
        *(
            (name, signer, "wish", envelope, wish)
            for envelope, (name, signer, _, wish) in zip(envelopes, wishes, strict=True)
        ),
        ("a new key joins", phone, "joining", Joining(network, "ana", key(phone).public), None),
        ("an invoice", "serra hot", "invoice", invoice, None),
        ("what cold keys sign to rotate", "riacho cold", "rotation", claim, None),
        ("what a receipt attests", hot, "receipt", attested, None),
    ]
    signed: list[dict[str, Any]] = []
    for name, signer, kind, said, wish in cases:
        data = encode(to_map(said))
        signed.append(
            {
                "name": name,
                "kind": kind,
                "signed_by": signer,
                "fields": named(said),
                **({} if wish is None else {"wish": named(wish)}),
                "bytes": data.hex(),
                "signature": key(signer).sign(kind, data).hex(),
            }
        )
    challenge = network + seed_of("chance")
    signed.append(
        {
            "name": "a challenge by which a member opens a session: the network's id and 32 bytes of chance, no CBOR",
            "kind": "session",
            "signed_by": ana,
            "fields": None,
            "bytes": challenge.hex(),
            "signature": key(ana).sign("session", challenge).hex(),
        }
    )
    whole, wished = to_map(envelopes[0]), to_map(order)
    data = encode(whole)

    def holding(wish: bytes) -> bytes:
        return encode(whole | {3: wish})

    invalid = [
        {"name": name, "bytes": bytes_.hex(), "signature": signature.hex(), "reason": reason}
        for name, bytes_, signature, reason in (
            ("signed as another kind", data, key(ana).sign("joining", data), "SIGNATURE_INVALID"),
            ("signed by another key than it names", data, key("bia").sign("wish", data), "SIGNATURE_INVALID"),
            (
                "changed after it was signed",
                holding(encode(wished | {1: "caio"})),
                key(ana).sign("wish", data),
                "SIGNATURE_INVALID",
            ),
            ("by a key that nobody registered", data, key(ana).sign("wish", data), "KEY_UNKNOWN"),
            *(
                (name, changed, key(ana).sign("wish", changed), "MALFORMED")
                for name, changed in (
                    ("of another operation", encode(whole | {2: "payments.reverse"})),
                    ("of no operation", encode({n: one for n, one in whole.items() if n != 2})),
                    ("with a field that is not known", encode(whole | {8: 0})),
                    ("with null for what is left out", encode(whole | {7: None})),
                    ("an order_seq below zero", encode(whole | {5: -1})),
                    ("an order_seq above 2^53", encode(whole | {5: 2**53 + 1})),
                    ("with a trailing byte", data + b"\0"),
                    ("longer than an envelope may be", holding(bytes(2_048))),
                    ("a wish without an amount", holding(encode({n: one for n, one in wished.items() if n != 2}))),
                    ("a wish with a field that is not known", holding(encode(wished | {12: 0}))),
                    (
                        "a wish without the id of what it makes",
                        holding(encode({n: one for n, one in wished.items() if n != 5})),
                    ),
                    ("a wish with a text for an amount", holding(encode(wished | {2: "12.50"}))),
                    ("a wish with a trailing byte", holding(encode(wished) + b"\0")),
                    ("a wish that is spelt otherwise", holding(b"\xb8\x05" + encode(wished)[1:])),
                )
            ),
        )
    ]
    names = sorted({one["signed_by"] for one in signed} | {"bia"})
    return {
        "about": 'What is signed besides entries: Ed25519 over "mutirao/v1/<kind>", a zero byte and the bytes, which'
        " are the deterministic CBOR of a map of the fields by number; a field that has no value is left out. The key"
        " of a name has as its seed the SHA-256 of the name. Values are written as in own_codec.json; fields are"
        " [number, name, value], and `wish` those of the bytes in `fields` of an envelope. Invalid ones are offered as"
        " payments, to a book without members, and refused with the code that is told.",
        "keys": {name: {"seed": seed_of(name).hex(), "public": key(name).public.hex()} for name in names},
        "signed": signed,
        "invalid": invalid,
    }


def fork_proofs() -> dict[str, Any]:
    """Return pairs of entries, some of which prove that a network spoke twice at one place."""
    author = Author("forked")
    identity = [author.heads[IDENTITY]]
    before = [author.write(profile("forked", "HORA"), COMMONS), author.write(hora(), LEDGER)]
    one, other = (author.make(invited(name), LEDGER) for name in ("ana", "bia"))
    faces = [author.make(profile("forked", code), COMMONS) for code in ("CLARO", "TURVO")]
    salted = author.make(invited("ana"), LEDGER, salt=bytes(16))
    unsigned = author.make(invited("caio"), LEDGER, signer="serra hot 0")
    author.heads[LEDGER] = one
    later = author.make(invited("bia"), LEDGER)
    identity.append(author.reopen())
    voided = author.make(invited("bia"), LEDGER, epoch=0)
    anew = author.make(invited("dora"), LEDGER)
    pairs = [
        ("two entries at one place of a ledger", one, other, True),
        ("two profiles at one place of the commons", *faces, True),
        ("the same body under another salt is another entry", one, salted, True),
        ("an entry and itself", one, one, False),
        ("two entries at two places", one, later, False),
        ("two entries at one seq of two epochs: what the older one says was never said", voided, anew, False),
        ("one of the two is not signed by the network", one, unsigned, False),
    ]
    return {
        "about": "Two entries of one network at one lane, epoch and seq, both rightly signed, are a fork: the proof is"
        " the pair, in any order. `identity` is the network's identity lane, `before` what stands in its other lanes"
        " before the pairs.",
        "network": author.network.hex(),
        "identity": [entry.wire.hex() for entry in identity],
        "before": [entry.wire.hex() for entry in before],
        "pairs": [
            {"name": name, "first": first.wire.hex(), "second": second.wire.hex(), "fork": fork}
            for name, first, second, fork in pairs
        ],
    }


RATES = (
    ("par", Rate(1, 1)),
    ("1.5", Rate(3, 2)),
    ("one third", Rate(1, 3)),
    ("seven elevenths", Rate(7, 11)),
    ("scale 0 against scale 2", Rate(100, 1)),
    ("the least rate", Rate(1, 10**12)),
    ("the greatest rate", Rate(10**12, 1)),
    ("two great terms", Rate(10**12 - 1, 10**12)),
)
AMOUNTS = (1, 2, 3, 10, 99, 100, 101, 135_00, 10**12 - 1, 10**12, 2**53, INT64_MAX // 2, INT64_MAX - 1, INT64_MAX)
FORWARDS = (
    (Rate(1, 1), Rate(1, 1), 0, 1),
    (Rate(2, 1), Rate(1, 3), 1_00, 60_00),
    (Rate(3, 2), Rate(2, 3), 0, 100),
    (Rate(3, 2), Rate(2, 3), 7, 101),
    (Rate(1, 3), Rate(7, 11), 1, 99),
    (Rate(10**12, 1), Rate(1, 10**12), 0, 1),
    (Rate(1, 10**12), Rate(1, 1), 0, 9_223_372),
    (Rate(1, 1), Rate(1, 1), 0, INT64_MAX),
    (Rate(1, 1), Rate(1, 1), 1, INT64_MAX),
    (Rate(1, 10**12), Rate(10**12, 1), 0, INT64_MAX),
)


def rounding() -> dict[str, Any]:
    """Return the table of rates: what is rounded up, what down, what a forward needs."""
    return {
        "about": "A rate num/den is own minor units for one minor unit of a link. Each case is [amount, up, down,"
        " least]. Of an amount of the link: `up` is what a payer is debited for it, and what a forward costs; `down` is"
        " what a payee is credited for it, and what comes in by a forward. Of an amount of our own: `least` is the hold"
        " that is worth at least so much. A forward of `out` minor units over a link with a fee (own minor units) needs"
        " `in` = least(up(out) + fee) on the link that it comes from. All are exact whole numbers, in decimal; what is"
        " beyond int64 is refused where it would have to be written.",
        "rates": [
            {
                "name": name,
                "num": str(rate.num),
                "den": str(rate.den),
                "cases": [
                    [str(one) for one in (amount, rate.up(amount), rate.down(amount), rate.foreign_up(amount))]
                    for amount in AMOUNTS
                ],
            }
            for name, rate in RATES
        ],
        "forwards": [
            {
                "rate_in": [str(rate_in.num), str(rate_in.den)],
                "rate_out": [str(rate_out.num), str(rate_out.den)],
                "fee": str(fee),
                "out": str(out),
                "in": str(rate_in.foreign_up(rate_out.up(out) + fee)),
            }
            for rate_in, rate_out, fee, out in FORWARDS
        ],
    }


def checkpoints() -> dict[str, Any]:
    """Return a checkpoint, proofs by it, and evidence against a network, with the verdict on each."""
    riacho = Author("riacho")
    ledger = [riacho.write(hora(f"HORA{number}"), LEDGER) for number in range(5)]
    ids = [leaf_hash(one.id) for one in ledger]
    seed = seed_of("a checkpoint's seed")
    balances: list[tuple[str, int, int | None, int | None]] = [
        ("AAAAAAAAAAAAAAAA.HORA0", -12_50, -100_00, None),
        ("BBBBBBBBBBBBBBBB.HORA0", 10_00, -100_00, 500_00),
        ("holds.HORA0", 2_50, None, None),
    ]
    leaves = [encode(to_map(BalanceLeaf(digest("leaf-salt", seed + one[0].encode())[:16], *one))) for one in balances]
    hashes = [leaf_hash(one) for one in leaves]
    totals = (Total("HORA0", 2, 12_50, 12_50),)
    said = Checkpoint(len(ids), ledger[-1].id, root_of(ids), root_of(hashes), len(leaves), totals)
    word = riacho.write(CheckpointSaid(said), COMMONS)
    identity = (riacho.heads[IDENTITY].wire,)
    proofs = [Proof("balance", leaves[at], at, audit_path(hashes, at), word.wire, identity) for at in range(3)]
    proofs += [Proof("payment", ledger[at].wire, at, audit_path(ids, at), word.wire, identity) for at in range(5)]
    shown = [{"name": f"{one.kind} {one.index}", "fault": None, "document": one} for one in proofs]
    broken = {
        "another balance": ("PATH_WRONG", replace(proofs[0], leaf=leaves[1])),
        "another place": ("PATH_WRONG", replace(proofs[0], index=1)),
        "a hash too many": ("PATH_WRONG", replace(proofs[0], path=(*proofs[0].path, bytes(32)))),
        "an entry at another place": ("LEAF_INVALID", replace(proofs[3], index=1)),
        "a word of another lane": ("CHECKPOINT_INVALID", replace(proofs[0], word=ledger[0].wire)),
    }
    shown += [{"name": name, "fault": fault, "document": one} for name, (fault, one) in broken.items()]
    twice = riacho.write(CheckpointSaid(replace(said, balances=bytes(32))), COMMONS)
    tilted = riacho.write(CheckpointSaid(replace(said, size=9, totals=(Total("HORA0", 2, 1, 2),))), COMMONS)
    # The same books two entries before, and the words of both.
    young = Checkpoint(3, ledger[2].id, root_of(ids[:3]), root_of(hashes), len(leaves), totals)
    before = riacho.write(CheckpointSaid(young), COMMONS)
    path = consistency_of(ids, 3)
    grew = ConsistencyProof(before.wire, word.wire, path, identity)
    stood = ConsistencyProof(word.wire, word.wire, (), identity)
    consistency = (
        ("three entries, then five", None, grew),
        ("the same checkpoint twice", None, stood),
        ("five entries, then three", "PATH_WRONG", replace(grew, old=word.wire, new=before.wire)),
        ("a hash too few", "PATH_WRONG", replace(grew, path=path[1:])),
        ("a hash too many", "PATH_WRONG", replace(grew, path=(*path, bytes(32)))),
        ("hashes in another order", "PATH_WRONG", replace(grew, path=path[::-1])),
        ("a word of another lane", "CHECKPOINT_INVALID", replace(grew, old=ledger[0].wire)),
    )
    cold = [KeyPair.from_seed(seed_of(f"a keeper's cold key {number}")) for number in range(3)]
    claim = CheckpointClaim(riacho.network, said)
    right = [ColdSignature(at, sign_claim(key, claim)) for at, key in enumerate(cold)]
    of_riacho = ColdSignature(0, sign_claim(cold[0], replace(claim, network=bytes(32))))
    countersigned = (
        ("two keepers", 2, right[:2]),
        ("three keepers, in any order", 3, right[::-1]),
        ("one keeper", 1, right[:1]),
        ("one keeper twice", 0, [right[0], right[0]]),
        ("one keeper under another's number", 0, [right[0], replace(right[0], index=1)]),
        ("a signature for another network", 0, [of_riacho, right[1]]),
        ("one wrong signature beside two right ones", 0, [*right[:2], replace(right[2], signature=bytes(64))]),
    )
    other = riacho.make(hora("OTHER"), LEDGER, seq=4, prev=ledger[3].id)
    evidence = (
        ("two entries at one place", "PROVEN", FaultKind.FORK, (ledger[4], other)),
        ("one entry twice", "WORTHLESS", FaultKind.FORK, (other, other)),
        ("two checkpoints of as many entries", "PROVEN", FaultKind.CHECKPOINTS_DIFFER, (word, twice)),
        ("a later checkpoint of more entries", "WORTHLESS", FaultKind.CHECKPOINTS_DIFFER, (word, tilted)),
        ("sums that are not zero", "PROVEN", FaultKind.CHECKPOINT_UNBALANCED, (tilted,)),
        ("sums that are", "WORTHLESS", FaultKind.CHECKPOINT_UNBALANCED, (word,)),
        ("an entry that only the books can judge", "NEEDS_BOOKS", FaultKind.ENTRY_INVALID, (other,)),
    )
    return {
        "about": "A checkpoint over five ledger entries and three balances. `entries` are the ids of the entries and"
        " `balances` the leaves, in order; `entries_root` and `balances_root` follow by RFC 6962, salts from `seed`."
        " Each of `proofs` is a document with what is wrong with it, null where it proves its leaf; each of"
        " `consistency` a ConsistencyProof in the same way; each of `evidence` a document with its weight. `cold`"
        " are three keys, and each of `signed` is a `CheckpointSigned` and by how many of them it is signed, 0 where"
        " one of its signatures is wrong.",
        "network": riacho.network.hex(),
        "seed": seed.hex(),
        "entries": [one.id.hex() for one in ledger],
        "balances": [one.hex() for one in leaves],
        "entries_root": said.entries.hex(),
        "balances_root": said.balances.hex(),
        "proofs": [{**one, "document": encode(to_map(one["document"])).hex()} for one in shown],
        "consistency": [
            {"name": name, "fault": fault, "document": encode(to_map(one)).hex()} for name, fault, one in consistency
        ],
        "cold": [key.public.hex() for key in cold],
        "signed": [
            {"name": name, "by": by, "body": encode(to_map(CheckpointSigned(said, tuple(signatures)))).hex()}
            for name, by, signatures in countersigned
        ],
        "evidence": [
            {
                "name": name,
                "weight": weight,
                "document": encode(to_map(Evidence(kind, identity, tuple(one.wire for one in accused)))).hex(),
            }
            for name, weight, kind, accused in evidence
        ],
    }


def set_offs() -> dict[str, Any]:
    """Return small set-offs with what they come to, and the debts of a hundred networks."""
    ring = (
        Obligation("a", "ana", "bia", 3000),
        Obligation("b", "bia", "clara", 4500),
        Obligation("c", "clara", "ana", 4000),
    )
    twice = (*ring, Obligation("b2", "bia", "clara", 500))
    line = (Obligation("a", "ana", "bia", 3000), Obligation("b", "bia", "clara", 2000))
    room = (Headroom("ana", 1500, 0), Headroom("clara", 0, 9000))
    two_ways = tuple(Obligation(f"{one}{other}", one, other, 10) for one, other in ("ab", "bd", "ac", "cd", "da"))
    whom = ("bárbara", "conceição", "dália", "érica", "flávio", "glória", "íris", "júlio")
    fork = tuple(Obligation(f"to {one}", "josé", one, 10) for one in whom)
    either = (Headroom("josé", 10, 0), *(Headroom(one, 0, 10) for one in whom))
    cases = (
        ("a ring: the least of its debts goes round", ring, ()),
        ("two debts between the same two: the first by id is cleared first", twice, ()),
        ("the same two debts, told in the other order", twice[::-1], ()),
        ("no ring, so nothing", line, ()),
        ("credit closes the line: as much as may be drawn", line, room),
        ("two rings with one debt in common: the lots decide", two_ways, ()),
        ("credit for one of eight debts: the lots decide, those of the credit too", fork, either),
    )
    drawn = drawn_debts(100, seed=7)
    debts = [Obligation(f"{one.debtor} {one.creditor}", one.debtor, one.creditor, one.units) for one in drawn]
    cleared = set_off(debts, b"mutirao").cleared
    case = Case(debts, (), b"mutirao")
    lots = list(zip(*(case.lots(range(len(debts)), number) for number in range(SET_OFF_LOTS)), strict=True))
    return {
        "about": "The canonical largest set-off (docs/protocol.md, Clearing). In `cases` an obligation is [id, debtor,"
        " creditor, amount], a headroom [of, fall_max, rise_max], `cleared` [id, amount] and `changes` [of, change]."
        " `federation` has the debts of a hundred networks as [debtor, creditor, units, first lots, cleared], drawn as"
        " tests/simulation/federation.py says. All names are text; each set-off is under `salt`.",
        "salt": b"mutirao".hex(),
        "cases": [shown_set_off(*one) for one in cases],
        "federation": [
            [one.debtor, one.creditor, one.amount, "".join(f"{lot:x}" for lot in drawn), cleared.get(one.id, 0)]
            for one, drawn in zip(debts, lots, strict=True)
        ],
        "federation_cleared": sum(cleared.values()),
    }


def shown_set_off(name: str, owed: Sequence[Obligation], rooms: Sequence[Headroom]) -> dict[str, Any]:
    """Return a case of a set-off with its answer."""
    found = set_off(owed, b"mutirao", rooms)
    return {
        "name": name,
        "obligations": [[one.id, one.debtor, one.creditor, one.amount] for one in owed],
        "headrooms": [[room.of, room.fall_max, room.rise_max] for room in rooms],
        "cleared": sorted(map(list, found.cleared.items())),
        "changes": sorted(map(list, found.changes.items())),
    }


def signed_grants() -> dict[str, Any]:
    """Return what a record on a link grants, and how much of it binds."""
    riacho, serra = Author("riacho"), Author("serra")
    low, high = sorted((riacho.network, serra.network))
    terms = Terms(low, high, "HORA", 2, bytes(16))
    old, new = (
        [KeyPair.from_seed(seed_of(f"{age} cold key {number}")) for number in range(3)] for age in ("old", "new")
    )
    claims = {granted: GrantClaim(riacho.network, terms, granted) for granted in (1_000, 5_000)}

    def by(granted: int, *cold: KeyPair, epoch: int = 1, claim: GrantClaim | None = None) -> SignedGrant:
        places = {key: at for keys in (old, new) for at, key in enumerate(keys)}
        said = claim or claims[granted]
        return SignedGrant(granted, epoch, tuple(ColdSignature(places[key], sign_claim(key, said)) for key in cold))

    elsewhere = replace(claims[5_000], terms=replace(terms, nonce=bytes([1] * 16)))
    cases: tuple[tuple[str, int, int, int, SignedGrant | None, int], ...] = (
        ("no bound", 0, 0, 5_000, None, 5_000),
        ("within the bound", 1, 0, 300, None, 300),
        ("beyond the bound", 1, 0, 5_000, None, 300),
        ("beyond the bound, and it bound before", 1, 900, 5_000, None, 900),
        ("less than what bound before", 1, 900, 800, None, 800),
        ("signed by two of three", 1, 0, 5_000, by(5_000, *old[:2]), 5_000),
        ("signed by all, in any order", 1, 0, 5_000, by(5_000, *old[::-1]), 5_000),
        ("signed by one", 1, 0, 5_000, by(5_000, old[0]), 300),
        ("signed twice by one", 1, 0, 5_000, by(5_000, old[0], old[0]), 300),
        ("less is signed than granted", 1, 0, 5_000, by(1_000, *old[1:]), 1_000),
        ("more is signed than granted", 1, 0, 1_000, by(5_000, *old[1:]), 1_000),
        ("another amount was signed", 1, 0, 5_000, by(5_000, *old[:2], claim=claims[1_000]), 300),
        ("another link was signed", 1, 0, 5_000, by(5_000, *old[:2], claim=elsewhere), 300),
        ("the cold keys of then, in a later epoch", 2, 0, 5_000, by(5_000, *old[:2]), 5_000),
        ("those of later, under the number of then", 2, 0, 5_000, by(5_000, *new[:2]), 300),
        ("those of later", 2, 0, 5_000, by(5_000, *new[:2], epoch=2), 5_000),
        ("those of an epoch that is not there", 2, 0, 5_000, by(5_000, *new[:2], epoch=3), 300),
    )
    return {
        "about": "A network has opened epochs 0, 1, 2. For each, `hot_grant` is what its hot key alone may grant on a"
        " link in all, and `cold` its cold keys, two of which sign. In a record of `epoch`, which says `granted` and"
        " may show `signed` (a SignedGrant), so much `binds`, where `before` bound already. Amounts are minor units of"
        " the link.",
        "network": riacho.network.hex(),
        "terms": encode(to_map(terms)).hex(),
        "hot_grant": [note(INT64_MAX), 300, 300],
        "cold": [[key.public.hex() for key in keys] for keys in (old, old, new)],
        "cases": [
            {
                "name": name,
                "epoch": epoch,
                "before": before,
                "granted": granted,
                "signed": None if signed is None else encode(to_map(signed)).hex(),
                "binds": binds,
            }
            for name, epoch, before, granted, signed, binds in cases
        ],
    }


def federations() -> dict[str, Any]:
    """Return what networks say of federations, and who is a member by it."""
    ids = {name: sha256(name.encode()).digest() for name in ("riacho", "serra", "encants", "campo", "vila", "porto")}
    founders = tuple(sorted(ids[name] for name in ("riacho", "serra", "encants")))
    charter = Chartered("Vale", founders, 2, "HORA", 2, 150_000, 1, 10_080, bytes(range(16)))
    joined, left = FederationJoined(charter.id), FederationLeft(charter.id)
    founding: dict[str, tuple[Body, ...]] = dict.fromkeys(("riacho", "serra", "encants"), (charter,))

    def endorsed(*names: str) -> tuple[Body, ...]:
        return tuple(Endorsed(charter.id, ids[name]) for name in names)

    def expelled(name: str, seen: int) -> tuple[Body, ...]:
        return (ExpulsionVoted(charter.id, ids[name], seen),)

    def case(name: str, said: dict[str, tuple[Body, ...]], forked: dict[str, int] | None = None) -> dict[str, Any]:
        lanes = {one: (*founding.get(one, ()), *said.get(one, ())) for one in ids}
        book = Book(bytes(32), PRACTICES)
        forks = book.of(Directory).forked = {ids[one]: place for one, place in (forked or {}).items()}
        for one, lane in lanes.items():
            for seq, body in enumerate(lane):
                hear(book, Entered(body, ids[one], COMMONS, 0, seq, bytes(32), FIRST_MS))
        standing = book.of(Charters).standing(book, charter.id)
        assert standing is not None
        return {
            "name": name,
            "lanes": {
                ids[one].hex(): [encode_body(body, FIRST_MS).hex() for body in lane] for one, lane in lanes.items()
            },
            "forked": {network.hex(): place for network, place in forks.items()},
            **{
                found: sorted(one.hex() for one in getattr(standing, found))
                for found in ("missing", "members", "expelled")
            },
        }  # fmt: skip

    twice = {"riacho": endorsed("campo"), "serra": endorsed("campo"), "campo": (joined,)}
    cases = [
        case("a charter that all founders have said", {}),
        case("endorsed once, which is too little", {"riacho": endorsed("campo"), "campo": (joined,)}),
        case("endorsed twice by one network", {"riacho": endorsed("campo", "campo"), "campo": (joined,)}),
        case("endorsed by two", twice),
        case("endorsed by two, but it has not joined", {**twice, "campo": ()}),
        case("endorsed by itself", {**twice, "serra": (), "campo": (joined, *endorsed("campo"))}),
        case("the admitted admit another", {**twice, "campo": (joined, *endorsed("vila")),
             "riacho": endorsed("campo", "vila"), "vila": (joined,)}),
        case("endorsed before it said itself that it takes part", {**twice, "campo": (*endorsed("vila"), joined),
             "riacho": endorsed("campo", "vila"), "vila": (joined,)}),
        case("who endorsed it has left", {**twice, "riacho": (*endorsed("campo"), left)}),
        case("it has left", {**twice, "campo": (joined, left)}),
        case("it has left and come back", {**twice, "campo": (joined, left, joined)}),
        case("expelled by two of three", {"riacho": expelled("encants", 0), "serra": expelled("encants", 0)}),
        case("not expelled by two of four", {"riacho": (*endorsed("campo"), *expelled("encants", 0)),
             "serra": (*endorsed("campo"), *expelled("encants", 0)), "campo": (joined,)}),
        case("expelled though one was admitted afterwards", {"riacho": (*expelled("encants", 0), *endorsed("campo")),
             "serra": (*expelled("encants", 0), *endorsed("campo")), "campo": (joined,)}),
        case("voters have seen different places: the lower median counts", {**twice, "riacho": (*endorsed("campo"),
             *expelled("encants", 0)), "serra": expelled("encants", 1), "encants": endorsed("campo")}),
        case("a vote said twice: the later place counts", {**twice, "riacho": (*endorsed("campo"),
             *expelled("encants", 0), *expelled("encants", 1)), "serra": expelled("encants", 1),
             "encants": endorsed("campo")}),
        case("one more is expelled once another is out", {"riacho": (*endorsed("campo"), *expelled("encants", 0),
             *expelled("campo", 0)), "serra": (*endorsed("campo"), *expelled("encants", 0), *expelled("campo", 0)),
             "campo": (joined, *expelled("encants", 0))}),
        case("a vote that an endorsement has taken back", {"riacho": (*expelled("encants", 0), *endorsed("encants")),
             "serra": expelled("encants", 0)}),
        case("whom the expelled had endorsed, and whom it endorses afterwards", {**twice,
             "riacho": (*endorsed("campo", "vila", "porto"), *expelled("encants", 1)), "serra": expelled("encants", 1),
             "encants": endorsed("campo", "vila"), "campo": (joined, *expelled("encants", 1)), "vila": (joined,)}),
        case("a founder that has forked behind its endorsement", twice, {"riacho": 2}),
        case("a founder that has forked in its endorsement", twice, {"riacho": 1}),
        case("a founder that has forked in its charter", twice, {"riacho": 0}),
    ]  # fmt: skip
    return {
        "about": "`lanes` are what each network says in its commons, as bodies in the order of their seq from 0 on; the"
        " lanes may be heard in any order and interleaved. `forked` tells from which seq on a network's commons is"
        " proved to part. `members`, `expelled` and `missing` (founders that have not said the charter) follow.",
        "federation": charter.id.hex(),
        "cases": cases,
    }


def written(vectors: dict[str, Any]) -> str:
    """Return JSON that one can read and compare: one item of each list or table on a line."""
    parts = []
    for name, value in vectors.items():
        dumped = json.dumps(value, ensure_ascii=False)
        if isinstance(value, list):
            dumped = "[\n  " + ",\n  ".join(json.dumps(one, ensure_ascii=False) for one in value) + "\n ]"
        elif isinstance(value, dict):
            rows = (f"{json.dumps(key)}: {json.dumps(one, ensure_ascii=False)}" for key, one in value.items())
            dumped = "{\n  " + ",\n  ".join(rows) + "\n }"
        parts.append(f" {json.dumps(name)}: {dumped}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    for name, make in (
        ("own_entries", entries),
        ("own_orders", orders),
        ("own_fork_proofs", fork_proofs),
        ("own_fold_trace", fold_trace),
        ("own_rounding", rounding),
        ("own_loans", loans),
        ("own_checkpoints", checkpoints),
        ("own_set_offs", set_offs),
        ("own_signed_grants", signed_grants),
        ("own_federations", federations),
        ("own_cards", partial(card_statements, named)),
    ):
        (FOLDER / f"{name}.json").write_text(written(make()))
    for name in ("make_bytes", "make_frames", "make_items", "make_receipts", "make_schema"):
        import_module(name).write()
