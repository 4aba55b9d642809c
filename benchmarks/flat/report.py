"""What was measured, as lines of text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from benchmarks.flat.measure import Measured


def report(found: Sequence[Measured]) -> Iterator[str]:
    """Yield a line for each question, the slowest first: milliseconds of all statements and of the slowest."""
    for each in sorted(found, key=lambda each: -each.milliseconds):
        refusal = f"  REFUSED {each.refusal}" if each.refusal else ""
        yield f"{each.milliseconds:9.2f} {each.slowest:9.2f}  {each.name}{refusal}"


def report_slow(found: Sequence[Measured], most: float) -> Iterator[str]:
    """Yield a summary for each resource and kind of page, and then what took more than `most` milliseconds."""
    groups: defaultdict[str, list[Measured]] = defaultdict(list)
    for each in found:
        groups[": ".join(each.name.split(": ")[:2])].append(each)
    yield f"{'':32} {'asked':>6} {'slow':>6} {'refused':>8} {'slowest':>9} {'slowest refusal':>16}"
    for name, members in sorted(groups.items()):
        answered = [each.milliseconds for each in members if not each.refusal]
        refused = [each.milliseconds for each in members if each.refusal]
        slow = sum(milliseconds > most for milliseconds in answered)
        yield (
            f"{name:32} {len(members):6} {slow:6} {len(refused):8} {max(answered, default=0):9.1f}"
            f" {max(refused, default=0):16.1f}"
        )
    yield f"answered, in more than {most:g} ms:"
    yield from report([each for each in found if each.milliseconds > most and not each.refusal])
