# SPDX-License-Identifier: AGPL-3.0-or-later
"""Groups of users-issuers: who is of them, and which currencies are paid among them alone.

A currency without backing is worth what its users accept it for. So a group says who they are: each of them issues it
by owing, and has agreed to take it; nobody outside comes to hold or to owe any. What refuses a payment is
`protocol.book.issuer_groups`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, assert_never

from protocol.book.accounts import commons_account, exchange_account
from protocol.book.addresses import ADDRESS_CHARS_MAX, resolve_member
from protocol.book.arrivals import since
from protocol.book.book import Book
from protocol.book.declaration import (
    STEWARDS,
    Act,
    Create,
    Desk,
    Doc,
    Entered,
    List,
    News,
    Plan,
    Practice,
    Ref,
    Show,
    Write,
)
from protocol.book.issuer_groups import (
    GROUP_NAME,
    NOT_CONVERTIBLE,
    NOT_IN_GROUP,
    GroupName,
    IssuerGroup,
    IssuerGroups,
)
from protocol.book.ledger import Account, Posting
from protocol.book.personal import text_refusal
from protocol.book.refusals import (
    BALANCE_OPEN,
    CURRENCY_CLOSED,
    CURRENCY_UNKNOWN,
    DUPLICATE,
    MALFORMED,
    MEMBER_UNKNOWN,
    NOT_FOUND,
    STATE_CONFLICT,
    Reason,
    Refused,
    refuse,
)
from protocol.book.signed import MemberId
from protocol.practices.money.currencies.entries import CODE_CHARS_MAX, Code
from protocol.wire.shape import AtMost, Spelt

ISSUERS_MAX = 1_000
"""Members whom one entry admits, or lets go."""
GROUP_TITLE_CHARS_MAX = 100

Members = Annotated[tuple[MemberId, ...], AtMost(ISSUERS_MAX)]


@dataclass(frozen=True, slots=True)
class IssuerGroupMade:
    """There is a group of users-issuers, of nobody yet."""

    KIND: ClassVar[str] = "issuer-groups/made"
    group: GroupName
    title: Annotated[str, AtMost(GROUP_TITLE_CHARS_MAX)]


@dataclass(frozen=True, slots=True)
class IssuersAdmitted:
    """These members are of a group from here on."""

    KIND: ClassVar[str] = "issuer-groups/admitted"
    group: GroupName
    members: Members


@dataclass(frozen=True, slots=True)
class IssuersRemoved:
    """These members are of a group no more; they hold and owe nothing in its currencies."""

    KIND: ClassVar[str] = "issuer-groups/removed"
    group: GroupName
    members: Members


@dataclass(frozen=True, slots=True)
class CurrencyKept:
    """A currency is paid among the members of a group alone from here on."""

    KIND: ClassVar[str] = "issuer-groups/kept"
    group: GroupName
    currency: Code


IssuerGroupSaid = IssuerGroupMade | IssuersAdmitted | IssuersRemoved | CurrencyKept


@dataclass(frozen=True, slots=True)
class MakeIssuerGroup:
    """Make a group of users-issuers; nobody is of it yet."""

    name: Annotated[
        str, AtMost(32), Spelt(GROUP_NAME), Doc("its name: a small letter, then letters, digits and dashes")
    ]
    title: Annotated[str, AtMost(GROUP_TITLE_CHARS_MAX), Doc("what it is, seen by all members")]


@dataclass(frozen=True, slots=True)
class AdmitIssuers:
    """Let members into a group: they pay and are paid in its currencies from now on."""

    members: Annotated[
        tuple[Annotated[str, AtMost(ADDRESS_CHARS_MAX)], ...], AtMost(ISSUERS_MAX), Ref("members"), Doc("whom")
    ]


@dataclass(frozen=True, slots=True)
class RemoveIssuers:
    """Let members go from a group, once they hold and owe nothing in its currencies."""

    members: Annotated[
        tuple[Annotated[str, AtMost(ADDRESS_CHARS_MAX)], ...], AtMost(ISSUERS_MAX), Ref("members"), Doc("whom")
    ]


@dataclass(frozen=True, slots=True)
class KeepCurrency:
    """Let a currency be paid among a group's members alone; for ever."""

    currency: Annotated[Code, Ref("currencies"), Doc("the currency's code; nobody outside holds or owes any of it")]


