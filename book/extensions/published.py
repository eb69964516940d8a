"""What a page says to those who link to it, and the buttons that need to know where the book and its source are.

Neither address is in the configuration: who publishes the book gives them, BOOK_URL for the site and REPOSITORY_URL for the
source (and REPOSITORY_BRANCH where it is not main). Without them no page names an address, and no button is shown.
"""

import html
import os
import re
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ConfigError

PICTURE = "_static/preview.png"
SECTIONS = "section"  # the folder of what leads to each section; autograder/grading/pages.py links there
BINDER = "https://mybinder.org"
HOSTS = {
    "github.com": ("github", "gh"),
    "gitlab.com": ("gitlab", "gl"),
}  # whose repositories Binder and the buttons know


def address(name: str, given: str) -> str:
    """An address from the environment or else from the configuration, without the last slash; "" where there is none."""
    url = (os.environ.get(name) or given or "").rstrip("/")
    parts = urlparse(url)
    if url and not (parts.scheme in ("http", "https") and parts.netloc):
        raise ConfigError(f"{name} is an address that begins with https://, and not {url!r}.")
    return url


def use_site(app: Sphinx, config: Config) -> None:
    """Where the book will be published; Sphinx then names each page's one address."""
    site = address("BOOK_URL", config.html_baseurl)
    config.html_baseurl = f"{site}/" if site else ""


def use_repository(app: Sphinx, config: Config) -> None:
    """Where the source is; with it come the buttons that lead there, and the one that opens a page's notebook in Binder."""
    options = dict(config.html_theme_options)
    url = address("REPOSITORY_URL", options.get("repository_url", "")).removesuffix(".git")
    options["launch_buttons"] = {}
    options["repository_url"] = url
    if url:
        parts = urlparse(url)
        if parts.netloc not in HOSTS or len(parts.path.strip("/").split("/")) != 2:
            raise ConfigError(f"REPOSITORY_URL is https://github.com/<owner>/<name> (or gitlab.com), and not {url!r}.")
        options["repository_branch"] = os.environ.get("REPOSITORY_BRANCH") or options.get("repository_branch") or "main"
        options["path_to_docs"] = "book"
        options["use_repository_button"] = options["use_issues_button"] = True
        options["launch_buttons"] = {"notebook_interface": "jupyterlab", "binderhub_url": BINDER}
    config.html_theme_options = options


def plain(text: str) -> str:
    """A title without the marks of its mathematics and code."""
    return html.unescape(re.sub(r"<[^>]+>", "", text)).strip()


def description_of(doctree: nodes.document | None) -> str | None:
    """What the page's own header says it is about."""
    for node in doctree.findall(nodes.meta) if doctree is not None else ():
        if node.get("name") == "description":
            return str(node["content"])
    return None


def preview(config: Config, page: str, title: str, description: str) -> dict[str, str]:
    """What other sites show of a page that someone links to. The picture's place is relative where the site has no address."""
    up = "../" * page.count("/")
    tags = {
        "og:type": "website",
        "og:site_name": config.html_title,
        "og:title": title,
        "og:description": description,
        "og:image": f"{config.html_baseurl or up}{PICTURE}",
        "og:image:alt": config.course_picture_says,
        "twitter:card": "summary_large_image",
    }
    return {**tags, "og:url": f"{config.html_baseurl}{page}.html"} if config.html_baseurl else tags


def as_html(tags: dict[str, str]) -> str:
    """Tags for a page's head; those of Open Graph are properties."""
    kinds = {name: "property" if name.startswith("og:") else "name" for name in tags}
    return "\n".join(f'<meta {kinds[name]}="{name}" content="{html.escape(text)}">' for name, text in tags.items())


def add_preview(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Put the tags on the page; one that Sphinx makes, such as the index, is described by the course."""
    tags = {}
    description = description_of(doctree)
    if description is None:
        description = app.config.course_description
        tags["description"] = description
    title = plain(context.get("title") or app.config.html_title)
    tags |= preview(app.config, page, title, description)
    context["metatags"] = f"{context.get('metatags', '')}\n{as_html(tags)}\n"


FIRST_PAGE = """<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="0; url={page}.html">
<link rel="icon" href="{icon}">
<title>{title}</title>
{tags}
</head>
<body><main><h1><a href="{page}.html">{title}</a></h1></main></body>
</html>
"""


def write_first_page(app: Sphinx, error: Exception | None) -> None:
    """Send readers of index.html to the first page. Jupyter Book's own names no icon, so a browser asks for one in vain."""
    if error is None and app.builder.format == "html":
        config = app.config
        about = {"description": config.course_description}
        about |= preview(config, config.root_doc, config.html_title, config.course_description)
        text = FIRST_PAGE.format(
            language=config.language,
            page=config.root_doc,
            icon=config.html_favicon,
            title=html.escape(config.html_title),
            tags=as_html(about),
        )
        (Path(app.outdir) / "index.html").write_text(text, encoding="utf-8")


SECTION = """<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta http-equiv="refresh" content="0; url=../{place}">
<title>{title}</title>
</head>
<body><main><h1><a href="../{place}">{title}</a></h1></main></body>
</html>
"""


def write_sections(app: Sphinx, error: Exception | None) -> None:
    """Give each labelled section an address that stays when the section moves: section/LABEL.html leads to it.

    Feedback pages link there, since a check names its section by the label alone.
    """
    if error is not None or app.builder.format != "html":
        return
    folder = Path(app.outdir) / SECTIONS
    shutil.rmtree(folder, ignore_errors=True)  # a label may have gone
    folder.mkdir()
    for label, (page, anchor, title) in app.env.domaindata["std"]["labels"].items():
        if re.fullmatch(r"[\w-]+", label) and page in app.env.found_docs and anchor:
            place, told = html.escape(f"{page}.html#{anchor}"), html.escape(title)
            text = SECTION.format(language=app.config.language, place=place, title=told)
            (folder / f"{label}.html").write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_config_value("course_description", "", "html")
    app.add_config_value("course_picture_says", "", "html")
    app.connect("config-inited", use_site)
    app.connect("config-inited", use_repository)
    app.connect("html-page-context", add_preview)
    app.connect("build-finished", write_first_page)
    app.connect("build-finished", write_sections)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
