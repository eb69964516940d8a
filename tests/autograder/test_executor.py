"""One notebook's run: what hangs or crashes costs itself alone, and what comes out is bounded."""

import dataclasses
import fcntl
import os

import pytest

from autograder.exercise import Exercise
from autograder.exercise.cells import check_id, solution_id
from autograder.exercise.notebooks import reference_sources
from autograder.grading import challenge, executor
from autograder.grading.border import BorderError, Frame, FrameReader
from autograder.grading.executor import Reader, RunCell, Spent, Task, execute, read_frames
from autograder.grading.judge import Submission, judge
from autograder.grading.transcript import MOST_TEXT, MOST_TEXT_BYTES, TimeLimit, Transcript
from autograder.runner import wire
from autograder.sandbox.limits import Limits
from autograder.sandbox.meter import Watch

pytestmark = pytest.mark.usefixtures("each_way")
SEED = bytes(32)
QUICK = Limits(cell_seconds=4.0, notebook_seconds=60.0)


def cells(exercise: Exercise, before: str = "", **changed: str) -> tuple[RunCell, ...]:
    sources = reference_sources(exercise) | changed
    made = [RunCell("imports", "import numpy as np"), RunCell("before", before)]
    for check in exercise.checks:
        made.append(RunCell(solution_id(check), sources[check.function]))
        made.append(RunCell(check_id(check), check=check.name, function=check.function, earlier=check.earlier))
    return tuple(made)


def run(exercise: Exercise, before: str = "", limits: Limits = QUICK, protected: bool = True, **changed: str):
    cases = challenge.draw_all(exercise, SEED, "student")
    transcript = execute(
        Task(exercise.packages, cells(exercise, before, **changed), cases, limits, protected=protected)
    )
    submission = Submission(
        {check.name: check_id(check) for check in exercise.checks},
        {check.function: solution_id(check) for check in exercise.checks},
    )
    verdicts = judge(exercise, cases, submission, transcript)
    return {exercise.check(v.check).function: v for v in verdicts}, transcript


def statuses(verdicts) -> dict[str, str]:
    return {function: verdict.status for function, verdict in verdicts.items()}


ALL_RIGHT = dict.fromkeys(("step", "forward", "embed", "affine", "cross_entropy", "perplexity"), "right")


def test_two_functions_that_hang_and_one_that_crashes_cost_their_own_checks_alone(exercise: Exercise) -> None:
    verdicts, _ = run(
        exercise,
        embed="def embed(ids, W_e):\n    while True: pass",
        affine="def affine(h, W_y, b_y):\n    import os; os.kill(os.getpid(), 9)",
        perplexity="def perplexity(*a):\n    while True: pass",
    )
    expected = ALL_RIGHT | {"embed": "timeout", "affine": "crashed", "perplexity": "timeout"}
    assert statuses(verdicts) == expected


def test_a_cell_that_hangs_before_everything_is_skipped_in_the_rerun(exercise: Exercise) -> None:
    verdicts, transcript = run(exercise, before="while True: pass")
    assert statuses(verdicts) == ALL_RIGHT
    assert transcript.ended == {"before": "timeout"}


def test_a_solution_cell_that_hangs_gives_its_own_check_the_status(exercise: Exercise) -> None:
    verdicts, _ = run(exercise, embed="while True: pass")
    assert statuses(verdicts) == ALL_RIGHT | {"embed": "timeout"}


def test_the_time_of_the_whole_notebook_is_bounded(exercise: Exercise) -> None:
    limits = Limits(cell_seconds=3.0, notebook_seconds=5.0)
    hang = "while True: pass"
    verdicts, _ = run(exercise, step=hang, forward=hang, embed=hang, affine=hang, cross_entropy=hang, limits=limits)
    assert "not reached" in statuses(verdicts).values()
    assert "right" not in statuses(verdicts).values()


