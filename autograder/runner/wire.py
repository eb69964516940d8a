"""The frames that cross the border: a length, a JSON object, a length, a block of bytes.

This module alone is shared by both sides. The trusted side reads with ``autograder.grading.border``, which believes nothing.
"""

import json
import struct
from collections.abc import Mapping

LENGTHS = struct.Struct("<II")


def encode(header: Mapping[str, object], block: bytes = b"") -> bytes:
    """One frame."""
    text = json.dumps(header).encode()
    return LENGTHS.pack(len(text), len(block)) + text + block


def read(stream):
    """The next frame of a trusted, blocking stream: how the runner receives its orders."""
    text, block = LENGTHS.unpack(stream.read(LENGTHS.size))
    return json.loads(stream.read(text)), stream.read(block)
