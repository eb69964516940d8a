"""The border: whatever the sandbox sends, what comes in is a well-formed frame or a BorderError."""

import contextlib
import json
import struct
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.grading import border
from autograder.grading.border import LARGEST_HEADER, BorderError, Frame, FrameReader, arrays, plain_text
from autograder.runner import wire

BUDGET = 1 << 20
STEADY = settings(deadline=None, derandomize=True, max_examples=150, database=None)


def raw_frame(header: bytes, block: bytes = b"", text: int | None = None, size: int | None = None) -> bytes:
    """A frame that may lie about its lengths."""
    announced = (len(header) if text is None else text, len(block) if size is None else size)
    return wire.LENGTHS.pack(*announced) + header + block


def raw_block(header: Any, data: bytes = b"") -> bytes:
    """A block that looks like safetensors, with a header of our own."""
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def entry(dtype: str, shape: list[int], size: int) -> dict[str, Any]:
    return {"a": {"dtype": dtype, "shape": shape, "data_offsets": [0, size]}}


# ---- frames ----------------------------------------------------------------------------------------------------------


def test_frames_before_a_fault_come_out_first() -> None:
    """Else the cell that began just before a flood would not be known as the culprit."""
    for flood, budget in ((bytes(100), BUDGET), (b"\1" * 3, 10)):
        frames = FrameReader(budget).feed(wire.encode({"kind": "begin"}) + flood)
        assert next(frames).kind == "begin"
        with pytest.raises(BorderError):
            next(frames)


def test_frames_come_out_as_they_went_in() -> None:
    sent = [({"kind": "cell", "text": "hello"}, b""), ({"kind": "answer"}, bytes(range(256))), ({}, b"x")]
    frames = list(FrameReader(BUDGET).feed(b"".join(wire.encode(header, block) for header, block in sent)))
    assert [(frame.header, frame.block) for frame in frames] == sent


def test_frames_fed_one_byte_at_a_time_come_out_the_same() -> None:
    sent = [({"kind": "cell", "n": number}, bytes(number)) for number in range(5)]
    data = b"".join(wire.encode(header, block) for header, block in sent)
    reader, frames = FrameReader(BUDGET), []
    for number in range(len(data)):
        frames += list(reader.feed(data[number : number + 1]))
    assert [(frame.header, frame.block) for frame in frames] == sent
    assert not reader.buffer


@pytest.mark.parametrize("cut", [0, 1, 7, 8, 9, -1])
def test_a_truncated_frame_is_no_frame_until_its_rest_comes(cut: int) -> None:
    data = wire.encode({"kind": "cell"}, b"block")
    reader = FrameReader(BUDGET)
    assert list(reader.feed(data[:cut])) == []
    assert [frame.block for frame in reader.feed(data[cut:])] == [b"block"]


def test_a_header_longer_than_its_bound_is_refused_before_it_is_sent() -> None:
    with pytest.raises(BorderError, match="announces more"):
        list(FrameReader(1 << 40).feed(raw_frame(b"", text=LARGEST_HEADER + 1)))
    assert list(FrameReader(1 << 40).feed(raw_frame(b"", text=LARGEST_HEADER))) == []


@pytest.mark.parametrize("size", [BUDGET + 1, 2**31, 2**32 - 1])
def test_a_block_longer_than_the_budget_is_refused_before_it_is_sent(size: int) -> None:
    with pytest.raises(BorderError, match="announces more"):
        list(FrameReader(BUDGET).feed(raw_frame(b"{}", size=size)))


def test_many_small_frames_are_refused_once_their_sum_is_over_the_budget() -> None:
    frame = wire.encode({"kind": "cell"}, bytes(100))
    fitting = 10
    reader = FrameReader(fitting * len(frame))
    for _ in range(fitting):
        assert len(list(reader.feed(frame))) == 1
    with pytest.raises(BorderError, match="more came out of the sandbox"):
        list(reader.feed(b"\0"))


