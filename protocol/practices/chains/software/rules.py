# SPDX-License-Identifier: AGPL-3.0-or-later
"""What holds of software on every node, and what is planned of it at its home.

A plan says to the chain, too, what is bought: the supply relation with the id of the use is what a software costs
outside, and later what its support costs inside, so all figures of the chain follow.
"""

from collections.abc import Iterable, Sequence

from protocol.book.book import Book
from protocol.book.declaration import Desk, Entered, News, Plan, Write
from protocol.book.ledger import Posting
from protocol.book.money import parse_decimal
from protocol.book.refusals import (
    DUPLICATE,
    FORBIDDEN,
    MALFORMED,
    NOT_FOUND,
    Reason,
    Refused,
    foremost,
    refuse,
)
from protocol.book.signed import uuid_text
from protocol.book.uuids import drawn_id
from protocol.practices.chains.book_chain import is_inside
from protocol.practices.chains.entries import (
    EnterpriseRemoved,
    EnterpriseSaid,
    SupplyEvidence,
    SupplyRelation,
    SupplyRemoved,
    SupplySaid,
)
from protocol.practices.chains.refusals import (
    CHAIN_FULL,
    ENTERPRISE_NAMED,
    ENTERPRISE_UNKNOWN,
    FIGURE_NEGATIVE,
    MONTHS_MIXED,
)
from protocol.practices.chains.software.entries import (
    SoftwareMigrated,
    SoftwareRemoved,
    SoftwareSaid,
    SoftwareSupported,
    SoftwareUsed,
)
from protocol.practices.chains.software.state import (
    SOFTWARE_LIFE,
    SOFTWARE_USES_MAX,
    SoftwareHeld,
    SoftwareUses,
    use_of,
)
from protocol.practices.chains.software.wishes import (
    MigrateSoftware,
    SupportSoftware,
    UseSoftware,
)
from protocol.practices.chains.state import (
    SUPPLY_RELATIONS_MAX,
    ChainInputs,
    fold_supply,
    inputs_of,
)
from protocol.practices.chains.supply import is_item, mixed_months
from protocol.practices.chains.telling import COORDINATORS, not_a_chain, value_minor
from protocol.practices.governance.companies.state import HOURS_MAX, HOURS_SCALE
from protocol.practices.people.authority import acts_for


def check(book: Book, entered: Entered) -> Reason | None:
    assert isinstance(entered.body, SoftwareSaid)
    refused = book.misplaced(entered) or software_refusal(book, entered.body)
    return refused.reason if refused else None


def software_refusal(book: Book, body: SoftwareSaid) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    uses, inputs = book.of(SoftwareUses).by_id, inputs_of(book)
    if isinstance(body, SoftwareUsed):
        return _against_use(uses, inputs, body)
    held = uses.get(body.use)
    if held is None:
        return refuse(NOT_FOUND)
    match body:
        case SoftwareMigrated():
            return _against_migration(inputs, held, body)
        case SoftwareSupported():
            if not 1 <= body.period % 100 <= 12:
                return refuse(MALFORMED, field="period", expected="a month, such as 202611")
            if not body.hours and body.period not in held.hours:
                return refuse(NOT_FOUND)
            return SOFTWARE_LIFE.conflict(held.state, body.KIND)
        case SoftwareRemoved():
            return None


def _against_use(uses: dict[bytes, SoftwareHeld], inputs: ChainInputs, body: SoftwareUsed) -> Refused | None:
    if not is_item(body.software):
        return refuse(MALFORMED, field="software", expected="words of letters and digits")
    if not body.cost:
        return refuse(FIGURE_NEGATIVE, place="cost")
    if body.enterprise not in inputs.enterprises:
        return refuse(ENTERPRISE_UNKNOWN, about=body.enterprise.hex())
    same = (one for one in uses.values() if one.said.enterprise == body.enterprise)
    is_twice = body.use in uses or any(one.said.software == body.software for one in same)
    return refuse(DUPLICATE) if is_twice else None


