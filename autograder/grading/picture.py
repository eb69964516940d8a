"""Pictures from a sandbox: kept only if they say what a small PNG says."""

import struct

SIGNATURE = b"\x89PNG\r\n\x1a\n"
LARGEST = 2 << 20
LONGEST_SIDE = 4096
HEADER = struct.Struct(">I4sII")


def is_small_png(data: bytes) -> bool:
    """Whether it begins and ends as a PNG, is not large, and does not announce a picture that would be."""
    if len(data) > LARGEST or not data.startswith(SIGNATURE) or len(data) < len(SIGNATURE) + HEADER.size:
        return False
    length, name, width, height = HEADER.unpack_from(data, len(SIGNATURE))
    sides = 0 < width <= LONGEST_SIDE and 0 < height <= LONGEST_SIDE
    return length == 13 and name == b"IHDR" and sides and data.endswith(b"IEND\xaeB`\x82")
