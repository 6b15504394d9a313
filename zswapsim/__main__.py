# SPDX-License-Identifier: GPL-2.0-only
"""python -m zswapsim."""

import sys

from zswapsim.cli import main

sys.exit(main())
