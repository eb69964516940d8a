"""The judge: what a verdict says of an answer, of no answer, and of a function that rests on a wrong one."""

import inspect
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from autograder.check import Case, Returned, Verdict
from autograder.exercise import EXERCISES, Check, DrawnCase
from autograder.exercise.cells import check_id, solution_id
from autograder.grading import challenge
from autograder.grading.border import arrays
from autograder.grading.judge import (
    LONGEST_MESSAGE,
    STATUSES,
    Lookup,
    Submission,
    composed,
    expected_values,
    how_it_ended,
    judge,
    matching,
    outcomes,
    rests_on_wrong_part,
)
from autograder.grading.pages import graded_notebook
from autograder.grading.transcript import Answer, CaseAnswer, CellOutput, TimeLimit, Transcript
from autograder.runner.answers import record_calls
from solutions.with_numpy.rnn import forward, step

EXERCISE = EXERCISES["01_vanilla_rnn"]
CASES = challenge.draw_all(EXERCISE, bytes(32), "student")
FUNCTIONS = {check.function: check.reference for check in EXERCISE.checks}
EACH_CHECK = pytest.mark.parametrize("check", EXERCISE.checks, ids=[check.name for check in EXERCISE.checks])


def submission(**more: Any) -> Submission:
    return Submission(
        {check.name: check_id(check) for check in EXERCISE.checks},
        {check.function: solution_id(check) for check in EXERCISE.checks},
        **more,
    )


def answered(check: Check, function: Callable[..., Any], cases: list[DrawnCase]) -> Answer:
    """What the sandbox would hand over for a function."""
    found = []
    for case in outcomes(check, function, cases):
        if case.error is not None or case.returned is None:
            found.append(CaseAnswer(error=("ValueError", "no")))
            continue
        found.append(CaseAnswer(case.returned, None, "", case.changed, case.shared, case.overwritten))
    return Answer(False, tuple(found))


def transcript(**changed: Callable[..., Any]) -> Transcript:
    """A run in which every function is the reference, but for the named ones."""
    functions = FUNCTIONS | changed
    return Transcript(answers={c.name: answered(c, functions[c.function], CASES[c.name]) for c in EXERCISE.checks})


def verdicts(run: Transcript, **more: Any) -> dict[str, Verdict]:
    found = judge(EXERCISE, CASES, submission(**more), run)
    assert [verdict.check for verdict in found] == [check.name for check in EXERCISE.checks]
    assert all(verdict.status in STATUSES for verdict in found)
    return {EXERCISE.check(verdict.check).function: verdict for verdict in found}


def of_errors(name: str, message: str = "", raised_in: str = "", check: str = "rnn.step") -> Verdict:
    """The verdict on a check in which every call ended with this error."""
    run = transcript()
    case = CaseAnswer(error=(name, message), raised_in=raised_in)
    run.answers[check] = Answer(False, (case,) * len(CASES[check]))
    return verdicts(run)[EXERCISE.check(check).function]


# ---- answers ---------------------------------------------------------------------------------------------------------


def test_the_reference_is_right_everywhere() -> None:
    found = verdicts(transcript())
    assert {verdict.status for verdict in found.values()} == {"right"}
    assert found["step"].message == f"All {len(CASES['rnn.step'])} challenges agree with the reference."
    assert found["step"].read == ""


@EACH_CHECK
def test_a_known_mistake_is_named_with_its_message_and_section(check: Check) -> None:
    for mistake in check.misconceptions:
        found = verdicts(transcript(**{check.function: mistake.function}))[check.function]
        first = sorted(CASES[check.name], key=lambda case: case.rank)[:1]
        raises = outcomes(check, mistake.function, first)[0].error is not None
        assert found.status == ("error" if raises else "wrong"), f"{mistake.name}: {found}"
        assert found.mistake == mistake.name
        assert mistake.message in found.message
        assert check.section.partition(": ")[2] in found.read


