# Generated from autograder/runner/calling.py by "autograder release"; do not edit.
"""Calling what a student wrote: inputs made ready, the call itself, and what came out taken apart.

The same on a student's machine, in the sandbox and where the reference is computed; students get a copy of this file.
"""

import json
import math
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

MOST_PARTS = 64
DEEPEST = 4
LARGEST_KEPT = 64 << 20
SINGLE_PRECISION = np.dtype(np.float32)
SINGLE = 1e-5  # what single precision is allowed, as a share of an array's largest number


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

    def made(self, tensors: bool) -> Any:
        names = {"np": np, "torch": import_torch() if tensors else None, "math": math, **ready(self.arrays, tensors)}
        exec(compiled(self.source), names)  # noqa: S102 - our own text
        return names["value"]


@lru_cache(maxsize=64)
def compiled(source: str) -> Any:
    """A program, compiled once for all the calls that it makes an input for."""
    return compile(source, "<string>", "exec")


def import_torch() -> Any:
    """PyTorch, where a check is about tensors."""
    import torch

    return torch


def ready(value: Any, tensors: bool = False) -> Any:
    """A fresh copy of inputs: arrays as arrays, or as PyTorch's tensors; containers with what they hold."""
    if isinstance(value, np.ndarray):
        return import_torch().from_numpy(value.copy()) if tensors else value.copy()
    if isinstance(value, dict):
        return {name: ready(part, tensors) for name, part in value.items()}
    if isinstance(value, tuple | list):
        return type(value)(ready(part, tensors) for part in value)
    return value.made(tensors) if isinstance(value, Given) else value


def restored(entry: dict[str, Any], array_of_entry: Any) -> Any:
    """A value that became JSON, as it was; ``array_of_entry`` makes an array of the entry that stands for one."""
    if "dict" in entry:
        return {name: restored(part, array_of_entry) for name, part in entry["dict"].items()}
    if "list" in entry:
        return [restored(part, array_of_entry) for part in entry["list"]]
    if "tuple" in entry:
        return tuple(restored(part, array_of_entry) for part in entry["tuple"])
    if "given" in entry:
        return Given(entry["given"], **restored({"dict": entry["arrays"]}, array_of_entry))
    return entry["value"] if "value" in entry else array_of_entry(entry)


def is_tensor(value: Any) -> bool:
    """Whether it is a tensor, found without importing PyTorch."""
    return type(value).__module__.partition(".")[0] == "torch" and hasattr(value, "detach")


def array_of(value: Any) -> Any:
    """The numbers of an array or a tensor."""
    return value if type(value) is np.ndarray or not is_tensor(value) else value.detach().cpu().numpy()


@lru_cache(maxsize=64)
def name_of_dtype(dtype: Any) -> str:
    """A dtype in words, put together once: NumPy does it anew each time, at the price of adding up a small array."""
    return str(dtype)


def numbers_of(value: Any) -> Any:
    """An array, a tensor or a number as an array; None for anything else, and for NumPy's subclasses: a masked array, say."""
    is_one = isinstance(value, np.generic | float | int) or type(value) is np.ndarray or is_tensor(value)
    array = np.asarray(array_of(value)) if is_one else None
    if array is None or array.dtype.kind not in "fiu":
        return array
    if not array.ndim and array.dtype.kind == "f" and array.dtype.itemsize > 8:
        return array.astype(np.float64)  # a number may be of any precision that holds it
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def invoke(target: Any, inputs: dict[str, Any]) -> Any:
    """Call a function with the inputs; or make a module, give it its parameters, and call it.

    Where an input is a module with ``grad_is_asked``, what comes out is the result and what stands in ``p.grad`` then.
    A module's inputs are ``sizes`` (what its class takes), ``parameters`` (by name) and ``inputs`` (what it is called with).
    With ``gradients``, what comes out is the results, and the gradients of one number made of them by all that went in. With
    ``gradients`` False none are recorded, and it is called with other numbers in its parameters before, as in training.
    """
    if not isinstance(target, type) or "sizes" not in inputs:
        result = target(*inputs.values())
        left = {name: gradients_left(one) for name, one in inputs.items() if getattr(one, "grad_is_asked", False)}
        return {"result": result, **{f"p.grad of {name}": one for name, one in left.items()}} if left else result
    module = target(*inputs["sizes"])
    known = dict(module.named_parameters())
    for name, value in inputs["parameters"].items():
        if name not in known:
            told = _("the module has no parameter {name}; it has {known}")
            told = told if known else _("the module has no parameter {name}; it has none")
            raise AttributeError(told.format(name=name, known=", ".join(known)))
        if tuple(known[name].shape) != tuple(value.shape):
            shapes = {"shape": tuple(known[name].shape), "wanted": tuple(value.shape)}
            raise ValueError(_("the parameter {name} has the shape {shape}, not {wanted}").format(name=name, **shapes))
        known[name].data = value
    if inputs.get("gradients") is False:
        return between_updates(module, known, inputs)
    if not inputs.get("gradients"):
        return module(*inputs["inputs"])
    named = {name: value.requires_grad_() for name, value in tensors_in(inputs["inputs"])} | known
    results = module(*inputs["inputs"])
    return {"result": results, "gradients": gradients_of(results, named)}


