"""The languages in which students are spoken to: catalogues of sentences, as gettext's .po files hold them.

The code says every sentence in English. A catalogue holds it in another language, and what it lacks stays English.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from string import Formatter
from typing import Any

from autograder.errors import UserError
from autograder.runner import calling

ENGLISH = "en"
FOLDER = Path(__file__).parent / "locale"
FOR_STUDENTS = "sentences.json"
COPIED = {
    "autograder/check.py",
    "autograder/structure.py",
    "autograder/runner/calling.py",
}  # what students have of the grader
KEYWORDS = {"_": None, "marked": None}
HEADER = 'msgid ""\nmsgstr ""\n"Language: {}\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'


class LanguageError(UserError):
    """A language that there is no catalogue of, or a catalogue that cannot be read."""


def spoken() -> list[str]:
    """The languages that there are."""
    return [ENGLISH, *sorted(path.stem for path in FOLDER.glob("*.po"))]


def catalogue(language: str) -> dict[str, str]:
    """The grader's sentences in a language; none for English, which needs no catalogue."""
    if language not in spoken():
        raise LanguageError(f"The grader does not speak {language!r}; choose one of {', '.join(spoken())}.")
    return {} if language == ENGLISH else translated(FOLDER / f"{language}.po")


def translated(path: Path) -> dict[str, str]:
    """What a .po file translates. A sentence that is empty, fuzzy or has other placeholders stays English."""
    done = [(one.id, one.string) for one in read(path) if one.id and one.string and not one.fuzzy]
    return {sentence: told for sentence, told in done if placeholders(sentence) == placeholders(told)}


def read(path: Path) -> Any:
    """A .po file as Babel reads it."""
    from babel.messages.pofile import PoFileError, read_po

    try:
        with path.open("rb") as file:
            return read_po(file, abort_invalid=True, ignore_obsolete=True)
    except (OSError, ValueError, PoFileError) as error:
        raise LanguageError(f"The catalogue {path} cannot be read: {error}. Mend it, or take it away.") from error


def placeholders(sentence: str) -> set[str]:
    """The names that are filled in; where that cannot be told, the sentence itself, which is no other's."""
    try:
        return {name for _text, name, _form, _how in Formatter().parse(sentence) if name is not None}
    except ValueError:
        return {sentence}


def use(language: str) -> None:
    """Speak a language from now on, in this process."""
    sentences = catalogue(language)
    calling.SENTENCES.clear()
    calling.SENTENCES.update(sentences)


def add(folder: Path, language: str) -> None:
    """Speak of an exercise in this language too, if it is spoken and the exercise's folder has a catalogue."""
    path = folder / "locale" / f"{language}.po"
    if calling.SENTENCES and path.is_file():
        calling.SENTENCES.update(translated(path))


def for_students(language: str | None = None) -> bytes | None:
    """What a student's check.py says in a language, by default the one that is spoken; None in English."""
    sentences = calling.SENTENCES if language is None else catalogue(language)
    if not sentences:
        return None
    theirs = {one: sentences[one] for one, places in extracted().items() if one in sentences and COPIED & set(places)}
    return (json.dumps(theirs, ensure_ascii=False, indent=1) + "\n").encode()


def extracted() -> dict[str, list[str]]:
    """Every sentence of the grader that can be said in another language, with the files in which it stands."""
    from babel.messages.extract import extract_from_file
    from jinja2.ext import babel_extract

    package, found = Path(__file__).parent, dict[str, list[str]]()
    for path in sorted([*package.rglob("*.py"), *package.rglob("*.j2")]):
        method: Any = "python" if path.suffix == ".py" else babel_extract
        place = path.relative_to(package.parent).as_posix()
        for _line, sentence, *_comments in extract_from_file(method, path, KEYWORDS, options={"silent": "false"}):
            places = found.setdefault(str(sentence), [])
            places += [place] if place not in places else []
    return found


def update(path: Path, messages: Mapping[str, list[str]]) -> None:
    """Bring a .po file in step with the sentences: translations are kept, what is said no more goes."""
    from babel.messages.catalog import Catalog
    from babel.messages.pofile import write_po

    before, after = read(path) if path.is_file() else Catalog(), Catalog()
    for sentence, places in messages.items():
        old = before.get(sentence) or after.add(sentence)
        after.add(sentence, old.string, [(place, 0) for place in places], old.flags, user_comments=old.user_comments)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(HEADER.format(path.stem).encode())
        write_po(file, after, omit_header=True, include_lineno=False, width=100)
