#!/usr/bin/env bash
# Run all static and drift checks, or the given ones, at the same time. `make lint`, CI and pre-commit all call this.
# Usage: scripts/lint.sh [CHECK...]
# Checks: ruff format types imports migrations alembic-sqlite alembic-mariadb schema locks
set -euo pipefail
cd "$(dirname "$0")/.."

bin=${VENV:-.venv}/bin
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# Nothing here touches the developer's own database: the environment overrides a local `.env`. Each check has its own.
export DEBUG=true SECRET_KEY=insecure-for-local-use-only DB_NAME='' REDIS_URL=''

check_ruff() { "$bin/ruff" check .; }
check_format() { "$bin/ruff" format --check .; }
check_types() { "$bin/mypy"; }
check_imports() { "$bin/lint-imports"; }
check_migrations() { "$bin/python" manage.py makemigrations --check --dry-run; }

# `alembic check` compares with a database in which both tools have run.
both_tools() { "$bin/python" manage.py setup_database && "$bin/alembic" check; }
check_alembic-sqlite() { both_tools; }
check_alembic-mariadb() {
    scripts/prepare-servers.sh || return 1
    # shellcheck disable=SC2016 # $0 is for the inner shell
    "$bin/python" -m tests.servers -- bash -euo pipefail -c '"$0/python" manage.py setup_database && "$0/alembic" check' "$bin"
}

check_schema() {
    "$bin/python" manage.py export_schema graphql_api.schema:schema --path "$folder/schema.graphql" >/dev/null || return 1
    diff -u graphql_api/schema.graphql "$folder/schema.graphql" && return 0
    echo "graphql_api/schema.graphql is out of date: run 'make schema'" >&2
    return 1
}

# An address in a lock would tie every install to one package host.
check_locks() {
    local found=0
    if grep -n '://' requirements/*.txt; then found=1; fi
    if git ls-files -z '*package-lock.json' | xargs -0r grep -n '"resolved"'; then found=1; fi
    [[ $found -eq 0 ]] || echo "A lock names a package host (above): 'make lock' writes none." >&2
    return "$found"
}

all=(ruff format types imports migrations alembic-sqlite alembic-mariadb schema locks)
[[ $# -gt 0 ]] || set -- "${all[@]}"
for check in "$@"; do
    declare -F "check_$check" >/dev/null || { echo "There is no check '$check'; the checks are: ${all[*]}" >&2 && exit 2; }
done

run() { # CHECK
    local outcome=passed started=$SECONDS
    export DATABASE_URL=sqlite:///$folder/$1.sqlite3
    printf '\n--- %s ---\n' "$1"
    # `set -e` is off inside a function that a condition calls: the checks chain with && instead.
    "check_$1" </dev/null || outcome=FAILED
    printf '%s: %s, %s s\n' "$1" "$outcome" "$((SECONDS - started))"
    [[ $outcome == passed ]]
}

# Type checking takes as long as all the others, on one processor.
processes=()
for check in "$@"; do
    run "$check" >"$folder/$check.log" 2>&1 &
    processes+=($!)
done
failures=()
for check in "$@"; do
    wait "${processes[0]}" || failures+=("$check")
    processes=("${processes[@]:1}")
    cat "$folder/$check.log"
done

if [[ ${#failures[@]} -gt 0 ]]; then
    printf '\nFailed: %s\n' "${failures[*]}" >&2
    exit 1
fi
printf '\nAll passed: %s\n' "$*"
