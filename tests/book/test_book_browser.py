"""The built book in a browser: nothing from another host, no error, nothing broken, nothing too wide, nothing hard to read.

Each page is visited once; the tests of a page share its visit, in the same process.
"""

import functools
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlparse

import published
import pytest
from book_paths import BOOK
from playwright.sync_api import Browser, BrowserContext
from visiting import (
    FORMULAS_LEFT,
    KEEP_EACH_LOOK_ONCE,
    PAGES,
    PHONE,
    TEXTS,
    TOC,
    Visit,
    Watch,
    new_page,
    new_reader,
    open_page,
    prepare_for_axe,
    turn,
    visit,
    wrong_in_colours,
    wrong_in_document,
)

from autograder.exercise import EXERCISES

LARGEST_PAGE = 1_000_000
DESCRIPTION = r'<meta content="([^"]{40,})" name="description"'
SOURCES = {name: (BOOK / f"{name}.md").read_text() for name in TEXTS if (BOOK / f"{name}.md").is_file()}
CHAPTERS = [name for name, text in SOURCES.items() if "\n## Quiz\n" in text]


def together(names: list[str]) -> list:
    """One parameter a page; all tests of a page run in one process."""
    return [pytest.param(name, marks=pytest.mark.xdist_group(f"page {name}")) for name in names]


each_page = pytest.mark.parametrize("name", together(PAGES))
each_text = pytest.mark.parametrize("name", together(TEXTS))
each_chapter = pytest.mark.parametrize("name", together(CHAPTERS))


@pytest.fixture(scope="session")
def reader(browser: Browser) -> Iterator[BrowserContext]:
    """One who reads page after page, and has what they share at hand."""
    with new_reader(browser) as reader:
        yield reader


@pytest.fixture(scope="session")
def visited(address: str, reader: BrowserContext):
    """What a visit to a page found; the visit is made when the first test asks."""

    @functools.cache
    def visited(name: str) -> Visit:
        return visit(reader, address, name)

    return visited


@functools.cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@functools.cache
def anchors_of(path: Path) -> frozenset[str]:
    """The places on a page that a link can name."""
    return frozenset(re.findall(r'\bid="([^"]+)"', text_of(path)))


@pytest.mark.xdist_group("kept together")
def test_tests_of_a_group_run_in_one_process(request) -> None:
    """Where pytest and pytest-xdist do not go together, groups are silently ignored and each page is visited twice."""
    if request.config.getoption("loadgroup", default=False):
        assert request.node.nodeid.endswith("@kept together")


def test_the_built_pages_are_those_of_the_contents(built_book: Path) -> None:
    pages = [path.relative_to(built_book) for path in built_book.rglob("*.html")]
    pages = [path for path in pages if not path.parts[0].startswith("_") and path.parts[0] != published.SECTIONS]
    built = {path.with_suffix("").as_posix() for path in pages}
    assert built == set(PAGES)


@each_page
def test_a_page_loads_from_its_own_host_without_an_error(name: str, visited) -> None:
    assert visited(name).elsewhere == [], f"{name} asks other hosts"
    assert visited(name).problems == []
    assert visited(name).formulas_left == []


@each_page
@pytest.mark.parametrize("look", ["light", "dark", "on a phone"])
def test_axe_finds_nothing_serious(name: str, look: str, visited) -> None:
    found = visited(name).violations[look]
    assert found == [], f"{name}, {look}:\n" + "\n".join(found)


def test_axe_would_find_what_is_hard_to_read(address: str, browser: Browser) -> None:
    with new_page(browser, color_scheme="light") as page:
        open_page(page, f"{address}/bibliography.html")
        prepare_for_axe(page)
        wrong = ['style="color: #bbb; background: #fff">pale', 'style="color: #444; background: #222">dim']
        paragraphs = "".join(f"<p>as before</p><p {one}</p>" for one in wrong)
        add = "text => document.querySelector('article').insertAdjacentHTML('beforeend', text)"
        page.evaluate(add, f'{paragraphs}<img src="_static/preview.png">')
        assert "preview.png" in " ".join(wrong_in_document(page))
        page.evaluate(KEEP_EACH_LOOK_ONCE)
        for scheme in ("light", "dark"):
            turn(page, scheme)
            found = wrong_in_colours(page)
            assert len(found) == 2, found
            assert "pale" in found[0]
            assert "dim" in found[1]


@each_page
def test_every_link_inside_the_book_leads_somewhere(name: str, visited, built_book: Path) -> None:
    page = TOC["root"] if name == "index" else name
    broken = []
    for link in visited(name).links:
        target, anchor = urldefrag(urljoin(f"http://book/{page}.html", link))
        if urlparse(target).netloc != "book":
            continue
        path = built_book / unquote(urlparse(target).path).lstrip("/")
        if not path.is_file() or (path.suffix == ".html" and anchor and unquote(anchor) not in anchors_of(path)):
            broken.append(link)
    assert broken == [], f"{name}: broken links {broken}"
    assert visited(name).images_missing == []


@each_page
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_fits_a_narrow_screen(name: str, scheme: str, visited) -> None:
    assert visited(name).too_wide[scheme] == [], f"{name} is wider than {PHONE['width']} pixels"


@each_text
def test_a_page_opens_from_the_disk(name: str, built_book: Path, reader: BrowserContext) -> None:
    with reader.new_page() as page:
        watch = Watch(page)
        open_page(page, (built_book / f"{name}.html").as_uri())
        assert watch.elsewhere("file:") == []
        assert [*watch.problems, *watch.cut] == []
        assert page.evaluate(FORMULAS_LEFT) == []


