# SPDX-License-Identifier: AGPL-3.0-or-later
"""The pages: what members and coordinators use every day, made on the server from what practices declare."""
