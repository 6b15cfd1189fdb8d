# SPDX-License-Identifier: AGPL-3.0-or-later
"""What guarantors pay of what is never repaid: equal parts, odd units by lot from the loan's own id."""

from collections.abc import Mapping

from protocol.practices.credit.loans.state import Loan
from protocol.solvers.apportionment import apportioned_by_name


def guarantor_parts(loan: Loan, loss_minor: int) -> Mapping[str, int]:
    """Return each guarantor's part of a loss in minor units, by member id; nothing where there is no guarantor."""
    return apportioned_by_name(loss_minor, dict.fromkeys(loan.guarantors, 1), loan.id) if loan.guarantors else {}
