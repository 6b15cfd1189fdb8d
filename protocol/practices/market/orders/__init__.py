# SPDX-License-Identifier: AGPL-3.0-or-later
"""Orders: what a buyer and a seller agree on, deliver and confirm; no order moves money by itself."""
