"""Make the pictures of README.md anew, after `make course`:  .venv/bin/python book/screenshots.py

One is the chapter in the built book, one the grade table of the sample class (some of its lines). The third is the picture that
other sites show of a page that someone links to; `book/screenshots.py preview` makes only that.
"""

import html
import io
import os
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright
from rich.console import Console

from autograder.course import Course
from autograder.exercise import EXERCISES
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


PREVIEW = """<meta charset="utf-8"><style>
body { margin: 0; width: 1200px; height: 630px; background: #fff; color: #222; font-family: sans-serif;
       display: flex; flex-direction: column; align-items: center; justify-content: space-between }
h1 { font-size: 64px; margin: 36px 0 0 } p { font-size: 32px; margin: 6px 0 0; color: #444 } div { text-align: center }
svg { height: 410px; width: auto; margin-bottom: 18px }
</style><div><h1>%s</h1><p>%s</p></div>%s"""


def preview_page() -> str:
    """The course's title above its drawing of an LSTM cell."""
    import yaml
    from figures import draw_cell, use_house_style

    use_house_style()
    drawing = io.StringIO()
    draw_cell("lstm", "highway").savefig(drawing, format="svg", bbox_inches="tight")
    title = yaml.safe_load((ROOT / "_config.yml").read_text())["title"]
    first, _, rest = title.partition(", ")
    _, svg, picture = drawing.getvalue().partition("<svg")
    return PREVIEW % (html.escape(first), html.escape(rest), svg + picture)


def take_preview(browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 1200, "height": 630})
    page.set_content(preview_page())
    page.screenshot(path=PICTURES.parent / "preview.png")


def main() -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("Chromium is missing; install it (Debian, Ubuntu: apt install chromium).")
    arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    PICTURES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        take_preview(browser)
        if sys.argv[1:] != ["preview"]:
            take(browser, Path(folder))
        browser.close()


if __name__ == "__main__":
    main()
