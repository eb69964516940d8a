"""Students who would rather have the points than the answer. Each attack is bounded in itself; none may gain a point,
change a file outside its sandbox, or see a file of the repository."""

import os

import nbformat

from autograder.exercise.samples import Desk, Sample

FUNCTIONS = ("step", "forward", "embed", "affine", "cross_entropy", "perplexity")

TRANSFORMER = """import ast

class Empty(ast.NodeTransformer):
    def visit_Module(self, node):
        node.body = []
        return node

get_ipython().ast_transformers.append(Empty())
"""

DISPLAY_HOOK = """import sys

class Points:
    def __call__(self, value=None):
        print("3.0")

sys.displayhook = Points()
get_ipython().display_formatter.format = lambda *a, **k: ({"text/plain": "3.0"}, {})
print("3.0")
3.0
"""

EQUALS_EVERYTHING = """class Everything:
    dtype, shape, ndim, size = "float64", (), 0, 1
    __array_priority__ = 1000
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return True
    __le__ = __gt__ = __ge__ = __lt__
    def __bool__(self): return True
    def __getattr__(self, name): return self
    def __call__(self, *a, **k): return self
    def __array__(self, *a, **k): raise TypeError("never")
    def __hash__(self): return 0

"""

LOOK_AROUND = '''import os, sys

def find(*wanted):
    """Every readable file of the sandbox whose path holds one of the words."""
    found = []
    for top in ("/", "/notebook", "/proc/1/root", "/proc/self/cwd", ".."):
        for folder, inner, names in os.walk(top):
            inner[:] = [name for name in inner if os.path.abspath(os.path.join(folder, name)) not in ("/usr", "/packages", "/lib", "/proc")]
            for name in names:
                path = os.path.abspath(os.path.join(folder, name))
                if any(word in path for word in wanted) and not path.startswith(("/packages", "/runner", "/usr")):
                    try:
                        found.append((path, open(path, "rb").read(200)))
                    except OSError:
                        pass
            if len(found) > 200:
                return found
    return found
'''

READ_REFERENCE = (
    LOOK_AROUND
    + """
loot = []
for name in ("solutions.with_numpy.rnn", "autograder.exercise", "autograder.grading.judge"):
    try:
        __import__(name)
        loot.append(name)
    except ImportError:
        pass
loot += find("solutions", "with_numpy", "vanilla_rnn", "examples", "autograder")
print("loot:", loot)
if "solutions.with_numpy.rnn" in loot:
    from solutions.with_numpy.rnn import *
"""
)

READ_GRADEBOOK = (
    LOOK_AROUND
    + """
import sqlite3
loot = find("gradebook", ".db")
for path, _ in loot:
    try:
        with sqlite3.connect(path) as database:
            database.execute("UPDATE grade SET auto_score = 100, manual_score = 100")
    except sqlite3.Error:
        pass
print("loot:", loot)
"""
)

READ_OTHERS = (
    LOOK_AROUND
    + """
print("loot:", find(".ipynb", "submitted", "inbox"))
for path, _ in find("full/"):
    get_ipython().run_line_magic("run", path)
"""
)

OUTLIVE = """import os, time

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for _ in range(100):
            time.sleep(0.2)
            try:
                open("/notebook/still-here", "a").write("x")
            except OSError:
                pass
    os._exit(0)
"""

PATCH_RUNNER = """import json, os, struct, sys

def frame(header, block=b""):
    text = json.dumps(header).encode()
    return struct.pack("<II", len(text), len(block)) + text + block

names = ["rnn.step", "rnn.forward", "embedding.embed", "affine.affine", "loss.cross_entropy", "loss.perplexity"]
forged = b""
for name in names:
    forged += frame({"kind": "points", "check": name, "points": 100})
    forged += frame({"kind": "verdict", "check": name, "status": "right", "message": "all agree", "points": 400})
    forged += frame({"kind": "answer", "check": name, "missing": False, "status": "right", "points": 400, "cases": []})
for module in ("answers", "capture", "wire", "run", "__main__"):
    if module in sys.modules:
        for attribute in ("answer", "describe", "changed_inputs"):
            if hasattr(sys.modules[module], attribute):
                setattr(sys.modules[module], attribute, lambda *a, **k: {"status": "right", "points": 400})
for descriptor in range(3, 32):
    try:
        os.write(descriptor, forged)
    except OSError:
        pass
"""

