"""Documents that differ from others only in their literals."""

from __future__ import annotations

import random
import re
from collections import defaultdict

_GIVEN = re.compile(r'\b(first|last|after|before|id|label|txid|gt|gte|lt|lte|exact): ("[^"\\]*"|-?[0-9.]+)')


class Sisters:
    """Knows the literals of the documents seen so far, and puts one in place of another of the same argument."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._known: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        for name in ("first", "last"):
            self._known[name, "0"] |= {*map(str, range(9))}

    def of(self, text: str) -> str:
        """Return a document with other literals, of which the same are equal: fields of one name are merged."""
        chosen: dict[str, str] = {}
        for name, literal in _GIVEN.findall(text):
            self._known[name, _looks_of(literal)].add(literal)
            if literal not in chosen:
                others = self._known[name, _looks_of(literal)].difference(chosen.values())
                chosen[literal] = self._rng.choice(sorted(others or {literal}))
        if len({*chosen.values()}) < len(chosen):
            return text
        return _GIVEN.sub(lambda given: f"{given[1]}: {chosen[given[2]]}", text)


def _looks_of(literal: str) -> str:
    """Return what a literal looks like: a number, a moment, an id or any other text."""
    return re.sub("[0-9]+", "0", literal) if re.fullmatch('"?[-0-9.:TZ]+"?', literal) else '"'