def test_a_function_that_calls_one_not_written_yet_is_told_so(exercise: Exercise) -> None:
    verdicts, _ = run(exercise, step="def step(*a):\n    raise NotImplementedError")
    assert statuses(verdicts) == ALL_RIGHT | {"step": "not attempted", "forward": "error"}
    assert verdicts["forward"].message == "forward calls step, which is not written yet."


def test_a_syntax_error_costs_its_own_function_and_says_what_it_was(exercise: Exercise) -> None:
    verdicts, _ = run(exercise, embed="def embed(ids, W_e)\n    return W_e[ids]")
    assert statuses(verdicts) == ALL_RIGHT | {"embed": "error"}
    assert "SyntaxError: expected ':'" in verdicts["embed"].message


def test_exit_in_a_cell_does_not_end_the_notebook(exercise: Exercise) -> None:
    verdicts, _ = run(exercise, before="import sys\nsys.exit(0)")
    assert statuses(verdicts) == ALL_RIGHT


def test_exit_in_a_function_is_an_error_of_that_function(exercise: Exercise) -> None:
    verdicts, _ = run(exercise, embed="def embed(ids, W_e):\n    import sys; sys.exit(3)")
    assert statuses(verdicts) == ALL_RIGHT | {"embed": "error"}


def test_what_is_printed_and_drawn_comes_out_within_its_budget(exercise: Exercise) -> None:
    source = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nprint('x' * 10**6)\n1 + 1"
    _, transcript = run(exercise, before=source)
    output = transcript.outputs["before"]
    assert len(output.text) <= QUICK.text_bytes + 300
    assert [picture[:4] for picture in output.pictures] == [b"\x89PNG"]


def test_too_many_bytes_over_the_border_end_the_run_and_not_the_grader(exercise: Exercise) -> None:
    limits = dataclasses.replace(QUICK, border_bytes=1 << 20)
    source = (
        "import os\nfor fd in range(3, 20):\n    try:\n        os.write(fd, bytes(3 << 20))\n    except OSError: pass"
    )
    verdicts, transcript = run(exercise, before=source, limits=limits)
    assert transcript.malformed
    assert statuses(verdicts) == ALL_RIGHT, "the cell that flooded is skipped, the rest is graded"


def test_the_orders_hold_no_expected_value(exercise: Exercise) -> None:
    import io

    import numpy as np

    from autograder.grading.executor import encode_orders
    from autograder.grading.judge import expected_values
    from autograder.runner import wire

    cases = challenge.draw_all(exercise, SEED, "student")
    orders, block = wire.read(io.BytesIO(encode_orders(Task(exercise.packages, cells(exercise), cases), set())))
    assert set(orders) == {"cells", "cases", "limits", "own_check"}
    for check in exercise.checks:
        for value in expected_values(check, cases[check.name]):
            if value.size > 1 and value.any():
                assert np.ascontiguousarray(value).tobytes() not in block, check.name


def test_unprotected_mode_runs_the_same_notebook(exercise: Exercise) -> None:
    verdicts, _ = run(exercise, protected=False)
    assert statuses(verdicts) == ALL_RIGHT


@pytest.mark.parametrize(
    "form", ["return list(step_(x, h_prev, W_x, W_h, b))", "return None", "return 'text'", "return object()"]
)
def test_a_result_of_another_type_is_wrong_and_named(exercise: Exercise, form: str) -> None:
    helper = "def step_(x, h_prev, W_x, W_h, b):\n    return np.tanh(x @ W_x.T + h_prev @ W_h.T + b)\n\n"
    verdicts, _ = run(exercise, step=helper + f"def step(x, h_prev, W_x, W_h, b):\n    {form}\n")
    assert verdicts["step"].status == "wrong"
    assert "returned" in verdicts["step"].message


def plain_task(*sources: str, packages: tuple[str, ...] = ("numpy",), limits: Limits = QUICK) -> Task:
    """Cells of a notebook without checks, named by their places."""
    return Task(packages, tuple(RunCell(f"{place}", source) for place, source in enumerate(sources)), {}, limits)


