"""The trusted end of the border: bytes from a sandbox in, well-formed frames out.

A frame is forged until the judge has compared it. So lengths are bounded before anything is kept, a block is opened by
safetensors (no code, sizes checked against the bytes that are there), and only plain dtypes and small shapes pass.
"""

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import safetensors

from autograder.runner.wire import LENGTHS

Array = np.ndarray[Any, Any]
LARGEST_HEADER = 256 * 1024
MOST_ARRAYS, MOST_AXES, LONGEST_AXIS = 512, 8, 1 << 31
BLOCK_LENGTH = struct.Struct("<Q")  # a block begins with the length of its own header
PLAIN = {
    "F64": np.float64, "F32": np.float32, "F16": np.float16, "BOOL": np.bool_,
    "I64": np.int64, "I32": np.int32, "I16": np.int16, "I8": np.int8,
    "U64": np.uint64, "U32": np.uint32, "U16": np.uint16, "U8": np.uint8,
}  # fmt: skip


class BorderError(Exception):
    """Something came out of the sandbox that is not a frame, or more than the budget."""


@dataclass(frozen=True)
class Frame:
    """One message from the sandbox."""

    header: dict[str, Any]
    block: bytes

    @property
    def kind(self) -> str:
        kind = self.header.get("kind")
        return kind if isinstance(kind, str) else ""

    def text(self, name: str, most: int = 500) -> str:
        """A string of the header, without control characters, cut to ``most`` characters; "" if it is not a string."""
        return text_in(self.header, name, most)


def text_in(entry: Any, name: str, most: int, otherwise: str = "") -> str:
    """A string of an object, as ``Frame.text`` reads it; ``otherwise`` if there is no such string."""
    value = entry.get(name) if isinstance(entry, dict) else None
    return plain_text(value, most) if isinstance(value, str) else otherwise


def plain_text(text: str, most: int) -> str:
    """Printable characters, tabs and line ends only."""
    return "".join(c for c in text[:most] if c in "\t\n" or (c.isprintable() and not 0xD800 <= ord(c) <= 0xDFFF))


class FrameReader:
    """Cuts a stream of bytes into frames, and refuses to go beyond its budget."""

    def __init__(self, budget: int) -> None:
        self.left = budget
        self.buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that are complete with these bytes, each before a fault behind it is raised.

        Raises BorderError if the budget is used up, a length is beyond its bound, or a header is not a JSON object.
        """
        self.left -= len(data)
        self.buffer += data
        while (frame := self._next()) is not None:
            yield frame
        if self.left < 0:
            raise BorderError("more came out of the sandbox than the budget allows")

    def _next(self) -> Frame | None:
        if len(self.buffer) < LENGTHS.size:
            return None
        text, block = LENGTHS.unpack_from(self.buffer)
        if text > LARGEST_HEADER or block > self.left + len(self.buffer):
            raise BorderError("a frame announces more bytes than it may have")
        end = LENGTHS.size + text + block
        if len(self.buffer) < end:
            return None
        raw = bytes(self.buffer[LENGTHS.size : end])
        del self.buffer[:end]
        try:
            header = json.loads(raw[:text])
        except (ValueError, RecursionError) as error:
            raise BorderError("a frame's header is not JSON") from error
        if not isinstance(header, dict):
            raise BorderError("a frame's header is not an object")
        return Frame(header, raw[text:])


def arrays(block: bytes) -> dict[str, Array]:
    """The arrays of a block.

    Raises BorderError if it is not safetensors, holds too many arrays, or a dtype or a shape that is not plain. A header
    that says more than these can need is not even read: the library would keep every thread waiting meanwhile.
    """
    if len(block) >= BLOCK_LENGTH.size and BLOCK_LENGTH.unpack_from(block)[0] > LARGEST_HEADER:
        raise BorderError("a block holds too many arrays")
    try:
        entries: list[tuple[str, dict[str, Any]]] = safetensors.deserialize(block)  # type: ignore[no-untyped-call]
    except Exception as error:  # the library raises its own type and, for odd bytes, others
        raise BorderError("a block of arrays cannot be read") from error
    if len(entries) > MOST_ARRAYS:
        raise BorderError("a block holds too many arrays")
    return {name: plain_array(entry) for name, entry in entries}


def plain_array(entry: dict[str, Any]) -> Array:
    dtype, shape = PLAIN.get(entry["dtype"]), entry["shape"]
    if dtype is None or len(shape) > MOST_AXES or any(length > LONGEST_AXIS for length in shape):
        raise BorderError("an array has a dtype or a shape that is not allowed")
    try:
        return np.frombuffer(entry["data"], dtype=dtype).reshape(shape)
    except ValueError as error:  # an empty array may still have a shape beyond what NumPy takes
        raise BorderError("an array has a shape that NumPy does not take") from error
