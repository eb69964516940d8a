"""The kept results are those of the experiments as declared; what the book says of them holds; they can be made again."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from book_paths import BOOK
from experiments import gradients, keeping, lstm_paths
from experiments.experiment import Experiment, Row, chosen
from experiments.registry import EXPERIMENTS, MODULES

from solutions.with_numpy import lstm

NAMES = list(EXPERIMENTS)
SMALL = 300_000  # bytes of a kept result
SAME = 1e-3  # how far losses of float32 may differ between processors, relative


def test_the_readme_counts_the_experiments() -> None:
    counted = {15: "Fifteen", 16: "Sixteen", 17: "Seventeen", 18: "Eighteen"}[len(EXPERIMENTS)]
    assert f"{counted} experiments on real and made data" in (BOOK.parent / "README.md").read_text(encoding="utf-8")


def kept_rows(name: str) -> list[Row]:
    return keeping.rows_of(name)


@pytest.mark.parametrize("name", NAMES)
def test_a_kept_result_has_a_row_for_each_run_that_is_declared(name: str) -> None:
    declared = [json.loads(json.dumps(settings)) for settings in EXPERIMENTS[name].runs]
    assert [row.settings for row in kept_rows(name)] == declared


@pytest.mark.parametrize("name", NAMES)
def test_a_kept_result_says_how_it_was_made_and_is_small(name: str) -> None:
    kept = keeping.load(name)
    assert kept["processor"]
    assert kept["date"].startswith("20")
    assert set(kept["versions"]) == {"Python", *keeping.PACKAGES}
    assert (keeping.RESULTS / f"{name}.json").stat().st_size < SMALL


@pytest.mark.parametrize("name", NAMES)
def test_what_the_book_builds_on_holds(name: str) -> None:
    held = EXPERIMENTS[name].claims(kept_rows(name))
    assert held
    assert [claim for claim, holds in held.items() if not holds] == []


@pytest.mark.parametrize("name", NAMES)
def test_what_depends_on_a_seed_has_five(name: str) -> None:
    groups: dict[str, set[int]] = {}
    for row in kept_rows(name):
        if "first_losses" in row.result:
            others = {key: value for key, value in row.settings.items() if key != "seed"}
            groups.setdefault(json.dumps(others, sort_keys=True), set()).add(row.settings["seed"])
    assert all(seeds == {0, 1, 2, 3, 4} for seeds in groups.values()), groups


def test_every_run_that_did_not_solve_its_task_says_how_it_ended() -> None:
    from experiments import learning, memory

    ends = {learning.SOLVED, learning.UPDATES, learning.SECONDS, learning.NOT_FINITE}
    for row in kept_rows("memory"):
        assert row.result["ended"] in ends
        if row.result["ended"] == learning.UPDATES:
            assert row.result["updates"] == row.settings["updates"]
        if row.result["ended"] == learning.SECONDS:
            assert row.result["seconds"] >= row.settings["seconds"]  # more, before it was rounded
        if row.result["ended"] == learning.SOLVED:
            assert row.result["best_error"] <= memory.enough(row.settings["task"], row.settings["length"])


def test_what_kept_a_bit_is_looked_into_in_the_very_runs_that_kept_it() -> None:
    for row in kept_rows("one_bit"):
        (same,) = chosen(kept_rows("memory"), **row.settings)
        assert row.result["updates"] == same.result["updates"]
        np.testing.assert_allclose(row.result["first_losses"], same.result["first_losses"], rtol=SAME)


def test_networks_that_are_compared_have_the_same_budget() -> None:
    for name in NAMES:
        budgets: dict[str, set[tuple]] = {}
        for row in kept_rows(name):
            s = row.settings
            if "seconds" in s:
                task = "/".join(str(s.get(key)) for key in ("kind", "task", "length", "reading", "corpus"))
                budgets.setdefault(task, set()).add((s["updates"], s["seconds"], s["N"]))
        assert all(len(of_task) == 1 for of_task in budgets.values()), (name, budgets)


def one_of_each(experiment: Experiment) -> list[int]:
    """The first run of each kind: those that differ in more than the seed."""
    first: dict[str, int] = {}
    for number, settings in enumerate(experiment.runs):
        kind = json.dumps({key: value for key, value in settings.items() if key != "seed"}, sort_keys=True)
        first.setdefault(kind, number)
    return list(first.values())


def quick_runs() -> list[tuple[str, int]]:
    return [(name, number) for name, one in EXPERIMENTS.items() for number in one_of_each(one)]


def title_of(name: str, number: int) -> str:
    settings = EXPERIMENTS[name].runs[number]
    return "-".join(
        [name, *(str(value) for key, value in settings.items() if isinstance(value, str) or key == "length")]
    )


def spread_by_rounding(settings: dict, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """How far apart the first losses are of four runs whose weights at the start lie one or two rounding errors beside ours.

    Where gradients explode, an update multiplies a difference by a hundred and more, and what one processor rounds otherwise
    shows in the third loss.
    """
    drawn, losses = gradients.letters_model, []
    for roundings in (1, -1, 2, -2):

        def nearby(settings: dict, factor: float = 1 + roundings * float(np.finfo(np.float32).eps)) -> tuple:
            weights, *rest = drawn(settings)
            return {key: (array * np.float32(factor)).astype(array.dtype) for key, array in weights.items()}, *rest

        monkeypatch.setattr(gradients, "letters_model", nearby)
        losses.append(EXPERIMENTS["gradients"].perform(settings, lambda text: None)["first_losses"])
    return np.ptp(losses, axis=0)


@pytest.mark.parametrize(("name", "number"), quick_runs(), ids=str)
def test_a_run_still_begins_as_the_kept_one_did(name: str, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The quick mode: a few updates of each kind of run give the same losses; a model without updates gives the same scores."""
    experiment, kept = EXPERIMENTS[name], kept_rows(name)[number]
    settings = {
        **experiment.runs[number],
        **{k: v for k, v in experiment.quick.items() if k in experiment.runs[number] or k in ("held_out", "test")},
    }
    result = keeping.rounded(experiment.perform(settings, lambda text: None))
    if "first_losses" in result:
        made, expected = result["first_losses"], kept.result["first_losses"]
        assert len(made) >= min(3, len(expected))  # a run that came to numbers that are not finite has fewer
        expected = expected[: len(made)]
        if settings.get("kind") == "clipping":
            spread = spread_by_rounding(settings, monkeypatch)
            told = int(np.argmax([*(spread > SAME * np.abs(expected)), True]))  # so many come before rounding shows
            assert told >= 2, title_of(name, number)
            assert (np.abs(np.subtract(made, expected)) <= 3 * spread)[told:].all(), title_of(name, number)
            made, expected = made[:told], expected[:told]
        np.testing.assert_allclose(made, expected, rtol=SAME, equal_nan=True, err_msg=title_of(name, number))
    else:
        measures = [key for key, value in kept.result.items() if isinstance(value, float)]
        assert measures or name == "gradients"
        for key in measures:
            assert math.isclose(result[key], kept.result[key], rel_tol=0.02), key


