"""What a published book needs: previews of links, no address that does not exist, and workflows that call what is there."""

import os
import re
import struct
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import published
import pytest
import yaml
from book_paths import BOOK, ROOT
from sphinx.errors import ConfigError
from visiting import PAGES, TEXTS, TOC

from autograder.grading.pages import section_address

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
REPOSITORY, SITE = "https://github.com/somebody/course", "https://somebody.example/course"


class Head(HTMLParser):
    """The tags of a page's head that say what it is."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: dict[str, str] = {}
        self.canonical: str | None = None
        self.title, self.inside = "", False
        self.feed(text.split("</head>", maxsplit=1)[0])

    def handle_starttag(self, tag: str, attributes) -> None:
        found = dict(attributes)
        self.inside = tag == "title"
        if tag == "meta" and "content" in found:
            name = found.get("property") or found.get("name") or ""
            assert name not in self.tags or name == "viewport", f"{name} twice"
            self.tags[name] = found["content"]
        if found.get("rel") == "canonical":
            self.canonical = found["href"]

    def handle_data(self, text: str) -> None:
        self.title += text if self.inside else ""
        self.inside = False


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_a_title_a_description_and_a_picture_for_those_who_link_to_it(name: str, built_book: Path) -> None:
    page = built_book / f"{name}.html"
    head = Head(page.read_text(encoding="utf-8"))
    assert head.tags["og:title"]
    assert head.tags["og:title"].split()[-1] in head.title
    assert len(head.tags["description"]) >= 40
    assert head.tags["og:description"] == head.tags["description"]
    assert head.tags["twitter:card"] == "summary_large_image"
    assert len(head.tags["og:image:alt"].split()) > 5
    assert (page.parent / head.tags["og:image"]).resolve() == built_book / published.PICTURE


def test_titles_and_descriptions_tell_the_pages_apart(built_book: Path) -> None:
    heads = [Head((built_book / f"{name}.html").read_text(encoding="utf-8")) for name in TEXTS]
    assert len({head.tags["og:title"] for head in heads}) == len(TEXTS)
    assert len({head.tags["description"] for head in heads}) == len(TEXTS)


def test_the_picture_has_the_size_that_previews_show() -> None:
    data = (BOOK / published.PICTURE).read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", data[16:24]) == (1200, 630)
    assert len(data) < 300_000


@pytest.mark.parametrize("name", PAGES)
def test_without_an_address_no_page_names_one_and_no_button_is_there(name: str, built_book: Path) -> None:
    text = (built_book / f"{name}.html").read_text(encoding="utf-8")
    head = Head(text)
    assert head.canonical is None
    assert "og:url" not in head.tags
    assert not re.search(r"mybinder|colab\.research|launch-buttons|source-buttons|issues/new", text)


def configured(monkeypatch, **variables: str) -> SimpleNamespace:
    """The settings after the extension has seen them and the environment."""
    for name in ("BOOK_URL", "REPOSITORY_URL", "REPOSITORY_BRANCH"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    settings = yaml.safe_load((ROOT / "_config.yml").read_text())
    given = {"repository_url": settings["repository"]["url"], "repository_branch": settings["repository"]["branch"]}
    config = SimpleNamespace(
        html_baseurl=settings["html"]["baseurl"],
        html_title=settings["title"],
        html_theme_options={**given, "show_toc_level": 2},
        course_picture_says=settings["sphinx"]["config"]["course_picture_says"],
    )
    published.use_site(None, config)
    published.use_repository(None, config)
    return config


def test_the_configuration_itself_names_no_address(monkeypatch) -> None:
    config = configured(monkeypatch)
    assert config.html_baseurl == ""
    assert config.html_theme_options["repository_url"] == ""
    assert config.html_theme_options["launch_buttons"] == {}
    assert not config.html_theme_options.get("use_repository_button")
    assert config.html_theme_options["show_toc_level"] == 2


@pytest.mark.parametrize(
    "given", [REPOSITORY, f"{REPOSITORY}/", f"{REPOSITORY}.git", "https://gitlab.com/somebody/course"]
)
def test_a_repository_brings_the_buttons(given: str, monkeypatch) -> None:
    options = configured(monkeypatch, REPOSITORY_URL=given).html_theme_options
    assert options["repository_url"] == given.rstrip("/").removesuffix(".git")
    assert options["launch_buttons"]["binderhub_url"] == "https://mybinder.org"
    assert options["use_repository_button"]
    assert options["use_issues_button"]
    assert options["repository_branch"] == "main"
    assert options["path_to_docs"] == BOOK.name


def test_the_configuration_can_name_the_repository_and_the_environment_its_branch(monkeypatch) -> None:
    monkeypatch.delenv("REPOSITORY_URL", raising=False)
    monkeypatch.setenv("REPOSITORY_BRANCH", "trunk")
    config = SimpleNamespace(html_theme_options={"repository_url": REPOSITORY})
    published.use_repository(None, config)
    assert config.html_theme_options["repository_url"] == REPOSITORY
    assert config.html_theme_options["repository_branch"] == "trunk"


@pytest.mark.parametrize(
    "given", ["somewhere", "https://github.com/somebody", "https://elsewhere.example/a/b", "file:///tmp/a/b"]
)
def test_an_address_that_buttons_could_not_use_is_refused(given: str, monkeypatch) -> None:
    with pytest.raises(ConfigError, match="REPOSITORY_URL"):
        configured(monkeypatch, REPOSITORY_URL=given)


def test_what_the_launch_button_opens_is_in_the_repository() -> None:
    """Binder opens book/<page>.md: .binder makes the page's imports work and lets it open as a notebook."""
    folder = ROOT / ".binder"
    for name in ("postBuild", "start"):
        subprocess.run(["bash", "-n", folder / name], check=True)
        assert os.access(folder / name, os.X_OK), f"{name} cannot be run"
    named = re.findall(r"^-[rc] (.+)$", (folder / "requirements.txt").read_text(), re.M)
    assert named
    assert all((folder / path).is_file() for path in named)
    assert "/book" in (folder / "start").read_text()
    assert (BOOK / "experiments" / "data" / "fetch.py").is_file()
    assert all((BOOK / f"{name}.md").is_file() for name in TEXTS)


