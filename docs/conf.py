# SPDX-License-Identifier: GPL-2.0-only
"""Settings of the documentation site.

The repository is the source folder, so that a relative link means the same here and on GitHub:
`sphinx-build -W --keep-going -n -c docs . build/site`. Nothing is fetched, and no page needs a
network.
"""

import sys
from importlib.metadata import version as version_of
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

project = "zswapsim"
author = "the zswapsim developers"
copyright = "the zswapsim developers, GPL-2.0-only"  # noqa: A001
version = release = version_of("zswapsim")

extensions = ["myst_parser", "sphinx.ext.autodoc", "docs.site.extension"]
root_doc = "docs/index"
include_patterns = ["*.md", "docs/**.md", "benchmarks/*.md", "traces/*.md"]
exclude_patterns = ["**/.*", "build", "dist", "tests", "zswapsim", "docs/site", "docs/pictures"]

myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True}
python_use_unqualified_type_names = True
# Types of other projects have no page here to go to.
nitpick_ignore_regex = [("py:.*", ".*")]
default_role = "code"
smartquotes = False

html_theme = "furo"
html_title = f"zswapsim {release}"
html_static_path = ["site/static"]
html_extra_path = ["site/root"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}
pygments_style = "default"
pygments_dark_style = "github-dark"
