"""Measure what right training comes to, for the thresholds of the exercises.

    python benchmarks/training.py 06_language_model
    python benchmarks/training.py 06_language_model --seeds 3 --dry

For each check of a trained model, the reference is trained from several seeds, as in the notebook, and judged as in
grading, on data made for the run. Beside it stands the best model that ignores order. The figures are kept in
``training_<module>.json``; a test compares them with the threshold that the check declares. How to train is said by
``training_<module>.py`` beside this file, in ``MEASURED``: a pair of functions for each check, one that takes a seed and
returns the reference's weights, one that takes the drawn data and returns the score of the model without order.
"""

import importlib
import json
import platform
import sys
import time
from datetime import date
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

HERE = Path(__file__).parent
sys.path.append(str(HERE))


def measured(check, train, without_order, seeds: int) -> dict:
    """Scores and seconds of the reference, seed by seed, and the scores of the model without order on the same data."""
    scores, seconds, plain = [], [], []
    for seed in range(seeds):
        data = check.draw(np.random.default_rng(1000 + seed))[0].inputs
        start = time.perf_counter()
        weights = train(seed)
        seconds.append(round(time.perf_counter() - start, 1))
        scores.append(round(check.trained.score(weights, data), 5))
        plain.append(round(without_order(data), 5))
        print(f"{check.name}, seed {seed}: {scores[-1]}, without order {plain[-1]}, {seconds[-1]} s", file=sys.stderr)
    return {"measure": check.trained.measure, "right": scores, "without_order": plain, "seconds": seconds}


def main(
    slug: Annotated[str, typer.Argument(help="An exercise, like 06_language_model.")],
    seeds: Annotated[int, typer.Option(help="How many trainings.")] = 20,
    dry: Annotated[bool, typer.Option(help="Keep nothing.")] = False,
) -> None:
    """Train the models of one exercise from several seeds and keep what they come to."""
    from autograder.exercise import EXERCISES

    if slug not in EXERCISES:
        sys.exit(f"There is no exercise {slug}. The exercises are: {', '.join(EXERCISES)}.")
    module = slug.partition("_")[2]
    if not (HERE / f"training_{module}.py").is_file():
        sys.exit(f"Exercise {slug} trains no model.")
    ways = importlib.import_module(f"training_{module}").MEASURED
    found = {name: measured(EXERCISES[slug].check(name), *way, seeds) for name, way in ways.items()}
    about = {"date": date.today().isoformat(), "machine": platform.machine(), "numpy": np.__version__}
    if not dry:
        (HERE / f"training_{module}.json").write_text(json.dumps({**about, "checks": found}, indent=1) + "\n")


if __name__ == "__main__":
    typer.run(main)
