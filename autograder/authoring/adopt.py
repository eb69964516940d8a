"""Adopting nbgrader's source notebooks: the folder of an exercise, as far as the tests compare what functions return.

Nothing of the notebook is executed. A call's inputs become a worked case where they are written out, by literals and NumPy's
constructors. What could not be turned is said, a line for each; its cells stay in the text, without solutions.
"""

import ast
import builtins
import contextlib
import copy
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jupytext
import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.preprocessors import ClearSolutions

from autograder.authoring.new import TEMPLATES, free_folder, named, write_folder
from autograder.exercise.discovery import ExerciseError
from autograder.exercise.source import KERNEL, TABLE

NAMES = {"np", "math", "reference", "float", "int", "bool", "list", "tuple", "range"}
BUILDER = re.compile(
    r"(?s)reference\.\w+|float|int|bool|list|tuple|range|math\.(sqrt|exp|log|sin|cos)|np\.(sqrt|exp|log|sin|cos)"
    r"|np\.(as)?array|np\.(zeros|ones)(_like)?|np\.(full|eye|identity|arange|linspace|diag|outer|repeat|tile|concatenate)"
    r"|np\.[vh]?stack|.*\.(reshape|astype|copy|transpose|tolist)"
)
PLAIN = ast.List | ast.Tuple | ast.Dict | ast.UnaryOp | ast.BinOp | ast.Subscript | ast.Slice | ast.Name | ast.Attribute
TYPE = re.compile(r"(?s)np\.(?!(?:pi|e|inf|nan)$)\w+|float|int|bool|range\(.*\)")
COMPARES = r"(?:\w+\.)*(?:allclose|isclose|array_equal|assert_(?:allclose|(?:array_)?(?:almost_)?equal)|assert(?:Almost)?Equal)"
# What a comparison says once RESULT stands for the call: one of the whole result, and one of results that no check compares.
PARTS = r"RESULT(?:\[\d+\]|\.tolist\(\))*"
RESULT = rf"(?:{PARTS}|[\w.]*(?:array|list|tuple|float|round)\({PARTS}\))"
WHOLE = re.compile(
    rf"(?s)^(?:not )?{RESULT}$|(?:^|\(){RESULT} (?:==|is|-) |(?:==|is|-) {RESULT}(?:\)|$)"
    rf"|{COMPARES}\((?:{RESULT},|.*, {RESULT}[,)])"
)
UNLIKE = re.compile(
    rf"{RESULT}(?: ==| is|,) [\[(]*(?:(?P<text>f?['\"])|(?P<nothing>None)|.*?(?P<complex_numbers>\dj\b))"
)
FILE = re.compile(r"[\w./-]+\.(?:npy|npz|csv|txt|json|pkl|png|jpg)\b")
MAGIC = re.compile(r"^[ \t]*[%!].*$", re.MULTILINE)
AUTOTEST = re.compile(r"^#+ *(?:HASHED +)?AUTOTEST\b.*", re.MULTILINE)
MARK = re.compile(r"^.*(?:BEGIN|END) SOLUTION.*\n?", re.MULTILINE)
MOST_NODES = 5000
IMPORT, DEFINITION = ast.Import | ast.ImportFrom, ast.FunctionDef | ast.ClassDef


class Adopted(NamedTuple):
    """The folder that was written, and a line for each thing that its author has to look at."""

    folder: Path
    notes: list[str]


