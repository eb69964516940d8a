"""Executed pages are kept as long as all that made them is as it was."""

from pathlib import Path

import course_book
import pytest
from book_paths import BOOK

MADE_BY = [
    "solutions/with_numpy/rnn.py",
    "book/figures/cells.py",
    "book/experiments/results/memory.json",
    "benchmarks/cells.json",
]


@pytest.mark.parametrize("name", MADE_BY)
def test_a_change_of_code_or_figures_lets_all_pages_run_again(name: str, tmp_path: Path, monkeypatch) -> None:
    assert (BOOK.parent / name).is_file()
    for one in MADE_BY:
        (tmp_path / one).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / one).write_text("as it was")
    monkeypatch.setattr(course_book, "BOOK", tmp_path / "book")
    before = course_book.code_digest()
    assert course_book.code_digest() == before
    (tmp_path / name).write_text("changed")
    assert course_book.code_digest() != before


def test_what_no_page_shows_runs_nothing_again(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(course_book, "BOOK", tmp_path / "book")
    before = course_book.code_digest()
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "training_toy.json").write_text("{}")
    assert course_book.code_digest() == before
