"""One of several processes that ask for as much as they can get: `python hammer.py REDIS_URL RATE BEGIN PROCESSES`.

At BEGIN (by the clock that all processes share) it asks once, stays idle for most of a window, and then asks without
a pause for two more. Prints the moment of each unit that it got.
"""

from __future__ import annotations

import json
import sys
import time

from walletsvc.access.counters import SharedCounter
from walletsvc.access.leases import Leases
from walletsvc.access.rates import parse_rate
from walletsvc.redis_url import cache_of


def main(url: str, text: str, begin: str, processes: str) -> None:
    counter = SharedCounter(cache_of(url, protocol=3, socket_timeout=5, socket_connect_timeout=5))
    rate = parse_rate(text)
    lease = Leases("principal", counter=counter, processes=int(processes)).of("alice", rate)
    time.sleep(float(begin) - time.monotonic())
    got = [time.monotonic()] if not lease.take(1) else []
    time.sleep(rate.seconds * 0.9)
    end = time.monotonic() + 2 * rate.seconds
    while (now := time.monotonic()) < end:
        # Asks on without regard to Retry-After, as rude clients do.
        if not lease.take(1):
            got.append(now)
    print(json.dumps(got))


if __name__ == "__main__":
    main(*sys.argv[1:])