WHOLE = {
    "memory": [
        {"task": "first_step", "length": 100, "variant": "lstm_lag"},
        {"task": "temporal_order", "length": 20, "variant": "gru"},
    ],
    "digits": [{"reading": "rows", "variant": "gru"}],
    "speakers": [{"variant": "lstm_1"}],
    "agreement": [{"cell": "lstm", "dtype": "float64", "second_bias": "frozen"}],
}


@pytest.mark.parametrize(("name", "wanted"), [(name, one) for name, every in WHOLE.items() for one in every], ids=str)
def test_a_short_experiment_comes_out_as_it_did(name: str, wanted: dict) -> None:
    """Whole runs, from the first seed: a result that no longer holds is noticed."""
    experiment = EXPERIMENTS[name]
    number = next(
        n for n, s in enumerate(experiment.runs) if s["seed"] == 0 and all(s[k] == v for k, v in wanted.items())
    )
    made, kept = experiment.perform(experiment.runs[number], lambda text: None), kept_rows(name)[number].result
    if "ended" in kept:
        assert made["ended"] == kept["ended"]
    if kept.get("ended") == "solved":
        assert made["updates"] <= 3 * kept["updates"]
    if "accuracy" in kept:
        assert abs(made["accuracy"] - kept["accuracy"]) < 0.02
    if "largest_difference" in kept:
        assert made["largest_difference"] < 1e-9


WITH_TABLES = sorted(
    path.relative_to(BOOK).with_suffix("").as_posix()
    for path in BOOK.rglob("*.md")
    if "showing.table(" in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", WITH_TABLES)
def test_a_table_of_results_is_a_table_on_its_page(name: str, built_book: Path) -> None:
    """Not a paragraph full of upright strokes, as plain CommonMark shows it."""
    page = (built_book / f"{name}.html").read_text(encoding="utf-8")
    assert page.count("<table") >= (BOOK / f"{name}.md").read_text(encoding="utf-8").count("showing.table(")
    assert "| --- |" not in page
    assert "| — |" not in page


def test_every_module_of_an_experiment_is_registered_and_every_result_belongs_to_one() -> None:
    assert {path.stem for path in keeping.RESULTS.glob("*.json")} == set(NAMES)
    modules = {path for folder in ("experiments", "experiments/applications") for path in (BOOK / folder).glob("*.py")}
    with_one = {path for path in modules if "EXPERIMENT = Experiment(" in path.read_text(encoding="utf-8")}
    assert {path.stem for path in with_one} == {module.__name__.rpartition(".")[2] for module in MODULES}


@pytest.mark.parametrize("paths", lstm_paths.PATHS[:2])
def test_gradients_of_an_lstm_go_along_the_paths_that_there_are(paths: str) -> None:
    """As PyTorch differentiates it, with h taken from its history between two steps, or not."""
    rng = np.random.default_rng(0)
    T, N, D, H = 5, 3, 2, 4
    w = {name: rng.normal(size=shape) for name, shape in {"W_x": (4 * H, D), "W_h": (4 * H, H), "b": (4 * H,)}.items()}
    x, dh, zero = rng.normal(size=(T, N, D)), rng.normal(size=(T, N, H)), np.zeros((N, H))
    made = lstm.forward(x, zero, zero, **w)
    ours = lstm_paths.cell_gradients(w, x, dh, made, through_h=paths == lstm_paths.WHOLE)

    theirs = {name: torch.tensor(array, requires_grad=True) for name, array in w.items()}
    h, c, total = torch.zeros(N, H).double(), torch.zeros(N, H).double(), torch.zeros(()).double()
    for t in range(T):
        h = h if paths == lstm_paths.WHOLE else h.detach()
        a = torch.from_numpy(x[t]) @ theirs["W_x"].T + h @ theirs["W_h"].T + theirs["b"]
        i, f, o, g = a.split(H, dim=1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        total = total + (torch.from_numpy(dh[t]) * h).sum()
    total.backward()
    for name, tensor in theirs.items():
        np.testing.assert_allclose(ours[name], tensor.grad, rtol=1e-10, atol=1e-12)
