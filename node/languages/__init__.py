# SPDX-License-Identifier: AGPL-3.0-or-later
"""Languages: what people are told, in the one that they read; each has one catalogue beside this file."""
