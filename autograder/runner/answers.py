"""Calling a student's function on challenge inputs, and handing over what it returns."""

import inspect
import traceback

import numpy as np
from calling import (
    Kept,
    changed_inputs,
    container_of,
    contents,
    invoke,
    numbers_of,
    parts_of,
    ready,
    restored,
    shared_inputs,
)
from safetensors.numpy import load, save

SAFE_KINDS = "fiub"
MOST_CALLS, MOST_RECORDED, MOST_PARTS_SENT = 64, 448, 448
LARGEST_ASKED = 1 << 20  # bytes: an argument that is larger is none of the reference's
LARGEST_NUMBER = 8  # bytes: what is larger has no place in a frame
HOPELESS = ("MemoryError", "NotImplementedError")  # the next case would end the same way, and late


def inputs_of(case, arrays):
    """One case's inputs, by name, in the order of the reference's arguments."""
    return restored({"dict": case}, lambda entry: arrays[entry["tensor"]])


def describe(result, key, arrays, limit, depth=0):
    """What a function returned, as a JSON object; its arrays go into ``arrays`` under names that begin with ``key``."""
    about, parts = {"type": container_of(result) or name_of(result)}, parts_of(result, depth)
    if parts is not None and len(arrays) + len(parts) > MOST_PARTS_SENT:
        return about  # a table as a list of lists: no result that a check asks for has so many parts
    if parts is not None:
        about["parts"] = [
            [name[:80], describe(part, f"{key}.{i}", arrays, limit, depth + 1)] for i, (name, part) in enumerate(parts)
        ]
        return about
    array = numbers_of(result)
    if array is not None:
        about |= {"dtype": str(array.dtype)[:40], "shape": list(array.shape)[:16]}
        if array.dtype.kind in SAFE_KINDS and array.dtype.itemsize <= LARGEST_NUMBER and array.nbytes <= limit:
            arrays[key] = np.array(array, order="C")  # a copy: it may be written to before it is sent
            about["tensor"] = key
    return about


def question(function, inputs, named):
    """What the grader is asked: the arguments of a call, described as results are, and their arrays.

    A notebook may call its parameters what it likes: they are told by their places.
    """
    arrays = {}
    try:
        bound = inspect.signature(function).bind(*inputs, **named)
        inputs, named = bound.args, bound.kwargs
    except (TypeError, ValueError):  # there is no such function, or it takes something else
        pass
    return describe([inputs, named], "", arrays, LARGEST_ASKED), save(arrays)


def result_in(entry, block):
    """The result that the grader sent; an array without axes comes as the number that it holds."""
    arrays = load(block)
    return restored(entry, lambda one: arrays[one["tensor"]][()])


def describe_error(error, namespace):
    """The exception's name and message, and the innermost function of the notebook that it came from."""
    place = None
    for frame, line in traceback.walk_tb(error.__traceback__):
        if frame.f_globals is namespace:
            place = {"function": frame.f_code.co_name[:80], "line": line}
    try:
        message = str(error.msg if isinstance(error, SyntaxError) else error)[:500]
    except BaseException:  # the text of an exception is a program too
        message = ""
    return {"name": name_of(error), "message": str.__str__(message), "place": place}


def name_of(value):
    """The name of a value's type, whatever its class makes of that."""
    try:
        return str.__str__(type.__dict__["__name__"].__get__(type(value)))[:80]
    except BaseException:
        return "object"


def answer(function, cases, arrays, namespace, limit, tensors):
    """Call the function on each case; return the frame's description and its arrays."""
    results, returned, kept = [], {}, Kept()
    for number, case in enumerate(cases):
        if results and results[-1].get("error", {}).get("name") in HOPELESS:
            results.append(results[-1])
            continue
        given = kept.ready(inputs_of(case, arrays), tensors)
        before = contents(given)
        try:
            with np.errstate(all="ignore"):
                result = kept.invoke(function, given)
            about = {"result": describe(result, f"{number}", returned, limit), "shared": shared_inputs(result, given)}
            kept.add(result, given)
            result = None
        except BaseException as error:
            about = {"error": describe_error(error, namespace)}
            kept.add(None)
            del error
        about["changed"] = changed_inputs(given, before)
        results.append(about)
    for about, overwritten in zip(results, kept.overwritten(), strict=False):
        about["overwritten"] = overwritten
    return results, save(returned)


class Recorder:
    """Stands in for a function that another rests on, and keeps what went in and came out."""

    def __init__(self, function):
        self.function, self.calls = function, []
        self.signature = inspect.signature(function)

    def __call__(self, *args, **kwargs):
        bound = self.signature.bind(*args, **kwargs)
        bound.apply_defaults()
        values = dict(enumerate(copied(value) for value in bound.arguments.values()))
        output = self.function(*args, **kwargs)
        if len(self.calls) < MOST_CALLS:
            parts = enumerate(output) if isinstance(output, tuple) else ()
            values |= {f"out.{i}": copied(part) for i, part in parts} or {"out": copied(output)}
            self.calls.append({place: value for place, value in values.items() if value is not None})
        return output


def copied(value):
    """A copy of an array's or a tensor's numbers, or None: of a single number too, if it came as one."""
    array = None if isinstance(value, int) else numbers_of(value)
    unsafe = array is None or array.dtype.kind not in SAFE_KINDS or array.dtype.itemsize > LARGEST_NUMBER
    return None if unsafe else np.array(array, order="C")


def record_calls(function, earlier, cases, arrays, namespace, tensors=False):
    """Call the function on each case again with the earlier functions recorded, for the diagnosis alone.

    Returns their arrays, named case/function/call/place; of no more cases than the border lets through.
    """
    originals = {name: namespace[name] for name in earlier if callable(namespace.get(name))}
    found = {}
    try:
        for number, case in enumerate(cases):
            recorders = {name: Recorder(original) for name, original in originals.items()}
            namespace.update(recorders)
            with np.errstate(all="ignore"):
                invoke(function, ready(inputs_of(case, arrays), tensors))
            recorded = {
                f"{number}/{name}/{call}/{place}": value
                for name, recorder in recorders.items()
                for call, values in enumerate(recorder.calls)
                for place, value in values.items()
            }
            if len(found) + len(recorded) > MOST_RECORDED:
                break
            found |= recorded
    except BaseException:  # noqa: S110 - the answers are sent
        pass
    finally:
        namespace.update(originals)
    return save(found)
