# SPDX-License-Identifier: AGPL-3.0-or-later
"""Routes: what networks publish of their links, and the ways that payments find over them."""
