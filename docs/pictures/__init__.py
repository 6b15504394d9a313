# SPDX-License-Identifier: GPL-2.0-only
"""The pictures of the pages; `python -m docs.pictures` draws them anew."""
