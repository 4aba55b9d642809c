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

missing_packages() {
    local PATH=$PATH:/usr/sbin:/usr/local/sbin
    # `command -v A B` succeeds if either is there. The client package has a part that mariadb-install-db calls.
    command -v mariadbd mysqld >/dev/null || echo mariadb-server-core mariadb-client-core
    command -v redis-server valkey-server >/dev/null || echo redis-server
    if ! "$python" -c 'import MySQLdb' 2>/dev/null; then
        command -v gcc >/dev/null || echo gcc libc6-dev
        command -v pkg-config >/dev/null || echo pkg-config
        pkg-config --exists mysqlclient 2>/dev/null || pkg-config --exists libmariadb 2>/dev/null || echo libmariadb-dev
        [[ -f $("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h ]] || echo python3-dev
    fi
}

prepare_servers() {
    local packages
    mapfile -t packages < <(missing_packages | tr ' ' '\n')
    [[ ${#packages[@]} -eq 0 ]] || scripts/system-packages.sh "${packages[@]}" || return 1
    "$python" -c 'import MySQLdb' 2>/dev/null || make --no-print-directory "${VENV:-.venv}/.mysql"
}

servers_ready=yes
prepare_servers || servers_ready=no

run_half "SQLite + memory" DATABASE_URL= REDIS_URL= \
    "$python" -m pytest "${pytest_args[@]}"
if [[ $servers_ready == yes ]]; then
    run_half "MariaDB + Redis" "$python" -m tests.servers -- "$python" -m pytest "${pytest_args[@]}"
else
    summary+=("MariaDB + Redis: NOT RUN, what it needs is missing (the first lines above say what)")
    failed=1
fi

printf '\n=== Summary ===\n'
printf '%s\n' "${summary[@]}"
exit "$failed"
