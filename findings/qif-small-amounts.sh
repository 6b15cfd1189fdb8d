#!/bin/bash
# SPDX-License-Identifier: AGPL-3.0-or-later
# quiffen (QIF) writes an amount below one millionth with an exponent, and cannot read its own file.
#
# Versions:  quiffen 4.0.1 with pydantic 2.14.4, on Python 3.11
# Input:     an account with one transaction of 0.0000025, and one of 0.00000025: a unit of seven or eight decimals
# Behaviour: the first is written `T0.0000025` and read back as it was. The second is written `T2.5E-7`, and
#            `Qif.parse_string` of that very text raises decimal.InvalidOperation.
# For us:    an export spells its decimals itself, never by the text of a Decimal.
set -euo pipefail
there=$(mktemp -d)
trap 'rm -rf "$there"' EXIT
python3 -m venv "$there/venv"
"$there/venv/bin/pip" install -q --disable-pip-version-check quiffen==4.0.1 pydantic==2.14.4

cat >"$there/expected" <<'EXPECTED'
0.0000025 is written as T0.0000025 and read as 0.0000025
0.00000025 is written as T2.5E-7 and read as InvalidOperation
EXPECTED

cat >"$there/play.py" <<'PLAY'
from datetime import datetime
from decimal import Decimal

from quiffen import Account, AccountType, Qif, Transaction


def written(amount: str) -> str:
    account = Account(name="hours of Ana")
    account.add_transaction(Transaction(date=datetime(2026, 11, 24), amount=Decimal(amount)), AccountType.BANK)
    book = Qif()
    book.add_account(account)
    return book.to_qif()


def read(text: str) -> str:
    try:
        accounts = Qif.parse_string(text).accounts.values()
    except Exception as error:
        return type(error).__name__
    (found,) = [line.amount for account in accounts for lines in account.transactions.values() for line in lines]
    return format(found, "f")


for amount in ("0.0000025", "0.00000025"):
    text = written(amount)
    (line,) = [line for line in text.splitlines() if line[:1] == "T" and line[1:2].isdigit()]
    print(f"{amount} is written as {line} and read as {read(text)}")
PLAY
"$there/venv/bin/python" "$there/play.py" >"$there/seen"
cat "$there/seen"
diff "$there/expected" "$there/seen"
