"""The experiments' data are what they are said to be, whole, split for good, and fetched as they are pinned."""

import datetime
import io
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from book_paths import BOOK
from experiments.data import code, dates, digits, fetch, names, reviews, speakers


def test_japanese_vowels_have_their_shapes_speakers_and_lengths() -> None:
    train, test = speakers.load()
    assert train.x.shape == (26, 270, 12)
    assert test.x.shape == (29, 370, 12)
    assert np.bincount(train.speakers).tolist() == [30] * 9
    assert np.bincount(test.speakers).tolist() == [31, 35, 88, 44, 29, 24, 40, 50, 29]
    for part in (train, test):
        assert (part.lengths.min(), part.lengths.max()) == (7, len(part.x))
        beyond = np.arange(len(part.x))[:, None] >= part.lengths
        assert not part.x[beyond].any(), "there is something in the padding"
        assert (np.abs(part.x[~beyond]).max(axis=1) > 0).all(), "a step that counts is empty"
    assert train.x[0, 0, 0] == 1.860936


def test_reviews_are_split_once_and_for_all() -> None:
    parts = reviews.load()
    assert [len(part.texts) for part in parts] == [8484, 1060, 1061]
    ratings = np.concatenate([part.ratings for part in parts])
    assert ratings.min() >= -4
    assert ratings.max() <= 4
    assert 0.4 < (ratings > 0).mean() < 0.6
    assert all(text.strip() and "\t" not in text for part in parts for text in part.texts)
    again = reviews.load()
    assert [part.texts for part in again] == [part.texts for part in parts]
    by_text = dict(zip(parts[0].texts, parts[0].ratings, strict=True))
    assert by_text.get("Effective but too tepid biopic", -0.6) == -0.6


def test_digits_are_images_from_zero_to_one() -> None:
    parts = digits.load()
    assert [len(part.digits) for part in parts] == [1200, 200, 397]
    for part in parts:
        assert part.images.shape == (len(part.digits), 8, 8)
        assert (part.images.min(), part.images.max()) == (0, 1)
        assert set(part.digits) == set(range(10))
    rows = {image.tobytes() for image in parts[0].images}
    assert not any(image.tobytes() in rows for image in parts[2].images), "a test image is among those for training"


def test_a_name_has_one_language_and_stands_in_one_part() -> None:
    parts = names.load()
    every = [name for part in parts for name in part.names]
    assert len(every) == len(set(every)) > 5000
    for part in parts:
        assert len(part.names) == len(part.languages)
        assert set(part.languages) == set(range(len(names.LANGUAGES)))
    assert names.load()[0].names == parts[0].names


def test_dates_are_written_by_their_language_and_none_is_in_both_parts() -> None:
    train, test = (dates.load(np.random.default_rng(0), 2000, test=held) for held in (False, True))
    assert not set(train[1]) & set(test[1])
    for written, iso in (train, test):
        assert len(written) == len(iso) == 2000
        for text, date in zip(written, iso, strict=True):
            parsed = datetime.date.fromisoformat(date)
            assert dates.FIRST <= parsed <= dates.LAST
            assert str(parsed.year) in text, f"{text!r} does not say the year of {date}"
            assert re.search(rf"(?<!\d){parsed.day:d}(?!\d)|(?<!\d){parsed.day:02d}(?!\d)", text), f"{text!r}: {date}"
    assert dates.load(np.random.default_rng(0), 50, test=True) == tuple(part[:50] for part in both(50))
    assert len(set(train[0])) > 1900


def both(count: int) -> tuple[list[str], list[str]]:
    return dates.load(np.random.default_rng(0), count, test=True)


def test_the_standard_library_is_there_to_be_read() -> None:
    training, test = code.load()
    assert len(training) > 2_000_000
    assert len(test) > 200_000
    assert "def " in training
    assert code.load(1000) == (training[:1000], test[:1000])


