"""Make the results that the book shows: all of them, or one experiment by its name.

    python -m experiments [NAME ...] [--workers N] [--list] [--check]      (in the folder book)

`make experiments` and `make experiments NAME=memory` call it. Each run is one process of one thread. What is finished is kept,
so that work that is broken off goes on where it was.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before numpy is loaded, here and in the workers

import argparse
import sys

from rich.console import Console
from rich.table import Table

from experiments import keeping
from experiments.data.fetch import DataError
from experiments.experiment import Experiment, Row
from experiments.making import make
from experiments.registry import EXPERIMENTS


def show_claims(experiment: Experiment, rows: list[Row]) -> bool:
    """Print what the results must show, and whether they do."""
    held = experiment.claims(rows)
    for claim, holds in held.items():
        print(f"  {'holds' if holds else 'DOES NOT HOLD'}: {claim}")
    return all(held.values())


def list_all() -> None:
    table = Table("name", "question", "runs")
    for experiment in EXPERIMENTS.values():
        table.add_row(experiment.name, experiment.question, str(len(experiment.runs)))
    Console().print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the results that the book shows.")
    parser.add_argument("names", nargs="*", help="experiments; all where none is named")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="how many processes at a time")
    parser.add_argument("--list", action="store_true", help="list the experiments")
    parser.add_argument("--check", action="store_true", help="make nothing; say what of the kept results holds")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in EXPERIMENTS]
    if unknown:
        parser.error(f"there is no experiment {unknown[0]!r}; the experiments are {', '.join(EXPERIMENTS)}.")
    if options.workers < 1:
        parser.error("--workers must be at least 1.")
    if options.list:
        return list_all()
    good = True
    try:
        for name in options.names or EXPERIMENTS:
            experiment = EXPERIMENTS[name]
            rows = keeping.rows_of(name) if options.check else make(experiment, options.workers)
            print(f"{name}: {experiment.question}")
            good &= show_claims(experiment, rows)
            if not options.check:
                print(f"  kept in {keeping.keep(experiment, rows)}")
    except (DataError, keeping.ResultError) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("Stopped. What is finished is kept; the same command goes on from there.")
    sys.exit(0 if good else "A claim does not hold: the book must not say it.")


if __name__ == "__main__":
    main()
