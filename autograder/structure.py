"""What the structure of wrong results shows: right ones that are scaled, turned, moved, or taken for one another.

Only what holds in every call is said, as an observation. Students get a copy of this file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np

from autograder.runner.calling import _

Array = np.ndarray[Any, Any]
MOST_BLOCKS, MOST_PARTS, ROUGHLY = 4, 5, 1e-4


def near(one: Array, other: Array, error: Any) -> bool:
    """Whether numbers are the same but for an error, infinite ones and what is no number too: NumPy's ``isclose``, sooner."""
    other = other.astype(np.result_type(other, 1.0), copy=False)
    with np.errstate(invalid="ignore"):
        far = ~(np.abs(one - other) <= error)
        return not far.any() or bool((~far | (one == other) | (np.isnan(one) & np.isnan(other))).all())


@dataclass(frozen=True)
class Pair:
    """The numbers of one result, or of one part of it: what came back, what should have, and the error that is allowed."""

    mine: Array
    wanted: Array
    error: float
    axes: tuple[str, ...] = ()

    def same(self, mine: Array, wanted: Array) -> bool:
        return mine.shape == wanted.shape and near(mine, wanted, self.error)

    @property
    def right(self) -> bool:
        return self.same(self.mine, self.wanted)

    def axis(self, number: int) -> str:
        return self.axes[number] if number < len(self.axes) else _("axis {number}").format(number=number)


Rule = Callable[[Pair], Iterator[str]]


def observed(pairs: Sequence[Pair]) -> str | None:
    """What turns every result into the right one, as a sentence; None if nothing does that is looked for."""
    if all(pair.right for pair in pairs):
        return None
    with np.errstate(all="ignore"):  # what came back may be infinite, or no number
        for rule in (several, scaled, off, turned, reverse, moved, one_less, blocks, the_last):
            told = said_of_all(rule, pairs)
            if told:
                return told
        return factors(pairs) or earlier(pairs) or digits(pairs)


def said_of_all(rule: Rule, pairs: Sequence[Pair]) -> str | None:
    """The first sentence that a rule says of every wrong result."""
    sentences = [list(rule(pair)) for pair in pairs if not pair.right]
    return next((one for one in sentences[0] if all(one in others for others in sentences)), None)


def several(pair: Pair) -> Iterator[str]:
    if pair.mine.size > 1 and not pair.wanted.ndim and pair.same(pair.mine.sum(), pair.wanted):
        yield _("The sum of what came back is the right number.")


def scaled(pair: Pair) -> Iterator[str]:
    """The opposite sign, or one factor."""
    factor = factor_of(pair)
    if factor == -1:
        yield _("Every value has the wrong sign.")
    elif factor is not None and abs(1 / factor - round(1 / factor)) < ROUGHLY and abs(factor) < 1:
        yield _("Every value is the right one divided by {divisor}.").format(divisor=round(1 / factor))
    elif factor is not None:
        yield _("Every value is {factor} times the right one.").format(factor=f"{factor:.6g}")


def factor_of(pair: Pair) -> float | None:
    """The factor by which all values are wrong, to six digits; None if there is no such factor."""
    if pair.mine.shape != pair.wanted.shape or pair.mine.dtype.kind != "f" or not np.isfinite(pair.mine).all():
        return None
    square = float(np.vdot(pair.wanted, pair.wanted))
    factor = float(np.vdot(pair.wanted, pair.mine)) / square if square else 0.0
    if factor and abs(factor - 1) > ROUGHLY and pair.same(pair.mine / factor, pair.wanted):
        return float(f"{factor:.6g}")
    return None


def off(pair: Pair) -> Iterator[str]:
    if pair.mine.shape == pair.wanted.shape and pair.mine.size > 2 and pair.mine.dtype.kind in "fi":
        amount = np.mean(pair.mine - pair.wanted)
        if np.isfinite(amount) and pair.same(pair.mine - amount, pair.wanted):
            yield _("Every value is off by the same amount, {amount}.").format(amount=f"{amount:.6g}")


def turned(pair: Pair) -> Iterator[str]:
    """The axes in another order."""
    for order in permutations(range(pair.mine.ndim)) if pair.mine.ndim in (2, 3, 4) else ():
        if order != tuple(range(pair.mine.ndim)) and pair.same(pair.mine.transpose(order), pair.wanted):
            found = ", ".join(pair.axis(order.index(place)) for place in range(pair.mine.ndim))
            axes = ", ".join(pair.axis(place) for place in range(pair.mine.ndim))
            yield _("The axes stand in the order {found}; they should stand in the order {axes}.").format(
                found=found, axes=axes
            )


def reverse(pair: Pair) -> Iterator[str]:
    for axis in range(pair.mine.ndim):
        if pair.same(np.flip(pair.mine, axis), pair.wanted):
            yield _("Along {axis} the values stand in reverse order.").format(axis=pair.axis(axis))


