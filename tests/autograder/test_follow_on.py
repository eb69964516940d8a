"""Follow-on points: a function that is right but for an earlier one earns the course's share, and nobody else does."""

import dataclasses
import os
import pickle
import re
import selectors
from pathlib import Path

import numpy as np
import pytest
from nbformat.v4 import new_code_cell

from autograder.check import Returned
from autograder.course import Course
from autograder.exercise import EXERCISES, Exercise
from autograder.exercise.selection import chosen
from autograder.grading import challenge, follow_on
from autograder.grading.border import BorderError, Frame
from autograder.grading.class_run import grade_class
from autograder.grading.core import version_of
from autograder.grading.executor import Reader, Spent, Task
from autograder.grading.pages import feedback_path
from autograder.grading.replies import MOST_WAITING, Replies
from autograder.grading.transcript import Transcript
from autograder.proof import resting
from autograder.sandbox.limits import Limits
from autograder.sandbox.meter import Watch
from autograder.settings import CourseSettings, read

from .test_hostile_runs import SEND, hand_in

SEED, SHARE = bytes(32), 0.5
SEVERAL = 1  # the place of a challenge with several steps
UNTRAINED = [one.without_training() for one in EXERCISES.values()]
WRONG_STEP = "def step(x, h, W_x, W_h, b):\n    return np.tanh(x @ W_x.T + h @ W_h.T)"
NO_STEP = "def step(x, h, W_x, W_h, b):\n    raise NotImplementedError"
ZERO_STEP = "def step(x, h, W_x, W_h, b):\n    return np.zeros_like(h)"
ENDLESS_STEP = "def step(x, h, W_x, W_h, b):\n    while True:\n        pass"
FORWARD = "def forward(x_in, h_0, W_x, W_h, b):"
OTHER_NAMES = f"""{FORWARD}
    h, found = h_0, []
    for x in x_in:
        h = step(h=h, x=x, W_x=W_x, b=b, W_h=W_h)
        found.append(h)
    return np.array(found, h_0.dtype).reshape(len(x_in), *h_0.shape)"""
CARRIES_NOTHING = f"{FORWARD}\n    return np.stack([step(x, h_0, W_x, W_h, b) for x in x_in])"
ZEROS = f"{FORWARD}\n    return np.zeros((len(x_in), *h_0.shape))"
FLOODS = f"""{FORWARD}
    for _ in range(100_000):
        try:
            step(x_in[0], h_0, W_x, W_h, b)
        except LookupError:
            pass
    return np.zeros((len(x_in), *h_0.shape))"""
FORGED_CALLS = SEND + "\nsend({'kind': 'calls', 'check': 'rnn.forward'}, b'')\n"


@pytest.fixture
def giving(exercise: Exercise) -> Exercise:
    return dataclasses.replace(exercise, follow_on=SHARE)


def forward_of(course: Course, exercise: Exercise, student: str = "ada") -> tuple[float, str]:
    """The points and the message of ``forward``; what two other functions earn is the same for everyone here."""
    result = grade_class(course, exercise, write_pages=False)
    assert result.failed == {}
    row = next(row for row in result.rows if row.student == student)
    outcome = next(one for one in row.outcomes if one.verdict.check == "rnn.forward")
    return outcome.points, outcome.verdict.message


@pytest.mark.usefixtures("each_way")
@pytest.mark.parametrize("step", [WRONG_STEP, NO_STEP])
def test_a_right_function_on_a_wrong_or_missing_one_earns_its_share(
    course: Course, giving: Exercise, step: str
) -> None:
    hand_in(course, giving, "ada", sources={"step": step, "forward": OTHER_NAMES})
    points, message = forward_of(course, giving)
    assert points == SHARE * giving.check("rnn.forward").points
    assert message.endswith("Were step right, forward would pass every challenge: it earns 50 % of its points.")


def test_the_feedback_page_says_it_in_its_first_lines(course: Course, giving: Exercise) -> None:
    hand_in(course, giving, "ada", sources={"step": NO_STEP})
    grade_class(course, giving)
    page = feedback_path(course, giving.slug, "ada").read_text(encoding="utf-8")
    first_lines = page[: page.index("Exercise 1")]
    assert "Were step right, forward would pass every challenge: it earns 50 % of its points." in first_lines
    assert "1.5 of 3" in " ".join(re.sub("<.*?>", "", first_lines).split())


def test_a_function_behind_one_that_never_ends_earns_its_share(course: Course, giving: Exercise) -> None:
    quick = dataclasses.replace(giving, limits={"cell_seconds": 1.0})
    hand_in(course, quick, "ada", sources={"step": ENDLESS_STEP})
    assert forward_of(course, quick)[0] == SHARE * giving.check("rnn.forward").points


def test_without_the_setting_nothing_is_earned_and_nothing_said(course: Course, exercise: Exercise) -> None:
    hand_in(course, exercise, "ada", sources={"step": WRONG_STEP})
    points, message = forward_of(course, exercise)
    assert points == 0
    assert "%" not in message


@pytest.mark.parametrize(
    ("step", "forward"),
    [(WRONG_STEP, CARRIES_NOTHING), (ZERO_STEP, ZEROS), (NO_STEP, ZEROS)],
    ids=["wrong on wrong", "zeros on zeros", "nothing but zeros"],
)
def test_a_function_that_is_wrong_itself_earns_nothing(
    course: Course, giving: Exercise, step: str, forward: str
) -> None:
    hand_in(course, giving, "ada", sources={"step": step, "forward": forward})
    assert forward_of(course, giving)[0] == 0


