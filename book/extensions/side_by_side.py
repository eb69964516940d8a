"""Pages are executed side by side before Sphinx reads them one after the other.

What MyST-NB would execute while it reads goes into its cache first, by as many kernels at a time as there are processors.
It then finds everything there. A page that fails is left to it, so that the error is reported where it always is.
"""

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn, JupyterCacheAbstract
from myst_nb.core.read import create_nb_reader
from nbclient import NotebookClient
from nbclient.exceptions import CellControlSignal, DeadKernelError
from nbformat import NotebookNode
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.util.display import status_iterator

AT_MOST = 4  # a kernel that has loaded PyTorch takes half a gigabyte
QUIET = ["--IPKernelApp.log_level=ERROR"]  # else each says that it talks to this process over a socket
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def at_a_time() -> int:
    """How many kernels run side by side: one for each processor that we may use."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(usable, AT_MOST)


def one_thread_each(app: Sphinx, config: Config) -> None:
    """Kernels that share the processors keep to one thread; the numbers then are the same on every number of processors."""
    for name in THREADS:
        os.environ.setdefault(name, "1")


def in_reading_order(app: Sphinx, names: list[str]) -> list[str]:
    """The pages as the table of contents lists them: chapters, which compute most, come before pages that show results."""
    order = {name: number for number, name in enumerate(app.config.external_site_map)}
    return sorted(names, key=lambda name: order.get(name, len(order)))


def not_executed_yet(app: Sphinx, cache: JupyterCacheAbstract, names: list[str]) -> dict[str, NotebookNode]:
    """The notebooks among the pages whose cells the cache does not know, by their paths."""
    env, found = app.env, {}
    for name in in_reading_order(app, names):
        path = env.doc2path(name)
        text = Path(path).read_text(encoding="utf-8")
        reader = create_nb_reader(path, env.myst_config, env.mystnb_config, text)
        if reader is None:
            continue
        notebook = reader.read(text)
        try:
            cache.match_cache_notebook(notebook)
        except KeyError:
            found[path] = notebook
    return found


def execute(path: str, notebook: NotebookNode, timeout: int) -> float | None:
    """Run a notebook's cells in the folder of its page, as MyST-NB does. Returns the seconds it took, None where it fails."""
    folder = {"metadata": {"path": str(Path(path).parent)}}
    client = NotebookClient(
        notebook, timeout=timeout, resources=folder, extra_arguments=QUIET, record_timing=False
    )  # a time in a cell would be a change of the cell
    begin = time.perf_counter()
    try:
        asyncio.run(client.async_execute())
    except (CellControlSignal, DeadKernelError):
        return None
    return time.perf_counter() - begin


def told(app: Sphinx, done: Iterator[Future], name: Callable[[Future], str], count: int) -> Iterator[Future]:
    """The pages as they come, each told to whoever watches the build."""
    return status_iterator(done, "executing pages... ", "purple", count, app.verbosity, name)


def execute_side_by_side(app: Sphinx, env: BuildEnvironment, names: list[str]) -> None:
    """Fill the cache with what the pages that are about to be read need."""
    if app.config.nb_execution_mode != "cache" or at_a_time() == 1:
        return
    cache = get_cache(app.config.nb_execution_cache_path)
    notebooks = not_executed_yet(app, cache, names)
    pool = ThreadPoolExecutor(at_a_time())
    try:
        running = {
            pool.submit(execute, path, notebook, app.config.nb_execution_timeout): path
            for path, notebook in notebooks.items()
        }
        for future in told(app, as_completed(running), lambda future: Path(running[future]).stem, len(running)):
            path, seconds = running[future], future.result()
            if seconds is not None:
                bundle = CacheBundleIn(notebooks[path], path, data={"execution_seconds": seconds})
                cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
    finally:
        pool.shutdown(
            cancel_futures=True
        )  # who interrupts the build waits for the pages that have begun, and no longer


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("config-inited", one_thread_each)
    app.connect("env-before-read-docs", execute_side_by_side)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
