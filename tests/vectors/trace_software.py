# SPDX-License-Identifier: AGPL-3.0-or-later
"""What software says to a ledger: paid outside, free software with support in its place, hours, and what is refused."""

from dataclasses import replace

from riacho import Riacho

from protocol.book.money import Amount
from protocol.book.signed import parse_uuid
from protocol.practices.chains.enterprises import EnterEnterprise
from protocol.practices.chains.entries import EnterpriseRemoved, SupplyRemoved
from protocol.practices.chains.software.entries import (
    SoftwareMigrated,
    SoftwareRemoved,
    SoftwareSupported,
    SoftwareUsed,
)
from protocol.practices.chains.software.wishes import MigrateSoftware, RemoveSoftware, SupportSoftware, UseSoftware
from protocol.practices.governance.companies.state import HOURS_MAX

NOTHING = bytes(16)


def software(told: Riacho) -> None:
    """A shop pays 30 a month, migrates, and pays 10 to who supports it."""
    shop, helper = (
        _id(told.do("enterprises.create", EnterEnterprise(key, turnover=Amount(500))).id) for key in ("shop", "helper")
    )
    name = told.do("software-uses.create", UseSoftware("shop", "office suite", Amount(30))).id
    use, said = _id(name), told.said(SoftwareUsed)
    fine = replace(said, use=NOTHING, software="mail")
    told.accept("another software of the same enterprise", fine)
    told.accept("the same software of another enterprise", replace(said, use=NOTHING, enterprise=helper))
    told.refuse("a use that there is", replace(said, software="mail"), "DUPLICATE")
    told.refuse("the same software twice", replace(said, use=NOTHING), "DUPLICATE")
    told.refuse("software of no enterprise", replace(fine, enterprise=NOTHING), "ENTERPRISE_UNKNOWN")
    told.refuse("software that costs nothing", replace(fine, cost=0), "FIGURE_NEGATIVE")
    told.refuse("software that is a formula", replace(fine, software="=1"), "MALFORMED")
    moved = SoftwareMigrated(use, "LibreOffice", helper, 10_00)
    told.refuse("a migration of no use", replace(moved, use=NOTHING), "NOT_FOUND")
    told.refuse("a migration to a formula", replace(moved, to="=1"), "MALFORMED")
    told.refuse("support that nobody is paid for", replace(moved, supporter=None), "MALFORMED")
    told.refuse("an enterprise that pays itself for support", replace(moved, supporter=shop), "MALFORMED")
    told.refuse("support by no enterprise", replace(moved, supporter=NOTHING), "ENTERPRISE_UNKNOWN")
    told.accept("an enterprise that helps itself", replace(moved, supporter=None, support=0))
    hours = SoftwareSupported(use, 202_611, HOURS_MAX)
    told.refuse("support of what is paid outside", hours, "STATE_CONFLICT")
    told.do("software-uses.migrate", MigrateSoftware("LibreOffice", "helper", Amount(10)), name)
    told.refuse("a second migration", moved, "STATE_CONFLICT")
    told.accept("as many hours as a month has", hours)
    told.refuse("support of no use", replace(hours, use=NOTHING), "NOT_FOUND")
    told.refuse("support in a month 13", replace(hours, period=202_613), "MALFORMED")
    told.refuse("hours taken back that were not told", replace(hours, hours=0), "NOT_FOUND")
    for count in ("2.5", "0", "3"):
        told.do("software-uses.support", SupportSoftware(202_611, count), name)
    told.write(SupplyRemoved((use,)))
    told.refuse("an enterprise that uses software, removed", EnterpriseRemoved(shop), "ENTERPRISE_NAMED")
    told.refuse("an enterprise that supports software, removed", EnterpriseRemoved(helper), "ENTERPRISE_NAMED")
    told.refuse("no use, removed", SoftwareRemoved(NOTHING), "NOT_FOUND")
    told.do("software-uses.remove", RemoveSoftware(), name)
    told.accept("an enterprise that used software, removed", EnterpriseRemoved(shop))


def _id(name: str) -> bytes:
    found = parse_uuid(name)
    assert found is not None
    return found
