# SPDX-License-Identifier: GPL-2.0-only
"""HTML files in a headless Chromium, and all that the browser had to say about them."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
needs_chromium = [
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium"),
    pytest.mark.filterwarnings("default"),
]


def launched() -> Iterator[Any]:
    """Yield a browser; what a fixture named browser yields from."""
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Opened:
    """A file in a page of the browser, and all that the browser had to say about it."""

    def __init__(self, page: Any, address: str) -> None:
        self.page = page
        self.said: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("dialog", self._dismiss)
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(address)

    def _dismiss(self, dialog: Any) -> None:
        self.said.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def see(self, script: str) -> Any:
        return self.page.evaluate(script)


@contextmanager
def opening(browser: Any) -> Iterator[Any]:
    """Yield a function that opens a file; at the end see that the browser had nothing to say.

    opener(path, link, kind, size, **settings of the context) -> kind, a class of Opened.
    """
    contexts, opened = [], []

    def opener(
        path: Path,
        link: str = "",
        kind: type[Opened] = Opened,
        size: tuple[int, int] = (1280, 900),
        **settings: Any,
    ) -> Opened:
        viewport = {"width": size[0], "height": size[1]}
        context = browser.new_context(viewport=viewport, offline=True, **settings)
        contexts.append(context)
        opened.append((path, kind(context.new_page(), path.as_uri() + link)))
        return opened[-1][1]

    yield opener
    for path, one in opened:
        assert one.said == []
        assert {url.partition("#")[0] for url in one.requests} == {path.as_uri()}
    for context in contexts:
        context.close()
