"""Students who did the work, or part of it, or something a little wrong."""

from nbformat.v4 import new_code_cell, new_markdown_cell

from autograder.exercise.notebooks import alternative_sources, mistaken_sources, with_helpers
from autograder.exercise.samples import Desk, Sample

HELPERS = """import warnings


def say(text):
    print("helper:", text)
"""


def full(desk: Desk) -> None:
    desk.hand_in(desk.solved())


def other_style(desk: Desk) -> None:
    """Einsum, loops, helpers in cells of their own, double precision inside: a function from each alternative."""
    versions = {path.stem: alternative_sources(desk.exercise, path) for path in desk.exercise.alternatives}
    sources = {
        "step": versions["einsum"][0]["step"],
        "forward": versions["loops"][0]["forward"],
        "embed": versions["concatenated"][0]["embed"],
        "affine": versions["double_precision"][0]["affine"],
        "cross_entropy": versions["helpers"][0]["cross_entropy"],
        "perplexity": versions["helpers"][0]["perplexity"],
    }
    notebook = with_helpers(desk.exercise, desk.released, sources, versions["helpers"][1])
    notebook.cells.insert(3, new_markdown_cell("I wrote my own helpers: $a < b$, *see below*.", id="my-note"))
    notebook.cells.append(new_code_cell("np.linspace(0, 1, 5)", id="my-try"))
    desk.hand_in(notebook)


def blank(desk: Desk) -> None:
    desk.hand_in(desk.blank())


def half(desk: Desk) -> None:
    blank_cells = {cell.id: cell.source for cell in desk.released.cells}
    desk.hand_in(desk.solved(**{name: blank_cells[name] for name in ("affine", "cross_entropy", "perplexity")}))


def mistaken(check_name: str, mistake_name: str, student: str, statuses: dict[str, str]) -> Sample:
    def make(desk: Desk) -> None:
        check = desk.exercise.check(check_name)
        mistake = next(m for m in check.misconceptions if m.name == mistake_name)
        sources, helpers = mistaken_sources(desk.exercise, check, mistake.function)
        desk.hand_in(with_helpers(desk.exercise, desk.released, sources, helpers))

    return Sample(student, f"a known mistake: {mistake_name}", make, "right", statuses)


def warns(desk: Desk) -> None:
    """Right, with warnings on stderr all along."""
    source = desk.solved()
    for cell in source.cells:
        if cell.id in ("embed", "affine"):
            line = "    import sys\n    import warnings\n    warnings.warn('careful')\n    print('warned', file=sys.stderr)\n    return"
            cell.source = cell.source.replace("    return", line)
    desk.hand_in(source)


SAMPLES = (
    Sample("full", "the answer key", full, "right"),
    Sample("full-other-style", "right in another style: einsum, loops, helper cells, float32 inside", other_style, "right"),
    Sample("blank", "handed in as released", blank, "not attempted"),
    Sample(
        "half", "the first three functions", half, "right",
        {"affine": "not attempted", "cross_entropy": "not attempted", "perplexity": "not attempted"},
    ),
    mistaken("rnn.step", "bias left out", "mistake-bias", {"step": "wrong", "forward": "wrong"}),
    mistaken("rnn.forward", "state not carried", "mistake-state", {"forward": "wrong"}),
    mistaken("loss.cross_entropy", "mask ignored", "mistake-mask", {"cross_entropy": "wrong", "perplexity": "wrong"}),
    mistaken("loss.perplexity", "padding counted", "mistake-padding", {"perplexity": "wrong"}),
    Sample("warns-on-stderr", "right, with warnings on stderr", warns, "right"),
)  # fmt: skip