@pytest.mark.parametrize("page", [TOC["root"], "applications/speakers"])
def test_with_an_address_a_page_names_its_own_and_that_of_the_picture(page: str, monkeypatch) -> None:
    config = configured(monkeypatch, BOOK_URL=SITE)
    assert config.html_baseurl == f"{SITE}/"
    tags = published.preview(config, page, "Title", "What it is about")
    assert tags["og:url"] == f"{SITE}/{page}.html"
    assert tags["og:image"] == f"{SITE}/{published.PICTURE}"


def test_without_one_the_picture_is_found_from_the_page(monkeypatch) -> None:
    config = configured(monkeypatch)
    assert published.preview(config, "applications/speakers", "Title", "")["og:image"] == f"../{published.PICTURE}"
    assert "og:url" not in published.preview(config, "intro", "Title", "")


def test_what_a_title_holds_cannot_leave_its_tag() -> None:
    assert (
        published.as_html({"og:title": 'a "b" <c>'}) == '<meta property="og:title" content="a &quot;b&quot; &lt;c&gt;">'
    )
    assert published.plain("1. The <code>step</code> &amp; the rest") == "1. The step & the rest"


def targets_of_make() -> set[str]:
    return set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.M))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_uses_official_actions_and_commands_that_exist(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text())
    assert {"name", "permissions", "jobs"} <= set(workflow)
    assert "push" in workflow[True]  # YAML takes the word "on" for a truth value
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    for step in steps:
        assert re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"]) if "uses" in step else step["run"]
    called = {target for step in steps for target in re.findall(r"\bmake ([a-z-]+)", step.get("run", ""))}
    assert called
    assert called <= targets_of_make()


def test_one_workflow_tests_and_one_publishes() -> None:
    texts = {path.stem: path.read_text() for path in WORKFLOWS}
    assert "run: make test " in texts["test"]
    book = yaml.safe_load(texts["book"])
    assert book["permissions"] == {"contents": "read", "pages": "write", "id-token": "write"}
    build, publish = book["jobs"]["build"], book["jobs"]["publish"]
    (made,) = [step for step in build["steps"] if "make book" in step.get("run", "")]
    assert set(made["env"]) == {"BOOK_URL", "REPOSITORY_URL", "REPOSITORY_BRANCH", "ANSWERS"}
    (upload,) = [step for step in build["steps"] if "upload-pages-artifact" in step.get("uses", "")]
    assert upload["with"]["path"] == "_build/html"
    assert publish["needs"] == "build"
    assert publish["steps"][-1]["uses"].startswith("actions/deploy-pages@")


def test_each_label_has_an_address_that_leads_to_its_section(tmp_path: Path) -> None:
    (tmp_path / "section").mkdir()
    (tmp_path / "section" / "gone.html").touch()
    labels = {
        "rnn-step": ("vanilla_rnn", "rnn-step", "One <step>"), "search": ("search", "", "Search"),
        "../out": ("vanilla_rnn", "x", "No label of ours"),
    }  # fmt: skip
    env = SimpleNamespace(domaindata={"std": {"labels": labels}}, found_docs={"vanilla_rnn"})
    builder = SimpleNamespace(format="html")
    app = SimpleNamespace(env=env, builder=builder, outdir=tmp_path, config=SimpleNamespace(language="en"))
    published.write_sections(app, None)
    assert [path.name for path in (tmp_path / "section").iterdir()] == ["rnn-step.html"]
    text = (tmp_path / "section" / "rnn-step.html").read_text(encoding="utf-8")
    assert text.count('../vanilla_rnn.html#rnn-step"') == 2
    assert "<title>One &lt;step&gt;</title>" in text
    address = section_address("https://example.org/book/", "rnn-step: One step")
    assert address == f"https://example.org/book/{published.SECTIONS}/rnn-step.html"
