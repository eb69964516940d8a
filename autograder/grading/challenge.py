"""Challenges: inputs that a submission has not seen, drawn anew for each run, exercise, check, student and hand-in.

``hand_in`` is the signature of what was handed in. A run may stay open; so what one hand-in was asked, and may have carried
out, no other one is asked.
"""

import hashlib
import hmac
import secrets

import numpy as np

from autograder.exercise import Check, DrawnCase, Exercise
from autograder.grading.repeats import in_drawn_order

SEED_BYTES = 32


def new_seed() -> bytes:
    """A secret for one run; kept with the run, so that a resumed run asks the same."""
    return secrets.token_bytes(SEED_BYTES)


def generator(seed: bytes, exercise: str, check: str, student: str, hand_in: str = "") -> np.random.Generator:
    """The random generator of one check for one hand-in: HMAC-SHA256(seed, exercise, check, student, hand-in)."""
    message = b"\0".join(part.encode() for part in (exercise, check, student, *filter(None, [hand_in])))
    digest = hmac.new(seed, message, hashlib.sha256).digest()
    return np.random.default_rng(np.frombuffer(digest, dtype=np.uint32))


def draw(check: Check, seed: bytes, exercise: str, student: str, hand_in: str = "") -> list[DrawnCase]:
    """The cases of one check for one hand-in, in the order in which they are called."""
    rng = generator(seed, exercise, check.name, student, hand_in)
    return in_drawn_order(rng, check, check.draw(rng))


def draw_all(exercise: Exercise, seed: bytes, student: str, hand_in: str = "") -> dict[str, list[DrawnCase]]:
    """The cases of every check of an exercise for one hand-in, by the check's name."""
    return {check.name: draw(check, seed, exercise.slug, student, hand_in) for check in exercise.checks}
