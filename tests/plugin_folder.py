# SPDX-License-Identifier: GPL-2.0-only
"""Installs a project folder without pip: what importlib.metadata finds in a folder of PYTHONPATH."""

import os
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def install(project: Path, site: Path) -> None:
    """Write the metadata of a project, its entry points among them, below site.

    Its modules stay where they are, as with `pip install -e`.
    """
    with (project / "pyproject.toml").open("rb") as file:
        told = tomllib.load(file)["project"]
    info = site / f"{told['name'].replace('-', '_')}-{told['version']}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {told['name']}\nVersion: {told['version']}\n"
    )
    lines = []
    for group, points in told.get("entry-points", {}).items():
        lines += [f"[{group}]", *(f"{name} = {target}" for name, target in points.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")


def environment(*folders: Path, **more: str) -> dict[str, str]:
    """Return an environment in which Python finds modules and metadata in these folders."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [*folders, ROOT])), **more}
