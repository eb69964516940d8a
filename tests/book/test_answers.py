"""The functions that exercises ask for stand on one page, folded, and a build can leave it out."""

import html
import re
import shutil
import zlib
from pathlib import Path
from types import SimpleNamespace

import page_of_answers
import pytest
from book_paths import BOOK, ROOT
from building import build_book
from sphinx.errors import ConfigError
from sphinx_external_toc.parsing import parse_toc_yaml

from autograder.exercise import EXERCISES
from autograder.exercise.stub import take_apart

CHECKS = [check for exercise in EXERCISES.values() for check in exercise.checks]
SOURCES = sorted(path for path in BOOK.rglob("*.md") if path.stem != page_of_answers.PAGE)


def spaceless(text: str) -> str:
    return re.sub(r"\s", "", text)


def text_of(page: Path) -> str:
    """What a page shows, in one spelling: colours cut code into pieces."""
    return spaceless(html.unescape(re.sub(r"<[^>]+>", "", page.read_text(encoding="utf-8"))))


def body_of(check) -> str:
    return spaceless(take_apart(check.reference).body)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_each_function_of_an_exercise_stands_folded_on_the_page_of_answers(check, built_book: Path) -> None:
    folds = re.findall(r"<details.*?</details>", (built_book / "answers.html").read_text(encoding="utf-8"), re.S)
    assert folds
    assert not any(re.match(r"<details[^>]*\bopen\b", fold) for fold in folds)
    shown = [spaceless(html.unescape(re.sub(r"<[^>]+>", "", fold))) for fold in folds]
    assert any(body_of(check) in fold for fold in shown), f"the body of {check.name} is not there"


def test_no_other_page_shows_a_body(built_book: Path) -> None:
    pages = [page for page in built_book.rglob("*.html") if page.stem != "answers" and "_static" not in page.parts]
    texts = {page.relative_to(built_book).as_posix(): text_of(page) for page in pages}
    shown = [(check.name, name) for check in CHECKS for name, text in texts.items() if body_of(check) in text]
    assert shown == []


def test_the_page_of_all_functions_leads_to_no_source(built_book: Path) -> None:
    assert "viewcode" not in (ROOT / "_config.yml").read_text()
    assert not list(built_book.glob("_modules"))
    assert "[source]" not in text_of(built_book / "api.html")


def test_no_page_sends_its_readers_to_the_answers() -> None:
    for path in SOURCES:
        assert not re.search(r"\(answers(\.md)?\)|`answers`|<answers>|answers\.md", path.read_text()), path.name


def contents_with(wanted: bool) -> SimpleNamespace:
    """The configuration after the extension has seen it."""
    contents = parse_toc_yaml(BOOK / "_toc.yml")
    config = SimpleNamespace(external_site_map=contents, course_answers=wanted, exclude_patterns=["others"])
    page_of_answers.leave_out(None, config)
    return config


def test_the_page_is_in_the_contents_unless_answers_are_not_wanted() -> None:
    kept, left_out = contents_with(True), contents_with(False)
    assert "answers" in kept.external_site_map
    assert kept.exclude_patterns == ["others"]
    assert "answers" not in left_out.external_site_map
    assert left_out.exclude_patterns == ["others", "answers.md"]
    items = [item for page in left_out.external_site_map.values() for part in page.subtrees for item in part.items]
    assert set(kept.external_site_map) == {*items, left_out.external_site_map.root.docname, "answers"}


@pytest.mark.parametrize(("said", "wanted"), [(None, True), ("", True), ("yes", True), ("no", False)])
def test_answers_are_wanted_unless_one_says_no(said: str | None, wanted: bool, monkeypatch) -> None:
    monkeypatch.delenv("ANSWERS", raising=False)
    if said is not None:
        monkeypatch.setenv("ANSWERS", said)
    assert page_of_answers.are_wanted() is wanted


def test_another_word_for_no_is_refused_rather_than_taken_for_yes(monkeypatch) -> None:
    monkeypatch.setenv("ANSWERS", "No")
    with pytest.raises(ConfigError, match="ANSWERS is yes or no, and not 'No'"):
        page_of_answers.are_wanted()


def test_pages_of_an_earlier_build_that_are_no_longer_wanted_are_removed(tmp_path: Path) -> None:
    app = SimpleNamespace(
        outdir=tmp_path, builder=SimpleNamespace(format="html"), config=SimpleNamespace(course_answers=False)
    )
    (tmp_path / "_sources").mkdir()
    for name in ("answers.html", "old.html", "kept.html", "_sources/answers.md", "_sources/old.md", "_sources/kept.md"):
        (tmp_path / name).touch()
    assert page_of_answers.forget_pages(app, None, set(), set(), {"old"}) == []
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"kept.html", "_sources/kept.md"}


@pytest.mark.slow
def test_a_book_without_answers_has_no_trace_of_them(built_book: Path, tmp_path: Path) -> None:
    shutil.copytree(
        ROOT / "_build" / ".jupyter_cache", tmp_path / "_build" / ".jupyter_cache"
    )  # nothing is executed again
    build_book(tmp_path, ANSWERS="no")
    built = tmp_path / "_build" / "html"
    assert (built / "api.html").is_file()
    assert not list(built.rglob("answers*"))
    pages = [page for page in built.rglob("*.html") if "_static" not in page.parts]
    assert [page.name for page in pages if re.search(r'href="[^"]*answers\.html', page.read_text())] == []
    assert '"answers"' not in (built / "searchindex.js").read_text()
    inventory = (built / "objects.inv").read_bytes().split(b"\n", 4)[4]
    assert re.findall(r"^answers |answers\.html", zlib.decompress(inventory).decode(), re.M) == []
    texts = [text_of(page) for page in pages]
    assert [check.name for check in CHECKS if any(body_of(check) in text for text in texts)] == []
