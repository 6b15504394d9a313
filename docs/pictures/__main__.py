# SPDX-License-Identifier: GPL-2.0-only
"""Write the pictures beside this file."""

from pathlib import Path

from docs.pictures.drawn import PICTURES

for name, make in PICTURES.items():
    Path(__file__).with_name(f"{name}.svg").write_text(make())