def test_bytes_that_are_no_frame_are_not_kept_beyond_the_budget() -> None:
    reader = FrameReader(1000)
    with pytest.raises(BorderError):
        list(reader.feed(bytes(1001)))
    assert len(reader.buffer) <= 1000


HEADERS = {
    "not JSON": b"{",
    "empty": b"",
    "not UTF-8": b"\xff\xfe\xfd",
    "half of UTF-16": b"\x00{",
    "a list": b"[1, 2]",
    "a number": b"1",
    "a string": b'"kind"',
    "null": b"null",
    "two objects": b"{} {}",
    "deeply nested lists": b"[" * 100_000,
    "deeply nested objects": b'{"a":' * 40_000,
    "a number of very many digits": b'{"a": ' + b"9" * 10_000 + b"}",
    "code": b"__import__('os').system('true')",
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_a_header_that_is_no_json_object_is_refused(header: bytes) -> None:
    with pytest.raises(BorderError, match="header is not"):
        list(FrameReader(BUDGET).feed(raw_frame(header)))


@pytest.mark.parametrize("kind", [None, 1, ["cell"], {"a": 1}, True])
def test_a_kind_that_is_no_string_is_none(kind: object) -> None:
    assert Frame({"kind": kind}, b"").kind == ""
    assert Frame({}, b"").kind == ""
    assert Frame({"kind": "cell"}, b"").kind == "cell"


@pytest.mark.parametrize("value", [None, 1, 2.5, ["a"], {"a": "b"}, True])
def test_a_text_that_is_no_string_is_empty(value: object) -> None:
    assert Frame({"text": value}, b"").text("text") == ""
    assert Frame({}, b"").text("text") == ""


def test_control_characters_are_stripped_from_texts() -> None:
    hostile = "a\x1b[31mred\x07\x08\r\x00\x7f\x9b\u202e\u200b\u2028\ud800\ufffeb\tc\nd é ✓"
    assert Frame({"text": hostile}, b"").text("text") == "a[31mredb\tc\nd é ✓"


def test_texts_are_cut() -> None:
    assert len(Frame({"text": "x" * 10_000}, b"").text("text")) == 500
    assert Frame({"text": "abcdef"}, b"").text("text", 3) == "abc"


@STEADY
@given(st.text(st.characters(codec=None), max_size=50))
def test_every_text_can_be_written_to_a_file_and_a_terminal(text: str) -> None:
    clean = plain_text(text, 1000)
    clean.encode("utf-8")
    assert all(c in "\t\n" or c.isprintable() for c in clean), ascii(clean)


@STEADY
@given(st.binary(max_size=300), st.integers(1, 50))
def test_random_bytes_raise_nothing_but_border_error(data: bytes, step: int) -> None:
    reader = FrameReader(1000)
    with contextlib.suppress(BorderError):
        for start in range(0, len(data), step):
            for frame in reader.feed(data[start : start + step]):
                assert isinstance(frame.header, dict)


@STEADY
@given(st.binary(max_size=60), st.binary(max_size=60))
def test_random_headers_and_blocks_raise_nothing_but_border_error(header: bytes, block: bytes) -> None:
    try:
        frames = list(FrameReader(1000).feed(raw_frame(header, block)))
    except BorderError:
        return
    assert [type(frame.header) for frame in frames] == [dict]
    assert frames[0].block == block


# ---- blocks of arrays ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", "?", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1"])
def test_arrays_of_plain_dtypes_come_out_as_they_went_in(dtype: str) -> None:
    sent = {"a": np.arange(6).reshape(2, 3).astype(dtype), "b": np.ones((), dtype), "c": np.zeros((0, 3), dtype)}
    found = arrays(safetensors.numpy.save(sent))
    assert set(found) == set(sent)
    for name, array in sent.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        assert np.array_equal(found[name], array)


def test_an_empty_set_of_arrays_is_one() -> None:
    assert arrays(safetensors.numpy.save({})) == {}


BLOCKS = {
    "empty": b"",
    "random": b"\x93NUMPY\x01\x00v\x00{'descr': '<f8'}",
    "a pickle": b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00cos\nsystem\n",
    "a header longer than the block": struct.pack("<Q", 2**40) + b"{}",
    "a header of the greatest length": struct.pack("<Q", 2**64 - 1),
    "a header that is no object": raw_block([1, 2]),
    "a header that is deeply nested": struct.pack("<Q", 100_000) + b"[" * 100_000,
    "an unknown dtype": raw_block(entry("OBJECT", [1], 8), bytes(8)),
    "bfloat16": raw_block(entry("BF16", [2], 4), bytes(4)),
    "float8": raw_block(entry("F8_E4M3", [2], 2), bytes(2)),
    "complex": raw_block(entry("C64", [1], 8), bytes(8)),
    "nine axes": raw_block(entry("F64", [1] * 9, 8), bytes(8)),
    "a thousand axes": raw_block(entry("F64", [1] * 1000, 8), bytes(8)),
    "a huge shape": raw_block(entry("F64", [2**40], 2**43)),
    "a huge shape of few bytes": raw_block(entry("F64", [2**40], 8), bytes(8)),
    "a product that overflows": raw_block(entry("F64", [2**32, 2**32, 2**32], 0)),
    "a product that overflows to zero": raw_block(entry("F64", [2**61, 8], 0)),
    "a negative length": raw_block(entry("F64", [-1], 8), bytes(8)),
    "a length that is no integer": raw_block({"a": {"dtype": "F64", "shape": [1.5], "data_offsets": [0, 8]}}, bytes(8)),
    "offsets beyond the block": raw_block(entry("F64", [2], 16), bytes(8)),
    "offsets the wrong way round": raw_block({"a": {"dtype": "F64", "shape": [1], "data_offsets": [8, 0]}}, bytes(8)),
    "bytes that no array owns": raw_block(entry("F64", [1], 8), bytes(80)),
    "a huge shape of no elements": raw_block(entry("F64", [0, 2**62, 2**62], 0)),
    "no elements, one length beyond NumPy's": raw_block(entry("F64", [0, 2**63], 0)),
    "no elements, the greatest length first": raw_block(entry("U8", [2**64 - 1, 0], 0)),
}


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS)
def test_a_block_that_is_not_plain_arrays_is_refused(block: bytes) -> None:
    with pytest.raises(BorderError):
        arrays(block)