def moved(pair: Pair) -> Iterator[str]:
    """Everything one place further along an axis, or one place back."""
    if pair.mine.shape != pair.wanted.shape:
        return
    for axis, length in enumerate(pair.mine.shape):
        if length < 3:
            continue
        mine, wanted = np.moveaxis(pair.mine, axis, 0), np.moveaxis(pair.wanted, axis, 0)
        if pair.same(mine[1:], wanted[:-1]):
            yield _("Along {axis} every value stands one place too late.").format(axis=pair.axis(axis))
        if pair.same(mine[:-1], wanted[1:]):
            yield _("Along {axis} every value stands one place too early.").format(axis=pair.axis(axis))


def one_less(pair: Pair) -> Iterator[str]:
    """One place too few along an axis, or one too many."""
    if pair.mine.ndim != pair.wanted.ndim:
        return
    for axis in range(pair.mine.ndim):
        mine, wanted = np.moveaxis(pair.mine, axis, 0), np.moveaxis(pair.wanted, axis, 0)
        for told, is_so in (
            (_("The first place along {axis} is missing."), pair.same(mine, wanted[1:])),
            (_("The last place along {axis} is missing."), pair.same(mine, wanted[:-1])),
            (_("There is one place too many at the beginning of {axis}."), pair.same(mine[1:], wanted)),
            (_("There is one place too many at the end of {axis}."), pair.same(mine[:-1], wanted)),
        ):
            if is_so:
                yield told.format(axis=pair.axis(axis))


def blocks(pair: Pair) -> Iterator[str]:
    """Two, three or four blocks of an axis in another order: of gates, say."""
    if pair.mine.shape != pair.wanted.shape:
        return
    for axis, length in enumerate(pair.mine.shape):
        for count in range(2, MOST_BLOCKS + 1):
            if length % count:
                continue
            mine, wanted = (np.split(array, count, axis) for array in (pair.mine, pair.wanted))
            for order in permutations(range(count)):
                if all(pair.same(mine[place], wanted[number]) for place, number in enumerate(order)):
                    told = _("The {count} blocks along {axis} are the right ones in the order {order}.")
                    yield told.format(
                        count=count, axis=pair.axis(axis), order=", ".join(str(number + 1) for number in order)
                    )


def the_last(pair: Pair) -> Iterator[str]:
    """The same values in every place of an axis."""
    for axis, length in enumerate(pair.mine.shape if pair.mine.shape == pair.wanted.shape else ()):
        last = np.take(pair.wanted, [length - 1], axis) if length > 1 else pair.wanted
        if length > 1 and pair.same(pair.mine, np.broadcast_to(last, pair.wanted.shape)):
            told = _("Every place along {axis} holds the values of the last: is one array put in each time?")
            yield told.format(axis=pair.axis(axis))


def factors(pairs: Sequence[Pair]) -> str | None:
    """One factor in each call, and not the same in all."""
    found = [factor_of(pair) for pair in pairs if not pair.right]
    if None in found or len(found) < 2:
        return None
    told = _(
        "In each call every value is wrong by one factor ({factors}): is a mean taken for a sum, or a sum for a mean?"
    )
    return told.format(factors=", ".join(list(dict.fromkeys(f"{factor:.4g}" for factor in found))[:3]))


def earlier(pairs: Sequence[Pair]) -> str | None:
    """Results of calls before: something was kept."""
    for place, pair in enumerate(pairs):
        before = pairs[:place]
        if not pair.right and not any(pair.same(pair.mine, one.wanted) for one in before if one.wanted.ndim):
            return None
    return _("What came back is the result of an earlier call: is something kept from one call to the next?")


def digits(pairs: Sequence[Pair]) -> str | None:
    """Nearly right in every call."""
    worst = 0.0
    for pair in pairs:
        if pair.mine.shape != pair.wanted.shape or pair.mine.dtype.kind != "f" or not np.isfinite(pair.mine).all():
            return None
        largest = np.abs(pair.wanted).max(initial=0.0) or 1.0
        worst = max(worst, float(np.abs(pair.mine - pair.wanted).max(initial=0.0) / largest))
    if not worst < ROUGHLY:
        return None
    told = _("The first {count} digits are right: is something rounded, computed in single precision, or left out?")
    return told.format(count=int(-np.log10(worst)))


def swapped(parts: Sequence[Sequence[Pair]], names: Sequence[str]) -> str | None:
    """The parts of a result in another order: ``parts`` are those of each call."""
    if not 2 <= len(names) <= MOST_PARTS or any(len(of_call) != len(names) for of_call in parts):
        return None
    for order in permutations(range(len(names))):
        if all(
            one.same(one.mine, of_call[order[place]].wanted) for of_call in parts for place, one in enumerate(of_call)
        ):
            told = _("The parts stand in the order {found}; they should stand in the order {names}.")
            return told.format(found=", ".join(names[place] for place in order), names=", ".join(names))
    return None
