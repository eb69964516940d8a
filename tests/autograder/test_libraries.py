"""Which libraries of the system a program needs."""

import shutil
import sys
from pathlib import Path

from autograder.sandbox.libraries import needed, shared_objects, system_libraries


def test_a_program_names_its_libraries_and_its_loader() -> None:
    found = list(needed(Path(sys.executable).resolve()))
    assert "libc.so.6" in found
    assert any(name.startswith("/") and Path(name).is_file() for name in found)


def test_what_is_no_program_needs_nothing(tmp_path: Path) -> None:
    for content in (b"", b"import os", b"\x7fELF", b"\x7fELF\x01\x01" + bytes(100), b"\x7fELF\x02\x01" + bytes(100)):
        path = tmp_path / "x.so"
        path.write_bytes(content)
        assert list(needed(path)) == []


def test_libraries_below_a_folder_are_found_and_windows_are_left_out(tmp_path: Path) -> None:
    for name in ("a.so", "inner/b.so.1", "inner/c.py", "_tkinter.so"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert {path.name for path in shared_objects([tmp_path])} == {"a.so", "b.so.1"}


def test_every_library_is_a_file_that_goes_beside_the_c_library() -> None:
    shell = shutil.which("sh")
    assert shell is not None
    found = system_libraries((Path(shell).resolve(),))
    assert all(path.is_file() for path, _place in found)
    places = {Path(place).name: Path(place).parent for _path, place in found}
    assert places["libgcc_s.so.1"] == places["libc.so.6"]
