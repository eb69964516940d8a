"""The browser of the tests: the system's Chromium or Chrome, else one that is got; `python -m tests.browser` sees to it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
BY_HAND = "Install Chromium (Debian, Ubuntu: apt install chromium)."


def found() -> str | None:
    """The path of a browser: one of the system's, else the one that Playwright brought."""
    from playwright.sync_api import sync_playwright

    if of_system() is not None:
        return of_system()
    with sync_playwright() as playwright:
        return of_playwright(playwright)


def of_system() -> str | None:
    return next((path for path in map(shutil.which, NAMES) if path), None)


def of_playwright(playwright: Playwright) -> str | None:
    path = playwright.chromium.executable_path
    return path if Path(path).is_file() else None


def from_the_system() -> bool:
    """Have the system's package manager install Chromium, where it may."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "chromium"]):
        subprocess.run(["apt-get", *words], env=environment, stdout=subprocess.DEVNULL, check=False)
    return of_system() is not None


def from_playwright() -> bool:
    """Have Playwright download its own."""
    asked = [sys.executable, "-m", "playwright", "install", "chromium"]
    return subprocess.run(asked, stdout=subprocess.DEVNULL, check=False).returncode == 0


def main() -> str:
    """One sentence on what browser there is, and how it came."""
    path = found()
    if path is not None:
        return f"Browser for the tests: {path}"
    for get, how in ((from_the_system, "the system's package manager"), (from_playwright, "Playwright")):
        print(f"No Chromium or Chrome here; asking {how} for one.", flush=True)
        if get() and found() is not None:
            return f"Browser for the tests: {found()}, from {how}"
    return f"No browser could be got; the tests that need one will fail. {BY_HAND}"


if __name__ == "__main__":
    print(main())
