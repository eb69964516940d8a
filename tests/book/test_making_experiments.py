"""Results are made in parallel, kept one by one, gone on with after a stop; a mistake gets a sentence."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Future
from pathlib import Path

import pytest
from book_paths import BOOK, ROOT
from experiments import keeping, making
from experiments.experiment import Row
from toy_experiment import claims, toy

TESTS = Path(__file__).parent
LONGEST = 120  # seconds; what is waited for takes a few


@pytest.fixture
def under_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where single runs are kept during a test."""
    monkeypatch.setattr(keeping, "UNDER_WAY", tmp_path / "under_way")
    return tmp_path / "under_way"


def marks(folder: Path) -> list[str]:
    """The seeds of the runs that were made."""
    return sorted(path.name.split("-")[1] for path in folder.glob("made-*"))


@pytest.mark.parametrize("workers", [1, 2])
def test_all_runs_are_made_once_and_come_in_their_order(workers: int, tmp_path: Path, under_way: Path) -> None:
    rows = making.make(toy(tmp_path), workers)
    assert [row.settings["seed"] for row in rows] == [0, 1, 2, 3]
    assert all(claims(rows).values())
    assert marks(tmp_path) == ["0", "1", "2", "3"]


def test_what_is_finished_is_not_made_again(tmp_path: Path, under_way: Path) -> None:
    first = making.make(toy(tmp_path), 1)
    assert making.make(toy(tmp_path), 1) == first
    assert marks(tmp_path) == ["0", "1", "2", "3"]


def test_a_run_of_other_code_or_other_settings_is_made_again(tmp_path: Path, under_way: Path, monkeypatch) -> None:
    making.make(toy(tmp_path), 1)
    making.make(toy(tmp_path, extra=1), 1)
    assert len(marks(tmp_path)) == 8
    monkeypatch.setattr(keeping, "code_digest", lambda experiment: "other code")
    making.make(toy(tmp_path), 1)
    assert len(marks(tmp_path)) == 12


def test_after_a_failure_only_what_is_missing_is_made(tmp_path: Path, under_way: Path) -> None:
    with pytest.raises(RuntimeError, match="this run fails"):
        making.make(toy(tmp_path, fails=2), 1)
    kept = [json.loads(path.read_text()) for path in under_way.rglob("*.json")]
    assert {0, 1} <= {one["settings"]["seed"] for one in kept}
    assert 2 not in {one["settings"]["seed"] for one in kept}
    with pytest.raises(RuntimeError, match="this run fails"):
        making.make(toy(tmp_path, fails=2), 1)
    assert marks(tmp_path).count("0") == marks(tmp_path).count("1") == 1


def test_what_ends_together_with_a_failure_is_kept(tmp_path: Path, under_way: Path) -> None:
    experiment, rows = toy(tmp_path), {}
    waiting = {Future(): number for number in range(4)}
    for future, number in waiting.items():
        if number == 1:
            future.set_exception(RuntimeError("this run fails"))
        else:
            future.set_result(Row(experiment.runs[number], {"value": number}))
    with pytest.raises(RuntimeError, match="this run fails"):
        making.collect(experiment, waiting, rows, "digest", lambda: None)
    assert sorted(rows) == [0, 2, 3]


PROGRAM = """
import sys
from pathlib import Path
sys.path[:0] = {paths!r}
if __name__ == "__main__":
    from experiments import keeping, making
    from toy_experiment import toy
    keeping.UNDER_WAY = Path({under_way!r})
    making.make(toy(Path({folder!r}), waits=3), 1)
"""


def test_after_kill_9_the_finished_runs_are_there_and_the_rest_is_made(tmp_path: Path, under_way: Path) -> None:
    program = tmp_path / "program.py"
    paths = [str(BOOK), str(ROOT), str(TESTS)]
    program.write_text(PROGRAM.format(paths=paths, under_way=str(under_way), folder=str(tmp_path)))
    with subprocess.Popen([sys.executable, program], start_new_session=True, stderr=subprocess.DEVNULL) as process:
        end = time.monotonic() + LONGEST
        while len(list(under_way.rglob("[!.]*.json"))) < 3 or "3" not in marks(tmp_path):
            assert time.monotonic() < end, "the three runs that do not wait were not kept"
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
    (tmp_path / "go").touch()
    rows = making.make(toy(tmp_path, waits=3), 1)
    assert all(claims(rows).values())
    assert marks(tmp_path) == ["0", "1", "2", "3", "3"]


def test_a_kept_result_is_read_as_it_was_made(tmp_path: Path, under_way: Path) -> None:
    experiment = toy(tmp_path)
    rows = making.make(experiment, 1)
    path = keeping.keep(experiment, rows, tmp_path)
    kept = keeping.load("toy", tmp_path)
    assert kept["rows"] == rows
    assert kept["question"] == experiment.question
    assert json.loads(path.read_text(encoding="utf-8"))["versions"]["Python"]
    assert not list(tmp_path.glob(".*")), "a half-written file is left"


def test_numbers_are_kept_with_six_digits_and_arrays_as_lists() -> None:
    import numpy as np

    kept = keeping.rounded({"a": np.array([1 / 3, 2.0]), "b": (np.float64(1e-10 / 3), 7), "c": "text", "d": True})
    assert kept == {"a": [0.333333, 2.0], "b": [3.33333e-11, 7], "c": "text", "d": True}


def test_a_result_that_is_not_there_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(keeping.ResultError, match="make experiments NAME=memory"):
        keeping.load("memory", tmp_path)


def test_the_digest_follows_what_an_experiment_imports() -> None:
    from experiments.registry import EXPERIMENTS

    names = {path.name for path in keeping.files_of(EXPERIMENTS["memory"])}
    assert {"memory.py", "tasks.py", "models.py", "learning.py", "lstm.py", "training.py"} <= names
    assert "captions.py" not in names


def run(*arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "experiments", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=BOOK, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["memmory"], "there is no experiment 'memmory'"),
        (["--workers", "0"], "at least 1"),
        (["--workers", "x"], "invalid int"),
    ],
)
def test_a_wrong_command_gets_a_sentence(arguments: list[str], said: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_the_list_and_the_check_name_every_experiment() -> None:
    from experiments.registry import EXPERIMENTS

    listed, checked = run("--list"), run("--check")
    assert listed.returncode == checked.returncode == 0, checked.stderr
    for name, experiment in EXPERIMENTS.items():
        assert name in listed.stdout
        assert f"{name}: {experiment.question}" in checked.stdout
    assert "DOES NOT HOLD" not in checked.stdout


def test_a_claim_that_does_not_hold_is_said(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from experiments.__main__ import show_claims

    good = [Row({"seed": seed}, {"value": round(seed / 3, 6)}) for seed in range(4)]
    bad = [*good[:-1], Row({"seed": 3}, {"value": 2.0})]
    assert show_claims(toy(tmp_path), good)
    assert not show_claims(toy(tmp_path), bad)
    assert "DOES NOT HOLD: Every value" in capsys.readouterr().out
