# SPDX-License-Identifier: AGPL-3.0-or-later
"""The engine against what statisticians have published.

`germany1995.csv`: Eurostat Manual of Supply, Use and Input-Output Tables (2008), table 15.4, six branches in million
DM, with the manual's figures, as in the R package iotables.

`uk2010_flows.csv`, `uk2010_products.csv`: the Office for National Statistics' domestic table of the United Kingdom in
2010, 127 products in million pounds at basic prices, with the multipliers and effects that it published (Open
Government Licence), as in iotables (rOpenGov, MIT: `uk_2010_data`, `uk_test_results`). Five flows of some 1e-10, which
rounding has left there, are not in the copy.

Miller and Blair, Input-Output Analysis: the example of two sectors, closed with households.
"""

import csv
from fractions import Fraction
from pathlib import Path

from protocol.practices.chains.engine.chain import Enterprise, ProductiveChain
from protocol.practices.chains.engine.retained import output_multipliers, retained
from protocol.practices.chains.engine.solving import answers
from protocol.solvers.leontief import solved

TABLES = Path(__file__).parent / "tables"
TABLE = TABLES / "germany1995.csv"
NEAR = Fraction(1, 10**9)


def test_germany_1995() -> None:
    with TABLE.open(encoding="utf-8") as lines:
        rows = {
            row.pop("row"): {branch: Fraction(value) for branch, value in row.items()} for row in csv.DictReader(lines)
        }
    branches = list(rows["output"])
    chain = ProductiveChain(
        {one: Enterprise(rows["output"][one], rows["gross_value_added"][one], Fraction(0)) for one in branches},
        {(buyer, supplier): rows[supplier][buyer] for buyer in branches for supplier in branches},
        {(buyer, item): rows[item][buyer] for buyer in branches for item in ("imports", "net_taxes_on_products")},
    )
    multipliers, stays = output_multipliers(chain), retained(chain).stays
    (jobs,) = solved(chain.rows, ([rows["employment_thousands"][one] / rows["output"][one] for one in chain.names],))
    for at, one in enumerate(chain.names):
        published = (
            rows[f"published_{figure}"][one]
            for figure in ("backward_linkage", "gva_multiplier", "employment_multiplier")
        )
        for ours, theirs in zip((multipliers[one], stays[one], jobs[at]), published, strict=True):
            assert abs(ours - theirs) <= Fraction("0.00005"), one


def test_united_kingdom_2010() -> None:
    """All multipliers, value added and costs of employment, of each product that has an output, to nine digits."""
    with (TABLES / "uk2010_products.csv").open(encoding="utf-8") as lines:
        products = {row["code"]: row for row in csv.DictReader(lines) if Fraction(row["output"])}
    with (TABLES / "uk2010_flows.csv").open(encoding="utf-8") as lines:
        told = [row for row in csv.DictReader(lines) if {row["buyer"], row["supplier"]} <= products.keys()]
    flows = {(row["buyer"], row["supplier"]): Fraction(row["value"]) for row in told}
    bought = dict.fromkeys(products, Fraction(0))
    for (buyer, _), value in flows.items():
        bought[buyer] += value
    output = {code: Fraction(row["output"]) for code, row in products.items()}
    added = {
        code: Fraction(row["taxes_on_production"]) + Fraction(row["compensation"]) + Fraction(row["operating_surplus"])
        for code, row in products.items()
    }
    outside = {(code, "imports and taxes"): output[code] - bought[code] - added[code] for code in products}
    for code, row in products.items():
        published = Fraction(row["imports"]) + Fraction(row["taxes_on_products"])
        assert abs(outside[code, "imports and taxes"] - published) < Fraction(1, 10**8)
    chain = ProductiveChain(
        {code: Enterprise(output[code], added[code], Fraction(0)) for code in products}, flows, outside
    )
    multipliers, shares = output_multipliers(chain), retained(chain)
    costs = [Fraction(products[code]["compensation"]) / output[code] for code in chain.names]
    (of_employment,) = answers(chain.rows, (costs,))
    compared = 0
    for at, code in enumerate(chain.names):
        row = products[code]
        assert abs(multipliers[code] - Fraction(row["published_output_multiplier"])) <= NEAR, code
        assert abs(shares.stays[code] - Fraction(row["published_gva_effect"])) <= NEAR, code
        assert abs(of_employment[at] - Fraction(row["published_employment_cost_effect"])) <= NEAR, code
        assert abs(shares.stays[code] + shares.leaves[code] - 1) <= NEAR, code
        compared += 3
    assert compared == 3 * 127


def test_miller_and_blair_closed_with_households() -> None:
    """Each answer to a unit is a column of the inverse; rows here are the book's columns."""
    shares = {0: (".15", ".20", ".30"), 1: (".25", ".05", ".25"), 2: (".05", ".40", ".05")}
    rows = [{at: Fraction(share) for at, share in enumerate(of_one)} for of_one in shares.values()]
    units = [[Fraction(int(at == one)) for at in range(3)] for one in range(3)]
    found = solved(rows, units)
    printed = [[f"{float(value):.3f}" for value in line] for line in found]
    assert printed == [["1.365", "0.425", "0.251"], ["0.527", "1.348", "0.595"], ["0.570", "0.489", "1.289"]]
    open_rows = [{at: share for at, share in row.items() if at < 2} for row in rows[:2]]
    found = solved(open_rows, [one[:2] for one in units[:2]])
    assert [[f"{float(value):.3f}" for value in line] for line in found] == [["1.254", "0.330"], ["0.264", "1.122"]]