@EACH_CHECK
def test_one_wrong_case_among_right_ones_is_enough(check: Check) -> None:
    for number, case in enumerate(CASES[check.name]):
        run = transcript()
        right = run.answers[check.name].cases
        changed = right[number].returned.array
        assert changed is not None
        wrong = CaseAnswer(Returned.of(changed + np.asarray(1, changed.dtype)))
        run.answers[check.name] = Answer(False, (*right[:number], wrong, *right[number + 1 :]))
        found = verdicts(run)
        assert found[check.function].status == "wrong", f"case {case.title!r}"
        assert f"(challenge: {case.title})" in found[check.function].message
        assert {name for name, verdict in found.items() if not verdict.ok} == {check.function}


def test_an_answer_without_its_array_is_wrong_whatever_it_claims() -> None:
    run = transcript()
    claims = tuple(
        CaseAnswer(Returned("ndarray", one.returned.dtype, one.returned.shape)) for one in run.answers["rnn.step"].cases
    )
    run.answers["rnn.step"] = Answer(False, claims)
    assert verdicts(run)["step"].status == "wrong"


def test_a_changed_input_costs_the_check() -> None:
    run = transcript()
    said = tuple(CaseAnswer(one.returned, changed=("h_prev",)) for one in run.answers["rnn.step"].cases)
    run.answers["rnn.step"] = Answer(False, said)
    found = verdicts(run)["step"]
    assert found.status == "wrong"
    assert "step changed its input h_prev" in found.message


def test_an_answer_that_could_not_be_read_is_malformed() -> None:
    run = transcript()
    run.answers["rnn.step"] = Answer(False, ())
    assert verdicts(run)["step"].status == "malformed"


@pytest.mark.parametrize(
    ("name", "message", "raised_in", "check", "status", "text"),
    [
        ("ValueError", "bad shape", "step", "rnn.step", "error", "step raised ValueError: bad shape"),
        ("AssertionError", "", "step", "rnn.step", "error", "step raised AssertionError (challenge"),
        ("NotImplementedError", "", "step", "rnn.step", "not attempted", "step still raises"),
        ("NotImplementedError", "", "", "rnn.step", "not attempted", "step still raises"),
        ("NotImplementedError", "", "helper", "rnn.step", "error", "step raised NotImplementedError"),
        ("NotImplementedError", "", "step", "rnn.forward", "error", "forward calls step, which is not written yet"),
        ("NotImplementedError", "", "forward", "rnn.forward", "not attempted", "forward still raises"),
        ("NameError", "name 'step' is not defined", "", "rnn.forward", "error", "calls step, which is not defined"),
        (
            "NameError",
            "name 'stpe' is not defined",
            "",
            "rnn.forward",
            "error",
            "forward raised NameError: name 'stpe'",
        ),
        ("MemoryError", "", "step", "rnn.step", "out of memory", "step asked for more memory than there is"),
    ],
)
def test_an_error_is_said_for_what_it_is(
    name: str, message: str, raised_in: str, check: str, status: str, text: str
) -> None:
    found = of_errors(name, message, raised_in, check)
    assert (found.status, found.mistake) == (status, None)
    assert text in found.message, found.message


def test_errors_alone_match_no_mistake() -> None:
    """Some mistakes raise errors too; an error everywhere says nothing about which."""
    for check in EXERCISE.checks:
        cases = outcomes(check, lambda *inputs: 1 / 0, CASES[check.name])
        expected = expected_values(check, CASES[check.name])
        assert matching(check, CASES[check.name], cases, expected) is None, check.name


# ---- no answer -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ended", ["timeout", "crashed", "out of memory"])
@pytest.mark.parametrize("cell", ["check-rnn-step", "step"])
def test_a_cell_that_ended_the_sandbox_gives_its_status_to_its_check_alone(ended: str, cell: str) -> None:
    run = transcript()
    run.answers.pop("rnn.step")
    run.ended[cell] = ended
    found = verdicts(run)
    assert found["step"].status == ended
    assert ("The cell that defines step" in found["step"].message) == (cell == "step")
    assert {verdict.status for name, verdict in found.items() if name != "step"} == {"right"}


def test_every_way_to_end_is_explained() -> None:
    assert len({how_it_ended("step", ended) for ended in ("timeout", "crashed", "out of memory", "malformed")}) == 4


