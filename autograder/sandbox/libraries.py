"""The shared libraries of the system that programs need, found in what the programs themselves say.

Source: "Tool Interface Standard: Executable and Linking Format", and Linux, elf(5).
"""

import functools
import os
import struct
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

LITTLE_64 = b"\x7fELF\x02\x01"  # what both kinds of processors that the sandbox knows run
SEGMENT = struct.Struct(
    "<IIQQQQQQ"
)  # type, flags, offset, address, physical address, size in the file, in memory, alignment
DYNAMIC = struct.Struct("<qQ")
LOADED, DYNAMIC_SEGMENT, INTERPRETER = 1, 2, 3
NEEDED, STRINGS, STRINGS_SIZE = 1, 5, 10
DLOPENED = ("libgcc_s.so.1",)  # the C library opens it itself when a thread ends
WINDOWS = "_tkinter"  # there are none in a sandbox, and what draws them needs a dozen libraries
MOST_BYTES = 1 << 20


@functools.cache
def folders() -> tuple[Path, ...]:
    """Where the loader looks by itself; the C library lies in one of them."""
    kind = sysconfig.get_config_var("MULTIARCH") or "x86_64-linux-gnu"
    places = (f"/usr/lib/{kind}", f"/lib/{kind}", "/usr/lib64", "/lib64", "/usr/lib", "/lib", "/usr/local/lib")
    return tuple(Path(place) for place in places if Path(place).is_dir())


def needed(path: Path) -> Iterator[str]:
    """The names of the libraries that a program or a library needs, and the path of its loader; none if it is neither."""
    with path.open("rb") as file:
        head = file.read(64)
        if len(head) < 64 or not head.startswith(LITTLE_64):
            return
        (start,), (size, count) = struct.unpack_from("<Q", head, 32), struct.unpack_from("<HH", head, 54)
        file.seek(start)
        table = file.read(size * count)
        segments = [SEGMENT.unpack_from(table, number * size) for number in range(count)]

        def read(offset: int, length: int) -> bytes:
            file.seek(offset)
            return file.read(min(length, MOST_BYTES))

        dynamic: list[tuple[int, int]] = []
        for kind, _flags, offset, _address, _physical, length, *_rest in segments:
            if kind == INTERPRETER:
                yield read(offset, length).rstrip(b"\0").decode()
            if kind == DYNAMIC_SEGMENT:
                data = read(offset, length)
                dynamic = list(DYNAMIC.iter_unpack(data[: len(data) // DYNAMIC.size * DYNAMIC.size]))
        told = dict(reversed(dynamic))
        if STRINGS not in told:
            return
        place = told[STRINGS]
        for kind, _flags, offset, address, _physical, length, *_rest in segments:
            if kind == LOADED and address <= place < address + length:
                strings = read(place - address + offset, told.get(STRINGS_SIZE, 0))
                names = (strings[value:].partition(b"\0")[0] for tag, value in dynamic if tag == NEEDED)
                yield from (name.decode(errors="replace") for name in names)


def shared_objects(paths: Iterable[Path]) -> Iterator[Path]:
    """The files below the paths that may need libraries."""
    for path in paths:
        if path.is_file():
            yield path
        for folder, _inner, names in os.walk(path):
            yield from (Path(folder, name) for name in names if ".so" in name and not name.startswith(WINDOWS))


@functools.cache
def system_libraries(programs: tuple[Path, ...]) -> tuple[tuple[Path, str], ...]:
    """The system's libraries that the programs need, and those that these need: each file, and where the loader looks for it.

    All go into the folder of the C library, which every loader searches; a loader has a place of its own.
    """
    todo = [*DLOPENED, *{name for program in shared_objects(programs) for name in needed(program)}]
    found: dict[str, Path] = {}
    seen: set[str] = set()
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        candidates = [Path(name)] if name.startswith("/") else [folder / name for folder in folders()]
        path = next((candidate for candidate in candidates if candidate.is_file()), None)
        if path is not None:
            found[name] = path
            todo += needed(path.resolve())
    libraries = found["libc.so.6"].parent.resolve()
    places = {
        name: Path(name).parent.resolve() / Path(name).name if name[0] == "/" else libraries / name for name in found
    }
    return tuple((path.resolve(), str(places[name])) for name, path in sorted(found.items()))