def test_forged_recordings_earn_nothing(course: Course, giving: Exercise) -> None:
    hand_in(
        course, giving, "ada", new_code_cell(FORGED_CALLS, id="forged"), sources={"step": ZERO_STEP, "forward": ZEROS}
    )
    assert forward_of(course, giving)[0] == 0


def test_who_asks_without_end_holds_up_nobody(course: Course, giving: Exercise) -> None:
    quick = dataclasses.replace(giving, limits={"cell_seconds": 1.0})
    hand_in(course, quick, "ada", sources={"step": WRONG_STEP, "forward": FLOODS})
    hand_in(course, quick, "honest", sources={"step": WRONG_STEP})
    assert forward_of(course, quick)[0] == 0
    assert forward_of(course, quick, "honest")[0] == SHARE * giving.check("rnn.forward").points


@pytest.fixture
def reader(giving: Exercise) -> Reader:
    """Reads what a sandbox sends that may ask for ``step`` in the challenges of ``forward``."""
    check = giving.check("rnn.forward")
    drawn = challenge.draw(check, SEED, giving.slug, "ada")
    parts = {check.name: [follow_on.calls_of_reference(check, ["step"], case) for case in drawn]}
    task = Task((), (), {check.name: drawn}, parts=parts)
    return Reader(task, Transcript(), set(), Spent(Limits(), lambda: 0.0, Watch()))


def question(reader: Reader, arguments: list[np.ndarray], **header: object) -> Frame:
    """A question for ``step`` with these arguments, as the runner sends it."""
    from autograder.runner.answers import question as asked

    about, block = asked(None, tuple(arguments), {})
    return Frame({"check": "rnn.forward", "case": SEVERAL, "function": "step", "inputs": about} | header, block)


def first_arguments(reader: Reader) -> list[np.ndarray]:
    inputs = reader.task.cases["rnn.forward"][SEVERAL].inputs
    return [inputs["x"][0], *(inputs[name] for name in ("h_0", "W_x", "W_h", "b"))]


def test_what_the_reference_asks_is_answered(reader: Reader) -> None:
    header, block = reader.reply_to(question(reader, first_arguments(reader)))
    assert header["found"]
    assert block


@pytest.mark.parametrize("header", [
    {"case": -1}, {"case": 10**6}, {"case": 0.0}, {"case": None}, {"check": "rnn.step"}, {"function": "forward"},
    {"inputs": None}, {"inputs": {"type": "list", "parts": []}},
    {"inputs": {"type": "list", "parts": [["0", {"type": "tuple"}], ["1", {"type": "dict"}]]}},
], ids=str)  # fmt: skip
def test_no_other_question_is(reader: Reader, header: dict[str, object]) -> None:
    assert reader.reply_to(question(reader, first_arguments(reader), **header)) == ({"found": False}, b"")


def test_nothing_is_computed_for_numbers_of_the_students_own(reader: Reader) -> None:
    arguments = first_arguments(reader)
    arguments[1] = arguments[1] + 1e-6
    assert reader.reply_to(question(reader, arguments)) == ({"found": False}, b"")
    assert reader.reply_to(question(reader, arguments[:4])) == ({"found": False}, b"")


def test_replies_that_nobody_reads_are_not_kept_for_ever() -> None:
    ours, theirs = os.pipe()
    with os.fdopen(ours, "rb"), os.fdopen(theirs, "wb"):
        replies = Replies(theirs, bytes(MOST_WAITING + 1))
        with pytest.raises(BorderError, match="no reply is read"):
            replies.add({"found": False}, b"")


def test_a_pipe_that_is_full_is_not_waited_for_and_goes_on_when_it_is_read() -> None:
    ours, theirs = os.pipe()
    data = bytes(range(256)) * 1024
    with os.fdopen(ours, "rb", buffering=0) as stream, os.fdopen(theirs, "wb"), selectors.DefaultSelector() as selector:
        replies, read = Replies(theirs, data), b""
        while len(read) < len(data):
            replies.write(selector)
            assert bool(selector.get_map()) == bool(replies.waiting)
            read += stream.read(1 << 16)
        assert read == data


def test_what_goes_to_a_cluster_can_be_packed(reader: Reader) -> None:
    there = pickle.loads(pickle.dumps(reader.task))
    calls = there.parts["rnn.forward"][SEVERAL]["step"]
    arguments = [Returned.of(value) for value in first_arguments(reader)]
    assert calls.same(calls.made[0].arguments, arguments)


def test_a_changed_share_has_everyone_graded_anew(exercise: Exercise, tmp_path: Path) -> None:
    (tmp_path / "course.toml").write_text("follow_on_percent = 25\n")
    changed = chosen(exercise, read(tmp_path))
    assert changed.follow_on == 0.25
    assert version_of(changed) != version_of(chosen(exercise, CourseSettings()))


@pytest.mark.parametrize("exercise", UNTRAINED, ids=lambda one: one.slug)
def test_of_every_function_that_rests_on_another_the_proof_finds_a_mistake_to_rest_on(exercise: Exercise) -> None:
    for check in resting.resting(exercise):
        assert set(resting.in_its_parts(exercise, check, SEED)) <= set(check.earlier)
        assert resting.in_its_parts(exercise, check, SEED)
