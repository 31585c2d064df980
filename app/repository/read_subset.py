"""Which packs a check reads when it does not read all (source: restic manual, "Checking integrity and consistency")."""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from app.repository.model import PackId

_PART = re.compile(r"(\d{1,3})/(\d{1,3})", re.ASCII).fullmatch
_SHARE = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)%", re.ASCII).fullmatch
_MOST_PARTS = 256


@dataclass(frozen=True, slots=True)
class ReadSubset:
    """A part of the packs: the n-th of t parts, always the same ones; or a random share; or random ones up to a size.

    Reading part 1 to t one after another reads everything.
    """

    part: int = 0
    parts: int = 0
    share: float = 0.0
    bytes: int = 0

    @classmethod
    def parse(cls, text: str) -> ReadSubset:
        """Read `n/t` or `x%`; raises ValueError. A size is for the caller to read."""
        if match := _PART(text):
            part, parts = int(match[1]), int(match[2])
            if not 1 <= part <= parts <= _MOST_PARTS:
                raise ValueError(f"not a part: {text}")
            return cls(part=part, parts=parts)
        if (match := _SHARE(text)) and 0 < float(match[1]) <= 100:
            return cls(share=float(match[1]) / 100)
        raise ValueError(f"not a part: {text[:40]!r}")

    def choose(self, sizes: Mapping[PackId, int], chance: random.Random) -> Collection[PackId]:
        """Return the packs to read of those with these sizes; of a random choice at least one."""
        if self.parts:
            return {pack for pack in sizes if pack[0] % self.parts == self.part - 1}
        shuffled = sorted(sizes)
        chance.shuffle(shuffled)
        if self.share:
            return set(shuffled[: max(1, round(len(shuffled) * self.share))])
        chosen: set[PackId] = set()
        left = self.bytes
        for pack in shuffled:
            if chosen and sizes[pack] > left:
                continue
            chosen.add(pack)
            left -= sizes[pack]
        return chosen


def chosen_packs(subset: ReadSubset | None, sizes: Mapping[PackId, int]) -> Collection[PackId]:
    """Return the packs to read: all of them without a subset."""
    if subset is None:
        return sizes.keys()
    return subset.choose(sizes, random.SystemRandom())
