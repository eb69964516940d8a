"""Looking at a page of ours as people do: in a browser, narrow and wide, in light and dark, with axe-core."""

from pathlib import Path

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser

LOOKS = ((360, "light"), (360, "dark"), (1440, "light"), (1440, "dark"))
VIOLATIONS = """axe.run(document, {resultTypes: ['violations']}).then(found =>
    found.violations.map(one => `${one.id}: ${one.nodes[0].html.slice(0, 200)}`))"""
TOO_WIDE = "document.documentElement.scrollWidth > innerWidth"


def wrong_for_axe(browser: Browser, path: Path) -> list[str]:
    """What axe-core finds in a page on the disk with every fold open, and whether it is wider than the screen."""
    found = []
    with browser.new_context(bypass_csp=True) as reader, reader.new_page() as page:
        page.goto(path.as_uri(), wait_until="load")
        page.add_script_tag(content=AXE_SCRIPT)
        page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
        for width, scheme in LOOKS:
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            found += [f"{width} {scheme}: {one}" for one in page.evaluate(VIOLATIONS)]
            found += [f"{width} {scheme}: too wide"] * page.evaluate(TOO_WIDE)
    return found
