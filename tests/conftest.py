"""What the tests of several folders share: one thread a process, their order, and a browser."""

import os
from collections.abc import Iterator

# Before NumPy loads: with more threads small models are slower, and sums are rounded otherwise than in the kept results.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser import BY_HAND, of_playwright, of_system

CHROMIUM = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One test that needs the book comes first, the others last: no process waits while another builds it."""
    of_book = [item for item in items if "built_book" in getattr(item, "fixturenames", ())]
    others = set(items) - set(of_book)
    items[:] = [*of_book[:1], *(item for item in items if item in others), *of_book[1:]]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, one for all tests of a process: Playwright does not start twice in one."""
    with sync_playwright() as playwright:
        chromium = of_system() or of_playwright(playwright)
        if chromium is None:
            pytest.fail(f"There is no Chromium or Chrome; these tests open the book with it. {BY_HAND}")
        started = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM)
        yield started
        started.close()
