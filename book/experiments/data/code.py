"""The text of Python's own standard library: the modules that lie at its top, in the order of their names."""

import sysconfig
from pathlib import Path

TEST_SHARE = 10  # every tenth module is for the test


def modules() -> list[Path]:
    """The files, sorted by name."""
    return sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))


def load(longest: int | None = None) -> tuple[str, str]:
    """The text for training and the text for the test, each cut to at most ``longest`` characters.

    It differs between releases of Python, so a result names the release.
    """
    texts = [path.read_text(encoding="utf-8") for path in modules()]
    training = "".join(text for number, text in enumerate(texts) if number % TEST_SHARE)
    test = "".join(text for number, text in enumerate(texts) if number % TEST_SHARE == 0)
    return training[:longest], test[:longest]
