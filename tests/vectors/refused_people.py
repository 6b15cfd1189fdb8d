# SPDX-License-Identifier: AGPL-3.0-or-later
"""What every node refuses of people: a line for each kind and each reason, at the end of the trace."""

from collections.abc import Callable
from dataclasses import replace

from riacho import DAY_MS, Riacho, hora, key

from protocol.book.signed import Signed
from protocol.lanes.entry import Body
from protocol.practices.people.absences import AbsenceSet
from protocol.practices.people.devices import AddKey, KeyAdded, KeyRebound, KeyRevoked, RebindKey, RevokeKey
from protocol.practices.people.guardians.entries import (
    BackKey,
    GuardiansNamed,
    KeyBacked,
    KeyOpposed,
    KeyRestored,
    NameGuardians,
    ObjectToKey,
)
from protocol.practices.people.imports import MemberImported
from protocol.practices.people.invitations import InvitationWithdrawn, Invited
from protocol.practices.people.joinings import sign_joining
from protocol.practices.people.mandates import GiveMandate, MandateGiven, MandateRevoked
from protocol.practices.people.members import Approved, LimitsSet, MemberJoined, MemberLeft, Resumed, Suspended
from protocol.practices.people.members.entries import Leave, Opening
from protocol.practices.people.names import Renamed
from protocol.practices.people.returns import MemberReturned

NOBODY = "B" * 16
NOTHING = bytes(16)
YEAR_MS = 366 * DAY_MS
SMALL_ORDER_KEY = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")


def new_key(told: Riacho, what: str, handle: str, write: Callable[[Signed], Body]) -> None:
    """Refuse what every entry refuses that gives a key: the entry is written with a joining."""
    fine = told.joining(handle, "never")
    small = replace_key(told, handle, SMALL_ORDER_KEY)
    for says, joining, code in (
        ("that cannot be read", Signed(b"", bytes(64)), "MALFORMED"),
        ("of small order", small, "KEY_UNACCEPTABLE"),
        ("that has not signed", replace(fine, signature=bytes(64)), "SIGNATURE_INVALID"),
        ("that is a member's already", told.joining(handle, "fia"), "KEY_TAKEN"),
        ("that joins another network", sign_joining(key("never"), bytes(32), handle), "WRONG_NETWORK"),
        ("that signed another handle", told.joining("another", "never"), "ORDER_MISMATCH"),
    ):
        told.refuse(f"{what} a key {says}", write(joining), code)


def replace_key(told: Riacho, handle: str, public: bytes) -> Signed:
    """Return a joining that names a key which cannot sign."""
    fine = told.joining(handle, "never")
    return Signed(fine.data.replace(key("never").public, public), fine.signature)


def invitations(told: Riacho, codes: dict[str, bytes]) -> None:
    """Refuse invitations; and by them, who joins and who comes back."""
    known = told.said(Invited)
    bia, hugo = told.id_of("bia"), told.id_of("hugo")
    told.refuse("an invitation by a code that there is", replace(known, invitation=NOTHING), "DUPLICATE")
    anew = Invited(NOTHING, bytes(32), told.world.now, NOBODY)
    told.refuse("an invitation back for nobody", anew, "MEMBER_UNKNOWN")
    told.refuse("an invitation back for who is here", replace(anew, back=bia), "STATE_CONFLICT")
    later = told.world.now + YEAR_MS
    told.refuse(
        "an invitation that is withdrawn after its time",
        InvitationWithdrawn(told.said(Invited, -2).invitation),
        "INVITATION_EXPIRED",
        later,
    )

    joined = MemberJoined(NOBODY, codes["open"], "ivo", None, None)
    back = MemberReturned(hugo, codes["hugo"], None)
    for says, body in (("joins", joined), ("comes back", back)):
        told.refuse(f"who {says} without an invitation", replace(body, code=bytes(32)), "INVITATION_UNKNOWN")
        told.refuse(f"who {says} by a used invitation", replace(body, code=codes["used"]), "INVITATION_USED")
        told.refuse(f"who {says} by a withdrawn one", replace(body, code=codes["withdrawn"]), "INVITATION_WITHDRAWN")
        told.refuse(f"who {says} after its time", body, "INVITATION_EXPIRED", later)
    told.refuse("who joins by another's way back", replace(joined, code=codes["hugo"]), "FORBIDDEN")
    told.refuse("who joins under no id", replace(joined, member="hugo"), "MALFORMED")
    told.refuse("who joins under another's id", replace(joined, member=bia), "DUPLICATE")
    told.refuse("who joins with a handle that is none", replace(joined, handle="Ivo!"), "MALFORMED")
    told.refuse("who joins with another's handle", replace(joined, handle="bia"), "HANDLE_TAKEN")
    new_key(told, "who joins with", "ivo", lambda joining: replace(joined, joining=joining))

    told.refuse("nobody comes back", replace(back, member=NOBODY), "MEMBER_UNKNOWN")
    told.refuse("who comes back though it is here", replace(back, member=bia, code=codes["open"]), "FORBIDDEN")
    gone = MemberReturned(told.id_of("lia"), codes["lia"], None)
    told.refuse("who comes back without any key", gone, "FORBIDDEN")
    purse = replace(gone, joining=told.joining("lia", "lia purse"))
    told.refuse("who comes back with an old key that has a cap", purse, "FORBIDDEN")
    told.refuse("who comes back with a revoked key", replace(gone, joining=told.joining("lia", "lia")), "KEY_UNKNOWN")
    told.refuse(
        "who is invited back and is here again",
        MemberReturned(told.id_of("rui"), codes["rui"], None),
        "STATE_CONFLICT",
    )
    new_key(told, "who comes back with", "lia", lambda joining: replace(gone, joining=joining))