class Cell:
    """A cell with nbgrader's word on it, of any schema, and its statements where it is Python."""

    def __init__(self, number: int, node: Any, notes: list[str]) -> None:
        says = node.metadata.get("nbgrader", {})
        self.number, self.source, self.code, self.notes = number, str(node.source), node.cell_type == "code", notes
        self.grade_id, self.points = str(says.get("grade_id", "")), float(says.get("points") or 0)
        self.solution, self.task = bool(says.get("solution")), bool(says.get("task"))
        self.manual = self.task or (self.solution and bool(says.get("grade")))
        self.test = self.code and bool(says.get("grade")) and not self.solution
        self.body = statements(self.source) if self.code else []
        self.definitions = [node for node in self.body if isinstance(node, DEFINITION)]
        for one in self.definitions:  # they begin with their decorators
            one.lineno = min([one.lineno, *(by.lineno for by in one.decorator_list)])

    def between(self, mark: str) -> set[int]:
        """The numbers of the lines from BEGIN to END, which nbgrader finds wherever they stand in a line."""
        spans = re.finditer(rf"BEGIN {mark}.*?(?:END {mark}|\Z)", self.source, re.DOTALL)
        count = self.source.count
        return {line for one in spans for line in range(count("\n", 0, one.start()) + 1, count("\n", 0, one.end()) + 2)}

    def text(self, node: ast.stmt) -> str:
        """A statement; a definition with the comments after it, where its last mark may be."""
        following = (one.lineno - 1 for one in self.body if one.lineno > node.lineno)
        end = next(following, None) if isinstance(node, DEFINITION) else node.end_lineno
        return "\n".join(self.source.splitlines()[node.lineno - 1 : end]).rstrip()

    def note(self, what: str, why: str) -> None:
        where = f"Cell {self.number}{f' ({self.grade_id})' if self.grade_id else ''}"
        self.notes.append(f"{where}, {first_line(what)!r}: {why}.")


def first_line(text: str) -> str:
    return textwrap.shorten((text.strip().splitlines() or [""])[0], 70, placeholder="…")


def statements(source: str) -> list[ast.stmt]:
    """What a cell says in Python, without the lines that are IPython's."""
    for text in () if source.startswith("%%") else (source, MAGIC.sub("", source)):
        with contextlib.suppress(SyntaxError, ValueError):
            return ast.parse(text).body
    return []


class Function:
    """A function that students are asked for, and what the notebook's tests say of it.

    ``cases`` holds the call of each worked case and where it is asked for, by its inputs; ``shown`` those that students
    see, and ``whole`` those that are compared with all of the result.
    """

    def __init__(self, node: ast.FunctionDef, cell: Cell) -> None:
        self.node, self.cell, self.points, self.mentions = node, cell, 0.0, mentioned(node) - {node.name}
        self.names = [one.arg for one in (*node.args.posonlyargs, *node.args.args)]
        about = re.sub(r'[|"\\]', " ", (ast.get_docstring(node) or "").partition("\n\n")[0])
        self.task = textwrap.shorten(about, 90, placeholder="…")  # for the table of points
        self.tested: Cell | None = None
        self.cases: dict[str, tuple[str, str, Cell]] = {}
        self.shown, self.whole = set[str](), set[str]()

    def call(self, node: ast.Call) -> ast.Call:
        """A call as one of the reference with arguments by position; the same call if that cannot be written."""
        usual = dict(zip(self.names[::-1], self.node.args.defaults[::-1], strict=False))
        given = dict(zip(self.names, node.args, strict=False)) | {str(one.arg): one.value for one in node.keywords}
        asked = [place for place, name in enumerate(self.names, start=1) if name in given or name not in usual]
        needed, known = self.names[: max(asked, default=0)], usual | given
        if len(node.args) > len(self.names) or given.keys() - set(self.names) or set(needed) - known.keys():
            return node
        reference: ast.expr = ast.parse(f"reference.{self.node.name}", mode="eval").body
        return ast.Call(reference, [known[name] for name in needed], [])


def called(node: ast.AST) -> str:
    return ast.unparse(node.func) if isinstance(node, ast.Call) else ""


