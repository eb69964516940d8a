"""Calls that follow others: the same shapes with other numbers, and an earlier call once more.

They find what is kept between calls: a result kept by its shapes, one array that is filled each time, a count of calls.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from autograder.check import Returned, same_result
from autograder.exercise.declaration import Check, DrawnCase, Inputs
from autograder.exercise.drawing import each
from autograder.runner.calling import invoke, marked, ready

Generator = np.random.Generator
ALIKE = marked("the shapes of an earlier call, with other numbers")
AGAIN = marked("an earlier call once more")
MOST_TRIED = 3  # to find one for which it matters how arrays lie in memory: for some functions it never does
SCALES = (-0.71875, 0.53125, -1.28125, 0.84375, -0.40625, 1.15625)  # in double precision exact, and no short results


def scaled(inputs: Inputs, signed: bool) -> Inputs:
    """Each array with a factor of its own, so that no quotient of two stays what it was; exact, and short for readers."""
    count = iter(range(1000))

    def change(array: np.ndarray) -> np.ndarray:
        factor = SCALES[next(count) % len(SCALES)]
        with np.errstate(over="ignore"):  # then the result is not finite, and these numbers are not taken
            return (array * (factor if signed else abs(factor))).astype(array.dtype)

    changed: Inputs = each(change, inputs)
    return changed


def reversed_(inputs: Inputs) -> Inputs:
    """Each array of floats or integers from back to front along its last axis."""
    changed: Inputs = each(lambda array: np.ascontiguousarray(array[..., ::-1]) if array.ndim else array, inputs, "fiu")
    return changed


# What is nearest to the inputs comes first: probabilities from back to front are still probabilities.
WAYS: tuple[Callable[[Inputs], Inputs], ...] = (
    reversed_,
    lambda inputs: scaled(inputs, signed=False),
    lambda inputs: scaled(inputs, signed=True),
)


def finite(returned: Returned) -> bool:
    if returned.parts is not None:
        return all(finite(part) for _name, part in returned.parts)
    return returned.array is not None and bool(np.isfinite(returned.array).all())


def is_short(returned: Returned) -> bool:
    """Whether rounding to five decimals would change nothing."""
    if returned.parts is not None:
        return all(is_short(part) for _name, part in returned.parts)
    array = returned.array
    return array is None or array.dtype.kind != "f" or bool(np.isclose(array, array.round(5), 0.0, 1e-12).all())


def result_of(check: Check, inputs: Inputs) -> Returned | None:
    """What the reference returns; None if it raises."""
    try:
        with np.errstate(all="ignore"):
            return Returned.of(invoke(check.reference, ready(inputs, check.tensors)))
    except Exception:  # to numbers that it was not meant for, it may do so
        return None


def alike(check: Check, case: DrawnCase, before: Returned | None) -> DrawnCase | None:
    """Other numbers in the same shapes to which the reference gives another finite result; None if there are none.

    The first such numbers, but rather those whose result is not short. ``before`` is what it returns for the case.
    """
    found = None
    for way in WAYS if before else ():
        inputs = way(case.inputs)
        after = result_of(check, inputs)
        if before and after and finite(after) and not same_result(before, after, 1e-3):
            found = found or DrawnCase(ALIKE, inputs)
            if not is_short(after):
                return DrawnCase(ALIKE, inputs)
    return found


def first_alike(check: Check, cases: list[DrawnCase]) -> tuple[DrawnCase, DrawnCase | None]:
    """A case, and other numbers in its shapes: rather one for which it matters how its arrays lie in memory."""
    found: list[tuple[DrawnCase, DrawnCase]] = []
    for case in cases:
        before = result_of(check, case.inputs)
        other = alike(check, case, before)
        if other is not None:
            found.append((case, other))
            if by_columns_other(check, case, before):
                return case, other
        if len(found) == MOST_TRIED:
            break
    return found[0] if found else (cases[0], None)


def by_columns_other(check: Check, case: DrawnCase, before: Returned | None) -> bool:
    """Whether the reference comes to something else for the numbers in the order of the columns."""
    inputs = each(lambda array: array.ravel(order="F").reshape(array.shape), case.inputs)
    after = result_of(check, inputs)
    return not (before and after and same_result(before, after, 1e-3))


def followed(check: Check, cases: list[DrawnCase]) -> Iterator[DrawnCase]:
    """The cases, then what follows them: the first one that can be, with other numbers, and then twice more.

    Of the last two calls, one is given arrays of an earlier call, and the other new ones that lie otherwise: see
    ``calling.Kept``.
    """
    yield from cases
    if check.trained is None and cases:
        first, other = first_alike(check, cases)
        if other is not None:
            yield from (other, replace(first, title=AGAIN))
        yield replace(first, title=AGAIN)


def in_drawn_order(rng: Generator, check: Check, cases: list[DrawnCase]) -> list[DrawnCase]:
    """The same in an order of calls that is drawn; each keeps the rank at which it is spoken of."""
    made = [replace(case, rank=rank) for rank, case in enumerate(followed(check, cases))]
    if check.trained is not None:
        return made
    first = [case for case in made if case.title != AGAIN]
    return [first[place] for place in rng.permutation(len(first))] + made[len(first) :]