def test_each_limit_of_time_is_named() -> None:
    kinds = [(processor, whole) for processor in (True, False) for whole in (True, False)]
    told = {how_it_ended("step", "timeout", TimeLimit(10.0, *kind)) for kind in kinds}
    assert len(told) == 4
    assert all("10 seconds" in one for one in told)


def test_a_cell_of_ones_own_that_was_left_out_is_named_where_its_names_are_missed() -> None:
    run = transcript()
    missed = CaseAnswer(error=("NameError", "name 'SCALE' is not defined"))
    run.answers["rnn.forward"] = Answer(False, (missed,) * len(CASES["rnn.forward"]))
    run.ended["added-1"] = "timeout"
    run.limits["added-1"] = TimeLimit(10.0, processor=True)
    found = verdicts(run, own_cells={"added-1": "A cell of your own after the check of step"})
    assert "A cell of your own after the check of step did not come to an end" in found["forward"].message
    assert "10 seconds of processor time" in found["forward"].message
    assert all("of your own" not in verdict.message for name, verdict in found.items() if name != "forward")


def test_the_page_says_below_a_cell_how_it_ended() -> None:
    built = new_notebook(cells=[new_code_cell("while True: pass", id="added-1")])
    run = Transcript(ended={"added-1": "timeout"}, limits={"added-1": TimeLimit(10.0, processor=True)})
    page = graded_notebook(EXERCISE, built, run, []).decode()
    assert "This cell did not come to an end within its time." in page
    assert "10 seconds of processor time" in page


def test_a_check_that_no_frame_came_for_was_not_reached() -> None:
    assert {verdict.status for verdict in verdicts(Transcript()).values()} == {"not reached"}


MISSING = Answer(True, ())


def test_a_missing_function_is_an_error() -> None:
    run = transcript()
    run.answers["rnn.step"] = MISSING
    found = verdicts(run)["step"]
    assert (found.status, found.message) == ("error", "No function named step is defined.")


def test_a_missing_function_whose_cell_is_as_released_was_not_attempted() -> None:
    run = transcript()
    run.answers["rnn.step"] = MISSING
    found = verdicts(run, unchanged=frozenset({"step"}))
    assert (found["step"].status, found["forward"].status) == ("not attempted", "right")


@pytest.mark.parametrize(("error", "status"), [("SyntaxError", "error"), ("MemoryError", "out of memory")])
def test_a_missing_function_whose_cell_failed_is_said_with_the_cells_error(error: str, status: str) -> None:
    run = transcript()
    run.answers["rnn.step"] = MISSING
    run.outputs["step"] = CellOutput(error=(error, "invalid syntax"))
    found = verdicts(run)["step"]
    assert found.status == status
    assert f"ended with {error}: invalid syntax" in found.message


def test_what_intake_found_malformed_stays_so_even_with_a_right_answer() -> None:
    found = verdicts(transcript(), malformed={"step": "The notebook has no cell that defines step."})
    assert (found["step"].status, found["step"].message) == ("malformed", "The notebook has no cell that defines step.")
    assert found["forward"].status == "right"


# ---- functions that rest on others -----------------------------------------------------------------------------------


def wrong_step(x: Any, h_prev: Any, W_x: Any, W_h: Any, b: Any) -> Any:
    """Wrong in a way that no misconception of forward is."""
    return np.tanh(0.5 * (x @ W_x.T) - h_prev @ W_h.T + b)


def recorded(functions: dict[str, Any], check: Check) -> dict[str, np.ndarray]:
    """The calls that the sandbox would record."""
    tensors: dict[str, np.ndarray] = {}
    cases = [
        {name: tensor_entry(f"{number}/{name}", value, tensors) for name, value in case.inputs.items()}
        for number, case in enumerate(CASES[check.name])
    ]
    return arrays(record_calls(functions[check.function], check.earlier, cases, tensors, functions))


def tensor_entry(key: str, value: Any, tensors: dict[str, np.ndarray]) -> dict[str, Any]:
    if not isinstance(value, np.ndarray):
        return {"value": value}
    tensors[key] = value
    return {"tensor": key}


