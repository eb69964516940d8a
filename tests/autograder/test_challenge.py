"""The declared checks and their challenges: every right version passes, every wrong one fails and is called by its name."""

import functools
import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from autograder.authoring.examples import worked_cases
from autograder.check import Case, Expected, Returned, difference, measure, same_outcome
from autograder.exercise import EXERCISES, Check, DrawnCase, Exercise, Misconception
from autograder.grading import challenge
from autograder.grading.judge import expected_values, matching, outcomes, shown_of, tolerances
from autograder.runner.calling import Given, arrays_in, parts_of
from tests.autograder.given import imported

FEW_SEEDS = 10
SLOW = pytest.mark.slow
RIGHT_SEEDS = pytest.mark.parametrize("seeds", [20, pytest.param(200, marks=SLOW)])
WRONG_SEEDS = pytest.mark.parametrize("seeds", [FEW_SEEDS, pytest.param(50, marks=SLOW)])
SEED = bytes(range(32))
CHECKS = [(exercise, check) for exercise in EXERCISES.values() for check in exercise.without_training().checks]
EACH_CHECK = pytest.mark.parametrize(("exercise", "check"), CHECKS, ids=[check.name for _, check in CHECKS])
MISTAKES = [(exercise, check, mistake) for exercise, check in CHECKS for mistake in check.misconceptions]
EACH_MISTAKE = pytest.mark.parametrize(
    ("exercise", "check", "mistake"), MISTAKES, ids=[f"{c.name}: {m.name}" for _, c, m in MISTAKES]
)
ALTERNATIVES = [(exercise, path) for exercise in EXERCISES.values() for path in exercise.alternatives]

Array = np.ndarray[Any, Any]


def seed_of(number: int) -> bytes:
    return number.to_bytes(32, "big")


@functools.cache
def drawn_with_answers(slug: str, name: str, number: int) -> tuple[list[DrawnCase], list[Expected]]:
    """A draw and what the reference comes to, made once: ``call`` hands out copies, and what is kept cannot be written to."""
    check = EXERCISES[slug].check(name)
    cases = challenge.draw(check, seed_of(number), slug, "student")
    expected = expected_values(check, cases)
    for array in [*leaves(expected), *(array for _, array in arrays_of(cases))]:
        array.flags.writeable = False
    return cases, expected


def leaves(expected: Expected) -> list[Array]:
    """Every array of a result, or of several."""
    parts = parts_of(expected)
    return [expected] if parts is None else [leaf for _, part in parts for leaf in leaves(part)]


def mapped(change: Callable[[Array], Any], expected: Expected) -> Any:
    """A result with each of its arrays changed."""
    if isinstance(expected, dict):
        return {name: mapped(change, part) for name, part in expected.items()}
    if isinstance(expected, tuple | list):
        return type(expected)(mapped(change, part) for part in expected)
    return change(expected)


def same_shapes(one: Any, two: Any) -> bool:
    return [np.shape(leaf) for leaf in leaves(one)] == [np.shape(leaf) for leaf in leaves(two)]


def drawn(exercise: Exercise, check: Check, number: int) -> list[DrawnCase]:
    return drawn_with_answers(exercise.slug, check.name, number)[0]


def answers(exercise: Exercise, check: Check, number: int) -> list[Expected]:
    return drawn_with_answers(exercise.slug, check.name, number)[1]


def first_difference(check: Check, drawn: list[DrawnCase], cases: list[Case], expected: list[Expected]) -> str | None:
    rows = zip(cases, expected, tolerances(check, drawn), strict=True)
    found = (difference(one, wanted, allowed, shown_of(check)) for one, wanted, allowed in rows)
    return next((text for text in found if text is not None), None)


def returned(check: Check, results: list[Any]) -> list[Case]:
    """Cases in which a function returned these; where it is about tensors, as tensors."""
    return [Case(Returned.of(mapped(as_tensor, one) if check.tensors else one)) for one in results]


def as_tensor(array: Any) -> Any:
    import torch

    known = isinstance(array, np.ndarray | np.generic) and array.dtype.kind in "fibc"
    return torch.from_numpy(np.array(array)) if known else array


def like(expected: Array, array: Array) -> Any:
    """The array with the expected dtype; where one number is asked for, a NumPy scalar."""
    return np.asarray(array, dtype=expected.dtype)[()]


