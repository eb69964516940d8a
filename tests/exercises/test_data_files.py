"""The data files of the exercises are what their programs make of the loaders of the book."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from autograder.exercise import EXERCISES

FOLDER = EXERCISES["08_applications"].folder / "data"
PROGRAMS = sorted(path for place in EXERCISES.places.values() for path in place.glob("data/make_*.py"))


def made_by(program: Path) -> dict[str, dict[str, np.ndarray]]:
    spec = importlib.util.spec_from_file_location(program.stem, program)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.files()


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_the_files_are_what_the_program_makes(program: Path) -> None:
    for name, arrays in made_by(program).items():
        with np.load(program.parent / f"{name}.npz") as kept:
            assert set(kept.files) == set(arrays)
            for key, array in arrays.items():
                assert kept[key].dtype == array.dtype
                assert np.array_equal(kept[key], array), f"{name}.npz, {key}: run {program.name}"


def test_students_and_the_grader_have_no_picture_in_common() -> None:
    ours, theirs = (np.load(FOLDER / f"{name}.npz")["images"] for name in ("digits_judge", "digits"))
    both = {picture.tobytes() for picture in ours} & {picture.tobytes() for picture in theirs}
    assert len(theirs) == 1400
    assert len(ours) == 397
    assert not both
