"""How thorough a run is."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.harness.dataset import Size
from benchmarks.harness.history import Sizes


@dataclass(frozen=True, slots=True)
class Mode:
    """`target` is the target of make; `seconds` is what wrk runs at a time.

    A run that proves no timing need not warm a contender up: its answers have been checked before.
    """

    target: str
    repetitions: int
    seconds: int
    size: Size
    scaling_sizes: tuple[Size, Size]
    scaling_requests: int
    memory_requests: int
    memory_seconds_factor: int
    history: Sizes
    holds: int
    subscribers: int = 1_000
    profiles_what_is_missed: bool = True
    warms_up: bool = True


FULL = Mode(
    target="bench",
    repetitions=5,
    seconds=5,
    size=Size(wallets=1_000, transactions=10_000),
    scaling_sizes=(Size(wallets=100, transactions=10_000), Size(wallets=1_000, transactions=1_000_000)),
    scaling_requests=200,
    memory_requests=1_000_000,
    memory_seconds_factor=4,
    history=Sizes(entries=1_000_000, wallets=1_000_000, requests=500),
    holds=100_000,
)
QUICK = Mode(
    target="bench-quick",
    repetitions=3,
    seconds=2,
    size=FULL.size,
    scaling_sizes=(Size(wallets=100, transactions=10_000), Size(wallets=100, transactions=100_000)),
    scaling_requests=50,
    memory_requests=30_000,
    memory_seconds_factor=1,
    history=Sizes(entries=100_000, wallets=100_000, requests=200),
    holds=20_000,
    profiles_what_is_missed=False,
)
SMOKE = Mode(
    target="bench-smoke",
    repetitions=1,
    seconds=1,
    size=Size(wallets=100, transactions=2_000),
    scaling_sizes=(Size(wallets=10, transactions=1_000), Size(wallets=10, transactions=5_000)),
    scaling_requests=10,
    memory_requests=1_000,
    memory_seconds_factor=1,
    history=Sizes(entries=2_000, wallets=1_000, requests=20),
    holds=100,
    profiles_what_is_missed=False,
    warms_up=False,
)