def whole_set(exercise: Exercise, path: Any) -> dict[str, Any]:
    """One namespace with all functions: an alternative's own, and the reference's source where it has none."""
    from autograder.exercise.notebooks import alternative_sources

    sources, helpers = alternative_sources(exercise, path)
    namespace: dict[str, Any] = {"np": np, "__name__": path.stem, **imported(exercise)}
    exec(compile(helpers, str(path.name), "exec"), namespace)
    for name, source in sources.items():
        exec(compile(source, f"{path.stem}.{name}", "exec"), namespace)
    return namespace


# ---- the checks are sound --------------------------------------------------------------------------------------------


def test_there_is_something_to_check() -> None:
    """A declaration that lost its alternatives or mistakes would let the tests below pass for nothing."""
    for exercise in EXERCISES.values():
        assert len(exercise.alternatives) >= 5, f"{exercise.slug} has {len(exercise.alternatives)} alternatives"
        assert all(len(check.misconceptions) >= 4 for check in exercise.without_training().checks)
        assert all(1 <= len(check.misconceptions) <= 3 for check in exercise.checks if check.trained)


@EACH_CHECK
def test_the_reference_is_right_in_every_draw(exercise: Exercise, check: Check) -> None:
    for number in range(FEW_SEEDS):
        cases = drawn(exercise, check, number)
        expected = answers(exercise, check, number)
        text = first_difference(check, cases, outcomes(check, check.reference, cases), expected)
        assert text is None, f"seed {number}: {text}"
        assert all(np.isfinite(array).all() for array in leaves(expected)), (
            f"seed {number}: the expected values are not finite"
        )


@RIGHT_SEEDS
@pytest.mark.parametrize(("exercise", "path"), ALTERNATIVES, ids=[f"{e.slug}-{path.stem}" for e, path in ALTERNATIVES])
def test_every_other_right_version_passes_in_every_draw(exercise: Exercise, path: Any, seeds: int) -> None:
    namespace = whole_set(exercise, path)
    for number, check in itertools.product(range(seeds), exercise.without_training().checks):
        cases = drawn(exercise, check, number)
        results = outcomes(check, namespace[check.function], cases)
        text = first_difference(check, cases, results, answers(exercise, check, number))
        assert text is None, f"{path.stem}, seed {number}, {check.name}: {text}"


@WRONG_SEEDS
@EACH_CHECK
def test_every_mistake_is_rejected_and_comes_to_the_same_as_no_other(
    exercise: Exercise, check: Check, seeds: int
) -> None:
    """``matching`` gives the first that fits; so each must be told apart whatever the order."""
    for number in range(seeds):
        cases = drawn(exercise, check, number)
        results = {mistake.name: outcomes(check, mistake.function, cases) for mistake in check.misconceptions}
        for name, theirs in results.items():
            assert first_difference(check, cases, theirs, answers(exercise, check, number)) is not None, (
                f"{name!r} passes with seed {number}"
            )
            assert any(case.error is None for case in theirs), f"{name!r} only raises with seed {number}"
            allowed = tolerances(check, cases)
            fits = [other for other, of_other in results.items() if all(map(same_outcome, theirs, of_other, allowed))]
            assert fits == [name], f"seed {number}: {name!r} fits {fits}"


@EACH_MISTAKE
def test_a_mistake_is_matched_by_its_own_name(exercise: Exercise, check: Check, mistake: Misconception) -> None:
    cases = drawn(exercise, check, 0)
    found = matching(check, cases, outcomes(check, mistake.function, cases), answers(exercise, check, 0))
    assert found is not None
    assert found.name == mistake.name


@EACH_CHECK
def test_the_right_answer_is_taken_for_no_mistake(exercise: Exercise, check: Check) -> None:
    for number in range(FEW_SEEDS):
        cases = drawn(exercise, check, number)
        expected = answers(exercise, check, number)
        assert matching(check, cases, outcomes(check, check.reference, cases), expected) is None, f"seed {number}"


# ---- answers that were not computed ----------------------------------------------------------------------------------


