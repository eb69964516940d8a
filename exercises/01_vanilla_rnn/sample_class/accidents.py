"""Students whose notebook goes wrong without ill will: it hangs, crashes, floods, or lost a cell."""

import nbformat

from autograder.exercise.samples import Desk, Sample

LOOP = """def embed(ids, W_e):
    import signal
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
"""
EXIT = """def affine(h, W_y, b_y):
    import os
    os._exit(0)
"""
# Bounded in itself: 64 blocks of 64 MB are 4 GB, more than a sandbox has and less than this may ever take.
MEMORY = """def embed(ids, W_e):
    blocks = [bytearray(64 << 20) for _ in range(64)]
    return W_e[ids]
"""
PRINT = """print("x" * 1_000_000_000)
"""


def hangs(desk: Desk) -> None:
    desk.hand_in(desk.solved(embed=LOOP))


def exits(desk: Desk) -> None:
    desk.hand_in(desk.solved(affine=EXIT))


def takes_memory(desk: Desk) -> None:
    desk.hand_in(desk.solved(embed=MEMORY))


def prints_much(desk: Desk) -> None:
    desk.hand_in(desk.with_first_cell(desk.solved(), PRINT))


def not_json(desk: Desk) -> None:
    (desk.folder / f"{desk.exercise.slug}.ipynb").write_text('{"cells": [', encoding="utf-8")


def check_deleted(desk: Desk) -> None:
    notebook = desk.solved()
    notebook.cells = [cell for cell in notebook.cells if cell.id != "check-rnn-forward"]
    desk.hand_in(notebook)


def check_duplicated(desk: Desk) -> None:
    notebook = desk.solved()
    place = next(i for i, cell in enumerate(notebook.cells) if cell.id == "check-rnn-forward")
    copy = nbformat.from_dict(notebook.cells[place])
    copy.id = "a-copy"
    notebook.cells.insert(place, copy)
    desk.hand_in(notebook)


def cell_deleted(desk: Desk) -> None:
    notebook = desk.solved()
    notebook.cells = [cell for cell in notebook.cells if cell.id != "embed"]
    desk.hand_in(notebook)


SAMPLES = (
    Sample("loops-for-ever", "embed never ends and ignores interrupts", hangs, "right", {"embed": "timeout"}),
    Sample("exits", "affine ends the process with os._exit", exits, "right", {"affine": "crashed"}),
    Sample("memory-bomb", "embed takes memory without end", takes_memory, "right", {"embed": "out of memory"}),
    Sample("prints-1-GB", "right, but prints a billion characters", prints_much, "right"),
    Sample("not-json", "a file that is not a notebook", not_json, "malformed"),
    Sample("check-cell-deleted", "right, with a check cell deleted", check_deleted, "right"),
    Sample("check-cell-twice", "right, with a check cell copied", check_duplicated, "right"),
    Sample(
        "solution-cell-deleted", "right, with the cell of embed deleted", cell_deleted, "right", {"embed": "malformed"}
    ),
)
