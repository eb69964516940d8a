"""A course of one's own with one tiny exercise in its folder: two functions and a question, graded in a moment."""

import csv
import io
import json
import re
import sys
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from autograder.cli import app
from autograder.course import write_atomically
from autograder.exercise.discovery import load, package_of

SLUG = "01_toy"
CHECKS = """
import numpy as np

from autograder.exercise import Check, DrawnCase, Exercise, Question


def double(a):
    return 2.0 * a


def shift(a):
    return a + 1.0


def draw(rng):
    return [DrawnCase("numbers", {"a": rng.normal(size=3)}), DrawnCase("a zero", {"a": np.zeros(2)})]


DOUBLE = Check("toy.double", double, draw, draw, axes="N", points=4)
SHIFT = Check("toy.shift", shift, draw, draw, axes="N", points=2)


@DOUBLE.misconception("It was squared; it should be doubled.")
def squared(a):
    return a * a


WHY = Question("why", "Why is it linear?", 3)
EXERCISE = Exercise("A toy", (DOUBLE, SHIFT), ("numpy",), questions=(WHY,))
"""
TEXT = """# A toy

```{code-cell}
import numpy as np

from check import check
```

```{code-cell}
:solve: toy.double
```

```{code-cell}
:check: toy.double
```

```{code-cell}
:solve: toy.shift
```

```{code-cell}
:check: toy.shift
```

Why is the map linear?

+++ {"question": "why"}

Rubric: three points for naming the sum and the multiple.

+++

The end.
"""
RIGHT, SQUARED, PLAIN = "2.0 * a", "a * a", "a"


SHORTER = CHECKS.replace("(DOUBLE, SHIFT)", "(DOUBLE,)"), re.sub(r"```{code-cell}\n:\w+: toy.shift\n```\n", "", TEXT)


def write_toy(root: Path, checks: str = CHECKS, text: str = TEXT) -> None:
    """Write the exercise into the course's folder, and have it loaded anew."""
    folder = root / "exercises" / SLUG
    write_atomically(folder / f"{SLUG}.md", text.encode())
    write_atomically(folder / "checks.py", checks.encode())
    forget(folder)


def forget(folder: Path) -> None:
    """Have the next command load an exercise as a new process would."""
    load.cache_clear()
    package = package_of(folder.resolve())
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        del sys.modules[name]


def run(*arguments: str | Path, typed: str | None = None) -> Result:
    """A command in this process; what it was told on a terminal that is none is ``typed``."""
    return CliRunner().invoke(app, [str(one) for one in arguments], input=typed, catch_exceptions=True)


def work(released: Path, double: str = RIGHT, shift: str = "a + 1.0", answer: str = "It adds.") -> bytes:
    """A student's notebook with these two functions and this answer."""
    notebook: dict[str, Any] = json.loads(released.read_bytes())
    sources = {"double": f"def double(a):\n    return {double}", "shift": f"def shift(a):\n    return {shift}"}
    for cell in notebook["cells"]:
        cell["source"] = (sources | {"answer-why": answer}).get(cell["id"], cell["source"])
    return json.dumps(notebook).encode()


def hand_in(root: Path, student: str, **how: str) -> None:
    """Put a student's work into the inbox."""
    released = root / "release" / SLUG / f"{SLUG}.ipynb"
    write_atomically(root / "inbox" / student / SLUG / f"{SLUG}.ipynb", work(released, **how))


def points_of(root: Path, check: str) -> dict[str, float]:
    """Each student's points of a check or question, as grades.csv says."""
    lines = csv.DictReader(io.StringIO((root / "grades.csv").read_text(encoding="utf-8")))
    return {line["student"]: float(line["points"] or "nan") for line in lines if line["check"] == check}