def uncomputed(check: Check, cases: list[DrawnCase], expected: list[Expected]) -> Iterator[tuple[str, list[Any]]]:
    """Answers that anybody could give without computing anything."""
    for name, number in (("zeros", 0.0), ("ones", 1.0), ("minus one", -1.0), ("NaN", np.nan), ("infinity", np.inf)):
        if np.isfinite(number) or any(leaf.dtype.kind == "f" for leaf in leaves(expected)):
            yield name, [mapped(lambda leaf, n=number: filled(leaf, n), wanted) for wanted in expected]
    for name in set.intersection(*(set(case.inputs) for case in cases)):
        given = [case.inputs[name] for case in cases]
        yield f"the input {name}", [np.zeros(1) if callable(one) or isinstance(one, Given) else one for one in given]
        yield (
            f"the input {name}, cut to shape",
            [mapped(lambda leaf, v=value: cut(v, leaf), wanted) for value, wanted in zip(given, expected, strict=True)],
        )
    worked = expected_values(check, worked_cases(check))
    for number, answer in enumerate(worked):
        yield f"the worked answer {number + 1}", [answer for _ in cases]
        first = leaves(answer)
        yield (
            f"the worked answer {number + 1}, cut to shape",
            [in_turn(itertools.cycle(first), wanted) for wanted in expected],
        )
    everyone = itertools.cycle(leaves(worked))
    yield "the worked answers in turn", [in_turn(everyone, wanted) for wanted in expected]


def filled(leaf: Array, number: float) -> Any:
    """A number everywhere; where the answers are integers, NaN and infinity are no answers at all."""
    whole = number if leaf.dtype.kind == "f" or np.isfinite(number) else 0
    return like(leaf, np.full(leaf.shape, whole))


def in_turn(values: Iterator[Array], wanted: Expected) -> Any:
    return mapped(lambda leaf: cut(next(values), leaf), wanted)


def cut(value: Any, wanted: Array) -> Any:
    """A value repeated and cut to the wanted shape and dtype."""
    numbers = [np.ravel(array) for _, array in arrays_in(value, "")] or [np.zeros(1)]
    if isinstance(value, int | float):
        numbers = [np.array([value])]
    with np.errstate(over="ignore"):  # a number may be too large for the wanted type
        return like(wanted, np.resize(np.concatenate(numbers), wanted.shape))


@EACH_CHECK
def test_answers_that_were_not_computed_are_rejected(exercise: Exercise, check: Check) -> None:
    for number in range(FEW_SEEDS):
        cases = drawn(exercise, check, number)
        expected = answers(exercise, check, number)
        for name, arrays in uncomputed(check, cases, expected):
            assert first_difference(check, cases, returned(check, arrays), expected), (
                f"{name} passes with seed {number}"
            )


RESHAPES: dict[str, Callable[[Array], Array]] = {
    "x[None]": lambda x: x[None],
    "x[..., None]": lambda x: x[..., None],
    "squeezed": np.squeeze,
    "flattened": lambda x: x.reshape(-1),
    "its first row": lambda x: x[:1] if x.ndim else x[None],
    "twice": lambda x: np.stack([x, x]),
    "as broadcast": lambda x: np.broadcast_to(x, (2, *x.shape)),
    "with the last two axes swapped": lambda x: np.swapaxes(x, -1, -2) if x.ndim > 1 else x[None],
}


@EACH_CHECK
@pytest.mark.parametrize("how", RESHAPES)
def test_a_right_answer_in_another_shape_is_rejected(exercise: Exercise, check: Check, how: str) -> None:
    for number in range(FEW_SEEDS):
        cases, expected = drawn_with_answers(exercise.slug, check.name, number)
        reshaped = [mapped(RESHAPES[how], wanted) for wanted in expected]
        if same_shapes(reshaped, expected):
            told_by_values = (
                first_difference(check, cases, returned(check, reshaped), expected) is not None
            )  # always square
            assert max(leaf.ndim for leaf in leaves(expected)) <= 1 or told_by_values, (
                f"{check.name} has no case in which {how} changes a shape"
            )
            continue
        assert first_difference(check, cases, returned(check, reshaped), expected), f"{how} passes with seed {number}"


@EACH_CHECK
def test_each_case_in_another_shape_is_rejected_by_itself(exercise: Exercise, check: Check) -> None:
    """One reshaped case among right ones is enough."""
    cases = drawn(exercise, check, 0)
    expected = answers(exercise, check, 0)
    for number, how in itertools.product(range(len(expected)), RESHAPES):
        results: list[Any] = [mapped(lambda leaf: leaf[()], wanted) for wanted in expected]
        results[number] = mapped(RESHAPES[how], expected[number])
        if not same_shapes(results[number], expected[number]):
            text = first_difference(check, cases, returned(check, results), expected)
            assert text is not None, f"{how} passes in the case {cases[number].title!r}"
            assert "shape" in text or "number" in text


