"""The built book in a browser: nothing from another host, no error, nothing broken, nothing too wide."""

import re
from pathlib import Path
from urllib.parse import urldefrag, urljoin, urlparse

import pytest
import yaml
from book_paths import BOOK
from playwright.sync_api import Browser, Page

TOC = yaml.safe_load((BOOK / "_toc.yml").read_text())
TEXTS = [TOC["root"], *(chapter["file"] for part in TOC["parts"] for chapter in part["chapters"])]
PAGES = [*TEXTS, "index", "genindex", "search"]
LARGEST_PAGE = 1_000_000


class Watch:
    """What a page asks for and complains about."""

    def __init__(self, page: Page) -> None:
        self.requests: list[str] = []
        self.problems: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("requestfailed", lambda request: self.problems.append(f"not loaded: {request.url}"))
        page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        page.on("console", lambda message: self.problems.append(message.text) if message.type == "error" else None)
        page.on("response", self.look_at)

    def look_at(self, response) -> None:
        if response.status >= 400:
            self.problems.append(f"{response.status}: {response.url}")


def open_page(page: Page, url: str) -> None:
    """Open a page and wait until its formulas and fonts are there; index.html sends the reader on to the first page."""
    page.goto(url, wait_until="load")
    if url.endswith("/index.html"):
        page.wait_for_url(f"**/{TOC['root']}.html", wait_until="load")
    page.evaluate("window.MathJax?.startup?.promise?.then(() => null)")
    page.evaluate("document.fonts.ready.then(() => null)")


def mathematics_left(page: Page) -> list[str]:
    """Formulas that were not rendered, or rendered as an error."""
    return page.evaluate(
        """() => [...document.querySelectorAll('.math')]
            .filter(e => !e.querySelector('mjx-container') || e.querySelector('mjx-merror'))
            .map(e => e.textContent)"""
    )


def test_the_built_pages_are_those_of_the_contents(built_book: Path) -> None:
    pages = [path.relative_to(built_book) for path in built_book.rglob("*.html")]
    built = {path.with_suffix("").as_posix() for path in pages if not path.parts[0].startswith("_")}
    assert built == set(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_loads_from_its_own_host_without_an_error(name: str, address: str, browser: Browser) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        watch = Watch(page)
        open_page(page, f"{address}/{name}.html")
        elsewhere = [url for url in watch.requests if not url.startswith((address, "data:", "blob:"))]
        assert elsewhere == [], f"{name} asks other hosts for {elsewhere}"
        assert watch.problems == []
        assert mathematics_left(page) == []


def test_the_page_that_sends_readers_on_names_an_icon_so_that_no_browser_asks_for_one(built_book: Path) -> None:
    text = (built_book / "index.html").read_text(encoding="utf-8")
    icon = re.search(r'rel="icon" href="([^"]+)"', text)
    assert icon, text
    assert (built_book / icon[1]).is_file()


def test_the_chapter_has_mathematics(address: str, browser: Browser) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        open_page(page, f"{address}/vanilla_rnn.html")
        assert page.locator("mjx-container").count() > 30
        assert page.evaluate("[...document.fonts].some(f => f.family.includes('MJX') && f.status === 'loaded')")


@pytest.mark.parametrize("name", TEXTS)
def test_a_page_opens_from_the_disk(name: str, built_book: Path, browser: Browser) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        watch = Watch(page)
        open_page(page, (built_book / f"{name}.html").as_uri())
        assert [url for url in watch.requests if not url.startswith(("file:", "data:", "blob:"))] == []
        assert watch.problems == []
        assert mathematics_left(page) == []


@pytest.mark.parametrize("name", TEXTS)
def test_every_link_inside_the_book_leads_somewhere(name: str, address: str, browser: Browser) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        url = f"{address}/{name}.html"
        open_page(page, url)
        links = page.evaluate("[...document.querySelectorAll('a[href]')].map(a => a.getAttribute('href'))")
        images = page.evaluate("[...document.images].filter(i => i.naturalWidth === 0).map(i => i.src)")
        assert images == [], f"{name}: images that do not show: {images}"
        broken, found = [], {}
        for link in links:
            target, anchor = urldefrag(urljoin(url, link))
            if urlparse(target).netloc != urlparse(address).netloc:
                continue
            if target not in found:
                answer = context.request.get(target)
                found[target] = answer.text() if answer.ok and target.endswith(".html") else answer.ok
            body = found[target]
            if not body or (anchor and isinstance(body, str) and not re.search(f'id="{re.escape(anchor)}"', body)):
                broken.append(link)
        assert broken == [], f"{name}: broken links {broken}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", TEXTS)