def mentioned(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def free_names(node: ast.AST) -> set[str]:
    """The names that a definition takes from outside."""
    own = {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
    return mentioned(node) - own - {one.arg for one in ast.walk(node) if isinstance(one, ast.arg)}


def obstacle(value: ast.expr) -> str:
    """What keeps an input from being handed over: "" if it is made of literals and NumPy's constructors alone."""
    whole, nodes = ast.unparse(value), [node for node in ast.walk(value) if isinstance(node, ast.expr)]
    if any(".random." in called(node) for node in nodes):
        return "its inputs are random numbers"
    if "array(" in whole and any(map(is_text, (one for node in nodes for one in getattr(node, "elts", ())))):
        return "an array of text cannot be handed over"
    if not all(map(is_text, (key for node in nodes for key in getattr(node, "keys", ())))):
        return "a dict can be handed over only if its keys are text"
    odd = next((node for node in nodes if not is_plain(node)), value if TYPE.fullmatch(whole) else None)
    what = first_line(called(odd) or ast.unparse(odd)) if odd else ""
    return f"{what} is not written out as an array, a number, text or a list" if odd else ""


def is_text(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def is_plain(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return BUILDER.fullmatch(called(node)) is not None
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str | int | float | None)
    return isinstance(node, PLAIN) and getattr(node, "id", "np") in NAMES


class Reader(ast.NodeTransformer):
    """Reads the cells in their order: what names stand for, and what is asked of the functions."""

    def __init__(self, functions: dict[str, Function]) -> None:
        self.functions = functions
        self.values: dict[str, ast.expr] = {}
        self.helpers: dict[str, ast.FunctionDef] = {}

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return copy.deepcopy(self.values.get(node.id, node)) if isinstance(node.ctx, ast.Load) else node

    def visit_Lambda(self, node: ast.Lambda) -> ast.expr:
        return node  # its arguments may have names that stand for something outside

    def visit_Call(self, node: ast.Call) -> ast.expr:
        asked = self.functions.get(called(node))
        self.generic_visit(node)
        return asked.call(node) if asked else node

    def learn(self, node: ast.Import | ast.ImportFrom) -> None:
        """What the imported names of NumPy and math stand for."""
        of = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
        for one in node.names:
            name, meant = one.asname or one.name, re.sub(r"^numpy\b", "np", f"{of}{one.name}")
            if name.isidentifier() and re.match(r"(np|math)\b", meant):
                self.values[name] = ast.parse(meant, mode="eval").body

    def assign(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Tuple | ast.List):
            places = (ast.Subscript(value, ast.Constant(place), ast.Load()) for place in range(len(target.elts)))
            for one, part in zip(target.elts, getattr(value, "elts", places), strict=False):
                self.assign(one, part)
        elif isinstance(target, ast.Name) and sum(1 for _ in ast.walk(value)) < MOST_NODES:
            self.values[target.id] = value
        else:
            self.forget(target)

    def forget(self, node: ast.AST) -> None:
        """What may change in a way that is not followed here stands for itself from now on."""
        name = getattr(node, "name", "")
        changed = node.value.func if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) else node
        for one in {name} if name else mentioned(changed):
            self.values.pop(one, None)

    def read(self, node: ast.stmt, cell: Cell) -> None:
        if isinstance(node, IMPORT):
            self.learn(node)
        elif isinstance(node, ast.Assign) and len(node.targets) == 1:
            self.assign(node.targets[0], self.visit(copy.deepcopy(node.value)))
        elif isinstance(node, ast.Assert):
            self.compare(node, node.test, cell)
        elif isinstance(node, ast.Expr) and re.fullmatch(COMPARES, called(node.value)):
            self.compare(node, node.value, cell)
        else:
            self.forget(node)
            if isinstance(node, ast.FunctionDef) and not cell.solution:
                self.helpers[node.name] = node
            if cell.test and (mentioned(node) & set(self.functions) or "assert" in ast.unparse(node)):
                raised = isinstance(node, ast.Try) or "raises" in ast.unparse(node)
                why = "whether an error is raised is not compared" if raised else "it is no plain comparison"
                cell.note(cell.text(node), why)

    def program(self, value: ast.expr) -> str:
        """The program that makes a function, for an input; "" for anything else, and where it takes more than NumPy."""
        node = self.helpers.get(ast.unparse(value), value)
        name, text = getattr(node, "name", ""), ast.unparse(node)
        unknown = free_names(node) - {name, "np", "math", *dir(builtins)}
        if unknown or ".random" in text or not isinstance(node, ast.Lambda | ast.FunctionDef):
            return ""
        made = f"{text}\nvalue = {name}" if name else f"value = {text}"
        return f"Given({made!r})"

    def compare(self, node: ast.stmt, asked: ast.expr, cell: Cell) -> None:
        """Take the calls in a comparison for worked cases, or say why not."""
        whole, line = self.visit(copy.deepcopy(asked)), cell.text(node)
        asked_for = {f"reference.{name}": function for name, function in self.functions.items()}
        calls = [one for one in ast.walk(whole) if isinstance(one, ast.Call) and called(one) in asked_for]
        if not calls and cell.test:
            unread = ", ".join(sorted(mentioned(whole) & set(self.functions)))
            cell.note(line, f"its call of {unread} cannot be read" if unread else "it is not about a function's result")
        for call in calls:
            text, function = ast.unparse(call), asked_for[called(call)]
            said = ast.unparse(whole).replace(text, "RESULT")
            unlike, obstacles = UNLIKE.search(said), [obstacle(one) for one in call.args if not self.program(one)]
            why = f"it returns {str(unlike.lastgroup).replace('_', ' ')}, which no check compares yet" if unlike else ""
            why = next(filter(None, obstacles), why)
            if why:
                cell.note(line, why)
                continue
            sources = [self.program(one) or ast.unparse(one) for one in call.args]
            inputs = ", ".join(f"{name!r}: {source}" for name, source in zip(function.names, sources, strict=False))
            function.cases.setdefault(inputs, (first_line(text.removeprefix("reference.")), first_line(line), cell))
            function.whole |= {inputs} if WHOLE.search(said) else set()
            function.shown |= {inputs} if node.lineno not in cell.between("HIDDEN TESTS") else set()

    def take(self, cell: Cell) -> None:
        """Read a cell, and give its points to the functions that it calls, or else names."""
        for node in cell.body:
            self.read(node, cell)
        if not cell.test:
            return
        nodes, asked = [one for node in cell.body for one in ast.walk(node)], set(self.functions)
        names = {called(one) for one in nodes} & asked or {getattr(one, "id", "") for one in nodes} & asked
        for unread in AUTOTEST.findall(cell.source) or ([] if cell.body else [cell.source]):
            cell.note(unread, "there is nothing in it that can be read as Python")
        if len(names) != 1 and cell.points:
            to = f"shared by {', '.join(sorted(names))}" if names else "lost, as it names no function"
            cell.note(cell.source, f"its points ({cell.points:g}) are {to}")
        for function in (self.functions[name] for name in sorted(names)):
            function.points, function.tested = function.points + cell.points / len(names), function.tested or cell


class Draft:
    """What the new folder will hold, made of cells that were read."""

    def __init__(self, slug: str, cells: list[Cell], reader: Reader) -> None:
        self.cells, self.values, self.functions = cells, reader.values, reader.functions
        self.named, self.questions = named(slug), list[tuple[str, float]]()
        headings = [re.search(r"^# +([^\"\\\n]*\S)", cell.source, re.MULTILINE) for cell in cells if not cell.code]
        self.named["title"] = next((one[1] for one in headings if one), self.named["title"])
        self.checked = {name: function for name, function in self.functions.items() if function.cases}
        self.sources = {node.name: (cell, node) for cell in cells if not cell.test for node in cell.definitions}
        self.sources |= {name: (one.cell, one.node) for name, one in self.functions.items()}
        self.needed = list(self.checked)
        for name in self.needed:  # which grows
            self.needed += sorted(mentioned(self.sources[name][1]) & set(self.sources) - set(self.needed))

    def filled_in(self) -> dict[str, Any]:
        """What the templates ask for: the text, the checks, and the reference with the imports and numbers it needs."""
        about = self.named | {"text": self.text(), "checked": self.checked, "questions": self.questions}
        why = "it tests a property of the result, and the check all of it: see that only one result is right"
        for name, function in self.checked.items():
            for _, line, cell in (case for inputs, case in function.cases.items() if inputs not in function.whole):
                cell.note(line, why)
            if not function.shown:
                function.cell.note(name, "all its tests are hidden; they are worked cases now, which students see")
                function.shown = set(function.cases)
            if not function.points:
                function.cell.note(name, "no test of it has points; it is worth 1 now")
                function.points = 1
        nodes = [node for _, node in self.sources.values()]
        used, free = (set().union(*map(names, nodes)) for names in (mentioned, free_names))
        imports = [(cell, node) for cell in self.cells for node in cell.body if isinstance(node, IMPORT)]
        imported = {one.asname or one.name.partition(".")[0]: node for _, node in imports for one in node.names}
        kept = [node for cell, node in imports if not cell.test]
        modules = [getattr(node, "module", "") or one.name for node in kept for one in node.names]
        packages = {one.partition(".")[0] for one in modules} - sys.stdlib_module_names | {"numpy"}
        plain = {name: value for name, value in self.values.items() if not obstacle(value)}
        numbers = [f"{name} = {ast.unparse(plain[name])}" for name in plain if name in free - set(imported)]
        return about | {
            "imports": dict.fromkeys(ast.unparse(node) for name, node in imported.items() if name in used | {"*"}),
            "numbers": [line for line in numbers if "reference." not in line],
            "definitions": [MARK.sub("", cell.text(node) + "\n").rstrip() for cell, node in self.sources.values()],
            "packages": tuple(sorted(packages)),
        }

    def text(self) -> str:
        """The text, in which the cells to solve and to check stand where they stood."""
        cells = [one for cell in self.cells for one in self.pieces(cell)]
        if not cells or cells[0].cell_type != "markdown" or "question" in cells[0].metadata:
            cells.insert(0, new_markdown_cell(f"# {self.named['title']}"))
        cells[0].source += f"\n\n{TABLE}"
        cells.insert(1, new_code_cell("import numpy as np\n\nfrom check import check"))
        text: str = jupytext.writes(new_notebook(cells=cells, metadata={"kernelspec": KERNEL}), fmt="md:myst")
        return re.sub(r"\n +(format_version|jupytext_version): .*", "", text)

    def pieces(self, cell: Cell) -> Iterator[Any]:
        """What becomes of a cell."""
        no_function = cell.solution and not any(isinstance(node, ast.FunctionDef) for node in cell.definitions)
        if cell.code and (cell.manual or no_function):
            by_hand = f"its points ({cell.points:g}) were given by hand for code, and questions are answered in words"
            why = by_hand if cell.manual else "it asks for no function, so it is left without a check"
            cell.note(cell.source, why)
            yield cleared(cell.source)
        elif cell.manual:
            yield from self.question(cell)
        elif cell.solution and cell.code:
            yield from self.solution(cell)
        elif cell.source.strip() and not cell.test:
            yield new_code_cell(cell.source) if cell.code else new_markdown_cell(cell.source)
        for name, function in self.checked.items():
            if cell is (function.tested or function.cell):
                yield new_code_cell(metadata={"check": f"{self.named['word']}.{name}"})

    def question(self, cell: Cell) -> Iterator[Any]:
        """The task without its mark scheme or model answer, and these as the rubric of a question."""
        inside = cell.between("MARK SCHEME" if cell.task else "SOLUTION")
        lines = dict(enumerate(cell.source.splitlines(), start=1))
        if cell.task or inside:
            yield new_markdown_cell("\n".join(line for number, line in lines.items() if number not in inside))
        answer = "\n".join(lines[number] for number in sorted(inside)[1:-1]) or ("" if cell.task else cell.source)
        name = re.sub(r"\W+|_", "-", cell.grade_id.lower()).strip("-") or f"cell-{cell.number}"
        self.questions.append((name, cell.points))
        rubric = answer.strip() or "To be written: what earns the points."
        yield new_markdown_cell(f"**Rubric.** {rubric}", metadata={"question": name})

    def solution(self, cell: Cell) -> Iterator[Any]:
        """What is given around a solution, and each function: to solve, given, or left without its solution."""
        secret = cell.between("SOLUTION") or range(len(cell.source) + 1)
        rest = [node for node in cell.body if node not in cell.definitions]
        shown = [cell.text(node) for node in rest if isinstance(node, IMPORT) or node.lineno not in secret]
        if shown:
            yield new_code_cell("\n".join(shown))
        for node in cell.definitions:
            if node.name in self.checked:
                yield new_code_cell(metadata={"solve": f"{self.named['word']}.{node.name}"})
            elif node.name in self.needed:
                why = "a checked function calls it, and no test of it was read, so students are given it"
                cell.note(cell.text(node), why)
                yield new_code_cell(MARK.sub("", cell.text(node)))
            else:
                lost = getattr(self.functions.get(node.name), "points", 0)
                why = f"no test of it was read, so it is left without a check, and its points ({lost:g}) are lost"
                cell.note(cell.text(node), why)
                yield cleared(cell.text(node))


def cleared(source: str) -> Any:
    """A part of a solution as nbgrader gives it to students."""
    even = source.count("BEGIN SOLUTION") == source.count("END SOLUTION")
    cell = new_code_cell(source if even else MARK.sub("", source))
    cell.metadata["nbgrader"] = {"solution": True, "grade_id": "part", "schema_version": 3}
    ClearSolutions().preprocess_cell(cell, {"language": "python"}, 1)
    return new_code_cell(cell.source)


def cells_of(notebook: Path, notes: list[str]) -> list[Cell]:
    try:
        read = nbformat.read(notebook, as_version=nbformat.NO_CONVERT)
        language = read.metadata.get("kernelspec", {}).get("language", "python")
        cells = [Cell(number, node, notes) for number, node in enumerate(read.get("cells", ()), start=1)]
    except (OSError, ValueError, AttributeError, KeyError, TypeError) as error:
        why = "cannot be read as a notebook; give an .ipynb file that Jupyter opens"
        raise ExerciseError(f"{notebook} {why}.") from error
    if read.nbformat != 4:
        why = f"is a notebook of format {read.nbformat}; save it with Jupyter as one of format 4"
        raise ExerciseError(f"{notebook} {why}.")
    if language.lower() != "python":
        raise ExerciseError(f"{notebook} is written in {language}; only notebooks in Python can be adopted.")
    return cells


def adopt(notebook: Path, into: Path, slug: str | None = None) -> Adopted:
    """Write the folder of an exercise that asks for what an nbgrader source notebook asks for.

    Raises ExerciseError, and writes nothing, if the folder is there already, or the notebook cannot be read or asks for
    no function.
    """
    slug = slug or re.sub(r"[^a-z0-9]+", "_", notebook.stem.lower()).strip("_")[:64]
    folder, notes = free_folder(into, slug), list[str]()
    cells = cells_of(notebook, notes)
    functions: dict[str, Function] = {}
    for cell in cells:
        for node in cell.definitions if cell.solution else ():
            if isinstance(node, ast.FunctionDef):
                functions.setdefault(node.name, Function(node, cell))
    if not functions:
        why = "has no solution cell of nbgrader with a function in it; there is nothing to adopt"
        raise ExerciseError(f"{notebook} {why}.")
    reader = Reader(functions)
    for cell in cells:
        reader.take(cell)
    about = Draft(slug, cells, reader).filled_in() | {"origin": notebook.name}
    for name in sorted({name for cell in cells if not cell.test for name in FILE.findall(cell.source)}):
        what = f"The notebook names the file {name}"
        notes.append(f"{what}: put it into data/, and enter it in 'data' in checks.py.")
    write_folder(folder, TEMPLATES / "adopted_exercise", about)
    return Adopted(folder, list(dict.fromkeys(notes)))