# ---- fetching --------------------------------------------------------------------------------------------------------


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(fetch, "CACHE", tmp_path / "cache")
    return tmp_path / "cache"


def pip_says(monkeypatch: pytest.MonkeyPatch, code: int, stderr: str, archive: bytes | None = None) -> list[list[str]]:
    """Put an answer in place of pip's; the commands that were asked for."""
    asked: list[list[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        asked.append(command)
        if archive is not None:
            (Path(command[-1]) / "archive").write_bytes(archive)
        return subprocess.CompletedProcess(command, code, "", stderr)

    monkeypatch.setattr(fetch.subprocess, "run", run)
    return asked


def archive_of(*path: str, content: bytes = b"content") -> bytes:
    """Zip in the outermost layer, tar in the others: as the real ones are nested."""
    data = content
    for depth, name in reversed(list(enumerate(path))):
        buffer = io.BytesIO()
        if depth == 0:
            with zipfile.ZipFile(buffer, "w") as archive:
                archive.writestr(name, data)
        else:
            with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
        data = buffer.getvalue()
    return data


def source(path: tuple[str, ...], sha256: str) -> fetch.Source:
    return fetch.Source("package", "1.0", "0" * 64, "--only-binary", (fetch.File("file.txt", path, sha256),))


def test_files_are_taken_out_of_archives_within_archives_once(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = ("outer/inner.tar.gz", "folder/file.txt")
    monkeypatch.setattr(fetch, "SOURCES", (source(path, fetch.digest(b"content")),))
    asked = pip_says(monkeypatch, 0, "", archive_of(*path))
    assert fetch.fetch() == ["file.txt"]
    assert (empty_cache / "file.txt").read_bytes() == b"content"
    assert [file.name for file in empty_cache.iterdir()] == ["file.txt"]
    assert fetch.fetch() == []
    assert len(asked) == 1, "what is there was fetched again"
    assert "--require-hashes" in asked[0]
    assert "--no-deps" in asked[0]
    assert "Fetching package 1.0" in capsys.readouterr().out
    (empty_cache / "file.txt").write_bytes(b"cut")
    with pytest.raises(fetch.DataError, match="'make data' fetches it"):
        fetch.path_to("file.txt")
    assert fetch.fetch() == ["file.txt"], "a damaged file was left as it was"


@pytest.mark.parametrize(
    ("code", "stderr", "says"),
    [
        (
            1,
            "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.",
            "its hash differs. Nothing was kept",
        ),
        (
            1,
            "WARNING: Retrying\nERROR: No matching distribution found for x",
            "connect to the network and run 'make data'",
        ),
        (0, "", "could not be fetched"),
    ],
)
def test_what_goes_wrong_is_one_sentence_and_keeps_nothing(
    code: int, stderr: str, says: str, empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pip_says(monkeypatch, code, stderr)
    with pytest.raises(SystemExit) as ended:
        fetch.main()
    assert says in str(ended.value)
    assert "\n" not in str(ended.value)
    assert not empty_cache.exists()


def test_another_file_in_the_right_place_is_refused(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "SOURCES", (source(("file.txt",), "1" * 64),))
    pip_says(monkeypatch, 0, "", archive_of("file.txt"))
    with pytest.raises(fetch.DataError, match=r"file\.txt is not the one that is pinned: its hash differs"):
        fetch.fetch()
    assert not empty_cache.exists()


def test_the_command_without_a_network_says_what_to_do(tmp_path: Path) -> None:
    program = (
        f"import sys; sys.path.insert(0, {str(BOOK)!r}); from pathlib import Path; from experiments.data import fetch; "
        f"fetch.CACHE = Path({str(tmp_path / 'cache')!r}); fetch.main()"
    )
    offline = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": "/dev/null", "PATH": "/usr/bin:/bin"}
    done = subprocess.run([sys.executable, "-c", program], env=offline, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "connect to the network and run 'make data' again" in done.stderr
