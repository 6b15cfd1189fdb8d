# SPDX-License-Identifier: AGPL-3.0-or-later
"""A home kept: its settings, keys and books; founded, copied, restored, handed on."""
