"""An experiment that takes no time, and leaves a mark in a folder for each run that it makes."""

import time
from collections.abc import Sequence
from pathlib import Path

from experiments.experiment import Experiment, Result, Row, Settings, Tell


def perform(settings: Settings, tell: Tell) -> Result:
    folder = Path(settings["folder"])
    (folder / f"made-{settings['seed']}-{time.monotonic_ns()}").touch()
    tell("one step of one")
    if settings["seed"] == settings.get("fails"):
        raise RuntimeError("this run fails")
    while settings["seed"] == settings.get("waits") and not (folder / "go").exists():
        time.sleep(0.01)
    return {"value": settings["seed"] / 3}


def claims(rows: Sequence[Row]) -> dict[str, bool]:
    return {
        "Every value is the seed's third": all(
            row.result["value"] == round(row.settings["seed"] / 3, 6) for row in rows
        )
    }


def toy(folder: Path, **options: int) -> Experiment:
    runs = [{"seed": seed, "folder": str(folder), **options} for seed in range(4)]
    return Experiment("toy", "Does it go on?", runs, perform, claims)
