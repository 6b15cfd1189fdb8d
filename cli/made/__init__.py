# SPDX-License-Identifier: AGPL-3.0-or-later
"""Commands made from what practices declare."""
