"""The browser of the tests."""

from playwright.sync_api import Browser, Playwright

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""As programs are called. The first is Chromium without a window: it draws the same pages for half the work."""


def launch(playwright: Playwright, path: str) -> Browser:
    """The browser, started; it draws without a GPU, which test machines lack."""
    return playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