def between_updates(module: Any, known: dict[str, Any], inputs: dict[str, Any]) -> Any:
    """What a module returns without a record for gradients, after a call with other numbers where its parameters stand."""
    with import_torch().no_grad():
        for one in known.values():
            one.data = one.data.flip(0) / 2
        module(*inputs["inputs"])
        for name, value in inputs["parameters"].items():
            known[name].copy_(value)
        return module(*inputs["inputs"])


def gradients_left(module: Any) -> dict[str, Any]:
    """What stands in ``grad`` of each parameter, by name; zero where nothing does."""
    pairs = module.named_parameters()
    return {name: one.detach() * 0 if one.grad is None else one.grad for name, one in pairs}


def tensors_in(values: Any) -> list[tuple[str, Any]]:
    return [(f"inputs[{place}]", value) for place, value in enumerate(values) if is_tensor(value)]


def gradients_of(results: Any, named: dict[str, Any]) -> dict[str, Any]:
    """The gradients of a weighted sum of all results, by name; zero where no path leads back."""
    torch = import_torch()
    flat = [one.reshape(-1) for one in (results if isinstance(results, tuple | list) else [results])]
    every = torch.cat(flat)
    loss = (every * torch.linspace(1, 2, len(every), dtype=every.dtype)).sum()
    wanted = [one for one in named.values() if loss.requires_grad]
    found = torch.autograd.grad(loss, wanted, allow_unused=True) if wanted else [None] * len(named)
    pairs = zip(named.items(), found, strict=True)
    return {name: torch.zeros_like(one) if gradient is None else gradient for (name, one), gradient in pairs}


def container_of(value: Any) -> str | None:
    """Which container a value is, be it a class of its own, as a named tuple is; None for anything else."""
    return next((kind.__name__ for kind in (tuple, list, dict) if isinstance(value, kind)), None)


def parts_of(value: Any, depth: int = 0) -> list[tuple[str, Any]] | None:
    """The parts of a tuple, a list or a dict by their names; None for anything else, and for what lies too deep."""
    if not isinstance(value, tuple | list | dict) or depth >= DEEPEST:
        return None
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    return [(str(name), part) for name, part in pairs][:MOST_PARTS]


def numbers_in(result: Any, depth: int = 0) -> Iterator[Any]:
    """Every array that a function returned, as it is: no copy of it."""
    parts, array = parts_of(result, depth), numbers_of(result)
    for _name, part in parts or ():
        yield from numbers_in(part, depth + 1)
    if array is not None:
        yield array


