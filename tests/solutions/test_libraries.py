"""What the table says of a library is what it computed: our cells, with its parameters converted, give its recorded outputs.

``make libraries`` records them (tests/solutions/libraries); none of the libraries is needed here.
"""

import itertools
from functools import cache
from typing import Any

import numpy as np
import pytest

from solutions import conversions
from solutions.library_layouts import LAYOUTS, OURS, Layout
from solutions.with_numpy import recurrent
from tests.solutions.libraries.__main__ import RECORDED, RECORDERS, changes, contents, needs

Arrays = dict[str, np.ndarray]
SINGLE, DOUBLE = 1e-6, 1e-12
"""By how much outputs may differ that a library computed in single or in double precision."""
HALF_WAY = {("keras", "rnn"), ("keras", "relu_rnn"), ("keras", "gru_reset_before"), ("mxnet", "relu_rnn")}
"""What returns double precision and computes some of it in single."""

ROWS = pytest.mark.parametrize("row", LAYOUTS, ids=lambda row: f"{row.library} {row.cell}")
GATED = pytest.mark.parametrize(
    "row", [row for row in LAYOUTS if len(row.order) > 1], ids=lambda row: f"{row.library} {row.cell}"
)
GRUS = pytest.mark.parametrize(
    "row", [row for row in LAYOUTS if row.cell.startswith("gru")], ids=lambda row: f"{row.library} {row.cell}"
)


@cache
def recorded(library: str) -> tuple[dict[str, Any], Arrays]:
    return contents(RECORDED / f"{library.replace('.', '_')}.npz")


def case(row: Layout) -> tuple[Arrays, Arrays]:
    """The library's inputs and outputs, and its parameters."""
    arrays = {
        name.removeprefix(row.cell + "|"): array
        for name, array in recorded(row.library)[1].items()
        if name.startswith(row.cell + "|")
    }
    parameters = {
        name.removesuffix("|parameter"): array for name, array in arrays.items() if name.endswith("|parameter")
    }
    return {name: array for name, array in arrays.items() if not name.endswith("|parameter")}, parameters


def theirs(row: Layout) -> conversions.Weights:
    return conversions.from_(row.library, row.cell, case(row)[1])


def off(row: Layout, weights: Arrays, cell: str = "") -> float:
    """How far our cell's hidden states are from the recorded ones with these weights, as a share of the largest."""
    cell, (given, _) = cell or row.cell, case(row)
    states = tuple(given[f"{name}_0"] for name in recurrent.CELLS[cell].states)
    h, _, _ = recurrent.forward(cell, given["x"], states, weights)
    return float(np.abs(h - given["h"]).max() / np.abs(given["h"]).max())


def within(row: Layout) -> float:
    single = (row.library, row.cell) in HALF_WAY or case(row)[0]["h"].dtype == np.float32
    return SINGLE if single else DOUBLE


@ROWS
def test_our_cell_computes_what_the_library_computed(row: Layout) -> None:
    assert off(row, theirs(row)) <= within(row)


@ROWS
def test_the_librarys_parameters_come_back_from_ours(row: Layout) -> None:
    given, ours = case(row)[1], theirs(row)
    there = conversions.to(row.library, row.cell, ours)
    assert {name: array.shape for name, array in there.items()} == {name: array.shape for name, array in given.items()}
    again = conversions.from_(row.library, row.cell, there)
    for name, array in ours.items():
        np.testing.assert_array_equal(again[name], array, err_msg=name)
    if "b_2" not in row.roles:
        for name, array in given.items():
            np.testing.assert_array_equal(there[name], array, err_msg=name)


@GATED
def test_in_no_other_order_of_the_blocks_it_does(row: Layout) -> None:
    weights, G = theirs(row), len(OURS[row.cell])
    for order in list(itertools.permutations(range(G)))[1:]:
        moved = weights | {
            name: np.concatenate([np.split(weights[name], G)[k] for k in order]) for name in ("W_x", "W_h", "b")
        }
        assert off(row, moved) > 0.01, order


@GRUS
def test_with_the_other_meaning_of_z_it_does_not(row: Layout) -> None:
    assert off(row, conversions.swap_z(theirs(row))) > 0.01


@GRUS
def test_with_the_reset_gate_on_the_other_side_of_the_product_it_does_not(row: Layout) -> None:
    weights = theirs(row)
    b_hn = weights.pop("b_hn", np.zeros(weights["W_h"].shape[1]))
    other = "gru" if row.cell == "gru_reset_before" else "gru_reset_before"
    assert off(row, weights | ({"b_hn": b_hn} if other == "gru" else {}), other) > 0.01


@pytest.mark.parametrize("row", [row for row in LAYOUTS if row.added], ids=lambda row: row.library)
def test_without_what_is_added_at_run_time_it_does_not(row: Layout) -> None:
    stored = theirs(row)
    H = stored["W_h"].shape[1]
    for block, constant in row.added.items():
        k = OURS[row.cell].index(block)
        stored["b"][k * H : (k + 1) * H] -= constant
    assert off(row, stored) > 0.01


def test_every_library_of_the_table_is_recorded_and_every_recording_is_in_the_table() -> None:
    files = {file.stem for file in RECORDED.glob("*.npz")}
    assert files == {row.library.replace(".", "_") for row in LAYOUTS}
    assert files <= {file.stem for file in RECORDERS.glob("*.py")}
    for library in conversions.libraries():
        cells = {name.partition("|")[0] for name in recorded(library)[1]}
        assert cells == {row.cell for row in LAYOUTS if row.library == library}, library


def test_there_are_enough_of_both() -> None:
    assert len(conversions.libraries()) >= 20
    assert len(LAYOUTS) >= 60


def test_a_recorder_says_what_it_needs_in_exact_versions() -> None:
    for recorder in RECORDERS.glob("*.py"):
        assert all("==" in line for line in needs(recorder)["dependencies"]), recorder.name


def test_a_new_recording_says_what_changed(tmp_path: Any) -> None:
    old, new = RECORDED / "equinox.npz", tmp_path / "new.npz"
    assert changes(old, old) == []
    with np.load(old) as kept:
        arrays = {name: kept[name] for name in kept.files}
    arrays["gru|h"][0, 0, 0] += 0.5
    arrays["about"] = np.array(str(arrays["about"]).replace('"version": "', '"version": "9.'))
    del arrays["lstm|h"]
    np.savez(new, **arrays)
    assert changes(old, new) == [
        f"version {recorded('equinox')[0]['version']} is now 9.{recorded('equinox')[0]['version']}",
        "no longer there: lstm|h",
        "gru|h differs by 5.0e-01",
    ]
