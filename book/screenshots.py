"""Make the pictures of README.md anew, after `make course`:  .venv/bin/python book/screenshots.py

One is the chapter in the built book, the other the grade table of the sample class (some of its lines).
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright
from rich.console import Console

from autograder.checks import EXERCISES
from autograder.course import Course
from autograder.grading.gradebook import GradeWriter
from autograder.table import screen_table

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "book" / "_static" / "screenshots"
SHOWN = (
    "full", "full-other-style", "blank", "half", "mistake-bias", "mistake-mask", "loops-for-ever", "memory-bomb", "exits",
    "not-json", "check-cell-deleted", "cheat-ast-transformer", "cheat-patched-runner", "cheat-own-numpy", "cheat-edited-checks",
)  # fmt: skip
PAGE = (
    '<meta charset="utf-8"><body style="margin:0"><pre style="font:15px/1.25 DejaVu Sans Mono,monospace;'
    'padding:14px;margin:0;display:inline-block;background:#fff;color:#1f2328">{code}</pre></body>'
)


def table_page() -> str:
    exercise = EXERCISES["01_vanilla_rnn"]
    with GradeWriter(Course.open(ROOT / "_build" / "course")) as writer:
        rows = [row for row in writer.rows(exercise) if row.student in SHOWN]
    with open(os.devnull, "w") as nowhere:
        console = Console(record=True, width=116, file=nowhere, color_system="truecolor", force_terminal=True)
        console.print(screen_table(exercise, rows))
        return console.export_html(inline_styles=True, code_format=PAGE)


def take(browser: Browser, folder: Path) -> None:
    (folder / "table.html").write_text(table_page(), encoding="utf-8")
    page = browser.new_page(viewport={"width": 1150, "height": 500})
    page.goto((folder / "table.html").as_uri())
    page.locator("pre").screenshot(path=PICTURES / "grades.png")
    page = browser.new_page(viewport={"width": 1280, "height": 860})
    page.goto((ROOT / "_build" / "html" / "vanilla_rnn.html").as_uri())
    page.wait_for_selector("mjx-container")
    page.evaluate("document.querySelector('#the-picture').scrollIntoView()")
    page.wait_for_timeout(800)
    page.screenshot(path=PICTURES / "book.png")


def main() -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("Chromium is missing; install it (Debian, Ubuntu: apt install chromium).")
    arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    PICTURES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        take(browser, Path(folder))
        browser.close()


if __name__ == "__main__":
    main()
