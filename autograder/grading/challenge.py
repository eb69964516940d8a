"""Challenges: inputs that a submission has not seen, drawn anew for each run, exercise, check and student."""

import hashlib
import hmac
import secrets

import numpy as np

from autograder.exercise import Check, DrawnCase, Exercise

SEED_BYTES = 32


def new_seed() -> bytes:
    """A secret for one run; kept with the run, so that a resumed run asks the same."""
    return secrets.token_bytes(SEED_BYTES)


def generator(seed: bytes, exercise: str, check: str, student: str) -> np.random.Generator:
    """The random generator of one check for one student: HMAC-SHA256(seed, exercise, check, student)."""
    message = b"\0".join(part.encode() for part in (exercise, check, student))
    digest = hmac.new(seed, message, hashlib.sha256).digest()
    return np.random.default_rng(np.frombuffer(digest, dtype=np.uint32))


def draw(check: Check, seed: bytes, exercise: str, student: str) -> list[DrawnCase]:
    """The cases of one check for one student."""
    return check.draw(generator(seed, exercise, check.name, student))


def draw_all(exercise: Exercise, seed: bytes, student: str) -> dict[str, list[DrawnCase]]:
    """The cases of every check of an exercise for one student, by the check's name."""
    return {check.name: draw(check, seed, exercise.slug, student) for check in exercise.checks}
