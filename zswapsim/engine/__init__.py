# SPDX-License-Identifier: GPL-2.0-only
"""What lets one source run two ways, interpreted and compiled. Read simulated, then engines.

The machine and the compressors of our own are written against it; only this room knows numba.
byte_arrays is for the compressors.
"""
