# SPDX-License-Identifier: GPL-2.0-only
"""Searches zswap's, zram's and plain swap's settings for those that make a program wait least."""

from zswapsim.experiment.recommend.recommend import RecommendConfig, recommend

__all__ = ["RecommendConfig", "recommend"]
