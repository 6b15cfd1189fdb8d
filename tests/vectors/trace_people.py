# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the trace tells of people: who is brought along, comes back, is on leave, is renamed, and loses a key."""

from riacho import DAY_MS, NODE, Riacho, hora, key

from protocol.book.signed import Signed, parse_uuid
from protocol.book.wishes import Brought
from protocol.practices.people.absences import AbsenceSet, SetAbsence
from protocol.practices.people.guardians.entries import (
    BackKey,
    GuardiansNamed,
    KeyBacked,
    KeyOpposed,
    KeyRestored,
    NameGuardians,
    ObjectToKey,
)
from protocol.practices.people.guardians.rules import DELAY_MS
from protocol.practices.people.imports import ImportedAccount, ImportedMember, ImportMembers, MemberImported
from protocol.practices.people.invitations import Invitations, InvitationWithdrawn, Invite, WithdrawInvitation
from protocol.practices.people.members.entries import MemberJoined, Opening
from protocol.practices.people.names import Rename, Renamed
from protocol.practices.people.returns import MemberReturned, Return

GIL_TO_BE = "A" * 16


def imports(told: Riacho) -> None:
    """Elis and Fia come over with their keys, Gil without."""
    accounts = (ImportedAccount("HORA", hora(50_00), hora(80_00)),)
    elis, fia, gil = (
        ImportedMember(handle, handle.title(), () if handle == "gil" else (key(handle).public,), accounts)
        for handle in ("elis", "fia", "gil")
    )
    told.do("imports.create", ImportMembers((elis, fia, gil)))

    def imported(
        member: str = GIL_TO_BE, handle: str = "hugo", keys: tuple[bytes, ...] = (), code: str = "HORA"
    ) -> MemberImported:
        return MemberImported(member, handle, None, keys, (Opening(code, 0, None),))

    told.refuse("a member who brings another's handle", imported(handle="elis"), "HANDLE_TAKEN")
    told.refuse("a member who brings another's key", imported(keys=(key("elis").public,)), "KEY_TAKEN")
    told.refuse("a member who brings one key twice", imported(keys=(key("hugo").public,) * 2), "KEY_TAKEN")
    told.refuse("a member who brings a key that is no point", imported(keys=(bytes(32),)), "KEY_UNACCEPTABLE")
    told.refuse("a member whose id is no id", imported(member="hugo"), "MALFORMED")
    told.refuse("a member with an account in no currency", imported(code="NADA"), "CURRENCY_UNKNOWN")


def invitations(told: Riacho) -> None:
    """One is withdrawn; Caio, who had left, comes back by another with a new key, and takes his debt up again."""
    withdrawn = told.do("invitations.create", Invite())
    name = parse_uuid(withdrawn.id) or b""
    told.do("invitations.withdraw", WithdrawInvitation(), withdrawn.id)
    known = told.world.nodes[NODE].replica.book.of(Invitations)
    code = known.by_id[name].code
    used = next(one for one in known.by_id.values() if one.member is not None)
    told.refuse("an invitation that is withdrawn again", InvitationWithdrawn(name), "INVITATION_WITHDRAWN")
    told.refuse("an invitation that is withdrawn once used", InvitationWithdrawn(used.id), "INVITATION_USED")
    told.refuse("no invitation, withdrawn", InvitationWithdrawn(bytes(16)), "INVITATION_UNKNOWN")
    joined = MemberJoined(GIL_TO_BE, code, "hugo", None, None)
    told.refuse("who joins by an invitation that was withdrawn", joined, "INVITATION_WITHDRAWN")

    back = told.do("invitations.create", Invite(back="caio")).code
    caio = told.id_of("caio")
    new = told.joining("caio", "caio new")
    of_caio = next(one.code for one in known.by_id.values() if one.back == caio)
    told.refuse(
        "who comes back by an invitation that was withdrawn", MemberReturned(caio, code, new), "INVITATION_WITHDRAWN"
    )
    told.refuse("who comes back by another's invitation", MemberReturned(told.id_of("gil"), of_caio, None), "FORBIDDEN")
    told.refuse("who comes back without the key it had", MemberReturned(caio, of_caio, None), "FORBIDDEN")
    taken = told.joining("caio", "elis")
    told.refuse("who comes back by another's key", MemberReturned(caio, of_caio, taken), "KEY_TAKEN")
    told.do("members.return", Return(back, new), "caio")
    again = MemberReturned(caio, of_caio, told.joining("caio", "caio newer"))
    told.refuse("who comes back twice by one invitation", again, "INVITATION_USED")