def arrays_in(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Every array in an input, with a name that says where it is."""
    if isinstance(value, np.ndarray) or is_tensor(value):
        yield name, array_of(value)
    elif isinstance(value, Given):
        yield from arrays_in(value.arrays, name)
    elif hasattr(value, "named_parameters"):
        for key, parameter in value.named_parameters():
            yield f"{name}.{key}", array_of(parameter)
        yield f"{name}.training", np.array([one.training for one in value.modules()])
    elif isinstance(value, dict | tuple | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from arrays_in(part, f"{name}[{key!r}]")


def named_arrays(given: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every array in the inputs of a call, with its name."""
    return (pair for name, value in given.items() for pair in arrays_in(value, name))


def contents(given: dict[str, Any]) -> dict[str, tuple[Any, bytes]]:
    """What stands in each array of the inputs: to be taken before a call, and compared after it."""
    return {name: (array.shape, array.tobytes()) for name, array in named_arrays(given)}


def changed_inputs(given: dict[str, Any], before: dict[str, tuple[Any, bytes]]) -> list[str]:
    """The names of the arrays that a call wrote to, or took out of their container, by the contents before it."""
    after = contents(given)
    return [name for name, content in before.items() if after.get(name) != content]


def shared_inputs(result: Any, given: dict[str, Any]) -> list[str]:
    """The names of the arrays of which the result holds the memory: it is one of them, or a view of one."""
    returned = list(numbers_in(result))
    return [name for name, array in named_arrays(given) if any(np.may_share_memory(array, one) for one in returned)]


def tolerance_for(tolerance: float, inputs: dict[str, Any]) -> float:
    """The error that a case allows, relative to the largest value: more where single precision went in."""
    single = any(array.dtype == SINGLE_PRECISION for _name, array in arrays_in(inputs, ""))
    return max(tolerance, SINGLE) if single else tolerance


def own_arrays(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """The arrays and tensors that are given themselves, alone or in containers, by name; not those inside a ``Given``."""
    if isinstance(value, np.ndarray) or is_tensor(value):
        yield name, value
    elif isinstance(value, dict | tuple | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from own_arrays(part, f"{name}[{key!r}]")


def exchanged(value: Any, instead: dict[int, Any]) -> Any:
    """The same containers with other arrays in them."""
    if isinstance(value, dict):
        return {name: exchanged(part, instead) for name, part in value.items()}
    if isinstance(value, tuple | list):
        return type(value)(exchanged(part, instead) for part in value)
    return instead.get(id(value), value)


def bytes_of(array: Any) -> bytes:
    return bytes(array_of(array).tobytes())


def refilled(old: Any, new: Any) -> Any:
    """An array of an earlier call, with the numbers of a new one."""
    if is_tensor(old):
        old.requires_grad_(False)
        old.grad = None
    old[...] = new
    return old


def by_columns(array: Any) -> Any:
    """The same numbers in memory column by column; a tensor stays as it is, since PyTorch's ``view`` asks for that."""
    return np.asfortranarray(array) if isinstance(array, np.ndarray) and array.ndim > 1 else array


def by_rows(array: Any) -> Any:
    return np.array(array, order="C") if isinstance(array, np.ndarray) else array


class Kept:
    """What earlier calls were given and returned: the arrays themselves.

    Of what they returned there are copies beside them, so that writing to them later is seen. What they were given is given
    again: a call of the same shapes gets the arrays of the first with other numbers in them, as in a loop that trains. Where
    they are the same numbers already, it gets new arrays, which lie in memory column by column. So it is found out what is
    kept by where an array lies, and what takes for granted how it lies.
    """

    def __init__(self) -> None:
        self.calls: list[list[tuple[Any, Any]]] = []
        self.given: dict[str, list[Any]] = {}
        self.lie_by_columns = False

    def ready(self, inputs: dict[str, Any], tensors: bool = False) -> dict[str, Any]:
        """The inputs of the next call, made as ``ready`` makes them, or of the arrays of an earlier call."""
        made, self.lie_by_columns = ready(inputs, tensors), False
        arrays = list(own_arrays(made))
        form = str([(name, str(array.dtype), tuple(array.shape)) for name, array in arrays])
        if form not in self.given:
            self.given[form] = [array for _name, array in arrays]
            return made
        earlier = self.given[form]
        pairs = [(old, new) for old, (_name, new) in zip(earlier, arrays, strict=False) if old.shape == new.shape]
        if len(pairs) == len(arrays) and any(bytes_of(old) != bytes_of(new) for old, new in pairs):
            instead = {id(new): refilled(old, new) for old, new in pairs}
        else:
            instead = {id(array): by_columns(array) for _name, array in arrays}
            self.lie_by_columns = any(instead[id(array)] is not array for _name, array in arrays)
        return {name: exchanged(value, instead) for name, value in made.items()}

    def invoke(self, target: Any, given: dict[str, Any]) -> Any:
        """What ``invoke`` does. Whom arrays that lie by columns stop with an error gets them row by row: an error is honest."""
        try:
            return invoke(target, given)
        except Exception:
            if not self.lie_by_columns:
                raise
            plain = {id(array): by_rows(array) for _name, array in own_arrays(given)}
            return invoke(target, {name: exchanged(value, plain) for name, value in given.items()})

    def add(self, result: Any, given: dict[str, Any] | None = None) -> None:
        """Enter what a call returned, and what it was given: of the arrays that a result holds, none is given again."""
        arrays = (array for array in numbers_in(result) if array.nbytes <= LARGEST_KEPT)
        self.calls.append([(array, array.copy()) for array in arrays])
        if given is not None and shared_inputs(result, given):
            held = {id(array) for _name, array in own_arrays(given)}
            for form, earlier in self.given.items():
                if any(id(array) in held for array in earlier):
                    self.given[form] = []

    def overwritten(self) -> list[bool]:
        """For each call, whether an array that it returned is no longer what it was."""
        return [any(array.tobytes() != copy.tobytes() for array, copy in pairs) for pairs in self.calls]
