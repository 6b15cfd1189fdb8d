# SPDX-License-Identifier: AGPL-3.0-or-later
"""The economy: one module a feature, each of which declares everything about itself."""
