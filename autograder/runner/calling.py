"""Calling what a student wrote: inputs made ready, the call itself, and what came out taken apart.

The same on a student's machine, in the sandbox and where the reference is computed; students get a copy of this file.
"""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

MOST_PARTS = 64
DEEPEST = 4


def sentences_in(path: Path) -> dict[str, str]:
    """The sentences of a file, by the English ones; none where it is missing or cannot be read, and then English is spoken."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    pairs = found.items() if isinstance(found, dict) else ()
    return {sentence: told for sentence, told in pairs if isinstance(told, str)}


# What is said in the language of the course, by the English sentence. The grader fills it from its catalogues.
SENTENCES: dict[str, str] = sentences_in(Path(__file__).with_name("sentences.json"))


def _(sentence: str) -> str:
    """A sentence in the language of the course, and in English where it is not translated."""
    return SENTENCES.get(sentence) or sentence


def marked(sentence: str) -> str:
    """A sentence that the catalogues hold and that ``_`` is asked for later: a status, say, which is a code in data."""
    return sentence


class Given:
    """An input that is no array: the text of a program that makes it, as ``value``, from the named arrays.

    A function to differentiate, say, or a PyTorch module. The program comes from the check, never from a student.
    """

    def __init__(self, source: str, **arrays: Any) -> None:
        self.source, self.arrays = source, arrays

    def made(self, torch: Any) -> Any:
        names: dict[str, Any] = {
            "np": np,
            "torch": torch,
            "math": math,
            **{n: ready(a, torch) for n, a in self.arrays.items()},
        }
        exec(self.source, names)  # noqa: S102 - our own text
        return names["value"]


def import_torch() -> Any:
    """PyTorch, where a check is about tensors."""
    import torch

    return torch


def ready(value: Any, torch: Any = None) -> Any:
    """A fresh copy of one input: arrays as arrays, or as tensors where PyTorch is given; containers with what they hold."""
    if isinstance(value, np.ndarray):
        return value.copy() if torch is None else torch.from_numpy(value.copy())
    if isinstance(value, dict):
        return {name: ready(part, torch) for name, part in value.items()}
    if isinstance(value, tuple | list):
        return type(value)(ready(part, torch) for part in value)
    return value.made(torch) if isinstance(value, Given) else value


def is_tensor(value: Any) -> bool:
    """Whether it is a tensor, found without importing PyTorch."""
    return type(value).__module__.partition(".")[0] == "torch" and hasattr(value, "detach")


def array_of(value: Any) -> Any:
    """The numbers of an array or a tensor."""
    return value.detach().cpu().numpy() if is_tensor(value) else value


def invoke(target: Any, inputs: dict[str, Any]) -> Any:
    """Call a function with the inputs; or make a module, give it its parameters, and call it.

    A module's inputs are ``sizes`` (what its class takes), ``parameters`` (by name) and ``inputs`` (what it is called with).
    """
    if not isinstance(target, type):
        return target(*inputs.values())
    module = target(*inputs["sizes"])
    known = dict(module.named_parameters())
    for name, value in inputs["parameters"].items():
        if name not in known:
            if not known:
                raise AttributeError(_("the module has no parameter {name}; it has none").format(name=name))
            raise AttributeError(
                _("the module has no parameter {name}; it has {known}").format(name=name, known=", ".join(known))
            )
        if tuple(known[name].shape) != tuple(value.shape):
            shapes = {"shape": tuple(known[name].shape), "wanted": tuple(value.shape)}
            raise ValueError(_("the parameter {name} has the shape {shape}, not {wanted}").format(name=name, **shapes))
        known[name].data = value
    return module(*inputs["inputs"])


def parts_of(value: Any) -> list[tuple[str, Any]] | None:
    """The parts of a tuple, a list or a dict by their names; None for anything else."""
    if isinstance(value, tuple | list):
        found = [(str(place), part) for place, part in enumerate(value)]
    elif isinstance(value, dict):
        found = [(str(name), part) for name, part in value.items()]
    else:
        return None
    return found[:MOST_PARTS]


def arrays_in(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Every array in an input, with a name that says where it is."""
    if isinstance(value, np.ndarray) or is_tensor(value):
        yield name, array_of(value)
    elif isinstance(value, dict | tuple | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from arrays_in(part, f"{name}[{key!r}]")


def same_array(one: Any, two: Any) -> bool:
    """Whether an array is as it was."""
    return one.shape == two.shape and np.array_equal(one, two, equal_nan=two.dtype.kind == "f")


def changed_inputs(given: dict[str, Any], pristine: dict[str, Any]) -> list[str]:
    """The names of the arrays that a call wrote to."""
    names = []
    for name, value in pristine.items():
        after = dict(arrays_in(given[name], name))
        names += [
            where
            for where, array in arrays_in(value, name)
            if where not in after or not same_array(after[where], array)
        ]
    return names
