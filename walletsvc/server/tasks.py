"""How many threads the system lets a server have.

A server whose threads cannot be started ends at that moment, so it must not be told to start more than it may.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

try:
    import resource
except ImportError:  # not a POSIX system
    resource = None  # type: ignore[assignment]

_CONTROLLER = "pids"


def most_tasks(root: Path = Path("/")) -> int | None:
    """Return how many processes and threads this process and its neighbours may be, or None if nothing says so.

    Neighbours are those of its control groups (`pids.max`: what a container, a pod or a unit of systemd may have) and
    of its user (RLIMIT_NPROC). `root` is where the file system begins. The source is
    https://docs.kernel.org/admin-guide/cgroup-v2.html#pid, and for the first version cgroup-v1/pids.html there.
    """
    limits = [*_of_groups(root)]
    if resource is not None:
        of_user, _ = resource.getrlimit(resource.RLIMIT_NPROC)
        if of_user != resource.RLIM_INFINITY:
            limits.append(of_user)
    return min(limits, default=None)


def _of_groups(root: Path) -> Iterator[int]:
    lines: list[str] = []
    with suppress(OSError):
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and _CONTROLLER not in controllers.split(","):
            continue
        folder = root / "sys/fs/cgroup" / (_CONTROLLER if controllers else "")
        group = PurePosixPath(path.lstrip("/"))
        # A container may see its own group as the first one, under the path that it has outside.
        for each in (group, *group.parents):
            with suppress(OSError, ValueError):
                yield int((folder / each / "pids.max").read_text())