def test_the_page_that_sends_readers_on_names_an_icon_so_that_no_browser_asks_for_one(built_book: Path) -> None:
    text = text_of(built_book / "index.html")
    icon = re.search(r'rel="icon" href="([^"]+)"', text)
    assert icon, text
    assert (built_book / icon[1]).is_file()


@each_chapter
def test_a_chapter_has_mathematics_in_its_own_letters(name: str, visited) -> None:
    assert visited(name).formulas > 10
    assert any("MJX" in font for font in visited(name).fonts)


def test_figures_stand_on_a_light_panel_in_dark_mode(address: str, browser: Browser) -> None:
    with new_page(browser, color_scheme="dark") as page:
        open_page(page, f"{address}/vanilla_rnn.html")
        looks = page.evaluate(
            """[...document.querySelectorAll('.cell_output img')].map(i => getComputedStyle(i))
                .map(s => [s.backgroundColor, s.filter].join(' '))"""
        )
        assert looks
        assert set(looks) == {"rgb(255, 255, 255) none"}


def test_the_switch_changes_between_light_and_dark_and_the_next_page_remembers(address: str, browser: Browser) -> None:
    with new_page(browser, color_scheme="light") as page:
        open_page(page, f"{address}/notation.html")
        theme = "document.documentElement.dataset.theme"
        background = "getComputedStyle(document.body).backgroundColor"
        assert page.evaluate(theme) == "light"
        light = page.evaluate(background)
        switch = page.locator("button.theme-switch-button:visible").first
        for _ in range(3):  # it goes round: as the system says, light, dark
            if page.evaluate(theme) != "dark":
                switch.click()
        assert page.evaluate(theme) == "dark"
        page.wait_for_function(f"light => {background} !== light", arg=light)
        open_page(page, f"{address}/bibliography.html")
        assert page.evaluate(theme) == "dark"


def test_a_search_from_any_page_finds_what_the_word_is_about(address: str, browser: Browser) -> None:
    with new_page(browser) as page:
        watch = Watch(page)
        open_page(page, f"{address}/notation.html")
        page.keyboard.press("Control+k")
        page.locator("input[type=search]:visible").first.fill("perplexity")
        page.keyboard.press("Enter")
        page.wait_for_url("**/search.html?q=perplexity*")
        page.locator("#search-results li a").first.wait_for()
        found = page.locator("#search-results li a").evaluate_all("links => links.map(a => a.getAttribute('href'))")
        assert any("vanilla_rnn.html" in link for link in found), found
        assert watch.elsewhere(address) == []
        assert watch.problems_with(page.context) == []


def test_a_search_works_from_the_disk(built_book: Path, browser: Browser) -> None:
    with new_page(browser) as page:
        page.goto((built_book / "search.html").as_uri() + "?q=perplexity")
        page.locator("#search-results li a").first.wait_for()


@each_text
def test_a_page_and_its_images_are_small(name: str, built_book: Path) -> None:
    page = built_book / f"{name}.html"
    images = {(page.parent / source).resolve() for source in re.findall(r'<img[^>]*src="([^"]+)"', text_of(page))}
    size = page.stat().st_size + sum(image.stat().st_size for image in images)
    assert size < LARGEST_PAGE, f"{name} and its images take {size} bytes"


@each_text
def test_a_page_says_what_it_is_about_and_its_licence(name: str, built_book: Path) -> None:
    text = text_of(built_book / f"{name}.html")
    assert re.search(DESCRIPTION, text)
    assert "CC BY 4.0" in text


@each_text
def test_every_image_has_a_written_alternative(name: str, built_book: Path) -> None:
    for image in re.findall(r"<img[^>]*>", text_of(built_book / f"{name}.html")):
        alternative = re.search(r'alt="([^"]*)"', image)
        assert alternative, image
        assert len(alternative[1].split()) > 15, f"{image}: too short to stand for the picture"


@each_chapter
def test_the_quiz_works_without_mouse_and_javascript(name: str, address: str, browser: Browser) -> None:
    with new_page(browser, java_script_enabled=False) as page:
        page.goto(f"{address}/{name}.html")
        answers = page.locator("details.quiz")
        assert answers.count() >= 9
        for answer in (answers.first, answers.last):
            explanation = answer.locator("p.sd-card-text").first
            assert not explanation.is_visible()
            answer.locator("summary").focus()
            page.keyboard.press("Enter")
            assert explanation.is_visible()


def chapter_of(slug: str) -> str:
    """The page that has the section to which the exercise's first check sends its readers."""
    label = EXERCISES[slug].checks[0].section.split(":")[0]
    (page,) = [name for name, text in SOURCES.items() if f"({label})=" in text]
    return page


@pytest.mark.parametrize("slug", EXERCISES)
def test_an_exercise_can_be_downloaded_from_its_chapter(slug: str, built_book: Path) -> None:
    page = built_book / f"{chapter_of(slug)}.html"
    links = re.findall(rf'<a class="[^"]*\bdownload\b[^"]*"[^>]*href="([^"]*/{slug}\.zip)"', text_of(page))
    assert links, f"{page.name} has no link to {slug}.zip"
    with zipfile.ZipFile(page.parent / links[0]) as archive:
        assert any(Path(name).name == f"{slug}.ipynb" for name in archive.namelist())
