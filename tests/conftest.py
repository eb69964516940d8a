"""What the tests of several folders share: a browser."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

CHROMIUM = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium, one for all tests of a process: Playwright does not start twice in one."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.fail("There is no program named chromium on the PATH; these tests open the book with it. Install it.")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM)
        yield started
        started.close()