def members(told: Riacho) -> None:
    """Refuse what becomes of members."""

    def gone(member: str) -> MemberLeft:
        return MemberLeft(None, Leave(member))

    bia, hugo, ines, elis = (told.id_of(one) for one in ("bia", "hugo", "ines", "elis"))
    told.accept("who leaves by word, with a key and nothing that it holds", gone(elis))
    for says, body, code in (
        ("taken in: nobody", Approved(NOBODY, ()), "MEMBER_UNKNOWN"),
        ("taken in: who has left", Approved(hugo, ()), "STATE_CONFLICT"),
        ("taken in with an account in no currency", Approved(elis, (Opening("NADA", 0, None),)), "CURRENCY_UNKNOWN"),
        ("taken in with an account that it has", Approved(elis, (Opening("HORA", 0, None),)), "DUPLICATE"),
        ("taken in with nothing new", Approved(elis, ()), "DUPLICATE"),
        ("taken in with a closed currency", Approved(elis, (Opening("SOL", 0, None),)), "CURRENCY_CLOSED"),
        ("limits of no account", LimitsSet(f"{NOBODY}.HORA", 0, None), "ACCOUNT_UNKNOWN"),
        ("limits of the commons", LimitsSet("commons.HORA", 0, None), "ACCOUNT_UNKNOWN"),
        ("limits of who has left", LimitsSet(f"{hugo}.HORA", 0, None), "STATE_CONFLICT"),
        ("suspended: nobody", Suspended(NOBODY), "MEMBER_UNKNOWN"),
        ("suspended twice", Suspended(ines), "STATE_CONFLICT"),
        ("resumed: nobody", Resumed(NOBODY), "MEMBER_UNKNOWN"),
        ("resumed though it is active", Resumed(bia), "STATE_CONFLICT"),
        ("who leaves: nobody", gone(NOBODY), "MEMBER_UNKNOWN"),
        ("who leaves: said by nobody", MemberLeft(None, None), "MALFORMED"),
        ("who leaves twice", gone(hugo), "STATE_CONFLICT"),
        ("who leaves while a payment to it is pending", gone(ines), "STATE_CONFLICT"),
        ("who leaves while a payment by it is pending", gone(bia), "STATE_CONFLICT"),
        (
            "who leaves by word, with something that its key has to sign for",
            gone(told.id_of("fia")),
            "SIGNATURE_NEEDED",
        ),
        ("who leaves by another's key", MemberLeft(told.departure("dora", "ana new"), None), "FORBIDDEN"),
        ("who leaves by a key with a cap", MemberLeft(told.departure("lia", "lia purse"), None), "FORBIDDEN"),
        ("another name for who has left", Renamed(hugo, "hugolino", None), "MEMBER_NOT_ACTIVE"),
        ("a leave of who has left", AbsenceSet(hugo, 0, 1), "MEMBER_NOT_ACTIVE"),
        ("brought along under another's id", MemberImported(bia, "ivo", None, (), ()), "DUPLICATE"),
        (
            "brought along with an account in a closed currency",
            MemberImported(NOBODY, "ivo", None, (), (Opening("SOL", 0, None),)),
            "CURRENCY_CLOSED",
        ),
        (
            "brought along with two accounts in one currency",
            MemberImported(NOBODY, "ivo", None, (), (Opening("HORA", 0, None),) * 2),
            "DUPLICATE",
        ),
    ):
        told.refuse(says, body, code)


