"""Pages are executed side by side into the cache in which the build then finds them."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest
import side_by_side
from jupyter_cache import get_cache
from myst_nb.core.config import NbParserConfig
from myst_parser.config.main import MdParserConfig

NOTEBOOK = """---
file_format: mystnb
kernelspec:
  name: python3
---

# A page

```{{code-cell}} ipython3
{code}
```
"""


@pytest.fixture
def small_book(tmp_path: Path) -> SimpleNamespace:
    """A book of two pages with cells, one of which fails, and one without; as much of Sphinx as the extension looks at."""
    texts = {"works": NOTEBOOK.format(code="6 * 7"), "fails": NOTEBOOK.format(code="1 / 0"), "prose": "# No cells\n"}
    for name, text in texts.items():
        (tmp_path / f"{name}.md").write_text(text)
    env = SimpleNamespace(
        myst_config=MdParserConfig(),
        mystnb_config=NbParserConfig(),
        doc2path=lambda name: str(tmp_path / f"{name}.md"),
        path2doc=lambda path: Path(path).stem,
    )
    config = SimpleNamespace(
        nb_execution_mode="cache",
        nb_execution_cache_path=str(tmp_path / "cache"),
        nb_execution_timeout=60,
        external_site_map={"works": None, "prose": None, "fails": None},
    )
    return SimpleNamespace(env=env, config=config, verbosity=0)


def test_what_can_be_executed_is_kept_and_not_executed_again(small_book, monkeypatch) -> None:
    monkeypatch.setattr(side_by_side, "at_a_time", lambda: 2)
    executed = []

    def execute(path, notebook, timeout):
        executed.append(Path(path).stem)
        return original(path, notebook, timeout)

    original = side_by_side.execute
    monkeypatch.setattr(side_by_side, "execute", execute)
    side_by_side.execute_side_by_side(small_book, small_book.env, ["fails", "prose", "works"])
    assert sorted(executed) == ["fails", "works"]
    cache = get_cache(small_book.config.nb_execution_cache_path)
    (record,) = cache.list_cache_records()
    assert Path(record.uri).stem == "works"
    (output,) = cache.get_cache_bundle(record.pk).nb.cells[0].outputs
    assert output.data["text/plain"] == "42"

    side_by_side.execute_side_by_side(small_book, small_book.env, ["prose", "works"])
    assert len(executed) == 2


def test_pages_are_executed_in_the_order_of_the_contents(small_book) -> None:
    assert side_by_side.in_reading_order(small_book, ["new", "fails", "works"]) == ["works", "fails", "new"]


def test_as_many_as_there_are_processors_and_no_more_than_memory_allows() -> None:
    assert 1 <= side_by_side.at_a_time() <= side_by_side.AT_MOST


def test_kernels_keep_to_one_thread_unless_told_otherwise(monkeypatch) -> None:
    for name in side_by_side.THREADS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(side_by_side.THREADS[0], "3")
    side_by_side.one_thread_each(None, None)
    assert [os.environ.pop(name) for name in side_by_side.THREADS] == ["3", "1", "1"]