def _against_migration(inputs: ChainInputs, held: SoftwareHeld, body: SoftwareMigrated) -> Refused | None:
    if not is_item(body.to):
        return refuse(MALFORMED, field="to", expected="words of letters and digits")
    if body.supporter is None and body.support:
        return refuse(MALFORMED, field="supporter", expected="the enterprise that is paid for it")
    if body.supporter == held.said.enterprise:
        return refuse(MALFORMED, field="supporter", expected="another enterprise")
    if body.supporter is not None and body.supporter not in inputs.enterprises:
        return refuse(ENTERPRISE_UNKNOWN, about=body.supporter.hex())
    return SOFTWARE_LIFE.conflict(held.state, body.KIND)


def in_use(book: Book, entered: Entered) -> Refused | None:
    """Keep an enterprise in the chain as long as it uses or supports a software."""
    assert isinstance(entered.body, EnterpriseRemoved)
    count = book.of(SoftwareUses).naming(entered.body.enterprise)
    return refuse(ENTERPRISE_NAMED, count=count) if count else None


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body, by_id = entered.body, book.of(SoftwareUses).by_id
    match body:
        case SoftwareUsed():
            by_id[body.use] = SoftwareHeld(body, entered.seq, SOFTWARE_LIFE.after(None, body.KIND))
        case SoftwareMigrated():
            held = by_id[body.use]
            held.state, held.migrated = SOFTWARE_LIFE.after(held.state, body.KIND), body
        case SoftwareSupported():
            held = by_id[body.use]
            held.state = SOFTWARE_LIFE.after(held.state, body.KIND)
            held.hours.pop(body.period, None)
            if body.hours:
                held.hours[body.period] = body.hours
        case _:
            assert isinstance(body, SoftwareRemoved)
            del by_id[body.use]
    return ()


def news(book: Book, entered: Entered) -> Iterable[News]:
    """Tell those who stand for user and supporter of a migration, and of support that was given."""
    body = entered.body
    if isinstance(body, SoftwareMigrated | SoftwareSupported):
        held = book.of(SoftwareUses).by_id[body.use]
        kind = "migrated" if isinstance(body, SoftwareMigrated) else "supported"
        yield News(f"software-use.{kind}", uuid_text(body.use), tuple(_members(book, held)))


def _members(book: Book, held: SoftwareHeld) -> Iterable[str]:
    for one in (held.said.enterprise, held.migrated and held.migrated.supporter):
        member = None if one is None else inputs_of(book).enterprises[one].said.member
        if member is not None:
            yield member


def sees(desk: Desk, held: SoftwareHeld) -> bool:
    """Tell whether somebody coordinates, or stands for the enterprise that uses it or for the one that supports it."""
    return desk.actor.role in COORDINATORS or desk.actor.member in tuple(_members(desk.book, held))


def speaks_for(desk: Desk, said: EnterpriseSaid) -> bool:
    """Tell whether somebody coordinates, or stands for an enterprise."""
    stands = said.member is not None and acts_for(desk.actor, desk.book.members[said.member])
    return stands or desk.actor.role in COORDINATORS


def plan_use(desk: Desk, wish: UseSoftware) -> Plan | Refused:
    book, inputs = desk.book, inputs_of(desk.book)
    enterprise, cost = _inside(inputs, wish.enterprise), value_minor(wish.cost)
    refused = foremost(*(one for one in (enterprise, cost) if isinstance(one, Refused)))
    if refused or isinstance(enterprise, Refused) or isinstance(cost, Refused):
        return refused or refuse(NOT_FOUND)
    if not speaks_for(desk, enterprise):
        return refuse(FORBIDDEN, allowed="who stands for the enterprise, and those who coordinate")
    for count, most in (
        (len(book.of(SoftwareUses).by_id), SOFTWARE_USES_MAX),
        (len(inputs.supply), SUPPLY_RELATIONS_MAX),
    ):
        if count >= most:
            return refuse(CHAIN_FULL, maximum=most)
    body = SoftwareUsed(book.drawn(drawn_id(desk.chance)), enterprise.enterprise, wish.software, cost)
    return _planned(book, body, (_bought(body.use, enterprise, wish.software, cost, None),))