@EACH_CHECK
def test_answers_off_by_ten_tolerances_are_rejected_and_by_a_tenth_accepted(exercise: Exercise, check: Check) -> None:
    for number in range(FEW_SEEDS):
        cases = drawn(exercise, check, number)
        expected, allowed = answers(exercise, check, number), tolerances(check, cases)
        for place, wanted in enumerate(expected):
            for which, leaf in enumerate(leaves(wanted)):
                if leaf.dtype.kind != "f" or not leaf.size:
                    continue
                at = np.unravel_index(number % leaf.size, leaf.shape)
                scale = np.broadcast_to(measure(leaf, check.apart), leaf.shape)[at]
                for factor in (10, 0.1):
                    off = leaf.astype(leaf.dtype, copy=True)
                    off[at] += np.asarray(factor * allowed[place] * scale, dtype=leaf.dtype)
                    results: list[Any] = [mapped(lambda one: one[()], other) for other in expected]
                    results[place] = with_leaf(wanted, which, off[()])
                    text = first_difference(check, cases, returned(check, results), expected)
                    where = f"case {cases[place].title!r}, place {at}, seed {number}, off by {factor} tolerances"
                    assert (text is not None) == (factor > 1), f"{where}: {text}"


def with_leaf(wanted: Expected, which: int, leaf: Any) -> Any:
    """A result with one of its arrays replaced."""
    numbers = itertools.count()
    return mapped(lambda one: leaf if next(numbers) == which else one[()], wanted)


@EACH_CHECK
def test_a_right_answer_of_another_dtype_is_rejected(exercise: Exercise, check: Check) -> None:
    cases, expected = drawn_with_answers(exercise.slug, check.name, 0)
    single = all(leaf.ndim == 0 for leaf in leaves(expected))
    if all(leaf.dtype.kind in "iu" for leaf in leaves(expected)):
        kinds: tuple[type, ...] = (np.float64, np.complex128)
    elif single:
        kinds = (np.complex128,) if check.tensors else (np.int64, np.complex128)  # one number may be of any precision
    else:
        kinds = (np.float16, np.int64, np.complex128)
    for kind in kinds:
        with np.errstate(all="ignore"):  # a huge number is infinite in float16
            changed = [mapped(lambda leaf, k=kind: leaf.astype(k), wanted) for wanted in expected]
        text = first_difference(check, cases, returned(check, changed), expected)
        assert text is not None, f"{check.name} accepts {np.dtype(kind)}"


# ---- challenges ------------------------------------------------------------------------------------------------------


def arrays_of(cases: list[DrawnCase]) -> list[tuple[str, Array]]:
    return [
        (f"{where} of the case {case.title!r}", array)
        for case in cases
        for name, value in case.inputs.items()
        for where, array in arrays_in(value.arrays if isinstance(value, Given) else value, name)
    ]


def is_its_own(array: Array, case: DrawnCase) -> bool:
    """Whether it is an input of this very case: a text may say that one comes back, as where no step counts."""
    return any(own is array for _, own in arrays_of([case]))


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=lambda exercise: exercise.slug)
def test_no_challenge_holds_the_answer_of_another_check(exercise: Exercise) -> None:
    for number in range(FEW_SEEDS):
        checks = exercise.without_training().checks
        cases = {check.name: drawn(exercise, check, number) for check in checks}
        given = [(check, what, array) for check in checks for what, array in arrays_of(cases[check.name])]
        for check in checks:
            for case, result in zip(cases[check.name], answers(exercise, check, number), strict=True):
                # Zeros are no secret.
                for wanted in (leaf for leaf in leaves(result) if leaf.ndim and leaf.size > 1 and leaf.any()):
                    for other, what, array in given:
                        if array.shape != wanted.shape or array.dtype.kind != wanted.dtype.kind:
                            continue
                        if other is check and is_its_own(array, case):
                            continue
                        scale = np.abs(wanted.astype(float)).max() or 1.0
                        close = np.allclose(array.astype(float), wanted.astype(float), rtol=0, atol=1e-3 * scale)
                        assert not close, f"seed {number}: {other.name}, {what}, answers {check.name}, {case.title!r}"


