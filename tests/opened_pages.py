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


def launched() -> Iterator["Browser"]:
    """Yield a browser; what a fixture named browser yields from."""
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield Browser(browser)
        browser.close()


class Browser:
    """A browser whose pages are used again, as making one takes three times a file's opening."""

    def __init__(self, browser: Any) -> None:
        self._context = browser.new_context(offline=True)
        self._free: list[Any] = []

    def take(self, size: tuple[int, int], **media: str) -> Any:
        """Return a page of that size that nobody else has, with the system's settings in media."""
        page = self._free.pop() if self._free else self._context.new_page()
        page.set_viewport_size({"width": size[0], "height": size[1]})
        plain = {"media": "null", "color_scheme": "light", "reduced_motion": "no-preference"}
        page.emulate_media(**plain | media)
        return page

    def give_back(self, page: Any) -> None:
        """Have a page used again, empty, so that the next file is loaded, whatever its address."""
        page.goto("about:blank")
        self._free.append(page)


class Opened:
    """A file in a page of the browser, and all that the browser had to say about it."""

    def __init__(self, page: Any, address: str) -> None:
        self.page = page
        self.said: list[str] = []
        self.requests: list[str] = []
        self._hears = {
            "console": lambda message: self.said.append(message.text),
            "pageerror": lambda error: self.said.append(str(error)),
            "dialog": self._dismiss,
            "request": lambda request: self.requests.append(request.url),
        }
        for event, hear in self._hears.items():
            page.on(event, hear)
        page.goto(address)

    def leave(self) -> Any:
        """Hear no more of the page, and return it."""
        for event, hear in self._hears.items():
            self.page.remove_listener(event, hear)
        return self.page

    def _dismiss(self, dialog: Any) -> None:
        self.said.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def see(self, script: str) -> Any:
        return self.page.evaluate(script)


@contextmanager
def opening(browser: Browser) -> Iterator[Any]:
    """Yield a function that opens a file; at the end see that the browser had nothing to say.

    opener(path, link, kind, size, **media as Browser.take has it) -> kind, a class of Opened.
    """
    opened: list[tuple[Path, Opened]] = []

    def opener(
        path: Path,
        link: str = "",
        kind: type[Opened] = Opened,
        size: tuple[int, int] = (1280, 900),
        **media: str,
    ) -> Opened:
        opened.append((path, kind(browser.take(size, **media), path.as_uri() + link)))
        return opened[-1][1]

    yield opener
    for path, one in opened:
        assert one.said == []
        assert {url.partition("#")[0] for url in one.requests} == {path.as_uri()}
    for _, one in opened:
        browser.give_back(one.leave())
