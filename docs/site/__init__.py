# SPDX-License-Identifier: GPL-2.0-only
"""What the site does beyond Sphinx; `extension` is what Sphinx loads."""