def same(one: dict[str, list[DrawnCase]], two: dict[str, list[DrawnCase]]) -> dict[str, int]:
    """How many arrays of each check are the same in two draws, of those that do not hold whole numbers alone."""
    found = {}
    for name, cases in one.items():
        pairs = itertools.product(arrays_of(cases), arrays_of(two[name]))
        found[name] = sum(has_fractions(a) and np.array_equal(a, b, equal_nan=True) for (_, a), (_, b) in pairs)
    return found


def has_fractions(array: np.ndarray[Any, Any]) -> bool:
    finite = array[np.isfinite(array)] if array.dtype.kind == "f" else array[:0]
    return bool((finite % 1).any())


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=lambda exercise: exercise.slug)
def test_the_same_seed_and_student_give_the_same_challenges(exercise: Exercise) -> None:
    one, two = (challenge.draw_all(exercise.without_training(), SEED, "student") for _ in range(2))
    for name in one:
        assert [case.title for case in one[name]] == [case.title for case in two[name]]
        for (what, a), (_, b) in zip(arrays_of(one[name]), arrays_of(two[name]), strict=True):
            assert a.dtype == b.dtype
            assert np.array_equal(a, b, equal_nan=a.dtype.kind == "f"), f"{name}, {what} differs from draw to draw"


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=lambda exercise: exercise.slug)
def test_another_student_seed_or_exercise_gives_other_challenges(exercise: Exercise) -> None:
    exercise = exercise.without_training()
    ours = challenge.draw_all(exercise, SEED, "student")
    other_slug = replace(exercise, slug="another")
    others = {
        "another student": challenge.draw_all(exercise, SEED, "student2"),
        "another seed": challenge.draw_all(exercise, seed_of(1), "student"),
        "another hand-in": challenge.draw_all(exercise, SEED, "student", "signature"),
        "another exercise": challenge.draw_all(other_slug, SEED, "student"),
    }
    for what, theirs in others.items():
        shared = {name: count for name, count in same(ours, theirs).items() if count}
        assert not shared, f"{what} shares arrays: {shared}"


def test_where_one_name_ends_and_the_next_begins_matters() -> None:
    parts = [("a", "bc", "d"), ("ab", "c", "d"), ("a", "b", "cd"), ("", "abc", "d"), ("a", "bcd", "")]
    numbers = [challenge.generator(SEED, *names).integers(2**62) for names in parts]
    assert len(set(numbers)) == len(numbers)


def test_every_bit_of_the_seed_counts() -> None:
    seeds = [SEED, SEED[:-1] + b"\0", b"\1" + SEED[1:], SEED[:16] + b"\0" + SEED[17:]]
    numbers = [challenge.generator(seed, "a", "b", "c").integers(2**62) for seed in seeds]
    assert len(set(numbers)) == len(seeds)


def test_a_new_seed_is_secret_and_long_enough() -> None:
    seeds = {challenge.new_seed() for _ in range(50)}
    assert len(seeds) == 50
    assert {len(seed) for seed in seeds} == {32}


@EACH_CHECK
def test_drawing_differs_from_the_worked_cases(exercise: Exercise, check: Check) -> None:
    worked = {check.name: worked_cases(check)}
    for number in range(10):
        assert not same(worked, {check.name: drawn(exercise, check, number)})[check.name]


@EACH_CHECK
def test_the_draw_has_float32_and_lengths_that_differ(exercise: Exercise, check: Check) -> None:
    """Without them a lost dtype or a swapped axis would pass."""
    for number in range(10):
        cases = drawn(exercise, check, number)
        kinds = {str(a.dtype) for _, a in arrays_of(cases) if a.dtype.kind == "f"}
        assert kinds in ({"float32", "float64"}, set()) or check.only_float64, f"seed {number}: {kinds}"
        first = [case for case in cases if case.rank == 0]
        largest = max((a for _, a in arrays_of(first)), key=lambda a: a.ndim, default=np.zeros(1))
        square = ("W_h", "J", "W")  # a recurrent matrix has as many rows as columns
        names = [(re.findall(r"\w+", what.split(" of the case ")[0])[-1], a) for what, a in arrays_of(first)]
        if not any(name in square and a.ndim == largest.ndim for name, a in names):
            assert len(set(largest.shape)) == largest.ndim, (
                f"seed {number}: the first case has the shape {largest.shape}"
            )
