"""The first cell of a student's notebook: where something is missing that it needs, it stops with a sentence and no traceback.

It runs before anything else does, in whatever a student's kernel is: its lines are written so that Python 3.6 reads them too.
"""

import json
import re
import textwrap
from collections.abc import Sequence

from autograder.runner.calling import _

IMPORT = "from check import check"
PYTHON = (3, 11)  # what the students' check.py, calling.py and structure.py are written for
WIDTH = 100
COMMAND = re.compile("(?<=  ).+?(?=  )")  # as it stands in a sentence, to be copied: never on two lines
GUARDED = """\
# {comment}
import sys


class Missing(Exception):
    def _render_traceback_(self):
        return [str(self)]


if sys.version_info < {python}:
    raise Missing(
{old}.format(found=sys.version.split()[0])
    )
try:
{imports}
except ModuleNotFoundError as error:
    if error.name in ("check", "calling", "structure"):
        raise Missing(
{unzip}
        )
    raise Missing(
{install}.format(name=error.name)
    )
"""


def guarded(source: str, slug: str, packages: Sequence[str]) -> str:
    """A cell that imports ``check``, so that it says what is missing; any other cell as it is."""
    lines = source.split("\n")
    if IMPORT not in lines:
        return source
    end = lines.index(IMPORT) + 1
    imports, rest = "\n".join(lines[:end]), "\n".join(lines[end:])
    old = _(
        "This notebook needs Python {python} or newer, and its kernel is Python {found}. README.txt, beside the notebook, "
        "says how to make an environment."
    )
    unzip = _(
        "check.py is not beside this notebook: unzip the whole of {slug}.zip and open the notebook in its folder. In Colab, "
        "upload {slug}.zip with the folder button at the left, run  !unzip -o {slug}.zip  and  %cd {slug}  in a cell of its "
        "own, and then this cell again."
    )
    install = _(
        "{name} is not installed where this notebook runs: run  %pip install {packages}  in a cell of its own, and then this "
        "cell again."
    )
    code = GUARDED.format(
        comment=_("If something is missing that this notebook needs, this cell says what to do."),
        python=PYTHON,
        old=literal(old.replace("{python}", ".".join(map(str, PYTHON))), 8),
        imports=textwrap.indent(imports, "    "),
        unzip=literal(unzip.format(slug=slug), 12),
        install=literal(install.replace("{packages}", " ".join(packages)), 8),
    )
    return (code + rest).strip("\n")


def literal(sentence: str, indent: int) -> str:
    """A sentence as the lines of a string in code."""
    whole = COMMAND.sub(lambda command: command[0].replace(" ", "\0"), sentence)
    parts = textwrap.wrap(whole, WIDTH - indent, drop_whitespace=False, break_long_words=False, break_on_hyphens=False)
    return "\n".join(" " * indent + json.dumps(part.replace("\0", " "), ensure_ascii=False) for part in parts)
