# SPDX-License-Identifier: AGPL-3.0-or-later
"""Faults: what networks have been seen to do wrong, with evidence."""
