# SPDX-License-Identifier: AGPL-3.0-or-later
"""The collection sheet of a savings group: one page of A4 to fill in at the meeting, a row for each member.

What each has saved and owes is printed; what is paid and got is written by hand, counted, and typed in as one sheet.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Annotated

from protocol.book.declaration import At, Desk, Doc, ReckonForm, Ref, Uuid
from protocol.book.money import Amount, decimal
from protocol.book.parameters import TIME_ZONE
from protocol.book.refusals import FORBIDDEN, NOT_FOUND, Refused, refuse
from protocol.book.signed import Id16
from protocol.practices.credit.savings.state import GROUPS
from protocol.practices.credit.savings.views import SavingsGroupShown, group_shown, is_seen


@dataclass(frozen=True, slots=True)
class BlankSheetWanted:
    """The sheet for the next meeting of a savings group, to print and to fill in by hand."""

    group: Annotated[Id16, Uuid, Ref("savings-groups"), Doc("the group")]


@dataclass(frozen=True, slots=True)
class BlankSheetShown:
    """What is printed on the sheet for a meeting; the whole of it is its form html."""

    network: Annotated[str, Doc("the handle of the network")]
    number: Annotated[int, Doc("the how-manieth meeting of the cycle it is for")]
    meets_at: Annotated[At | None, Doc("when the group meets; null: no cycle is open")]
    day: Annotated[str, Doc("that day, by the group's clocks")]
    group: Annotated[SavingsGroupShown, Doc("the group, and what each member has saved and owes")]


def view_blank(desk: Desk, wanted: BlankSheetWanted) -> BlankSheetShown | Refused:
    group = desk.book.rows(GROUPS).get(wanted.group)
    if group is None:
        return refuse(NOT_FOUND)
    if not is_seen(desk, group):
        return refuse(FORBIDDEN, allowed="members of the group, and those who coordinate")
    day = ""
    if group.next_ms is not None:
        local = desk.book.parameter(TIME_ZONE).local(group.next_ms)
        day = f"{local.year}-{local.month:02}-{local.day:02}"
    return BlankSheetShown(desk.book.handle or "", group.held + 1, group.next_ms, day, group_shown(desk, group))


BLANK_STYLE = """
@page{size:A4 landscape;margin:10mm}
body{font:12px/1.35 system-ui,sans-serif;color:#000;background:#fff;margin:0 auto;max-width:277mm}
h1{font-size:20px;margin:0}p{margin:3px 0}
table{border-collapse:collapse;width:100%;margin-top:6px}
td,th{border:1px solid #000;padding:2px 6px;height:7mm;text-align:right}
td:first-child,th:first-child{text-align:left}
th{font-size:10.5px;font-weight:600}
.w{background:#fff;min-width:18mm}
tr{break-inside:avoid}thead{display:table-header-group}
.keys{display:flex;gap:10mm;margin-top:8mm}.keys div{flex:1;border-top:1px solid #000;padding-top:2px}
"""
_HEADS = ("member", "shares so far", "owes", "due at meeting")
_WRITTEN = ("shares", "social", "fine", "repaid", "lent", "granted", "signature")


def page_of_blank(shown: BlankSheetShown) -> str:
    """Return the sheet as a page that prints on A4 across; longer groups go on overleaf, with the heads again."""
    group = shown.group
    code = group.share.asset_code or ""
    terms = (
        f"A share costs {_text(group.share)}, at most {group.shares_max} each. "
        f"Loan fund {_text(group.loan_fund)}, lent out {_text(group.lent_out)}, social fund {_text(group.social_fund)}."
    )
    heads = "".join(f"<th>{escape(one)}" for one in (*_HEADS, *_WRITTEN))
    empty = '<td class="w">' * len(_WRITTEN)
    rows = "".join(f"<tr>{cells}{empty}" for cells in _printed(group))
    total = f"<tr><td>together<td>{group.shares}<td>{_text(group.lent_out)}<td>{empty}"
    keys = "".join(f"<div>key of {escape(one)}</div>" for one in group.key_holders)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f"<title>{escape(group.title)}</title><style>{BLANK_STYLE}</style>"
        f"<h1>{escape(group.title)}: meeting {shown.number}</h1>"
        f"<p>{escape(shown.network)} · {escape(shown.day or 'no cycle is open')} · amounts in {escape(code)}</p>"
        f"<p>{escape(terms)}</p><table><thead><tr>{heads}</thead><tbody>{rows}{total}</tbody></table>"
        f'<div class="keys">{keys}</div></html>\n'
    )


def _printed(group: SavingsGroupShown) -> Iterator[str]:
    for saver in group.savers:
        late = " late" if saver.late else ""
        due = "" if saver.due is None else f"{saver.due}{late}"
        owes = _text(saver.owes) if saver.owes.value else ""
        cells = (saver.member, str(saver.shares), owes, due)
        yield "".join(f"<td>{escape(one)}" for one in cells)


def _text(amount: Amount) -> str:
    return decimal(amount.value, amount.asset_scale)


BLANK_FORMS = (ReckonForm("html", "text/html", page_of_blank, BLANK_STYLE),)
