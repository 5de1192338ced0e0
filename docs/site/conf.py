"""How Sphinx builds the documents: Markdown in, pages out that obey the policy of the app (nothing inline)."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from pygments.lexers.special import TextLexer

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[2]

project = "Common Geo-Registry"
version = release = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
language = "en"
extensions = ["myst_parser"]
myst_heading_anchors = 4  # as the hosts of the sources make them

html_title = f"Common Geo-Registry {version}"
html_theme_path = [str(Path(__file__).parent)]
html_theme = "theme"
# The app's own colours; the rest of the theme stands beside them.
html_static_path = [str(ROOT / "src/cgr/web/static/web" / name) for name in ("css/base.css", "icon.svg")]
html_sidebars: dict[str, list[str]] = {"**": []}
html_copy_source = False
html_use_index = False
html_domain_indices = False
html_permalinks_icon = "#"
html_search_options = {"type": "default"}
smartquotes = False


def setup(app: Sphinx) -> None:
    """Leave NDJSON without colours: a file of it may hold comments, which JSON knows nothing of."""
    app.add_lexer("ndjson", TextLexer)
    app.connect("html-page-context", _let_the_keyboard_scroll)


def _let_the_keyboard_scroll(app: Sphinx, page: str, template: str, context: dict[str, str], tree: object) -> None:  # noqa: ARG001 - the signature Sphinx calls
    """Give code and tables, which may be wider than the screen, a place of their own that a keyboard reaches."""
    body = context.get("body", "").replace("<pre>", '<pre tabindex="0">')
    context["body"] = body.replace("<table", '<div class="scroller" tabindex="0"><table').replace(
        "</table>", "</table></div>"
    )
