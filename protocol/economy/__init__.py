# SPDX-License-Identifier: AGPL-3.0-or-later
"""The economy: one module a feature, each of which declares everything about itself."""

from protocol.economy import accounts, currencies, devices, mandates, members, payments, receipts, requests, schedules

FEATURES = (
    currencies.FEATURE,
    members.FEATURE,
    devices.FEATURE,
    mandates.FEATURE,
    accounts.FEATURE,
    payments.FEATURE,
    requests.FEATURE,
    schedules.FEATURE,
    receipts.FEATURE,
)
