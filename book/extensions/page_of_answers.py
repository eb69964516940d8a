"""The answers: one page with the body of every function that an exercise asks for, folded, taken from the reference.

It is the only page that shows them. `make book ANSWERS=no` builds the book without it.
"""

import os
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.errors import ConfigError

from autograder.exercise import EXERCISES, Check
from autograder.exercise.stub import take_apart

PAGE = "answers"
PLACE = "<!-- the functions of the exercises -->"
SPELLINGS = {"yes": True, "no": False}


def are_wanted() -> bool:
    """What ANSWERS says; without it, yes."""
    said = os.environ.get("ANSWERS") or "yes"
    if said not in SPELLINGS:
        raise ConfigError(f"ANSWERS is yes or no, and not {said!r}.")
    return SPELLINGS[said]


def answer(check: Check) -> str:
    """One function, folded: where its description is, and its signature and body."""
    parts = take_apart(check.reference, check.rename or None)
    full_name = f"{check.reference.__module__}.{check.reference.__qualname__}"
    return f"""
::::{{dropdown}} `{check.name}`
What it takes and gives: {{py:obj}}`{full_name}`.

```python
{parts.signature}
{parts.body.strip(chr(10))}
```
::::
"""


def page_text() -> str:
    """What stands in place of the mark: a heading for each exercise, and its functions in the order of the notebook."""
    lines = []
    for exercise in EXERCISES.values():
        lines += [f"## {exercise.slug.split('_')[0]} {exercise.title}", *map(answer, exercise.checks)]
    return "\n".join(lines)


def put_answers(app: Sphinx, page: str, source: list[str]) -> None:
    """Put the functions into the page when it is read."""
    if page == PAGE:
        source[0] = source[0].replace(PLACE, page_text())


def leave_out(app: Sphinx, config: Config) -> None:
    """Where answers are not wanted, take their page out of the contents; what is not in there is not built."""
    contents = config.external_site_map
    if not config.course_answers and PAGE in contents:
        for document in contents.values():
            for part in document.subtrees:
                part.items = [item for item in part.items if item != PAGE]
        del contents[PAGE]
        config.exclude_patterns = [*config.exclude_patterns, f"{PAGE}.md"]


def forget_pages(
    app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
) -> list[str]:
    """Remove what an earlier build made of pages that the book no longer has."""
    missing = removed if app.config.course_answers else {*removed, PAGE}
    for page in missing if app.builder.format == "html" else ():
        for path in (f"{page}.html", f"_sources/{page}.md", f"_sources/{page}.ipynb"):
            Path(app.outdir, path).unlink(missing_ok=True)
    return []


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_config_value("course_answers", are_wanted(), "env")
    app.connect("config-inited", leave_out, priority=950)  # after the contents are read
    app.connect("env-get-outdated", forget_pages)
    app.connect("source-read", put_answers)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