def devices(told: Riacho) -> None:
    """Refuse changes of keys."""
    ana, bia, hugo, lia, dora, elis = (told.id_of(one) for one in ("ana", "bia", "hugo", "lia", "dora", "elis"))

    def rebound(member: str, joining: Signed, name: str | None = None, gives_way: bytes | None = None) -> KeyRebound:
        wish = RebindKey(member, joining, gives_way)
        return KeyRebound(None, wish) if name is None else KeyRebound(told.sign("members.rebind-key", wish, name), None)

    def added(member: str, joining: Signed, name: str) -> KeyAdded:
        return KeyAdded(told.sign("members.add-key", AddKey(member, joining), name))

    def revoked(member: str, lost: bytes, name: str) -> KeyRevoked:
        return KeyRevoked(told.sign("members.revoke-key", RevokeKey(member, lost), name))

    fine = told.joining("bia", "never")
    told.refuse("a key for nobody", rebound(NOBODY, fine), "MEMBER_UNKNOWN")
    told.refuse("a key for another", rebound(bia, fine, "fia"), "FORBIDDEN")
    told.refuse("a key for who has left", rebound(hugo, told.joining("hugo", "never")), "MEMBER_NOT_ACTIVE")
    told.refuse("a key by word in the place of one", rebound(bia, fine, None, key("fia").public), "MALFORMED")
    told.refuse("a key by word for who has one", rebound(elis, told.joining("elis", "never")), "STATE_CONFLICT")
    mine = told.joining("ana", "never")
    told.refuse("a key in the place of another's", rebound(ana, mine, "ana new", key("fia").public), "KEY_UNKNOWN")
    told.refuse(
        "a key in the place of a better one", rebound(ana, mine, "ana purse", key("ana new").public), "FORBIDDEN"
    )
    new_key(told, "in the place of an old one", "ana", lambda joining: rebound(ana, joining, "ana new"))
    told.refuse("a further key for nobody", added(NOBODY, mine, "ana new"), "MEMBER_UNKNOWN")
    told.refuse("a further key for another", added(bia, fine, "ana new"), "FORBIDDEN")
    told.refuse("a further key by one with a cap", added(ana, mine, "ana purse"), "FORBIDDEN")
    gone = added(lia, told.joining("lia", "never"), "lia new")
    told.refuse("a further key for who has left", gone, "MEMBER_NOT_ACTIVE")
    new_key(told, "further:", "ana", lambda joining: added(ana, joining, "ana new"))
    told.refuse("a key of nobody, revoked", revoked(NOBODY, key("ana new").public, "ana new"), "MEMBER_UNKNOWN")
    told.refuse("a key of another, revoked", revoked(elis, key("elis new").public, "ana new"), "FORBIDDEN")
    told.refuse("a better key, revoked", revoked(ana, key("ana new").public, "ana purse"), "FORBIDDEN")
    told.refuse("a key that is not hers, revoked", revoked(ana, key("fia").public, "ana new"), "KEY_UNKNOWN")
    told.refuse("a key revoked twice", revoked(dora, key("dora phone").public, "dora"), "KEY_UNKNOWN")
    told.refuse("the last key, revoked", revoked(ana, key("ana new").public, "ana new"), "STATE_CONFLICT")
    told.refuse("a key of who has left, revoked", revoked(lia, key("lia new").public, "lia new"), "MEMBER_NOT_ACTIVE")


