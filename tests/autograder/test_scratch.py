"""Temporary folders: what a killed run left behind goes, and nothing else."""

import os
import tempfile
from pathlib import Path

import pytest

from autograder.sandbox import scratch


def old(path: Path) -> Path:
    os.utime(path, (0, 0))
    return path


def test_what_nobody_holds_goes_and_what_is_in_use_or_not_ours_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with scratch.folder("sandbox") as used:
        names = (
            "autograder-sandbox-left_123",
            "autograder-sandbox-young_12",
            "autograder-run-grades-2026",
            "elsewhere",
        )
        left, young, other, elsewhere = (tmp_path / name for name in names)
        for path in (left / "inner", young, other, elsewhere):
            path.mkdir(parents=True)
        link = tmp_path / "autograder-sandbox-link_123"
        link.symlink_to(elsewhere)
        for path in (left, other, elsewhere, Path(used)):
            old(path)
        os.utime(link, (0, 0), follow_symlinks=False)
        scratch.remove_leftovers()
        assert not left.exists()
        assert all(path.exists() for path in (Path(used), young, other, elsewhere, link))
    assert not Path(used).exists()


@pytest.mark.parametrize("kind", scratch.KINDS)
def test_every_kind_of_folder_is_known_by_its_name(kind: str) -> None:
    with scratch.folder(kind) as name:
        assert scratch.MADE.fullmatch(Path(name).name)


def test_another_users_folder_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    assert not scratch.is_left_over(old(tmp_path))
