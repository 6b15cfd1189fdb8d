# SPDX-License-Identifier: AGPL-3.0-or-later
"""The sheet for an assembly: one page of A4 in black, that says where the money goes and asks three questions."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated

from protocol.book.declaration import Doc, ReckonForm
from protocol.book.refusals import MALFORMED, Refused, refuse
from protocol.practices.chains.engine.funds import reinvested
from protocol.practices.chains.engine.missing import MissingLink, MissingLinks
from protocol.practices.chains.engine.shares import shares_of
from protocol.practices.chains.figures.linking import wages_with
from protocol.practices.chains.outputs.basis import ChainSource
from protocol.practices.chains.pictures.canvas import cut_to, text_in_xml
from protocol.practices.chains.pictures.segments import segments_picture
from protocol.practices.chains.pictures.words import money_in, number_in, phrase_of
from protocol.practices.chains.sheets.declaration import SheetLanguage
from protocol.practices.chains.written import WrittenDecimal, money_text, read_decimal, share_text

SHEET_LINKS = 4
"""Candidates that stand on the sheet: so many fit."""
NO_JOBS = "–"
"""Where nobody has said what a member lives on."""
_PICTURE_PX = 760


@dataclass(frozen=True, slots=True)
class ChainSheetWanted:
    """A page to print for an assembly: one sentence, the flow, who could be founded, the fund, three questions."""

    language: Annotated[SheetLanguage, Doc("in which it speaks")] = SheetLanguage.EN
    fund: Annotated[WrittenDecimal, Doc("what the fund has, in the unit of account; 0: the sheet has no fund")] = "0"
    income: Annotated[WrittenDecimal, Doc("what a member earns in a month; 0: as chains.monthly_income has it")] = "0"


@dataclass(frozen=True, slots=True)
class LinkOnSheet:
    """Who could be founded, as it stands on the sheet."""

    candidate: str
    keeps: Annotated[str, Doc("by how much leakage would fall in a month")]
    jobs: Annotated[str, Doc("with those of whom it buys")]
    cost: str
    payback: Annotated[str, Doc("months")]


@dataclass(frozen=True, slots=True)
class ChainSheetShown:
    """What stands on the sheet; the whole of it is its form html."""

    language: SheetLanguage
    title: str
    subtitle: str
    sentence: str
    leakage: Annotated[str, Doc("what leaves in a month")]
    share: Annotated[str, Doc("what is bought inside")]
    links: tuple[LinkOnSheet, ...]
    fund: Annotated[str, Doc("what the fund would best do, in a sentence")]
    questions: Annotated[tuple[str, ...], Doc("with a box to tick each")]
    svg: Annotated[str, Doc("the flow")]


def sheet_shown(
    wanted: ChainSheetWanted, outputs: ChainSource, names: Mapping[str, str | None]
) -> ChainSheetShown | Refused:
    """Return what stands on the sheet; raises ChainFault."""
    language = wanted.language.value
    fund = read_decimal(wanted.fund, "fund")
    if isinstance(fund, Refused):
        return fund
    income = read_decimal(wanted.income, "income")
    if isinstance(income, Refused):
        return income
    if min(fund, income) < 0:
        return refuse(MALFORMED, field="fund" if fund < 0 else "income", expected="not below zero")
    income = income or outputs.income
    links = MissingLinks(outputs.chain, outputs.candidates)
    ranked = [
        one
        for one in links.ranked(income or Fraction(1))
        if not one.is_blocked and one.candidate.name not in outputs.settled
    ]
    shares, wages = shares_of(outputs.chain), wages_with(outputs.chain)
    shown = outputs.pictured(names, language)
    called = [cut_to(outputs.candidate(one.candidate.name, names), 12, bold=False, room=200) for one in ranked]
    questions = ("question_found", "question_buy", "question_care") if ranked else ("question_first",)
    best = called[0] if called else ""
    return ChainSheetShown(
        language=wanted.language,
        title=phrase_of(language, "sheet_title"),
        subtitle=phrase_of(language, "sheet_for", network=outputs.called or "—"),
        sentence=phrase_of(
            language, "sheet_sentence", hundred="100", inside=number_in(shares.all * 100, language, decimals=0),
            leaks=money_in(shares.leakage, language), count=str(len(shares.by_item)),
        ),
        leakage=money_text(shares.leakage),
        share=share_text(shares.all),
        links=tuple(
            LinkOnSheet(
                name,
                money_in(one.keeps, language),
                number_in(_jobs(one, wages, income), language) if income else NO_JOBS,
                money_in(one.candidate.investment, language),
                "–" if one.payback is None else number_in(one.payback, language, decimals=1),
            )
            for name, one in zip(called[:SHEET_LINKS], ranked, strict=False)
        ),
        fund=_fund_said(wanted.language.value, fund, outputs, names, ranked) if fund else "",
        questions=tuple(phrase_of(language, key, name=best) for key in questions),
        svg=segments_picture(shown, language, _PICTURE_PX, called[:3]).svg,
    )  # fmt: skip


def _jobs(link: MissingLink, wages: Mapping[str, Fraction], income: Fraction) -> Fraction:
    """Return how many live on what a candidate pays in wages, and on those of whom it buys, and so on."""
    elsewhere = sum((share * wages[name] for name, share in link.candidate.recipe.inside.items()), Fraction(0))
    return link.jobs + link.sells * elsewhere / income


def _fund_said(
    language: str, fund: Fraction, outputs: ChainSource, names: Mapping[str, str | None], ranked: list[MissingLink]
) -> str:
    spoken = SheetLanguage(language).value
    links = MissingLinks(outputs.chain, [one.candidate for one in ranked])
    best = reinvested(links, fund)
    told = {"fund": money_in(fund, spoken)}
    if not best.which:
        return phrase_of(spoken, "fund_nothing", **told)
    which = ", ".join(outputs.candidate(links.candidates[at].name, names) for at in best.which)
    return phrase_of(spoken, "fund_does", **told, names=which, keeps=money_in(best.keeps, spoken))


SHEET_STYLE = """
@page{size:A4;margin:12mm}
body{font:12.5px/1.4 Archivo,system-ui,sans-serif;color:#000;background:#fff;margin:0 auto;max-width:186mm}
h1{font-size:22px;margin:0}h2{font-size:14px;margin:10px 0 4px;border-top:2px solid #000;padding-top:5px}
p{margin:4px 0}.said{font-size:15px;margin:8px 0}
svg{display:block;width:100%;height:auto;max-height:128mm;filter:grayscale(1)}
table{border-collapse:collapse;width:100%}
td,th{padding:2px 8px 2px 0;text-align:right;border-bottom:1px solid #999}
td:first-child,th:first-child{text-align:left}
ul{list-style:none;margin:4px 0;padding:0}li{margin:5px 0}
i{display:inline-block;width:11px;height:11px;border:1.5px solid #000;margin-right:8px;vertical-align:-1px}
small{display:block;margin-top:8px;border-top:1px solid #000;padding-top:4px}
h2,table,svg,ul{break-inside:avoid}
"""


def page_of_sheet(shown: ChainSheetShown) -> str:
    """Return the sheet as a page that prints on one A4."""
    language = shown.language.value
    heads = ("what", "keeps", "jobs", "cost", "payback")
    cells = ((one.candidate, one.keeps, one.jobs, one.cost, one.payback) for one in shown.links)
    rows = "".join(f"<tr>{''.join(f'<td>{text_in_xml(one)}' for one in row)}" for row in cells)
    table = f"<table><tr>{''.join(f'<th>{text_in_xml(phrase_of(language, one))}' for one in heads)}{rows}</table>"
    if shown.links and all(one.jobs == NO_JOBS for one in shown.links):
        table += f"<p>{text_in_xml(phrase_of(language, 'sheet_no_income'))}</p>"
    nothing = f"<p>{text_in_xml(phrase_of(language, 'sheet_no_links'))}</p>"
    fund = (
        f"<h2>{text_in_xml(phrase_of(language, 'sheet_fund'))}</h2><p>{text_in_xml(shown.fund)}</p>"
        if shown.fund
        else ""
    )
    boxes = "".join(f"<li><i></i>{text_in_xml(one)}" for one in shown.questions)
    return (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8"><title>{text_in_xml(shown.title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{SHEET_STYLE}</style>'
        f"<h1>{text_in_xml(shown.title)}</h1><p>{text_in_xml(shown.subtitle)}</p>"
        f'<p class="said">{text_in_xml(shown.sentence)}</p>{shown.svg}'
        f"<h2>{text_in_xml(phrase_of(language, 'sheet_links'))}</h2>{table if shown.links else nothing}{fund}"
        f"<h2>{text_in_xml(phrase_of(language, 'sheet_decide'))}</h2><ul>{boxes}</ul>"
        f"<small>{text_in_xml(phrase_of(language, 'sheet_open'))}</small></html>\n"
    )


SHEET_FORMS = (ReckonForm("html", "text/html", page_of_sheet, SHEET_STYLE),)
