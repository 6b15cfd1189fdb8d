# SPDX-License-Identifier: AGPL-3.0-or-later
"""Currencies: units of mutual credit, each with its own word and scale, whose balances sum to zero."""

from protocol.book.accounts import COMMONS_ACCOUNT, EXCHANGE, HOLDS
from protocol.book.declaration import ANYONE, SIGNED_IN, STEWARDS, Act, Create, Invariant, List, Practice, Show
from protocol.practices.money.currencies.entries import (
    CurrencyClosed,
    CurrencyCreated,
    CurrencyKeptHome,
    DefaultsSet,
    LevySet,
)
from protocol.practices.money.currencies.rules import (
    KEPT_HOME,
    check,
    fold,
    plan_close,
    plan_create,
    plan_keep_home,
    plan_set_defaults,
    plan_set_levy,
    unbalanced,
)
from protocol.practices.money.currencies.views import (
    CloseCurrency,
    CreateCurrency,
    CurrenciesWanted,
    CurrencyShown,
    KeepCurrencyHome,
    SetDefaults,
    SetLevy,
    news,
    view_currencies,
    view_currency,
)

PRACTICE = Practice(
    name="currencies",
    entries=(CurrencyCreated, LevySet, DefaultsSet, CurrencyKeptHome, CurrencyClosed),
    invariants=(Invariant("balances sum to zero", unbalanced),),
    accounts=(COMMONS_ACCOUNT, HOLDS, EXCHANGE),
    check=check,
    fold=fold,
    news=news,
    operations=(
        Create(
            "currencies",
            CreateCurrency,
            plan=plan_create,
            who=STEWARDS,
            example='mutirao currencies create --code HORA --name "Horas do Riacho" --credit-limit 100.00',
        ),
        Act(
            "currencies",
            "set-levy",
            SetLevy,
            plan=plan_set_levy,
            who=STEWARDS,
            example="mutirao currencies set-levy HORA --basis-points 100",
        ),
        Act(
            "currencies",
            "set-defaults",
            SetDefaults,
            plan=plan_set_defaults,
            who=STEWARDS,
            example="mutirao currencies set-defaults HORA --credit-limit 200.00 --accounts all",
        ),
        Act(
            "currencies",
            "keep-home",
            KeepCurrencyHome,
            plan=plan_keep_home,
            who=SIGNED_IN,
            gate=KEPT_HOME,
            example="mutirao currencies keep-home COMUNAL",
        ),
        Act(
            "currencies",
            "close",
            CloseCurrency,
            plan=plan_close,
            who=STEWARDS,
            example="mutirao currencies close HORA",
        ),
        Show(
            "currencies",
            CurrencyShown,
            view=view_currency,
            id_is="the code of the currency",
            who=ANYONE,
            example="mutirao currencies show HORA",
        ),
        List(
            "currencies",
            CurrenciesWanted,
            CurrencyShown,
            view=view_currencies,
            who=ANYONE,
            example="mutirao currencies list",
        ),
    ),
)
