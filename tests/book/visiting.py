"""A visit to a page of the built book: opened once, looked at from every side, and remembered for the tests."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import yaml
from axe_playwright_python.base import AXE_SCRIPT
from book_paths import BOOK
from playwright.sync_api import Browser, BrowserContext, Page, TimeoutError

TOC = yaml.safe_load((BOOK / "_toc.yml").read_text())
TEXTS = [TOC["root"], *(chapter["file"] for part in TOC["parts"] for chapter in part["chapters"])]
PAGES = [*TEXTS, "index", "genindex", "search"]
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 360, "height": 740}
PATIENCE, PATIENCE_FOR_SCRIPTS, PATIENCE_FOR_A_FRAME = 180_000, 5_000, 15_000  # milliseconds
OWN = ("data:", "blob:")

# The rules that depend on colours, and those that depend on the width. All others look at the document, which stays the same.
OF_COLOURS = ["color-contrast", "link-in-text-block"]
OF_WIDTH = ["scrollable-region-focusable"]
WORST = ("serious", "critical")

FORMULAS_LEFT = """() => [...document.querySelectorAll('.math')]
    .filter(e => !e.querySelector('mjx-container') || e.querySelector('mjx-merror')).map(e => e.textContent)"""
TOO_WIDE = """() => document.documentElement.scrollWidth <= innerWidth ? [] :
    ['the page', ...[...document.querySelectorAll('article *')].filter(e => e.getBoundingClientRect().right > innerWidth)
        .slice(0, 5).map(e => e.outerHTML.slice(0, 120))]"""

# Colours are measured once for each look. Elements look alike if they and all around them have equal names, classes and styles,
# and the parts of a formula look like the formula. What holds nothing but looks that came before is taken off the page: the
# page of all functions has ten thousand elements and four hundred looks.
KEEP_EACH_LOOK_ONCE = """() => {
    const looks = new Set();
    const visit = (element, around) => {
        if (element.localName === 'mjx-assistive-mml') return false;  // nobody sees it
        const style = element.getAttribute('style')?.includes('color') ? element.getAttribute('style') : '';
        const look = element.localName.startsWith('mjx-') ? `${around.replace(/ mjx$/, '')}${style} mjx`
            : `${around}>${element.localName}.${element.getAttribute('class')}${style}`;
        const repeated = [...element.children].filter(child => !visit(child, look));
        const isNew = !looks.has(look) || repeated.length < element.children.length;
        looks.add(look);
        if (isNew) repeated.forEach(child => child.remove());
        return isNew;
    };
    visit(document.body, '');
}"""
REACHED = """() => [...document.querySelectorAll('pre, .pst-scrollable-table-container, mjx-container[display]')]
    .every(box => box.scrollWidth <= box.clientWidth || box.tabIndex === 0)"""
FOUND = """([place, options]) => axe.run(place ?? document, {preload: false, resultTypes: ['violations'], ...options})
    .then(found => found.violations.flatMap(one => one.nodes.map(node =>
        ({impact: one.impact, text: `${one.id} (${one.impact}): ${node.html.slice(0, 200)} ${node.failureSummary}`}))))"""


class Watch:
    """What a page asks for and complains about."""

    def __init__(self, page: Page) -> None:
        self.requests: list[str] = []
        self.problems: list[str] = []
        self.cut: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("requestfailed", self.look_at_failed)
        page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        page.on("console", lambda message: self.problems.append(message.text) if message.type == "error" else None)
        page.on("response", self.look_at)

    def look_at_failed(self, request) -> None:
        """What the browser gave up as it was sent on to another page is asked for again by ``problems_with``."""
        if request.failure == "net::ERR_ABORTED":
            self.cut.append(request.url)
        else:
            self.problems.append(f"not loaded: {request.url}")

    def problems_with(self, reader: BrowserContext) -> list[str]:
        """All complaints; a request that the browser broke off is none if it is answered when asked again."""
        answers = {url: reader.request.get(url) for url in self.cut}
        return [*self.problems, *(f"{answer.status}: {url}" for url, answer in answers.items() if not answer.ok)]

    def look_at(self, response) -> None:
        if response.status >= 400:
            self.problems.append(f"{response.status}: {response.url}")

    def elsewhere(self, home: str) -> list[str]:
        """The requests that left home."""
        return [url for url in self.requests if not url.startswith((home, *OWN))]


@contextmanager
def new_reader(browser: Browser, **options) -> Iterator[BrowserContext]:
    """A reader who comes for the first time; a busy machine may take its time."""
    with browser.new_context(**options) as reader:
        reader.set_default_timeout(PATIENCE)
        yield reader


@contextmanager
def new_page(browser: Browser, **options) -> Iterator[Page]:
    """The first page of a new reader."""
    with new_reader(browser, **options) as reader:
        yield reader.new_page()


def open_page(page: Page, url: str) -> None:
    """Open a page and wait until its formulas and fonts are there; index.html sends the reader on to the first page."""
    page.goto(url, wait_until="load")
    if url.endswith("/index.html"):
        page.wait_for_url(f"**/{TOC['root']}.html", wait_until="load")
    page.evaluate("window.MathJax?.startup?.promise?.then(() => null)")
    page.evaluate("document.fonts.ready.then(() => null)")


def worst_of(page: Page, place: dict | None, options: dict) -> list[str]:
    """What axe-core finds serious or critical."""
    return [one["text"] for one in page.evaluate(FOUND, [place, options]) if one["impact"] in WORST]


def wrong_in_document(page: Page) -> list[str]:
    """By all rules but those of colours."""
    return worst_of(page, None, {"rules": {rule: {"enabled": False} for rule in OF_COLOURS}})


def wrong_in_colours(page: Page) -> list[str]:
    """By the rules of colours, once each look is there but once."""
    return worst_of(page, None, {"runOnly": {"type": "rule", "values": OF_COLOURS}})


def wrong_in_width(page: Page) -> list[str]:
    return worst_of(page, None, {"runOnly": {"type": "rule", "values": OF_WIDTH}})


def wait_for_tab_stops(page: Page) -> None:
    """Scripts let the keyboard reach what scrolls, shortly after the width has changed; axe-core says where they do not."""
    with suppress(TimeoutError):
        page.wait_for_function(REACHED, timeout=PATIENCE_FOR_SCRIPTS)


def prepare_for_axe(page: Page) -> None:
    """Load axe-core, let colours change at once, and open every fold, so that what is in it is looked at as well."""
    page.add_script_tag(content=AXE_SCRIPT)
    page.add_style_tag(content="*, *::before, *::after { transition: none !important; animation: none !important; }")
    page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")


def turn(page: Page, scheme: str) -> None:
    """Let the system change to dark or light; the page follows.

    It learns of the change with its next frame, and a browser that is short of time may draw none: a picture makes it draw.
    """
    follows = "theme => document.documentElement.dataset.theme === theme"
    page.emulate_media(color_scheme=scheme)
    with suppress(TimeoutError):
        page.wait_for_function(follows, arg=scheme, polling=100, timeout=PATIENCE_FOR_A_FRAME)
        return
    page.screenshot()
    page.wait_for_function(follows, arg=scheme, polling=100)


@dataclass
class Visit:
    """What was found on one page, from a server and from the disk."""

    elsewhere: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    formulas: int = 0
    formulas_left: list[str] = field(default_factory=list)
    fonts: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    images_missing: list[str] = field(default_factory=list)
    violations: dict[str, list[str]] = field(default_factory=dict)
    too_wide: dict[str, list[str]] = field(default_factory=dict)


def visit(reader: BrowserContext, address: str, name: str) -> Visit:
    """Open a page from the server; look at it in light, in dark, and on a narrow screen in both, with every fold open."""
    seen = Visit()
    with reader.new_page() as page:
        page.set_viewport_size(DESKTOP)
        page.emulate_media(color_scheme="light")
        watch = Watch(page)
        open_page(page, f"{address}/{name}.html")
        seen.formulas = page.locator("mjx-container").count()
        seen.formulas_left = page.evaluate(FORMULAS_LEFT)
        seen.fonts = page.evaluate("[...document.fonts].filter(f => f.status === 'loaded').map(f => f.family)")
        seen.links = page.evaluate("[...document.querySelectorAll('a[href]')].map(a => a.getAttribute('href'))")
        seen.images_missing = page.evaluate("[...document.images].filter(i => i.naturalWidth === 0).map(i => i.src)")
        prepare_for_axe(page)
        in_document = wrong_in_document(page)
        page.set_viewport_size(PHONE)
        seen.too_wide["light"] = page.evaluate(TOO_WIDE)
        wait_for_tab_stops(page)
        seen.violations["on a phone"] = wrong_in_width(page)
        turn(page, "dark")
        seen.too_wide["dark"] = page.evaluate(TOO_WIDE)
        page.set_viewport_size(DESKTOP)
        seen.elsewhere, seen.problems = watch.elsewhere(address), watch.problems_with(reader)
        page.evaluate(KEEP_EACH_LOOK_ONCE)
        seen.violations["dark"] = wrong_in_colours(page)
        turn(page, "light")
        seen.violations["light"] = [*in_document, *wrong_in_colours(page)]
    return seen
