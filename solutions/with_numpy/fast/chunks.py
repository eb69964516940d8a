"""How many steps to take together."""

from collections.abc import Iterator

# Some ten arrays of this size are at work at once. Longer chunks take fewer calls; shorter ones stay in a smaller cache.
CHUNK_BYTES = 1 << 17
FEWEST_CHUNKS = 3


def most_steps(T: int) -> int:
    """The most of T steps to take together, so that a step of a short sequence takes hardly more memory than of a long one."""
    return max(1, -(-T // FEWEST_CHUNKS))


def chunk_length(T: int, step_bytes: int) -> int:
    """The number of steps of a chunk, for T steps of arrays (N, H) of that size."""
    return max(1, min(most_steps(T), CHUNK_BYTES // max(1, step_bytes)))


def chunks_from_the_end(T: int, length: int) -> Iterator[tuple[int, int]]:
    """The first step of each chunk and the one after its last, from the end of the sequence to its beginning."""
    for end in range(T, 0, -length):
        yield max(0, end - length), end
