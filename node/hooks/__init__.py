# SPDX-License-Identifier: AGPL-3.0-or-later
"""Webhooks: events that are sent to programs elsewhere, signed, until they are taken."""
