# SPDX-License-Identifier: AGPL-3.0-or-later
"""What members sign of companies, grants, reserves, savings groups, days of work, and in several currencies at once."""

from typing import Any

from riacho import hora

from protocol.book.money import Amount
from protocol.practices.credit.fairs.entries import AnswerTally
from protocol.practices.credit.grants.entries import SponsorGrant
from protocol.practices.credit.reserves.entries import AskRedemption, AttestMove
from protocol.practices.credit.rotations.entries import ConfirmDay
from protocol.practices.credit.savings.entries import JoinSavings, SignSheet
from protocol.practices.governance.bylaws.entries import BackEmergency, CallEmergency
from protocol.practices.governance.companies.entries import ConfirmWork, FoundCompany, LogWork, TakeAdvance
from protocol.practices.governance.motions.entries import VoteSecretly
from protocol.practices.governance.projects.entries import (
    EndorseProject,
    ReportProject,
    ReportVerdict,
    ReviewReport,
)
from protocol.practices.market.cost_sheets import CostKind
from protocol.practices.market.fairtrade.entries import CostTold, PayPremium, PublishCostSheet
from protocol.practices.market.purchasing.entries import GivePortions, JoinCycle, PortionsWanted, TakePortions
from protocol.practices.marks.guarantee.entries import (
    ApplyForPlot,
    CertifyVerdict,
    ClearIssue,
    ExcuseVisitor,
    RaiseIssue,
    ReportVisit,
    RuleOnAppeal,
)
from protocol.practices.money.mixed.entries import PayMixed

BIA, CAIO = "BIABIABIABIABIAB", "CAIOCAIOCAIOCAIO"


def more_wishes(name: bytes) -> tuple[tuple[str, str, Any], ...]:
    """Return what it is, the operation and the wish."""
    legs = (Amount(40_00, "FLOR", 2), Amount(60_00, "REAL", 2))
    return (
        ("a company of two", "companies.create", FoundCompany("HORA", (BIA, CAIO))),
        ("an advance", "companies.advance", TakeAdvance("OFICINAOFICINAOF", BIA, hora(20_00))),
        ("hours of work", "work.create", LogWork("OFICINAOFICINAOF", "7.5", 202_611, work=name)),
        ("hours of a colleague, confirmed", "work.confirm", ConfirmWork(name)),
        ("a project is approved by one of the board", "projects.endorse", EndorseProject(name)),
        ("a report on a tranche", "projects.report", ReportProject(name, 1, hora(60_00))),
        ("a report is accepted", "projects.review", ReviewReport(name, 1, ReportVerdict.ACCEPTED)),
        ("a member vouches for a grant", "grants.sponsor", SponsorGrant(name)),
        ("a custodian attests", "reserve-moves.attest", AttestMove(name)),
        ("state money is asked for", "redemptions.create", AskRedemption(Amount(10_00, "REAL", 2), redemption=name)),
        ("a member saves with a group", "savings-groups.join", JoinSavings(name, hora(30_00))),
        ("a sheet of a meeting", "savings-meetings.sign", SignSheet(name)),
        ("a day of work, confirmed", "work-days.confirm", ConfirmDay(name)),
        ("an order of flour", "order-cycles.join", JoinCycle(name, (PortionsWanted(1, 5, 2),))),
        ("portions are handed over", "order-cycles.give", GivePortions(name, 1, 2, CAIO)),
        ("portions are taken", "order-cycles.take", TakePortions(name, 1, 2, BIA)),
        (
            "what a kilogram of coffee costs",
            "cost-sheets.publish",
            PublishCostSheet(
                "Coffee",
                (CostTold("picking", hora(15_00), CostKind.LABOUR, "0.12", "time book"),),
                "kg",
                "01610",
                "HORA",
                "5%",
                "50%",
            ),
        ),
        ("paid into a premium", "premiums.pay", PayPremium(name, hora(5_00))),
        ("a row of a fair's sheet is right", "tallies.answer", AnswerTally(name, agrees=True)),
        ("a vote in secret", "motions.vote-secretly", VoteSecretly(name, bytes(32))),
        ("an emergency", "emergencies.create", CallEmergency("payments.day_cap.HORA", "50", emergency=name)),
        ("an emergency is backed", "emergencies.back", BackEmergency(name)),
        ("a pledge for a plot", "certifications.apply", ApplyForPlot(name, "0" * 64, certification=name)),
        ("a ruling on an appeal", "certifications.rule", RuleOnAppeal(name, CertifyVerdict.CERTIFIED)),
        ("what was wrong is put right", "certifications.clear", ClearIssue(name, 1)),
        ("a visitor who cannot go", "visits.excuse", ExcuseVisitor(name)),
        ("a visitor who has been there", "visits.report", ReportVisit(name, kept=True)),
        ("what is wrong on a plot", "visits.raise", RaiseIssue(name, 60)),
        ("two currencies at once", "mixed-payments.create", PayMixed(f"{BIA}.FLOR", legs, payment=name)),
    )