def test_a_block_with_a_long_header_is_refused_before_the_library_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would read the names of a million empty arrays, and let no other thread run meanwhile."""
    empty = {f"{number}": {"dtype": "F64", "shape": [0], "data_offsets": [0, 0]} for number in range(6000)}
    block = raw_block(empty)
    monkeypatch.setattr(border.safetensors, "deserialize", lambda block: pytest.fail("it was read"))
    with pytest.raises(BorderError, match="too many arrays"):
        arrays(block)


def test_eight_axes_are_allowed() -> None:
    assert arrays(raw_block(entry("F64", [1] * 8, 8), bytes(8)))["a"].shape == (1,) * 8


@STEADY
@given(st.binary(max_size=200))
def test_random_blocks_raise_nothing_but_border_error(block: bytes) -> None:
    with contextlib.suppress(BorderError):
        arrays(block)


LENGTHS = st.one_of(st.integers(0, 3), st.sampled_from([2**31, 2**32, 2**61, 2**62, 2**63 - 1, 2**63, 2**64 - 1]))


@STEADY
@given(
    st.sampled_from(["F64", "F32", "U8", "BOOL", "BF16", "F4", "I64"]),
    st.lists(LENGTHS, max_size=10),
    st.integers(0, 64),
)
def test_forged_shapes_raise_nothing_but_border_error(dtype: str, shape: list[int], size: int) -> None:
    try:
        found = arrays(raw_block(entry(dtype, shape, size), bytes(size)))
    except BorderError:
        return
    assert found["a"].nbytes == size, f"{dtype} {shape}: {found['a'].nbytes} bytes from {size}"
