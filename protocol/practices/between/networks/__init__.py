# SPDX-License-Identifier: AGPL-3.0-or-later
"""Networks and replicas: whom a node knows, and who keeps copies of its books."""
