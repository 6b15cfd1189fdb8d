# SPDX-License-Identifier: AGPL-3.0-or-later
"""Bytes, bounds and proofs: strict CBOR, shapes, keys, Merkle trees."""
