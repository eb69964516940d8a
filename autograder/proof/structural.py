"""Wrong versions by structure: every reference, with what it returns rounded, moved, kept or shared, must be rejected.

Misconceptions are mistakes of meaning, and mutants are changes of one place. These are made by wrapping the reference, the
same for every check, and stand in for all that a result can be but right. They are judged by the challenges and by the
worked cases, as what grading rejects should be rejected at home.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograder.authoring.examples import worked_cases
from autograder.check import Expected
from autograder.exercise import Check, DrawnCase, Exercise
from autograder.exercise.drawing import in_dtype
from autograder.grading import challenge
from autograder.grading.judge import expected_values
from autograder.proof.mutants import comes_out_wrong
from autograder.runner.calling import (
    array_of,
    arrays_in,
    by_columns,
    exchanged,
    import_torch,
    is_tensor,
    own_arrays,
    ready,
)

Array = np.ndarray[Any, Any]
Function = Callable[..., Any]
Change = Callable[[Any, dict[str, Any]], Any]
Take = Callable[[Any], Any]


def each_array(change: Callable[[Array], Any], result: Any) -> Any:
    """A result with every array, tensor or number of it changed."""
    if isinstance(result, dict):
        return {name: each_array(change, part) for name, part in result.items()}
    if isinstance(result, tuple | list):
        return type(result)(each_array(change, part) for part in result)
    changed = change(np.asarray(array_of(result)))
    if type(changed) not in (np.ndarray, np.float64, np.float32):
        return changed
    if is_tensor(result):
        return import_torch().from_numpy(np.asarray(changed))
    return changed if isinstance(result, np.ndarray) else changed[()]


def floats(change: Callable[[Array], Any]) -> Change:
    """A change of the floating-point arrays of a result."""
    return lambda result, inputs: each_array(lambda one: change(one) if one.dtype.kind == "f" else one, result)


def integers(change: Callable[[Array], Any]) -> Change:
    return lambda result, inputs: each_array(lambda one: change(one) if one.dtype.kind in "iu" else one, result)


def widest(inputs: dict[str, Any]) -> Any:
    """The dtype of the floating-point inputs."""
    kinds = [array.dtype for _name, array in arrays_in(inputs, "") if array.dtype.kind == "f"]
    return np.result_type(*kinds) if kinds else np.float64


def other_dtype(array: Array) -> Array:
    return array.astype(np.float32 if array.dtype == np.float64 else np.float64)


def swapped(result: Any, inputs: dict[str, Any]) -> Any:
    return (
        result[::-1] if isinstance(result, tuple | list) else dict(zip(result, reversed(result.values()), strict=True))
    )


def inputs_where_equal(result: Any, inputs: dict[str, Any]) -> Any:
    """The result with an input in place of each array that is equal to it."""
    there = [array for _name, array in arrays_in(inputs, "")]

    def input_like(array: Array) -> Array:
        same = (one for one in there if one.dtype == array.dtype and np.array_equal(one, array))
        return next(same, array)

    return each_array(input_like, result)


def write_to_inputs(result: Any, inputs: dict[str, Any]) -> Any:
    for _name, array in arrays_in(inputs, ""):
        if array.size and array.flags.writeable:
            array.flat[0] = array.flat[0] * 2 + 1
            break
    return result


def detached(result: Any, inputs: dict[str, Any]) -> Any:
    return each_array(lambda array: array, result)


# By name; each takes a result and the inputs of its call.
CHANGES: dict[str, Change] = {
    "rounded": floats(lambda one: one.round(5)),
    "single precision inside": lambda result, inputs: floats(lambda one: one.astype(np.float32).astype(widest(inputs)))(
        result, inputs
    ),
    "off by a millionth": floats(lambda one: (one * (1 + 1e-6)).astype(one.dtype) if one.dtype == np.float64 else one),
    "dtype not kept": floats(lambda one: other_dtype(one) if one.ndim else one),
    "scaled": floats(lambda one: (one * 2).astype(one.dtype)),
    "negated": floats(np.negative),
    "moved": lambda result, inputs: each_array(lambda one: np.roll(one, 1), result),
    "transposed": lambda result, inputs: each_array(lambda one: np.ascontiguousarray(one.T), result),
    "eight bits": integers(lambda one: one.astype(np.uint8)),
    "masked array": lambda result, inputs: each_array(np.ma.MaskedArray, result),
    "parts swapped": swapped,
    "writes to its inputs": write_to_inputs,
    "returns its inputs": inputs_where_equal,
    "no gradient": detached,
}
NARROW = "single precision inside"


def shapes(value: Any) -> Any:
    """The shapes of inputs, and their other values where these are plain: what a result might be kept by."""
    named = (pair for name, one in value.items() for pair in arrays_in(one, name))
    return tuple((name, array.shape, str(array.dtype)) for name, array in named)


def kept_by_shape() -> Change:
    """The first result for each set of shapes, in every later call."""
    known: dict[Any, Any] = {}
    return lambda result, inputs: known.setdefault(shapes(inputs), each_array(np.copy, result))


def one_buffer() -> Change:
    """One array for each shape, filled anew and returned in each call."""
    buffers: dict[Any, Array] = {}

    def filled(array: Array) -> Any:
        if not array.ndim:
            return array
        buffer = buffers.setdefault((array.shape, str(array.dtype)), np.empty_like(array))
        buffer[...] = array
        return buffer

    return lambda result, inputs: each_array(filled, result)


def counted() -> Change:
    """Right in the first call only."""
    calls = iter(range(10**6))

    def later(array: Array) -> Any:
        return (array + 1).astype(array.dtype) if array.dtype.kind in "fiu" else ~array

    return lambda result, inputs: each_array(later, result) if next(calls) else result


# Those that remember: each is made anew for each run.
REMEMBERING: dict[str, Callable[[], Change]] = {
    "keeps the first result": kept_by_shape, "one buffer": one_buffer, "right in the first call": counted,
}  # fmt: skip


def of_arrays(change: Callable[[Any], Any]) -> Take:
    """A change of every array that a function is given."""
    return lambda value: exchanged(value, {id(array): change(array) for _name, array in own_arrays(value)})


def known_by_place() -> Take:
    """The numbers that an array had when it was first seen."""
    known: dict[int, tuple[Any, Any]] = {}
    return of_arrays(lambda array: known.setdefault(id(array), (array, ready(array, is_tensor(array))))[1])


def as_it_lies() -> Take:
    """The numbers of an array in the order in which they lie in memory."""
    return of_arrays(lambda array: array if is_tensor(array) else array.ravel(order="K").reshape(array.shape))


# Those that take their inputs for others.
TAKING: dict[str, Callable[[], Take]] = {
    NARROW: lambda: lambda value: in_dtype(value, np.float32),
    "knows an array by its place": known_by_place, "reads memory as it lies": as_it_lies,
}  # fmt: skip
NAMES = (*CHANGES, *REMEMBERING, *(name for name in TAKING if name not in CHANGES))


def unchanged(result: Any, inputs: dict[str, Any]) -> Any:
    return result


def wrapped(reference: Any, change: Change, take: Take | None = None) -> Any:
    """The reference with what it returns changed, and with what it is given: a function or a module."""
    if not isinstance(reference, type):

        @functools.wraps(reference)
        def function(*inputs: Any) -> Any:
            taken = [take(one) for one in inputs] if take else inputs
            return change(reference(*taken), dict(enumerate(inputs)))  # type: ignore[arg-type]

        return function
    whole: Any = reference

    class Module(whole):  # type: ignore[misc]
        def forward(self, *inputs: Any) -> Any:
            return change(super().forward(*inputs), dict(enumerate(inputs)))  # type: ignore[arg-type]

    return Module


def leaves(expected: Expected) -> Iterator[Array]:
    if isinstance(expected, dict | tuple | list):
        for part in expected.values() if isinstance(expected, dict) else expected:
            yield from leaves(part)
    else:
        yield expected


def applicable(check: Check, name: str, worked: list[DrawnCase], results: list[Expected]) -> bool:
    """Whether a version is wrong for a check: what it changes must be there, and be asked for."""
    kinds = {leaf.dtype.kind for one in results for leaf in leaves(one)}
    axes = max((leaf.ndim for one in results for leaf in leaves(one)), default=0)
    float_arrays = any(leaf.ndim and leaf.dtype.kind == "f" for one in results for leaf in leaves(one))
    inputs = [array for case in worked for _name, array in arrays_in(case.inputs, "")]
    promised = name in check.promises.values()
    arrays = [array for case in worked for _name, array in own_arrays(case.inputs)]
    asked = {
        "knows an array by its place": bool(arrays) and not check.tensors,
        "reads memory as it lies": order_matters(check, worked, results),
        "writes to its inputs": bool(inputs), NARROW: promised or "f" in kinds, "dtype not kept": float_arrays,
        "moved": axes > 0, "one buffer": axes > 0, "transposed": axes > 1, "eight bits": bool(kinds & set("iu")),
        "parts swapped": all(isinstance(one, tuple | list) for one in results),
        "returns its inputs": check.new_arrays and promised, "no gradient": promised,
    }  # fmt: skip
    of_floats = ("rounded", "off by a millionth", "scaled", "negated")
    return "f" in kinds if name in of_floats else asked.get(name, True)


def order_matters(check: Check, worked: list[DrawnCase], results: list[Expected]) -> bool:
    """Whether numbers in the order in which they lie in memory, column by column, come to something else in some case."""
    if check.tensors or isinstance(check.reference, type):
        return False
    columns = of_arrays(by_columns)
    misread = version(check, "reads memory as it lies")
    given = [[columns(value) for value in ready(case.inputs).values()] for case in worked]
    with np.errstate(all="ignore"):
        return any(not agrees(misread(*one), right) for one, right in zip(given, results, strict=True))


def agrees(result: Any, right: Expected) -> bool:
    found, wanted = list(leaves(result)), list(leaves(right))
    return len(found) == len(wanted) and all(
        np.shape(one) == np.shape(other) and np.allclose(one, other, rtol=1e-6, atol=0, equal_nan=True)
        for one, other in zip(found, wanted, strict=True)
    )


def version(check: Check, name: str) -> Any:
    """The wrong version of that name, with nothing remembered."""
    change = REMEMBERING[name]() if name in REMEMBERING else CHANGES.get(name, unchanged)
    return wrapped(check.reference, change, TAKING[name]() if name in TAKING else None)


def rejecting(check: Check, function: Any, cases: list[DrawnCase], expected: list[Expected]) -> bool:
    """Whether the cases of one run show a function to be wrong; raising counts."""
    with np.errstate(all="ignore"):
        return comes_out_wrong(check, function, cases, expected)


@dataclass
class StructuralProof:
    """For one check, how many wrong versions were made, and which of them passed where."""

    check: str
    versions: int = 0
    passed: list[str] = field(default_factory=list)


def prove(exercise: Exercise, check: Check, seeds: int = 1) -> StructuralProof:
    """Judge every wrong version of a check: by its challenges for each of some students, and by its worked cases."""
    found = StructuralProof(check.name)
    if check.tensors:
        import_torch().set_num_threads(1)  # networks as small as these are slower on more
    drawn = [challenge.draw(check, number.to_bytes(32, "big"), exercise.slug, "student") for number in range(seeds)]
    runs = [(cases, expected_values(check, cases)) for cases in drawn]
    worked = worked_cases(check)
    right = expected_values(check, worked)
    for name in (name for name in NAMES if applicable(check, name, worked, right)):
        found.versions += 1
        if not all(rejecting(check, version(check, name), *run) for run in runs):
            found.passed.append(f"{name} (challenges)")
        if not rejecting(check, version(check, name), worked, right):
            found.passed.append(f"{name} (worked cases)")
    return found