def plan_migrate(desk: Desk, name: str, wish: MigrateSoftware) -> Plan | Refused:
    book, inputs = desk.book, inputs_of(desk.book)
    held, support = use_of(book, name), value_minor(wish.support)
    supporter = None if wish.supporter is None else _inside(inputs, wish.supporter)
    refused = foremost(*(one for one in (held, support, supporter) if isinstance(one, Refused)))
    if refused or isinstance(held, Refused) or isinstance(support, Refused) or isinstance(supporter, Refused):
        return refused or refuse(NOT_FOUND)
    user = inputs.enterprises[held.said.enterprise].said
    if not speaks_for(desk, user):
        return refuse(FORBIDDEN, allowed="who stands for the enterprise, and those who coordinate")
    id = None if supporter is None else supporter.enterprise
    body = SoftwareMigrated(held.said.use, wish.to, id, support)
    return _planned(book, body, (_bought(body.use, user, wish.to, support, id),) if support else ())


def plan_support(desk: Desk, name: str, wish: SupportSoftware) -> Plan | Refused:
    held, hours = use_of(desk.book, name), parse_decimal(wish.hours, HOURS_SCALE)
    if isinstance(held, Refused):
        return held
    if not isinstance(hours, int) or not 0 <= hours <= HOURS_MAX:
        return refuse(MALFORMED, field="hours", expected=f"0 to {HOURS_MAX // 100}, such as 2.5")
    gives = held.migrated.supporter if held.migrated and held.migrated.supporter else held.said.enterprise
    if not speaks_for(desk, inputs_of(desk.book).enterprises[gives].said):
        return refuse(FORBIDDEN, allowed="who stands for the supporter, and those who coordinate")
    body = SoftwareSupported(held.said.use, wish.period, hours)
    return software_refusal(desk.book, body) or Plan(name, (Write(body),))


def _inside(inputs: ChainInputs, key: str) -> EnterpriseSaid | Refused:
    """Return the enterprise of the chain that a short key names."""
    found = inputs.by_key.get(key)
    if found is None or not is_inside(inputs.enterprises[found].said):
        return refuse(ENTERPRISE_UNKNOWN, about=key)
    return inputs.enterprises[found].said


def _planned(book: Book, body: SoftwareUsed | SoftwareMigrated, bought: tuple[SupplyRelation, ...]) -> Plan | Refused:
    """Plan what is said of a software, and what is bought for it from now on."""
    refused = software_refusal(book, body)
    if refused is not None:
        return refused
    others = (one.said for id, one in inputs_of(book).supply.items() if id != body.use)
    if mixed_months(others, bought):
        return refuse(MONTHS_MIXED, about=bought[0].item)
    told: tuple[SupplySaid | SupplyRemoved, ...] = (SupplySaid(bought),) if bought else relation_ended(book, body.use)

    def folded(trial: ChainInputs) -> None:
        for one in told:
            fold_supply(trial, one)

    return not_a_chain(book, folded) or Plan(uuid_text(body.use), tuple(Write(one) for one in (body, *told)))


def relation_ended(book: Book, use: bytes) -> tuple[SupplyRemoved, ...]:
    """Return what ends the supply relation of a use, if there is one still."""
    return (SupplyRemoved((use,)),) if use in inputs_of(book).supply else ()


def _bought(use: bytes, user: EnterpriseSaid, item: str, value: int, supporter: bytes | None) -> SupplyRelation:
    declared = SupplyEvidence.DECLARED
    return SupplyRelation(use, user.enterprise, item, value, declared, supporter, None, None, None, None, None, None)