LEAVE_PIPES = """import os
for name in ("answers", "answers.npz", "grades.json", "output", "feedback"):
    for folder in ("/notebook", "/tmp"):
        try:
            os.mkfifo(f"{folder}/{name}")
            os.symlink("/etc/passwd", f"{folder}/{name}.link")
            os.symlink("/srv/course/gradebook.db", f"{folder}/{name}.db")
        except OSError:
            pass
"""

# Bounded in itself: each way stops at 3 GB, and what it takes is given back when the call ends.
HIDDEN_MEMORY = """def take_hidden_memory():
    import ctypes, os
    block, taken, refused = bytes(16 << 20), 0, []
    try:
        descriptor = os.memfd_create("hidden")
        for _ in range(192):
            taken += os.write(descriptor, block)
    except OSError as error:
        refused.append(f"memfd: {error}")
    for path in ("/dev/shm/hidden", "/tmp/hidden", "/notebook/hidden", "/dev/hidden", "/hidden"):
        try:
            with open(path, "wb") as file:
                for _ in range(192):
                    taken += file.write(block)
        except OSError as error:
            refused.append(f"{path}: {error}")
    library = ctypes.CDLL(None, use_errno=True)
    if library.shmget(0, ctypes.c_size_t(1 << 30), 0o1600) == -1:
        refused.append("shmget")
    raise MemoryError(f"took {taken >> 20} MB; refused: {refused}")

"""

FORK_BOMB = """def fork_bomb():
    import os, time
    children = 0
    for _ in range(64):
        try:
            if os.fork() == 0:
                time.sleep(3)
                os._exit(0)
            children += 1
        except OSError as error:
            raise RuntimeError(f"{children} processes, then {error}")
    raise RuntimeError(f"{children} processes")

"""

SEARCH_MEMORY = """def from_memory(shape):
    import gc
    for thing in gc.get_objects():
        values = list(thing.values()) if isinstance(thing, dict) else [thing]
        for value in values:
            if isinstance(value, np.ndarray) and value.shape == shape and value.dtype.kind == "f":
                return value.copy()
    return np.zeros(shape)

"""

SCRIPT = """Here is my answer. <script>document.title = "owned"; fetch("/formgrader/api/grade/1", {method: "PUT"})</script>
<img src=x onerror="document.title='owned'"> [click](javascript:document.title='owned')
[and](java&#115;cript:document.title='owned') ![](http://127.0.0.1:9/pixel) $\\href{javascript:alert(1)}{x}$
"""


def every_function(body: str) -> dict[str, str]:
    """All six functions with one body."""
    return {name: f"def {name}(*inputs):\n    {body}\n" for name in FUNCTIONS}


def first_cell(source: str):
    """A cheat in a cell, with no function written."""

    def make(desk: Desk) -> None:
        desk.hand_in(desk.with_first_cell(desk.blank(), source))

    return make


def functions(source: str, body: str):
    """A cheat that the functions call."""

    def make(desk: Desk) -> None:
        sources = every_function(body)
        sources["step"] = source + sources["step"]
        desk.hand_in(desk.solved(**sources))

    return make


def skip_tags(desk: Desk) -> None:
    notebook = desk.blank()
    for cell in notebook.cells:
        cell.metadata["tags"] = ["skip-execution", "raises-exception"]
    desk.hand_in(notebook)


def own_numpy(desk: Desk) -> None:
    fake = "def __getattr__(name):\n    return lambda *a, **k: True\nndarray = object\n"
    for name in ("numpy.py", "check.py", "safetensors.py", "sitecustomize.py", "usercustomize.py"):
        (desk.folder / name).write_text(fake, encoding="utf-8")
    write = f"import sys\nfor n in ('numpy', 'check', 'json'):\n    open(n + '.py', 'w').write({fake!r})\nsys.path.insert(0, '')\n"
    sources = every_function("return True")
    sources["step"] = write + sources["step"]
    desk.hand_in(desk.solved(**sources))


def edited_checks(desk: Desk) -> None:
    notebook = desk.blank()
    for cell in notebook.cells:
        about = cell.metadata.get("nbgrader")
        if about and about["grade"]:
            about["points"] = 100.0
            cell.source = "100.0"
        elif about:
            about |= {"grade": True, "points": 100.0, "solution": True}
    notebook.metadata["autograder"] = {"unchanged": [], "malformed": {}, "notes": ["full marks"]}
    desk.hand_in(notebook)


def links(desk: Desk) -> None:
    course = desk.folder.parents[2]
    desk.hand_in(desk.blank())
    for name in ("gradebook.db", ".autograder-secret", "nbgrader_config.py"):
        os.symlink(course / name, desk.folder / f"link-to-{name.strip('.')}")
    os.symlink("/etc/passwd", desk.folder / "data.csv")