def test_a_page_fits_a_narrow_screen(name: str, scheme: str, address: str, browser: Browser) -> None:
    with browser.new_context(viewport={"width": 360, "height": 740}, color_scheme=scheme) as context:
        page = context.new_page()
        open_page(page, f"{address}/{name}.html")
        assert page.evaluate("document.documentElement.dataset.theme") == scheme
        wide = page.evaluate(
            """() => document.documentElement.scrollWidth <= innerWidth ? [] :
                [...document.querySelectorAll('article *')].filter(e => e.getBoundingClientRect().right > innerWidth)
                .slice(0, 5).map(e => e.outerHTML.slice(0, 120))"""
        )
        assert wide == [], f"{name} is wider than the screen: {wide}"
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_figures_stand_on_a_light_panel_in_dark_mode(address: str, browser: Browser) -> None:
    with browser.new_context(color_scheme="dark") as context:
        page = context.new_page()
        open_page(page, f"{address}/vanilla_rnn.html")
        looks = page.evaluate(
            """[...document.querySelectorAll('.cell_output img')].map(i => getComputedStyle(i))
                .map(s => [s.backgroundColor, s.filter].join(' '))"""
        )
        assert looks
        assert set(looks) == {"rgb(255, 255, 255) none"}


@pytest.mark.parametrize("name", TEXTS)
def test_a_page_and_its_images_are_small(name: str, built_book: Path) -> None:
    html = (built_book / f"{name}.html").read_text()
    images = {built_book / source for source in re.findall(r'<img[^>]*src="([^"]+)"', html)}
    size = len(html.encode()) + sum(image.stat().st_size for image in images)
    assert size < LARGEST_PAGE, f"{name} and its images take {size} bytes"


@pytest.mark.parametrize("name", TEXTS)
def test_a_page_says_what_it_is_about_and_its_licence(name: str, built_book: Path) -> None:
    html = (built_book / f"{name}.html").read_text()
    assert re.search(r'<meta content="[^"]{40,}" name="description"', html)
    assert "CC BY 4.0" in html


@pytest.mark.parametrize("name", TEXTS)
def test_every_image_has_a_written_alternative(name: str, built_book: Path) -> None:
    for image in re.findall(r"<img[^>]*>", (built_book / f"{name}.html").read_text()):
        alternative = re.search(r'alt="([^"]*)"', image)
        assert alternative, image
        assert len(alternative[1].split()) > 15, f"{image}: too short to stand for the picture"


def test_the_quiz_works_without_mouse_and_javascript(address: str, browser: Browser) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{address}/vanilla_rnn.html")
        answers = page.locator("details.quiz")
        assert answers.count() >= 9
        first = answers.first
        assert not first.locator("p.sd-card-text").first.is_visible()
        first.locator("summary").focus()
        page.keyboard.press("Enter")
        assert first.locator("p.sd-card-text").first.is_visible()


def test_the_exercise_can_be_downloaded(address: str, browser: Browser) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{address}/vanilla_rnn.html")
        link = page.locator("a.download", has_text="exercise").get_attribute("href")
        assert context.request.get(urljoin(f"{address}/", link)).ok
