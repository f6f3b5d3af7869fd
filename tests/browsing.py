"""The browser of the tests."""

from asyncio import get_running_loop
from asyncio.events import _set_running_loop
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""As programs are called. The first is Chromium without a window: it draws the same pages for half the work."""


class Chromium:
    """The browser of a test process; it draws without a GPU, which test machines lack.

    Playwright keeps an event loop running in this thread. It is put aside while no test drives the browser: beside it
    no other loop starts, and Django refuses queries.
    """

    def __init__(self, path: str) -> None:
        self._playwright = sync_playwright().start()
        self._loop = get_running_loop()
        arguments = ["--no-sandbox", "--disable-gpu"]
        self._browser = self._playwright.chromium.launch(executable_path=path, args=arguments)
        _set_running_loop(None)

    @contextmanager
    def driven(self) -> Iterator[Browser]:
        """The browser, for as long as the block runs; what is open in it is closed then."""
        _set_running_loop(self._loop)
        try:
            yield self._browser
        finally:
            for context in self._browser.contexts:
                context.close()
            _set_running_loop(None)

    def close(self) -> None:
        _set_running_loop(self._loop)
        self._browser.close()
        self._playwright.stop()
