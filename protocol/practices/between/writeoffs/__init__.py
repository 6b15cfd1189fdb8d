# SPDX-License-Identifier: AGPL-3.0-or-later
"""Write-offs: a partner is gone for good, and what it holds goes back to payers at the risk of the commons."""