class Times:
    """A processor's time and a clock that a test sets."""

    def __init__(self) -> None:
        self.processor = self.clock = 0.0

    def spent(self, limits: Limits) -> Spent:
        return Spent(limits, lambda: self.processor, Watch(lambda: self.clock))


def test_what_a_cell_sets_for_numpy_does_not_outlive_it(exercise: Exercise) -> None:
    """At home a check calls a function with floating-point errors ignored; so does the grader."""
    verdicts, _ = run(exercise, before="np.seterr(all='raise')")
    assert statuses(verdicts) == ALL_RIGHT


def test_pytorch_runs_as_at_home_with_more_threads_and_compiled() -> None:
    source = """
import torch
torch.set_num_threads(4)
print(torch.tanh(torch.zeros(1000, 1000)).sum().item())

@torch.compile
def twice(x):
    return 2 * x

print(twice(torch.ones(2)).tolist(), torch.compile(torch.nn.Identity())(torch.ones(1)).tolist())
"""
    transcript = execute(plain_task(source, packages=("numpy", "torch"), limits=Limits(cell_seconds=60)))
    assert (transcript.ended, transcript.outputs["0"].text) == ({}, "0.0\n[2.0, 2.0] [1.0]\n")


def test_a_cell_that_waits_takes_no_processor_time() -> None:
    limits = Limits(cell_seconds=2.0, waiting=100.0)
    transcript = execute(plain_task("import time\ntime.sleep(3)\nprint('awake')", limits=limits))
    assert (transcript.ended, transcript.outputs["0"].text) == ({}, "awake\n")
    assert list(transcript.waited) == ["0"]
    assert transcript.waited["0"] > 2.5, "from when the grader read that it begins, which may be later than it was"


def test_a_cell_that_waits_for_ever_is_ended_by_the_clock() -> None:
    limits = Limits(cell_seconds=1.0, waiting=2.0)
    transcript = execute(plain_task("import time\nprint('asleep')\ntime.sleep(10 ** 6)", "print(2)", limits=limits))
    assert (transcript.ended, transcript.outputs["1"].text) == ({"0": "timeout"}, "2\n")
    assert transcript.limits == {"0": TimeLimit(2.0, processor=False)}


def test_a_cell_that_hangs_says_which_limit_it_reached(exercise: Exercise) -> None:
    limits = dataclasses.replace(QUICK, waiting=30.0)  # so that a busy machine has time for it
    verdicts, transcript = run(exercise, limits=limits, embed="def embed(ids, W_e):\n    while True: pass")
    (limit,) = transcript.limits.values()
    assert limit == TimeLimit(QUICK.cell_seconds, processor=True)
    assert "4 seconds of processor time" in verdicts["embed"].message


def test_forged_beginnings_set_no_clock_back() -> None:
    task, times = plain_task("", "", ""), Times()
    reader = Reader(task, Transcript(), set(), times.spent(task.limits))
    reader.take(Frame({"kind": "ready"}, b""))
    reader.take(Frame({"kind": "begin", "cell": "0"}, b""))
    for _ in range(3):
        times.processor += 1.0
        for kind, cell in (("begin", "0"), ("end", "0"), ("begin", "2"), ("ready", "")):
            reader.take(Frame({"kind": kind, "cell": cell}, b""))
        assert (reader.current, reader.reached()) == ("0", None)
    times.processor += 1.0
    assert reader.reached() == TimeLimit(QUICK.cell_seconds, processor=True)


def test_no_frames_go_beyond_the_time_of_the_notebook() -> None:
    task, times = plain_task("", ""), Times()
    spent = times.spent(task.limits)
    spent.earlier = (task.limits.notebook_seconds - 1, 0.0)
    reader = Reader(task, Transcript(), set(), spent)
    for cell in ("0", "1"):
        times.processor += 0.5
        reader.take(Frame({"kind": "begin", "cell": cell}, b""))
    assert reader.reached() == TimeLimit(task.limits.notebook_seconds, processor=True, whole_notebook=True)