def mandates(told: Riacho) -> None:
    """Refuse mandates."""
    ana, bia, fia, ines = (told.id_of(one) for one in ("ana", "bia", "fia", "ines"))
    fine = GiveMandate(f"{bia}.HORA", fia, hora(1_00), told.world.now + DAY_MS, NOTHING)
    for says, changed, code in (
        ("from no account", {"account": f"{NOBODY}.HORA"}, "ACCOUNT_UNKNOWN"),
        ("from the commons", {"account": "commons.HORA"}, "ACCOUNT_UNKNOWN"),
        ("without an id", {"mandate": None}, "MALFORMED"),
        ("in too many decimals", {"cap": replace(hora(1), asset_scale=3)}, "SCALE_EXCEEDED"),
        ("in another currency", {"cap": replace(hora(1), asset_code="LUA")}, "CURRENCY_MISMATCH"),
        ("for nothing", {"cap": hora(0)}, "AMOUNT_NOT_POSITIVE"),
        ("for too much", {"cap": replace(hora(2**63 - 1), asset_scale=0)}, "AMOUNT_TOO_LARGE"),
        ("by word from who has a key", {"account": f"{ana}.HORA"}, "FORBIDDEN"),
        ("for nobody", {"helper": NOBODY}, "MEMBER_UNKNOWN"),
        ("that there is", {"mandate": told.said(MandateRevoked).mandate}, "DUPLICATE"),
        ("that is over", {"not_after": told.world.now - 1}, "ORDER_EXPIRED"),
        ("for oneself", {"helper": bia}, "SAME_ACCOUNT"),
        ("for who is suspended", {"helper": ines}, "MEMBER_NOT_ACTIVE"),
        ("from who is suspended", {"account": f"{ines}.HORA"}, "MEMBER_NOT_ACTIVE"),
    ):
        told.refuse(f"a mandate {says}", MandateGiven(None, replace(fine, **changed)), code)
    capped = told.sign("members.mandate", replace(fine, account=f"{ana}.HORA"), "ana purse")
    told.refuse("a mandate by a key with a cap", MandateGiven(capped, None), "FORBIDDEN")
    told.refuse("no mandate, revoked", MandateRevoked(NOTHING), "MANDATE_UNKNOWN")
    told.refuse("a mandate revoked twice", told.said(MandateRevoked), "STATE_CONFLICT")


def guardians(told: Riacho) -> None:
    """Refuse what guardians do."""
    elis, fia, ana, hugo, lia = (told.id_of(one) for one in ("elis", "fia", "ana", "hugo", "lia"))

    def named(member: str, name: str, *whom: str) -> GuardiansNamed:
        return GuardiansNamed(told.sign("guardians.name", NameGuardians(member, whom, 1), name))

    def backed(member: str, name: str, joining: Signed | None, new: bytes = key("never").public) -> KeyBacked:
        return KeyBacked(told.sign("guardians.back", BackKey(member, new, joining), name))

    def opposed(member: str, name: str) -> KeyOpposed:
        return KeyOpposed(told.sign("guardians.object", ObjectToKey(member), name))

    told.refuse("guardians of nobody", named(NOBODY, "elis new", fia), "MEMBER_UNKNOWN")
    told.refuse("guardians of who has left", named(lia, "lia new", fia), "MEMBER_NOT_ACTIVE")
    told.refuse("a guardian who has left", named(elis, "elis new", hugo), "MEMBER_NOT_ACTIVE")
    told.refuse("guardians named by a key with a cap", named(ana, "ana purse", fia), "FORBIDDEN")
    joining = told.joining("elis", "never")
    told.refuse("a key backed for nobody", backed(NOBODY, "fia", joining), "MEMBER_UNKNOWN")
    told.refuse("a key backed for who has left", backed(lia, "fia", joining), "MEMBER_NOT_ACTIVE")
    told.refuse("a key backed by who is suspended", backed(elis, "dora", joining), "MEMBER_NOT_ACTIVE")
    told.refuse("a key backed by a key with a cap", backed(elis, "ana purse", joining), "FORBIDDEN")
    told.refuse("another key backed than joins", backed(elis, "fia", joining, bytes(32)), "ORDER_MISMATCH")
    new_key(told, "backed:", "elis", lambda joining: backed(elis, "fia", joining))
    told.refuse("an objection for nobody", opposed(NOBODY, "elis new"), "MEMBER_UNKNOWN")
    told.refuse("an objection of who has left", opposed(lia, "lia new"), "MEMBER_NOT_ACTIVE")
    taken = KeyRestored(elis, told.joining("elis", "elis third"))
    told.refuse("a key restored that is another's by now", taken, "KEY_TAKEN", told.world.now + YEAR_MS)
    told.refuse("a key restored to nobody", KeyRestored(NOBODY, joining), "MEMBER_UNKNOWN")
    told.refuse("a key restored to who has left", KeyRestored(hugo, joining), "MEMBER_NOT_ACTIVE")


def refused(told: Riacho, codes: dict[str, bytes]) -> None:
    """Refuse all of it."""
    invitations(told, codes)
    members(told)
    devices(told)
    mandates(told)
    guardians(told)
