#!/usr/bin/env bash
# Run the whole suite twice: on SQLite with in-process memory, and on private MariaDB and Redis servers.
# `make test` calls this. Both halves always run; the exit code is 0 only if both passed.
# PYTEST_ARGS goes to pytest in both, after the options for three processes, because a third of the tests' time is waiting
# for servers and clocks. Each gets a third of the tests in order, and takes from the others' when it is done: so a server
# that the tests of a module share is mostly started once.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${VENV:-.venv}/bin/python
read -r -a pytest_args <<<"--numprocesses 3 --dist worksteal ${PYTEST_ARGS:-}"
summary=()
failed=0

# The suite has its own settings: they override the developer's shell and `.env`. The processes of a run, hundreds, compile
# the code once, even where images switch that off.
scene=(DEBUG=true SECRET_KEY=insecure-for-local-use-only "ALLOWED_HOSTS=localhost,127.0.0.1,[::1],testserver"
    WEB_WORKERS=1 DEFAULT_CURRENCY=USD "ASSETS=BTC=8,ETH=18" CORS_ALLOWED_ORIGINS= DB_NAME=
    PYTHONDONTWRITEBYTECODE=)

run_half() { # NAME COMMAND...
    local name=$1 outcome=passed started=$SECONDS
    shift
    printf '\n=== %s ===\n' "$name"
    env "${scene[@]}" "$@" || outcome="FAILED (exit code $?)"
    [[ $outcome == passed ]] || failed=1
    summary+=("$name: $outcome, $((SECONDS - started)) s")
}

preparation=$(mktemp)
trap 'rm -f "$preparation"' EXIT
prepare() { # PROGRAM; prints what it says, and keeps the last line in `reason`
    local outcome=0
    "$1" 2>&1 | tee "$preparation" || outcome=1
    reason=$(tail -n 1 "$preparation")
    return "$outcome"
}

# Published clients and a browser see the same on every engine, and so do the tests of a whole server in which database
# and cache have no part: only the half on MariaDB and Redis, where servers have several workers, runs them, or the other
# one if that half cannot run.
# Tests that use neither the suite's database nor its cache run once too, in the half that always can run;
# tests/conftest.py denies them both. tests/architecture/test_halves.py proves that no test is left out.
sqlite_leaves="clients or any_engine"
mariadb_leaves="without_engine"
missing=()
if ! prepare scripts/prepare-servers.sh; then
    missing+=("MariaDB + Redis: NOT RUN. $reason")
    sqlite_leaves=""
fi
if ! prepare scripts/prepare-clients.sh; then
    missing+=("Clients: NOT RUN. $reason")
    sqlite_leaves=${sqlite_leaves:-clients}
    mariadb_leaves+=" or clients"
fi
# Without them, those tests fail: they are not left out.
if ! prepare scripts/prepare-deployments.sh; then
    missing+=("Deployments: FAILED. $reason")
fi
[[ ${#missing[@]} -eq 0 ]] || failed=1

run_half "SQLite + memory" DATABASE_URL= REDIS_URL= "$python" -m pytest -m "${sqlite_leaves:+not ($sqlite_leaves)}" "${pytest_args[@]}"
if [[ ${missing[*]} != *"MariaDB + Redis"* ]]; then
    run_half "MariaDB + Redis" "$python" -m tests.servers -- "$python" -m pytest -m "not ($mariadb_leaves)" "${pytest_args[@]}"
fi
summary+=("${missing[@]}")

printf '\n=== Summary ===\n'
printf '%s\n' "${summary[@]}"
exit "$failed"
