# SPDX-License-Identifier: GPL-2.0-only
"""What makes the documentation site; the pages themselves are the *.md beside this file."""