def test_a_run_that_is_said_to_be_done_before_its_last_cell_is_not() -> None:
    task = plain_task("", "")
    reader = Reader(task, Transcript(), set(), Times().spent(task.limits))
    reader.take(Frame({"kind": "begin", "cell": "0"}, b""))
    with pytest.raises(BorderError, match="before its last cell"):
        reader.take(Frame({"kind": "done"}, b""))
    assert not reader.done


def test_what_lies_in_the_pipe_is_read_before_a_cell_is_out_of_time() -> None:
    """After a pause of the grader the sandbox has gone on; the time that it took belongs to cells that have ended."""
    task, times = plain_task("", ""), Times()
    reader = Reader(task, Transcript(), set(), times.spent(task.limits))
    begin = wire.encode({"kind": "begin", "cell": "0"})
    reader.take(Frame({"kind": "begin", "cell": "0"}, b""))
    times.processor = task.limits.cell_seconds + 1
    text = wire.encode({"kind": "text", "cell": "0", "text": "x" * 100_000})
    frames = [begin, text, wire.encode({"kind": "begin", "cell": "1"}), wire.encode({"kind": "done"})]
    ours, theirs = os.pipe()
    try:
        fcntl.fcntl(theirs, fcntl.F_SETPIPE_SZ, 1 << 18)
        os.write(theirs, b"".join(frames))
        assert read_frames(ours, reader, FrameReader(1 << 20)) == "done"
        assert reader.limit is None
    finally:
        os.close(ours)
        os.close(theirs)


@pytest.mark.parametrize("disturbed", [False, True])
def test_what_ended_while_the_machine_stood_still_is_run_once_more(
    disturbed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [Transcript(disturbed=disturbed), Transcript(disturbed=True), Transcript()]
    left = iter(made)
    monkeypatch.setattr(executor, "runs_of", lambda task: next(left))
    assert execute(plain_task("")) is made[1 if disturbed else 0]


@pytest.mark.parametrize(("ends", "times"), [("os.kill(os.getpid(), signal.SIGKILL)", 2), ("os._exit(9)", 1)])
def test_what_was_killed_is_run_once_more_and_what_ended_itself_is_not(
    ends: str, times: int, each_way: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is short of memory kills; that a notebook killed itself cannot be told from it."""
    runs, run = [], executor.runs_of
    monkeypatch.setattr(executor, "runs_of", lambda task: runs.append(task) or run(task))
    transcript = execute(plain_task(f"import os, signal\n{ends}", "print(2)"))
    assert transcript.ended == {"0": "crashed"}
    assert transcript.outputs["1"].text == "2\n"
    assert len(runs) == times


def test_forged_bytes_are_told_as_what_they_are() -> None:
    forged = "import os\nfor fd in range(3, 16):\n    try:\n        os.write(fd, bytes([255]) * 64)\n    except OSError: pass"
    transcript = execute(plain_task(forged + "\nimport time; time.sleep(60)", "print(2)"))
    assert transcript.ended == {"0": "malformed"}
    assert transcript.outputs["1"].text == "2\n"


def test_reading_what_comes_out_is_bounded_in_the_graders_own_time() -> None:
    limits = dataclasses.replace(QUICK, border_seconds=0.0)
    transcript = execute(plain_task("print('x', flush=True)", limits=limits))
    assert "what came out of the sandbox takes too long to read" in transcript.malformed


def test_what_a_whole_notebook_prints_is_bounded() -> None:
    reader = Reader(plain_task(*[""] * 40), transcript := Transcript(), set(), Times().spent(QUICK))
    for cell in range(40):
        reader.take(Frame({"kind": "text", "cell": f"{cell}", "text": "é" * MOST_TEXT}, b""))
    told = [output.text for output in transcript.outputs.values() if "the rest is left out" in output.text]
    assert len(told) == 1
    kept = "".join(output.text for output in transcript.outputs.values()).encode()
    assert MOST_TEXT_BYTES <= len(kept) < MOST_TEXT_BYTES + 200
