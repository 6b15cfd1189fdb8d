# SPDX-License-Identifier: AGPL-3.0-or-later
"""The pure algebra of books that merge: the same parts give the same whole, in whatever order they come."""