@dataclass(frozen=True, slots=True)
class IssuerGroupsWanted:
    """All groups of users-issuers."""


@dataclass(frozen=True, slots=True)
class IssuerGroupShown:
    """A group of users-issuers."""

    name: Annotated[str, Doc("its name")]
    title: Annotated[str, Doc("what it is")]
    members: Annotated[tuple[str, ...], Doc("the handles of who is of it, in the order of the alphabet")]
    currencies: Annotated[tuple[str, ...], Doc("the codes of the currencies that are paid among them alone")]


def check(book: Book, entered: Entered) -> Reason | None:
    assert isinstance(entered.body, IssuerGroupSaid)
    refused = book.misplaced(entered) or _against(book, entered.body)
    return refused.reason if refused else None


def _against(book: Book, body: IssuerGroupSaid) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    group = book.of(IssuerGroups).by_name.get(body.group)
    if isinstance(body, IssuerGroupMade):
        return None if group is None else refuse(DUPLICATE)
    if group is None:
        return refuse(NOT_FOUND)
    match body:
        case CurrencyKept():
            return _against_keeping(book, group, body.currency)
        case IssuersAdmitted() | IssuersRemoved():
            return _against_naming(book, group, body)
        case _:
            assert_never(body)


def _against_naming(book: Book, group: IssuerGroup, body: IssuersAdmitted | IssuersRemoved) -> Refused | None:
    if not body.members or len(set(body.members)) < len(body.members):
        return refuse(MALFORMED, field="members", expected="one or more, each once")
    for name in body.members:
        member = book.members.get(name)
        if member is None:
            return refuse(MEMBER_UNKNOWN, member=name)
        if isinstance(body, IssuersAdmitted):
            if name in group.members:
                return refuse(DUPLICATE, member=member.handle)
            if inactive := member.inactive():
                return inactive
        elif name not in group.members:
            return refuse(NOT_IN_GROUP, member=member.handle, group=group.name)
        else:
            own = book.ledger.of_member(name)
            open_ = next(
                (one for one in own if book.currencies[one.currency].group == group.name and _in_use(one)), None
            )
            if open_ is not None:
                return _open(open_)
    return None


def _against_keeping(book: Book, group: IssuerGroup, code: str) -> Refused | None:
    currency = book.currencies.get(code)
    if currency is None:
        return refuse(CURRENCY_UNKNOWN, currency=code[:CODE_CHARS_MAX])
    if currency.closed:
        return refuse(CURRENCY_CLOSED, currency=code)
    if currency.guaranteed:
        return refuse(STATE_CONFLICT, state="backed by a reserve, and so paid among all")
    if currency.group is not None:
        return refuse(STATE_CONFLICT, state=f"kept among {currency.group}")
    if book.passing.get(code):
        return refuse(STATE_CONFLICT, state="payments of other networks are passing through")
    of_all = (commons_account(code), exchange_account(code))
    for account in book.ledger.accounts.values():
        own = account.id in of_all or account.member in group.members
        if account.currency == code and not own and _in_use(account):
            return _open(account)
    return None


def _in_use(account: Account) -> bool:
    return bool(account.balance_minor or account.held_minor or account.awaited_minor)


def _open(account: Account) -> Refused:
    return refuse(BALANCE_OPEN, account=account.id, balance=account.balance_minor, currency=account.currency)


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body = entered.body
    assert isinstance(body, IssuerGroupSaid)
    by_name = book.of(IssuerGroups).by_name
    match body:
        case IssuerGroupMade():
            by_name[body.group] = IssuerGroup(body.group, body.title, entered.seq)
        case IssuersAdmitted():
            by_name[body.group].members.update(body.members)
        case IssuersRemoved():
            by_name[body.group].members.difference_update(body.members)
        case CurrencyKept():
            book.currencies[body.currency].group = body.group
        case _:
            assert_never(body)
    return ()