def own_forward(functions: dict[str, Any]) -> Callable[..., Any]:
    """A student's right forward, which calls whatever step there is."""

    def forward(x: Any, h_0: Any, W_x: Any, W_h: Any, b: Any) -> Any:
        h = [h_0]
        for x_t in x:
            h.append(functions["step"](x_t, h[-1], W_x, W_h, b))
        return np.stack(h[1:])

    return forward


def test_a_right_function_that_rests_on_a_wrong_one_is_said_to() -> None:
    check = EXERCISE.check("rnn.forward")
    functions: dict[str, Any] = {"step": wrong_step}
    functions["forward"] = own_forward(functions)
    run = transcript(step=wrong_step, forward=functions["forward"])
    run.calls[check.name] = recorded(functions, check)
    found = verdicts(run)
    assert (found["step"].status, found["forward"].status) == ("wrong", "wrong")
    assert "forward itself is right: it fails because of what step returns." in found["forward"].message


def test_a_wrong_function_that_rests_on_a_wrong_one_is_not_called_right() -> None:
    check = EXERCISE.check("rnn.forward")
    functions: dict[str, Any] = {"step": wrong_step}
    functions["forward"] = lambda *inputs: 0.9 * own_forward(functions)(*inputs)
    run = transcript(step=wrong_step, forward=functions["forward"])
    run.calls[check.name] = recorded(functions, check)
    message = verdicts(run)["forward"].message
    assert "itself is right" not in message, message


def test_a_function_is_not_called_right_because_of_one_that_has_full_marks() -> None:
    """Calls recorded of another step than the one that was judged blame nothing."""
    check = EXERCISE.check("rnn.forward")
    functions: dict[str, Any] = {"step": wrong_step}
    functions["forward"] = own_forward(functions)
    run = transcript(forward=functions["forward"])
    run.calls[check.name] = recorded(functions, check)
    found = verdicts(run)
    assert (found["step"].status, found["forward"].status) == ("right", "wrong")
    assert "itself is right" not in found["forward"].message


def test_a_function_is_not_called_right_where_one_challenge_does_not_prove_it() -> None:
    check = EXERCISE.check("rnn.forward")
    functions: dict[str, Any] = {"step": wrong_step}
    functions["forward"] = own_forward(functions)
    run = transcript(step=wrong_step, forward=functions["forward"])
    last = f"{len(CASES[check.name]) - 1}/"
    calls = recorded(functions, check)
    run.calls[check.name] = {name: array for name, array in calls.items() if not name.startswith(last)}
    assert len(run.calls[check.name]) < len(calls)
    assert "itself is right" not in verdicts(run)["forward"].message


def test_forged_calls_decide_what_is_said_and_never_what_is_earned() -> None:
    check = EXERCISE.check("rnn.forward")
    functions: dict[str, Any] = {"step": wrong_step}
    functions["forward"] = own_forward(functions)
    run = transcript(forward=functions["forward"])
    run.calls[check.name] = recorded(functions, check)
    assert verdicts(run)["forward"].status == "wrong"


@pytest.mark.parametrize(
    "calls",
    [
        {},
        {"0/step/0/0": np.ones(3)},
        {"0/step/0/out": np.ones(3)},
        {"step": np.ones(3), "0/step/": np.ones(3), "/": np.ones(3), "0/step//": np.ones(3)},
        {"0/other/0/out": np.ones(3)},
        {f"0/step/0/{place}": np.ones((9, 9)) for place in [0, 1, 2, 3, 4, "out"]},
        {f"0/step/0/{place}": np.full((2, 2), np.nan) for place in [0, 1, 2, 3, 4, "out"]},
    ],
    ids=lambda calls: " ".join(calls) or "none",
)
def test_calls_of_any_form_do_not_stop_the_judge(calls: dict[str, np.ndarray]) -> None:
    run = transcript(step=wrong_step, forward=lambda *inputs: forward(*inputs) * 0.9)
    run.calls["rnn.forward"] = calls
    assert verdicts(run)["forward"].status == "wrong"


