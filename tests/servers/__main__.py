"""`python -m tests.servers -- COMMAND...`: see the package."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys

from tests.servers import MariaDBServer, RedisServer, ServerError


def main(arguments: list[str]) -> int:
    """Run a command beside a new pair of servers and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.servers", description=main.__doc__)
    parser.add_argument("--disk", action="store_true", help="keep the data on disk rather than in memory")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="-- and the command with its arguments")
    options = parser.parse_args(arguments)
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command:
        parser.error("which command?")

    # A request to end unwinds the stack, so that the servers are closed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        with (
            MariaDBServer(in_memory=not options.disk) as database,
            RedisServer(in_memory=not options.disk) as redis,
        ):
            return _run(command, os.environ | {"DATABASE_URL": database.url, "REDIS_URL": redis.url})
    except ServerError as error:
        print(error, file=sys.stderr)
        return 1


def _run(command: list[str], environment: dict[str, str]) -> int:
    with subprocess.Popen(command, env=environment) as process:
        try:
            code = process.wait()
        except KeyboardInterrupt:
            code = process.wait()  # the terminal has interrupted the command as well: let it finish
        finally:
            if process.poll() is None:
                process.terminate()
    return code if code >= 0 else 128 - code  # as a shell reports a signal


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
