"""Family names of several languages; a name that two of them share is left out.

Source: Faker's lists of names for its locales.
"""

import importlib
from dataclasses import dataclass

import numpy as np

LOCALES = {
    "Czech": "cs_CZ", "Dutch": "nl_NL", "English": "en_GB", "Finnish": "fi_FI", "French": "fr_FR", "German": "de_DE",
    "Irish": "ga_IE", "Italian": "it_IT", "Spanish": "es_ES", "Swedish": "sv_SE",
}  # fmt: skip
SEED = 19660301
SHARES = (0.8, 0.1)


@dataclass(frozen=True)
class Names:
    """Names, and the numbers (n,) of their languages in the order of ``LANGUAGES``."""

    names: list[str]
    languages: np.ndarray


LANGUAGES = tuple(LOCALES)


def of_each_language() -> dict[str, list[str]]:
    """The names that no other of the languages has, sorted."""
    every = {
        language: set(importlib.import_module(f"faker.providers.person.{locale}").Provider.last_names)
        for language, locale in LOCALES.items()
    }
    others = {language: set().union(*(every[o] for o in every if o != language)) for language in every}
    return {language: sorted(names - others[language]) for language, names in every.items()}


def load() -> tuple[Names, Names, Names]:
    """The names for training, for choosing a model, and for the test: of each language 80, 10 and 10 parts of a hundred."""
    rng, parts = np.random.default_rng(SEED), ([], [], [])
    for number, names in enumerate(of_each_language().values()):
        shuffled = rng.permutation(names)
        ends = [round(len(names) * share) for share in np.cumsum(SHARES)]
        for part, chosen in zip(parts, np.split(shuffled, ends), strict=True):
            part.extend((str(name), number) for name in chosen)
    first, second, third = (
        Names([name for name, _ in part], np.array([number for _, number in part])) for part in parts
    )
    return first, second, third
