# SPDX-License-Identifier: AGPL-3.0-or-later
"""Ethical banks: funds chosen by their effect. A part of what is saved stays, loans are assessed.

Savers name sectors, enterprises are published, and each saver sees what her deposit does. What lends are loans.
"""

from protocol.book.declaration import STEWARDS, Act, List, Practice, Role, Show
from protocol.book.personal import NOTE_BYTES_MAX
from protocol.book.private import Private
from protocol.practices.credit.ethical.entries import (
    BankDeclared,
    LoanAssessed,
    LoanPublished,
    SectorsPreferred,
    WithdrawalNoticed,
)
from protocol.practices.credit.ethical.published import (
    PUBLICATIONS,
    PublicationShown,
    PublicationsWanted,
    view_publications,
)
from protocol.practices.credit.ethical.refusals import ETHICAL_REFUSALS
from protocol.practices.credit.ethical.rules import (
    check,
    fold,
    news,
    owned,
    plan_assess,
    plan_declare,
    plan_notice,
    plan_prefer,
    plan_publish,
    unnoticed,
    use_notice,
)
from protocol.practices.credit.ethical.state import ETHICAL_GATE, FLOOR, NOTICE_DAYS, below_floor
from protocol.practices.credit.ethical.views import (
    AssessLoan,
    DeclareBank,
    EthicalBankShown,
    EthicalBanksWanted,
    EthicalLoanShown,
    GiveNotice,
    PreferSectors,
    PublishLoan,
    today,
    view_assessed,
    view_bank,
    view_banks,
    week,
)
from protocol.practices.credit.funds.entries import FundWithdrawn
from protocol.practices.credit.funds.state import LENDING_BOUND

ASSESSORS = frozenset({Role.COMMITTEE, *STEWARDS})

PRACTICE = Practice(
    name="ethical",
    entries=(BankDeclared, SectorsPreferred, LoanAssessed, LoanPublished, WithdrawalNoticed),
    check=check,
    fold=fold,
    news=news,
    today=today,
    week=week,
    boards=(PUBLICATIONS,),
    private=(Private("assessment", NOTE_BYTES_MAX, (LoanAssessed,), owned),),
    parameters=(FLOOR, NOTICE_DAYS),
    before={FundWithdrawn: unnoticed},
    after={FundWithdrawn: use_notice},
    fills=(LENDING_BOUND.by(below_floor),),
    operations=(
        Act("ethical-banks", "declare", DeclareBank, plan=plan_declare, gate=ETHICAL_GATE,
            example="mutirao ethical-banks declare FUND"),
        Act("ethical-banks", "prefer", PreferSectors, plan=plan_prefer,
            example="mutirao ethical-banks prefer FUND --sectors A --sectors C"),
        Act("ethical-banks", "notice", GiveNotice, plan=plan_notice,
            example="mutirao ethical-banks notice FUND --amount 200.00"),
        Show("ethical-banks", EthicalBankShown, view=view_bank, id_is="the id of a fund",
             example="mutirao ethical-banks show FUND"),
        List("ethical-banks", EthicalBanksWanted, EthicalBankShown, view=view_banks,
             example="mutirao ethical-banks list"),
        Act("ethical-loans", "assess", AssessLoan, plan=plan_assess, who=ASSESSORS,
            example="mutirao ethical-loans assess LOAN --sector A --scores criterion=labour,score=80"),
        Act("ethical-loans", "publish", PublishLoan, plan=plan_publish,
            example='mutirao ethical-loans publish LOAN --enterprise "Vale bakery"'),
        Show("ethical-loans", EthicalLoanShown, view=view_assessed, id_is="the id of a loan",
             example="mutirao ethical-loans show LOAN"),
        List("loan-publications", PublicationsWanted, PublicationShown, view=view_publications,
             example="mutirao loan-publications list --sector A"),
    ),
    refusals=ETHICAL_REFUSALS,
)  # fmt: skip
