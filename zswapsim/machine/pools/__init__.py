# SPDX-License-Identifier: GPL-2.0-only
"""Pools: the zpool layer and its drivers zbud, z3fold and zsmalloc, one pool each or chained.

Read in this order: zpool, zbud, z3fold, zsmalloc, zpools; pool is for people.
"""