def notebook_is_link(desk: Desk) -> None:
    target = desk.folder.parents[1] / "full" / desk.exercise.slug / f"{desk.exercise.slug}.ipynb"
    os.symlink(target, desk.folder / f"{desk.exercise.slug}.ipynb")


def notebook_is_pipe(desk: Desk) -> None:
    os.mkfifo(desk.folder / f"{desk.exercise.slug}.ipynb")


def forged_time(desk: Desk) -> None:
    desk.hand_in(desk.blank())
    (desk.folder / "timestamp.txt").write_text("1999-01-01 00:00:00 UTC", encoding="utf-8")
    (desk.folder / "intake.json").write_text(
        '{"signature": "0", "arrived": "1999-01-01 00:00:00 UTC"}', encoding="utf-8"
    )


def script_in_markdown(desk: Desk) -> None:
    notebook = desk.blank()
    notebook.cells.insert(1, nbformat.v4.new_markdown_cell(SCRIPT, id="text-03"))
    notebook.cells.insert(2, nbformat.v4.new_code_cell("print('<script>document.title=1</script>')", id="my-code"))
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source += SCRIPT
            cell.attachments = {"x.svg": {"image/svg+xml": "<svg onload='document.title=1'/>"}}
    desk.hand_in(notebook)


def worked_answers(desk: Desk) -> None:
    """Recognise nothing, return the public worked answers."""
    from autograder.authoring.examples import worked_cases
    from autograder.grading.judge import expected_values

    sources = {}
    for check in desk.exercise.checks:
        values = expected_values(check, worked_cases(check))[0].tolist()
        sources[check.function] = f"def {check.function}(*inputs):\n    return np.array({values!r})\n"
    desk.hand_in(desk.solved(**sources))


def cheat(student: str, what: str, make, default: str = "not attempted", **statuses: str) -> Sample:
    return Sample(f"cheat-{student}", what, make, default, statuses, cheat=True)


SAMPLES = (
    cheat("ast-transformer", "an AST transformer empties every later cell", first_cell(TRANSFORMER)),
    cheat("skip-tags", "check cells tagged skip-execution", skip_tags),
    cheat("display-hook", "a display hook prints points", first_cell(DISPLAY_HOOK)),
    cheat(
        "equals-everything",
        "an object that equals everything",
        functions(EQUALS_EVERYTHING, "return Everything()"),
        "wrong",
    ),
    cheat("own-numpy", "its own numpy.py and check.py beside the notebook", own_numpy, "wrong"),
    cheat("read-reference", "looks for the reference and the checks", first_cell(READ_REFERENCE)),
    cheat("read-gradebook", "looks for the gradebook to change it", first_cell(READ_GRADEBOOK)),
    cheat("read-others", "looks for another submission to run it", first_cell(READ_OTHERS)),
    cheat("outlives", "a background process that outlives the notebook", first_cell(OUTLIVE)),
    cheat("edited-checks", "check cells emptied, points raised to 100", edited_checks),
    cheat("links", "links to the gradebook and secrets among the files", links),
    cheat("notebook-is-link", "the notebook is a link to another's", notebook_is_link, "malformed"),
    cheat("notebook-is-pipe", "the notebook is a FIFO", notebook_is_pipe, "malformed"),
    cheat("forged-time", "a forged timestamp.txt and intake record", forged_time),
    cheat(
        "patched-runner",
        "the runner patched from inside, forged frames with points",
        first_cell(PATCH_RUNNER),
        "malformed",
    ),
    cheat("leaves-pipes", "FIFOs and links left where answers might be read", first_cell(LEAVE_PIPES)),
    cheat(
        "hidden-memory",
        "memory by memfd and shared memory beyond the limit",
        functions(HIDDEN_MEMORY, "take_hidden_memory()"),
        "out of memory",
    ),
    cheat("fork-bomb", "as many processes as it can", functions(FORK_BOMB, "fork_bomb()"), "error"),
    cheat("returns-input", "returns its first input", functions("", "return inputs[0]"), "wrong"),
    cheat(
        "returns-zeros",
        "returns zeros of the right shape where it can guess it",
        functions("", "return np.zeros_like(inputs[0])"),
        "wrong",
    ),
    cheat(
        "searches-memory",
        "returns arrays of the right shape found in memory",
        functions(SEARCH_MEMORY, "return from_memory(np.shape(inputs[0]))"),
        "wrong",
    ),
    cheat("worked-answers", "returns the public worked answers", worked_answers, "wrong"),
    cheat("script", "script, event handlers and script links in Markdown", script_in_markdown),
)
