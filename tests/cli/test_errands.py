# SPDX-License-Identifier: AGPL-3.0-or-later
"""Each errand is told with the command that settles it."""

from cli.errands import settled_by

DUE = {"value": "900", "asset_code": "FLOR", "asset_scale": 2}


def test_what_is_due_abroad_is_told_with_the_payment_that_names_the_request() -> None:
    errand = {"verb": "quotes.create", "id": "R", "who": "elio@serra", "figure": DUE}
    assert settled_by(errand) == "mutirao pay elio@serra 9.00 --request R"


def test_a_name_from_elsewhere_is_one_word_of_the_command() -> None:
    errand = {"verb": "quotes.create", "id": "R", "who": "elio; rm x@serra", "figure": DUE}
    assert settled_by(errand) == "mutirao pay 'elio; rm x@serra' 9.00 --request R"


def test_a_dispute_asks_for_its_outcome() -> None:
    assert settled_by({"verb": "orders.settle", "id": "O"}) == "mutirao orders settle O --outcome OUTCOME"
    assert settled_by({"verb": "orders.accept", "id": "O"}) == "mutirao orders accept O"


def test_what_goes_back_of_an_advance_is_paid_as_a_refund_of_it() -> None:
    errand = {"verb": "payments.create", "id": "P", "who": "dora", "figure": DUE}
    assert settled_by(errand).endswith(" --refunds P") and settled_by(errand).startswith("mutirao pay dora ")
