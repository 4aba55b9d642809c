"""A server is told to start no more threads than the system lets it have."""

from __future__ import annotations

from pathlib import Path

import pytest

from walletsvc.server import tasks, threads
from walletsvc.server.tasks import most_tasks

pytestmark = pytest.mark.without_engine

SECOND, FIRST, BOTH = "0::/pod/web\n", "3:cpu,cpuacct:/web\n8:pids:/docker/web\n", "8:pids:/web\n0::/\n"


@pytest.fixture(autouse=True)
def _no_limit_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "resource", None)


def make(root: Path, groups: str, limits: dict[str, str]) -> Path:
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(groups)
    for path, limit in limits.items():
        folder = root / "sys/fs/cgroup" / path
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "pids.max").write_text(f"{limit}\n")
    return root


@pytest.mark.parametrize(
    ("groups", "limits", "most"),
    [
        (SECOND, {"pod/web": "max", "pod": "max"}, None),
        (SECOND, {"pod/web": "max", "pod": "200"}, 200),
        (SECOND, {"pod/web": "100", "pod": "200"}, 100),
        # What a container sees of itself.
        (SECOND, {".": "64"}, 64),
        ("0::/\n", {".": "64"}, 64),
        (FIRST, {"pids/docker/web": "300", "cpu": "1"}, 300),
        (FIRST, {"pids": "90"}, 90),
        (BOTH, {"pids/web": "70", ".": "80"}, 70),
        (SECOND, {"pod/web": "nonsense"}, None),
        ("", {".": "64"}, None),
    ],
)
def test_the_smallest_limit_of_its_groups_counts(
    tmp_path: Path, groups: str, limits: dict[str, str], most: int | None
) -> None:
    assert most_tasks(make(tmp_path, groups, limits)) == most


def test_a_system_without_groups_has_no_limit(tmp_path: Path) -> None:
    assert most_tasks(tmp_path) is None


class OfUser:
    """What the module `resource` says of a user."""

    RLIMIT_NPROC, RLIM_INFINITY = 6, -1

    def __init__(self, limit: int) -> None:
        self.limit = limit

    def getrlimit(self, _which: int) -> tuple[int, int]:
        return self.limit, self.limit


@pytest.mark.parametrize(("of_user", "most"), [(50, 50), (500, 100), (-1, 100)])
def test_so_does_that_of_its_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, of_user: int, most: int) -> None:
    monkeypatch.setattr(tasks, "resource", OfUser(of_user))
    assert most_tasks(make(tmp_path, "0::/\n", {".": "100"})) == most


@pytest.mark.parametrize(
    ("most", "processes", "number"),
    [(None, 1, 520), (100_000, 4, 520), (1024, 1, 512), (1024, 2, 256), (100, 2, 25), (30, 2, 8), (1, 1, 8)],
)
def test_half_of_them_are_for_the_threads_of_all_processes(
    monkeypatch: pytest.MonkeyPatch, most: int | None, processes: int, number: int
) -> None:
    monkeypatch.setattr(threads, "most_tasks", lambda: most)
    assert threads.count(8, processes=processes) == number
