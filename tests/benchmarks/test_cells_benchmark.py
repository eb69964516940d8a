"""The benchmark of the cells prints what others read, and refuses to time a wrong answer. Nothing here asserts on time."""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from solutions.with_numpy import recurrent
from solutions.with_numpy.fast import products
from tests.solutions.cells import Drawn, arrays_at_peak

README = Path(__file__).parents[2] / "README.md"
PROGRAM = Path(__file__).parents[2] / "benchmarks" / "cells.py"


@pytest.fixture
def cells(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The program as a module, with small shapes and few runs."""
    spec = importlib.util.spec_from_file_location("cells_benchmark", PROGRAM)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "cells_benchmark", module)
    spec.loader.exec_module(module)
    module.SHAPES, module.FEWEST, module.MOST = ((2, 3, 4, 5), (3, 2, 1, 4)), 3, 3
    return module


def run(cells: ModuleType, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["cells.py", *arguments])
    with pytest.raises(SystemExit) as ended:
        cells.main()
    return ended.value.code


def test_json_holds_the_ratios_and_the_rows_behind_them(
    cells: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(cells, monkeypatch, "--json")
    printed = json.loads(capsys.readouterr().out)
    assert set(printed["ratio"]) == {"rnn", "lstm", "gru"}
    assert code == (0 if all(printed["ratio"][cell] <= cells.CLAIMS[cell] for cell in cells.CLAIMS) else 1)
    for cell, ratio in printed["ratio"].items():
        rows = [row for row in printed["rows"] if row["cell"] == cell]
        assert [(row["T"], row["N"], row["D"], row["H"]) for row in rows] == list(cells.SHAPES)
        assert ratio == pytest.approx(np.prod([row["ratio"] for row in rows]) ** (1 / len(rows)))
        assert all(row["products"] > 0 for row in rows)
    assert {"processor", "date", "numpy", "torch"} <= set(printed["machine"])


def test_the_table_has_a_line_for_each_shape(
    cells: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(cells, monkeypatch, "--cell", "gru", "--runs", "2")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + len(cells.SHAPES) + 1
    assert lines[-1].startswith("gru: ")


@pytest.mark.parametrize("small", [True, False], ids=["small kernels", "no small kernels"])
def test_at_each_shape_an_lstm_pass_takes_at_most_12_arrays_of_the_states(
    small: bool, cells: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(products, "has_small_kernels", lambda: small)
    for T, N, D, H in {tuple(row[k] for k in "TNDH") for row in kept(cells)["rows"]}:
        x, weights, dh = cells.inputs("lstm", T, N, D, H)
        zero = recurrent.initial_state("lstm", N, H, np.float32)
        arrays = arrays_at_peak(Drawn(x, zero, weights, dh, zero))
        assert arrays <= 12, f"{(T, N, D, H)}: {arrays:.1f} arrays of (T, N, H)"


def test_a_wrong_answer_is_not_timed(cells: ModuleType) -> None:
    right = {"dx": np.ones(3)}
    cells.check_agreement("rnn", right, right)
    with pytest.raises(SystemExit, match=r"rnn: dx differs from torch\.nn's by 0\.5"):
        cells.check_agreement("rnn", {"dx": np.array([1.0, 1.5, 1.0])}, right)


def test_no_runs_are_refused(
    cells: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(cells, monkeypatch, "--runs", "0") == 2
    assert "--runs must be at least 1" in capsys.readouterr().err


def test_the_readmes_table_is_that_of_the_kept_result(cells: ModuleType) -> None:
    cells.SHAPES = tuple(tuple(row[k] for k in "TNDH") for row in kept(cells)["rows"][:5])
    assert cells.markdown(kept(cells)) in README.read_text()


def test_the_kept_result_holds_what_is_claimed(cells: ModuleType) -> None:
    result = kept(cells)
    assert result["claims"] == cells.CLAIMS
    assert result["runs"] >= 3
    for cell, claim in cells.CLAIMS.items():
        assert result["ratio"][cell] <= claim, f"{cell}: {result['ratio'][cell]:.2f} was measured, {claim} is claimed"


def kept(cells: ModuleType) -> dict[str, Any]:
    return json.loads(cells.KEPT.read_text())


def test_keeping_writes_the_file_and_wants_all_cells(
    cells: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    cells.KEPT = tmp_path / "cells.json"
    assert run(cells, monkeypatch, "--keep", "--cell", "gru") == 2
    assert not cells.KEPT.exists()
    run(cells, monkeypatch, "--keep", "--json")
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == json.loads(cells.KEPT.read_text())
