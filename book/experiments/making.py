"""Make the rows of an experiment in worker processes, keep each as soon as it is there, and say how far it is."""

import multiprocessing
import sys
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from experiments import keeping
from experiments.experiment import Experiment, Result, Row, Settings, Tell
from experiments.registry import named

CONSOLE = Console(stderr=True)
WATCH = 2.0  # seconds between two looks at what the workers say

_NEWS: list[Any] = []  # in a worker: the queue on which it says how far it is


def _start_worker(news: Any) -> None:
    _NEWS[:] = [news]


def _perform(perform: Callable[[Settings, Tell], Result], settings: Settings) -> Row:
    return Row(settings, perform(settings, lambda text: _NEWS[0].put(f"{title(settings)}: {text}")))


def _one_run(name: str, settings: Settings) -> Row:
    result = named(name).perform(settings, lambda text: _NEWS[0].put(f"{title(settings)}: {text}"))
    return Row(settings, result)


def title(settings: Settings) -> str:
    """What tells a run from the others: the settings that are words, its length and its seed."""
    shown = [str(value) for name, value in settings.items() if isinstance(value, str) or name in ("length", "seed")]
    return " ".join(shown)


def latest(news: Any) -> str:
    """The last of what the workers said, or nothing."""
    text = ""
    while not news.empty():
        text = news.get()
    return text


def make(experiment: Experiment, workers: int) -> list[Row]:
    """All rows of an experiment, those that are finished and those that are made now."""
    digest = keeping.code_digest(experiment)
    rows: dict[int, Row] = {}
    for number, settings in enumerate(experiment.runs):
        row = keeping.finished(experiment.name, settings, digest)
        if row is not None:
            rows[number] = row
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager:
        news = manager.Queue()
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with (
            Progress(
                *columns, TextColumn("{task.fields[said]}"), console=CONSOLE, disable=not CONSOLE.is_terminal
            ) as bar,
            ProcessPoolExecutor(workers, context, _start_worker, (news,)) as pool,
        ):
            task = bar.add_task(experiment.name, total=len(experiment.runs), completed=len(rows), said="")
            waiting = {
                pool.submit(_perform, experiment.perform, settings): number
                for number, settings in enumerate(experiment.runs)
                if number not in rows
            }
            try:
                collect(
                    experiment, waiting, rows, digest, lambda: bar.update(task, completed=len(rows), said=latest(news))
                )
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
    return [rows[number] for number in range(len(experiment.runs))]


def has_failed(future: Future[Row]) -> bool:
    return future.exception() is not None


def collect(
    experiment: Experiment, waiting: dict[Future[Row], int], rows: dict[int, Row], digest: str, show: Callable[[], None]
) -> None:
    """Keep each row as soon as it is there."""
    while waiting:
        done, _ = wait(waiting, timeout=WATCH, return_when=FIRST_COMPLETED)
        for future in sorted(done, key=has_failed):  # what is finished is kept before a failure ends it all
            number = waiting.pop(future)
            rows[number] = keeping.keep_run(experiment.name, future.result(), digest)
            if not CONSOLE.is_terminal:
                print(
                    f"{experiment.name}: {len(rows)} of {len(experiment.runs)} runs ({title(rows[number].settings)})",
                    file=sys.stderr, flush=True,
                )  # fmt: skip
        show()
