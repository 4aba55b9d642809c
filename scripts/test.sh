#!/usr/bin/env bash
# Run the whole suite twice: on SQLite with in-process memory, and on private MariaDB and Redis servers.
# `make test` calls this. Both halves always run; the exit code is 0 only if both passed.
# PYTEST_ARGS goes to pytest in both.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${VENV:-.venv}/bin/python
read -r -a pytest_args <<<"${PYTEST_ARGS:-}"
summary=()
failed=0

# The suite sets its own scene: nothing of the developer's shell or `.env` reaches it, as these take precedence.
scene=(DEBUG=true SECRET_KEY=insecure-for-local-use-only "ALLOWED_HOSTS=localhost,127.0.0.1,testserver"
    WEB_WORKERS=1 DEFAULT_CURRENCY=USD "ASSETS=BTC=8,ETH=18" CORS_ALLOWED_ORIGINS= DB_NAME=)

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
servers=ready
scripts/prepare-servers.sh 2>&1 | tee "$preparation" || servers=missing

run_half "SQLite + memory" DATABASE_URL= REDIS_URL= "$python" -m pytest "${pytest_args[@]}"
if [[ $servers == ready ]]; then
    run_half "MariaDB + Redis" "$python" -m tests.servers -- "$python" -m pytest "${pytest_args[@]}"
else
    summary+=("MariaDB + Redis: NOT RUN. $(tail -n 1 "$preparation")")
    failed=1
fi

printf '\n=== Summary ===\n'
printf '%s\n' "${summary[@]}"
exit "$failed"
