# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who said what, where: signed entries in hash chains, and the keys that sign them."""
