# SPDX-License-Identifier: AGPL-3.0-or-later
"""Recoveries: guardians give a network that has lost all its keys new ones, after a public delay (PROTOCOL 1).

A guardian backs a claim by a word in its commons, which shows the claim to everybody, and by a reopening in its
identity, which counts (docs/decisions/0028). The network itself stops a claim with the key in force, by a reopening
where the recovery would stand.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from protocol.book.book import Book
from protocol.book.declaration import (
    STEWARDS,
    Act,
    At,
    Create,
    Desk,
    Doc,
    Entered,
    List,
    News,
    OneOf,
    Plan,
    Practice,
    Reopen,
    Show,
    Write,
)
from protocol.book.refusals import (
    DUPLICATE,
    FORBIDDEN,
    KEY_UNACCEPTABLE,
    MALFORMED,
    NETWORK_UNKNOWN,
    NOT_FOUND,
    Reason,
    Refused,
    Stage,
    refuse,
)
from protocol.lanes.claims import Recovery, RecoveryClaim
from protocol.lanes.directory import Directory
from protocol.lanes.entry import COMMONS, EntryFault, Millis
from protocol.lanes.growing import check_recovery
from protocol.lanes.identity import Identity
from protocol.peers.home import Home
from protocol.peers.news import HOME_NEWS, HomeNews, KeyOusted
from protocol.peers.standing import DESPITE
from protocol.practices.between.links.state import Links
from protocol.wire.codec import CodecFault, decode, encode
from protocol.wire.keys import id_text, parse_id
from protocol.wire.shape import AtMost, ShapeFault, from_map, to_map

NOT_GUARDIAN = Reason(
    "NOT_GUARDIAN",
    Stage.AUTHORITY,
    403,
    "This network is not a guardian of that one",
    "Only who was named a guardian before the loss may back a recovery. Nothing was signed.",
    heading="This network is no guardian",
    ways=("ask one of its guardians",),
)
RECOVERY_VOID = Reason(
    "RECOVERY_VOID",
    Stage.SUBJECT,
    409,
    "The network has changed its keys since, or stopped this recovery",
    "The network has changed its keys since, or stopped this recovery: it is in epoch {epoch}.",
    heading="This recovery does not count any more",
    ways=("look at the network again: mutirao networks show",),
)

CLAIM_BYTES_MAX = 48_000
"""With the rest of the word, or of the recovery itself, it still fits into an entry."""
CLAIMS_KEPT_MAX = 4
"""Of how many recoveries that a network has backed, the newest, the claims are shown."""


@dataclass(frozen=True, slots=True)
class RecoveryBacked:
    """The recovery that we back, for all to see; what counts is the reopening that follows."""

    KIND: ClassVar[str] = "recoveries/backed"
    claim: RecoveryClaim


@dataclass(slots=True)
class Recoveries:
    """The claims that networks have shown, by network and digest, those shown last at the end."""

    said: dict[bytes, dict[bytes, RecoveryClaim]] = field(default_factory=dict[bytes, dict[bytes, RecoveryClaim]])
    against_us: RecoveryClaim | None = None
    """The claim by which our network has been given to another key: not part of the fold."""


@dataclass(frozen=True, slots=True)
class ProposeRecovery:
    """Back the recovery of a network whose guardian this one is, as the first of them."""

    claim: Annotated[bytes, AtMost(CLAIM_BYTES_MAX), Doc("what `mutirao recover --propose` wrote for the guardians")]


@dataclass(frozen=True, slots=True)
class BackRecovery:
    """Back a recovery that another guardian has proposed."""


@dataclass(frozen=True, slots=True)
class VetoRecovery:
    """Say with the key in force that this network has not lost its keys: the recovery takes effect nowhere."""


@dataclass(frozen=True, slots=True)
class RecoveriesWanted:
    """Which recoveries to list."""

    network: Annotated[str | None, Doc("only those of the network with this id")] = None


@dataclass(frozen=True, slots=True)
class BackingShown:
    """A guardian that has backed a recovery, and when."""

    network: str
    at: At


@dataclass(frozen=True, slots=True)
class RecoveryShown:
    """A recovery that guardians propose: new keys for a network that has lost its own."""

    id: str
    network: Annotated[str, Doc("the id of the network whose keys are lost")]
    handle: str | None
    state: Annotated[
        str,
        OneOf(
            (
                "proposed",
                "backed",
                "due",
                "in-force",
                "void",
            )
        ),
        Doc("proposed, backed (the delay runs), due (its new home may begin), in-force, void"),
    ]
    epoch: Annotated[int, Doc("the epoch that it would open")]
    key: Annotated[str, Doc("the new signing key, in hexadecimal")]
    transport: Annotated[bytes, Doc("libp2p key of the new home node")]
    cold_keys: Annotated[tuple[str, ...], Doc("the new cold keys, in hexadecimal")]
    cold_needed: Annotated[int, Doc("how many of them have to sign a rotation")]
    backed: Annotated[tuple[BackingShown, ...], Doc("the guardians that back it, in the order of their dates")]
    needed: Annotated[int, Doc("how many guardians have to")]
    due: Annotated[At | None, Doc("from when on it takes effect, once enough guardians back it")]
    document: Annotated[bytes | None, Doc("what `mutirao recover --finish` needs, once enough guardians back it")]


# What is said.


def hear(book: Book, word: Entered) -> None:
    """Keep the claim that a network shows, and of its older ones the newest."""
    assert isinstance(word.body, RecoveryBacked)
    said = book.of(Recoveries).said.setdefault(word.network, {})
    said.pop(word.body.claim.digest, None)
    said[word.body.claim.digest] = word.body.claim
    if len(said) > CLAIMS_KEPT_MAX:
        del said[next(iter(said))]


def unhear(book: Book, network: bytes) -> None:
    """Drop what a network has shown."""
    book.of(Recoveries).said.pop(network, None)


def news(book: Book, entered: Entered) -> Iterable[News]:
    """Tell of a recovery of our own network, of one that names us as a guardian, or of a partner."""
    body = entered.body
    assert isinstance(body, RecoveryBacked)
    identity = _identity(book, body.claim.network)
    if identity is None or entered.network not in identity.guardians.networks:
        return
    concerned = book.network in (identity.network, *identity.guardians.networks)
    if concerned or book.of(Links).with_partner(identity.network):
        figures = {"network": id_text(identity.network), "guardian": id_text(entered.network)}
        yield News("recovery.backed", id_text(body.claim.digest), figures=figures)


# What a steward decides.


def plan_propose(desk: Desk, wish: ProposeRecovery) -> Plan | Refused:
    """Show a claim to everybody, and back it."""
    try:
        fields = decode(wish.claim)
        claim = from_map(RecoveryClaim, fields) if isinstance(fields, dict) else None
    except (CodecFault, ShapeFault):
        claim = None
    return refuse(MALFORMED, field="claim", expected="a recovery's claim") if claim is None else _back(desk, claim)


def plan_back(desk: Desk, id: str, wish: BackRecovery) -> Plan | Refused:
    """Back a claim that another guardian shows."""
    del wish
    claim = _find(desk.book, id)
    return refuse(NOT_FOUND) if claim is None else _back(desk, claim)


def _back(desk: Desk, claim: RecoveryClaim) -> Plan | Refused:
    book = desk.book
    identity = _identity(book, claim.network)
    if identity is None:
        return refuse(NETWORK_UNKNOWN, network=id_text(claim.network))
    if book.network not in identity.guardians.networks:
        return refuse(NOT_GUARDIAN, network=id_text(claim.network))
    if claim.epoch != identity.epoch + 1:
        return refuse(RECOVERY_VOID, epoch=identity.epoch)
    try:
        check_recovery(identity, claim)
    except EntryFault:
        return refuse(KEY_UNACCEPTABLE)
    if book.of(Directory).backing(book.network, claim.digest) is not None:
        return refuse(DUPLICATE)
    return Plan(id_text(claim.digest), (Write(RecoveryBacked(claim), COMMONS),), reopens=Reopen(claim.digest))


def plan_veto(desk: Desk, id: str, wish: VetoRecovery) -> Plan | Refused:
    """Open the epoch that the recovery would open."""
    del wish
    claim = _find(desk.book, id)
    if claim is None:
        return refuse(NOT_FOUND)
    if claim.network != desk.book.network:
        return refuse(FORBIDDEN, allowed="the network itself")
    epoch = desk.book.of(Directory).networks[claim.network].identity.epoch
    if claim.epoch != epoch + 1:
        return refuse(RECOVERY_VOID, epoch=epoch)
    return Plan(id, reopens=Reopen())


# What is shown.


def show_recovery(desk: Desk, id: str) -> RecoveryShown | Refused:
    """Show a recovery that guardians propose."""
    claim = _find(desk.book, id)
    return refuse(NOT_FOUND) if claim is None else _shown(desk, claim)


def list_recoveries(desk: Desk, wanted: RecoveriesWanted, after: int) -> Iterable[tuple[int, RecoveryShown]] | Refused:
    """List the recoveries that guardians propose, by network and claim."""
    network = None if wanted.network is None else parse_id(wanted.network)
    if wanted.network is not None and network is None:
        return refuse(NETWORK_UNKNOWN, network=wanted.network[:64])
    claims = {claim.digest: claim for claim in _claims(desk.book) if network in (None, claim.network)}
    found = sorted(claims.values(), key=lambda one: (one.network, one.epoch, one.digest))
    return ((at, _shown(desk, claim)) for at, claim in enumerate(found, 1) if at > after)


def _claims(book: Book) -> Iterator[RecoveryClaim]:
    """Yield the claims that guardians show, not those that anybody else may show."""
    recoveries = book.of(Recoveries)
    if recoveries.against_us is not None:
        yield recoveries.against_us
    for guardian, said in recoveries.said.items():
        for claim in said.values():
            identity = _identity(book, claim.network)
            if identity is not None and guardian in identity.guardians.networks:
                yield claim


def _find(book: Book, id: str) -> RecoveryClaim | None:
    digest = parse_id(id)
    return next((claim for claim in _claims(book) if claim.digest == digest), None)


def _identity(book: Book, network: bytes) -> Identity | None:
    known = book.of(Directory).networks.get(network)
    return None if known is None else known.identity


def _shown(desk: Desk, claim: RecoveryClaim) -> RecoveryShown:
    directory = desk.book.of(Directory)
    known = directory.networks[claim.network]
    guardians = known.identity.guardians
    backings = (directory.backing(guardian, claim.digest) for guardian in guardians.networks)
    backed = sorted((one for one in backings if one is not None), key=lambda one: (one.at_ms, one.guardian))
    enough = tuple(backed[: guardians.needed])
    due, document = None, None
    if guardians.networks and len(enough) == guardians.needed:
        due, document = enough[-1].at_ms + guardians.delay_ms, encode(to_map(Recovery(claim, enough)))
    return RecoveryShown(
        id=id_text(claim.digest),
        network=id_text(claim.network),
        handle=None if known.profile is None else known.profile.handle,
        state=_state(known.identity, claim, due, desk.now),
        epoch=claim.epoch,
        key=claim.key.hex(),
        transport=claim.transport,
        cold_keys=tuple(key.hex() for key in claim.cold.keys),
        cold_needed=claim.cold.needed,
        backed=tuple(BackingShown(id_text(one.guardian), one.at_ms) for one in backed),
        needed=guardians.needed,
        due=due,
        document=document,
    )


def _state(identity: Identity, claim: RecoveryClaim, due: Millis | None, now: Millis) -> str:
    if claim.epoch <= identity.epoch:
        recovered = identity.epochs[claim.epoch].recovered
        return "in-force" if recovered is not None and recovered.claim == claim.digest else "void"
    if claim.epoch != identity.epoch + 1:
        return "void"
    if due is None:
        return "proposed"
    return "backed" if now < due else "due"


def hear_home(home: Home, news: HomeNews) -> None:
    """Know by which claim guardians have given our network to another key."""
    if isinstance(news, KeyOusted):
        home.book.of(Recoveries).against_us = news.claim


PRACTICE = Practice(
    name="recoveries",
    entries=(),
    news=news,
    words=(RecoveryBacked,),
    hear=hear,
    unhear=unhear,
    operations=(
        Create("recoveries", ProposeRecovery, plan=plan_propose, who=STEWARDS, verb="propose",
               example="mutirao recoveries propose --claim pwFYIJ1i"),
        Act("recoveries", "back", BackRecovery, plan=plan_back, who=STEWARDS,
            example="mutirao recoveries back RECOVERY"),
        Act("recoveries", "veto", VetoRecovery, plan=plan_veto, who=STEWARDS,
            example="mutirao recoveries veto RECOVERY"),
        Show("recoveries", RecoveryShown, view=show_recovery, example="mutirao recoveries show RECOVERY"),
        List("recoveries", RecoveriesWanted, RecoveryShown, view=list_recoveries,
             example="mutirao recoveries list"),
    ),
    fills=(HOME_NEWS.by(hear_home), DESPITE.by("recoveries.veto")),
    refusals=(NOT_GUARDIAN, RECOVERY_VOID,),
)  # fmt: skip