def news(book: Book, entered: Entered) -> Iterable[News]:
    body = entered.body
    assert isinstance(body, IssuerGroupSaid)
    match body:
        case IssuerGroupMade():
            yield News("issuer-group.made", body.group)
        case IssuersAdmitted():
            yield News("issuer-group.admitted", body.group, body.members)
        case IssuersRemoved():
            yield News("issuer-group.removed", body.group, body.members)
        case CurrencyKept():
            among = book.of(IssuerGroups).by_name[body.group].members
            yield News("issuer-group.kept", body.group, tuple(sorted(among)))
        case _:
            assert_never(body)


def plan_make(desk: Desk, wish: MakeIssuerGroup) -> Plan | Refused:
    body = IssuerGroupMade(wish.name, wish.title)
    refused = text_refusal("title", wish.title, GROUP_TITLE_CHARS_MAX) or _against(desk.book, body)
    return refused or Plan(wish.name, (Write(body),))


def plan_admit(desk: Desk, name: str, wish: AdmitIssuers) -> Plan | Refused:
    members = _named(desk.book, wish.members)
    return members if isinstance(members, Refused) else _planned(desk, IssuersAdmitted(name, members))


def plan_remove(desk: Desk, name: str, wish: RemoveIssuers) -> Plan | Refused:
    members = _named(desk.book, wish.members)
    return members if isinstance(members, Refused) else _planned(desk, IssuersRemoved(name, members))


def plan_keep(desk: Desk, name: str, wish: KeepCurrency) -> Plan | Refused:
    return _planned(desk, CurrencyKept(name, wish.currency))


def _planned(desk: Desk, body: IssuersAdmitted | IssuersRemoved | CurrencyKept) -> Plan | Refused:
    return _against(desk.book, body) or Plan(body.group, (Write(body),))


def _named(book: Book, addresses: Iterable[str]) -> tuple[str, ...] | Refused:
    found: list[str] = []
    for address in addresses:
        member = resolve_member(book, address)
        if isinstance(member, Refused):
            return member
        found.append(member.id)
    return tuple(found)


def view_one(desk: Desk, name: str) -> IssuerGroupShown | Refused:
    group = desk.book.of(IssuerGroups).by_name.get(name)
    return refuse(NOT_FOUND) if group is None else _shown(desk.book, group)


def view_all(desk: Desk, wanted: IssuerGroupsWanted, after: int) -> Iterable[tuple[int, IssuerGroupShown]]:
    del wanted
    found = since(list(desk.book.of(IssuerGroups).by_name.values()), after)
    return ((cursor, _shown(desk.book, one)) for cursor, one in found)


def _shown(book: Book, group: IssuerGroup) -> IssuerGroupShown:
    return IssuerGroupShown(
        group.name,
        group.title,
        tuple(sorted(book.members[one].handle for one in group.members)),
        tuple(code for code, currency in book.currencies.items() if currency.group == group.name),
    )


PRACTICE = Practice(
    name="issuer-groups",
    entries=(IssuerGroupMade, IssuersAdmitted, IssuersRemoved, CurrencyKept),
    check=check,
    fold=fold,
    news=news,
    operations=(
        Create(
            "issuer-groups",
            MakeIssuerGroup,
            plan=plan_make,
            who=STEWARDS,
            example='mutirao issuer-groups create --name flor --title "Who issues and takes FLOR"',
        ),
        Act(
            "issuer-groups",
            "admit",
            AdmitIssuers,
            plan=plan_admit,
            who=STEWARDS,
            example="mutirao issuer-groups admit flor --members ana --members bia",
        ),
        Act(
            "issuer-groups",
            "remove",
            RemoveIssuers,
            plan=plan_remove,
            who=STEWARDS,
            example="mutirao issuer-groups remove flor --members bia",
        ),
        Act(
            "issuer-groups",
            "keep",
            KeepCurrency,
            plan=plan_keep,
            who=STEWARDS,
            example="mutirao issuer-groups keep flor --currency FLOR",
        ),
        Show(
            "issuer-groups",
            IssuerGroupShown,
            view=view_one,
            id_is="the name of the group",
            example="mutirao issuer-groups show flor",
        ),
        List(
            "issuer-groups", IssuerGroupsWanted, IssuerGroupShown, view=view_all, example="mutirao issuer-groups list"
        ),
    ),
    refusals=(NOT_IN_GROUP, NOT_CONVERTIBLE),
)