def names(told: Riacho) -> None:
    """Gil has another handle from now on; the old one is taken for good."""
    told.do("members.rename", Rename("gilberto", "Gilberto"), "gil", "gil")
    gil, elis = told.id_of("gilberto"), told.id_of("elis")
    told.refuse("a handle that another had", Renamed(elis, "gil", None), "HANDLE_TAKEN")
    told.refuse("a handle that nobody may have", Renamed(elis, "commons", None), "HANDLE_TAKEN")
    told.refuse("a handle with capitals", Renamed(elis, "Elis", None), "MALFORMED")
    told.refuse("another handle for nobody", Renamed("nobody", "hugo", None), "MEMBER_UNKNOWN")
    name = told.world.nodes[NODE].replica.book.members[gil].name
    told.refuse("the same handle and name again", Renamed(gil, "gilberto", name), "DUPLICATE")


def absences(told: Riacho) -> None:
    """Fia is on leave for a month, and no node notes a leave that ends before it begins."""
    now = told.world.now
    told.do("absences.set", SetAbsence(now + 30 * DAY_MS), "fia")
    told.refuse("a leave that ends before it begins", AbsenceSet(told.id_of("fia"), now, now - 1), "MALFORMED")
    told.refuse("a leave of nobody", AbsenceSet("nobody", now, now), "MEMBER_UNKNOWN")


def guardians(told: Riacho) -> None:
    """Guardians of Elis back a new key; the old one objects; they back it again, and after three days it counts."""
    elis, ana, dora, fia = (told.id_of(handle) for handle in ("elis", "ana", "dora", "fia"))
    new = told.joining("elis", "elis new")

    def naming(*guardians: str, name: str = "elis", needed: int = 2) -> Signed:
        return told.sign("guardians.name", NameGuardians(elis, guardians, needed), name)

    def backing(name: str, joining: Signed | None = new) -> Signed:
        return told.sign("guardians.back", BackKey(elis, key("elis new").public, joining), name)

    def objection(name: str = "elis") -> Signed:
        return told.sign("guardians.object", ObjectToKey(elis), name)

    told.refuse("guardians that another names", GuardiansNamed(naming(ana, name="fia")), "FORBIDDEN")
    told.refuse("a guardian of itself", GuardiansNamed(naming(elis, ana)), "MALFORMED")
    told.refuse("more guardians needed than there are", GuardiansNamed(naming(ana)), "MALFORMED")
    told.refuse("a guardian who is nobody", GuardiansNamed(naming("nobody", ana)), "MEMBER_UNKNOWN")
    told.do("guardians.name", Brought(naming(ana, fia)), "elis", "elis")
    told.refuse("a key that no guardian backs", KeyBacked(backing("dora")), "FORBIDDEN")
    told.refuse("a key that has not signed", KeyBacked(backing("fia", None)), "MALFORMED")
    told.refuse("an objection to nothing", KeyOpposed(objection()), "STATE_CONFLICT")

    def back() -> None:
        told.do("guardians.back", Brought(backing("ana new")), "elis", "ana")
        told.do("guardians.back", Brought(backing("fia", None)), "elis", "fia")

    back()
    told.refuse("a key that a guardian backs twice", KeyBacked(backing("fia")), "DUPLICATE")
    told.refuse("an objection by another", KeyOpposed(objection("fia")), "FORBIDDEN")
    told.do("guardians.object", Brought(objection()), "elis", "elis")
    told.refuse("a key that was objected to", KeyRestored(elis, new), "STATE_CONFLICT")
    back()
    told.refuse("a key before its time", KeyRestored(elis, new), "STATE_CONFLICT")
    told.world.now += DELAY_MS
    another = told.joining("elis", "elis newer")
    told.refuse("another key than is backed", KeyRestored(elis, another), "ORDER_MISMATCH")
    told.refuse("a key restored to who has no guardians", KeyRestored(dora, new), "STATE_CONFLICT")
    told.world.tick(1)
    late = told.sign("guardians.name", NameGuardians(elis, (ana,), 1), "elis")
    told.refuse("guardians named by the key that gave way", GuardiansNamed(late), "KEY_UNKNOWN")