def test_a_table_of_calls_finds_what_was_recorded_and_nothing_else() -> None:
    rows = {"3/f/0/0": np.ones(2), "3/f/0/out": np.zeros(3), "3/f/1/0": np.full(2, 2.0), "3/f/1/out": np.ones(3)}
    rows |= {"4/f/0/0": np.full(2, 3.0), "4/f/0/out": np.ones(3)}
    table = Lookup(rows, 3, "f", 1e-5, [np.ones(3)])
    assert table(np.full(2, 2.0)).tolist() == [1.0, 1.0, 1.0]
    for other in (np.full(2, 3.0), np.ones(3), np.ones((1, 2))):
        with pytest.raises(LookupError):
            table(other)


def test_recorded_results_do_not_spread_to_arrays_that_are_larger_than_the_references() -> None:
    """Each is small; the reference adds one a step, and these have their lengths on different axes."""
    check = EXERCISES["02_bptt"].check("rnn.backward")
    drawn = max(challenge.draw_all(EXERCISES["02_bptt"], bytes(32), "student")[check.name], key=most_steps)
    case = Case(Returned("tuple", parts=()))
    rows: dict[str, np.ndarray] = {}

    def step_backward(*inputs: Any) -> tuple[Any, ...]:
        number, found = len(rows) // 10, list(original(*inputs))
        found[2] = np.ones((400, *(1,) * (2 + number % 2)))
        rows.update({f"0/step_backward/{number}/{place}": value for place, value in enumerate(inputs)})
        rows.update({f"0/step_backward/{number}/out.{place}": value for place, value in enumerate(found)})
        return original(*inputs)

    original = inspect.unwrap(check.reference).__globals__["step_backward"]
    composed(check, {"step_backward": step_backward})(**drawn.inputs)
    tracemalloc.start()
    rests_on_wrong_part(check, [drawn], [case], rows)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(rows) > 20
    assert peak < 6 << 20, f"{peak >> 20} MB"


def most_steps(case: DrawnCase) -> int:
    return len(case.inputs["x"])


def test_a_message_has_a_bounded_length_whatever_names_come_out() -> None:
    run = transcript()
    parts = tuple((f"{number}" + "x" * 70, Returned("int")) for number in range(64))
    nested = Returned("dict", parts=tuple((name, Returned("dict", parts=parts)) for name, _ in parts))
    run.answers["rnn.step"] = Answer(False, (CaseAnswer(nested),) * len(CASES["rnn.step"]))
    ended = CaseAnswer(error=("E", "x" * 64_000))
    run.answers["rnn.forward"] = Answer(False, (ended,) * len(CASES["rnn.forward"]))
    assert all(len(verdict.message) <= LONGEST_MESSAGE + 2 for verdict in verdicts(run).values())


# ---- the judge's own tools -------------------------------------------------------------------------------------------


def test_composed_replaces_what_the_reference_calls_and_leaves_the_reference() -> None:
    inputs = CASES["rnn.forward"][0].inputs
    replaced = composed(EXERCISE.check("rnn.forward"), {"step": wrong_step})(**inputs)
    assert np.allclose(replaced, own_forward({"step": wrong_step})(*inputs.values()))
    assert not np.allclose(replaced, forward(**inputs))
    assert np.array_equal(expected_values(EXERCISE.check("rnn.forward"), CASES["rnn.forward"])[0], forward(**inputs))
    assert composed(EXERCISE.check("rnn.step"), {}).__defaults__ == inspect.unwrap(step).__defaults__


@EACH_CHECK
def test_judging_leaves_the_challenges_as_they_were(check: Check) -> None:
    before = [{name: np.copy(value) for name, value in case.inputs.items()} for case in CASES[check.name]]
    expected_values(check, CASES[check.name])
    for mistake in check.misconceptions:
        verdicts(transcript(**{check.function: mistake.function}))
    for case, kept in zip(CASES[check.name], before, strict=True):
        for name, value in case.inputs.items():
            assert np.array_equal(value, kept[name]), f"{name} of {case.title!r} was written to"
