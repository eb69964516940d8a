"""Collecting from archives: the envelope decides who handed in, and a bad archive costs its own student alone."""

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from autograder import envelopes
from autograder.course import Course
from autograder.envelopes import TooMuch, bare, stays_inside, unpack
from autograder.exercise import Exercise
from tests.autograder.test_doors import nbgrader

RECIPE = r".*/(?P<student_id>[A-Za-z0-9.-]+)_(?P<file_id>\d\d_\w+)"


def zipped(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def collected(course: Course, exercise: Exercise, files: dict[str, bytes]) -> tuple[dict[str, bytes], str]:
    """What `nbgrader zip_collect` makes of files: what lies in the inbox then, and what was said."""
    config = course.root / "nbgrader_config.py"
    line = f"c.FileNameCollectorPlugin.named_regexp = {RECIPE!r}\n"
    config.write_text(config.read_text(encoding="utf-8") + line, encoding="utf-8")
    folder = course.root / "downloaded" / exercise.slug / "archive"
    folder.mkdir(parents=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    done = nbgrader(course, "zip_collect", exercise.slug)
    assert done.returncode == 0, done.stderr[-2000:]
    inbox = (path for path in course.inbox.rglob("*.ipynb"))
    return {str(path.relative_to(course.inbox)): path.read_bytes() for path in inbox}, done.stderr


def test_a_name_inside_an_archive_names_nobody(course: Course, exercise: Exercise) -> None:
    slug = exercise.slug
    inbox, _told = collected(
        course,
        exercise,
        {f"bob_{slug}.ipynb": b"bob's own", f"mallory_{slug}.zip": zipped(**{f"bob_{slug}.ipynb": b"mallory's"})},
    )
    assert inbox == {
        f"bob/{slug}/{slug}.ipynb": b"bob's own",
        f"mallory/{slug}/bob_{slug}.ipynb": b"mallory's",
    }


def test_bad_archives_cost_their_own_students_alone(course: Course, exercise: Exercise, tmp_path: Path) -> None:
    slug, notebook = exercise.slug, f"{exercise.slug}.ipynb"
    outside = tmp_path / "outside.ipynb"
    names = {f"../../../ada/{slug}/{notebook}": b"1", str(outside): b"2", "..\\up.ipynb": b"3", notebook: b"eve's"}
    twice = {f"a/{notebook}": b"one", f"a_{notebook}": b"another"}
    inbox, told = collected(
        course,
        exercise,
        {
            f"ada_{notebook}": b"ada's",
            f"eve_{slug}.zip": zipped(**names),
            f"tom_{slug}.zip": b"PK but no archive",
            f"zoe_{slug}.zip": zipped(**twice),
        },
    )
    assert inbox == {
        f"ada/{slug}/{notebook}": b"ada's",
        f"eve/{slug}/{notebook}": b"eve's",
        f"zoe/{slug}/a_{notebook}": b"one",
        f"zoe/{slug}/a_{slug}-2.ipynb": b"another",
    }
    assert f"tom_{slug}.zip is not unpacked" in told
    assert not outside.exists()


def test_one_archive_of_a_platform_holds_the_envelopes(course: Course, exercise: Exercise) -> None:
    slug = exercise.slug
    inner = zipped(**{f"ada_{slug}.ipynb": b"cyd's"})
    inbox, _told = collected(
        course, exercise, {"submissions.zip": zipped(**{f"ada_{slug}.ipynb": b"ada's", f"cyd_{slug}.zip": inner})}
    )
    assert inbox == {f"ada/{slug}/{slug}.ipynb": b"ada's", f"cyd/{slug}/ada_{slug}.ipynb": b"cyd's"}


def test_links_in_archives_are_not_unpacked(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        link = tarfile.TarInfo("link.ipynb")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        archive.addfile(link)
        file = tarfile.TarInfo("mine.ipynb")
        file.size = 4
        archive.addfile(file, io.BytesIO(b"mine"))
    info = zipfile.ZipInfo("link.ipynb")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as zip_archive:
        zip_archive.writestr(info, "/etc/hostname")
        zip_archive.writestr("mine.ipynb", b"mine")
    for name in ("a.tar.gz", "b.zip"):
        folder = bare(tmp_path / name)
        unpack(tmp_path / name, folder)
        assert [(path.name, path.read_bytes()) for path in folder.iterdir()] == [("mine.ipynb", b"mine")]


def test_an_archive_with_more_than_is_unpacked_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.zip").write_bytes(zipped(**{f"{number}.ipynb": bytes(1000) for number in range(20)}))
    for name, most in (("LARGEST_ARCHIVE", 10_000), ("MOST_ENTRIES", 10)):
        with monkeypatch.context() as patched:
            patched.setattr(envelopes, name, most)
            with pytest.raises(TooMuch):
                unpack(tmp_path / "a.zip", tmp_path / name)


@pytest.mark.parametrize("name", ["", "/etc/x", "../x", "a/../../x", "..\\x", "\\x"])
def test_names_that_leave_an_archive_do_not_stay_inside(name: str) -> None:
    assert not stays_inside(name)
    assert stays_inside("a/b.ipynb")
