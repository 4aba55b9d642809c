#!/usr/bin/env bash
# Run the randomized tests with many more inputs than in `make test`; an intrusion (tests/intrusion), which fails if an
# owner is shown what is another's; and a hostile hour (tests/hostile_hour), which fails if a worker's memory grows. All
# on both engines, or on the one that FUZZ_ENGINE names (sqlite, mariadb). `make fuzz` calls this.
# FUZZ_DOCUMENTS is the number of documents for each engine, FUZZ_INTRUSIONS and FUZZ_REQUESTS those of requests; 0
# skips any of them.
# FUZZ_SEED selects them. PYTEST_ARGS goes to pytest. Randomized tests have the marker `fuzz`.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${VENV:-.venv}/bin/python
export FUZZ_DOCUMENTS=${FUZZ_DOCUMENTS:-5000} FUZZ_REQUESTS=${FUZZ_REQUESTS:-100000}
export FUZZ_INTRUSIONS=${FUZZ_INTRUSIONS:-100000} FUZZ_SEED=${FUZZ_SEED:-$RANDOM}
echo "FUZZ_SEED=$FUZZ_SEED repeats this run."
read -r -a pytest_args <<<"--numprocesses 2 -m fuzz ${PYTEST_ARGS:-}"
# As in scripts/test.sh: nothing of the developer's shell or `.env` reaches the suite.
scene=(DEBUG=true SECRET_KEY=insecure-for-local-use-only "ALLOWED_HOSTS=localhost,127.0.0.1,testserver"
    WEB_WORKERS=1 DEFAULT_CURRENCY=USD "ASSETS=BTC=8,ETH=18" CORS_ALLOWED_ORIGINS= DB_NAME=)

failed=0
run() { # COMMAND...: what to run python with
    if [[ $FUZZ_DOCUMENTS != 0 ]]; then
        env "${scene[@]}" "$@" "$python" -m pytest "${pytest_args[@]}" || failed=1
    fi
    if [[ $FUZZ_INTRUSIONS != 0 ]]; then
        env "${scene[@]}" "$@" "$python" -m tests.intrusion || failed=1
    fi
    if [[ $FUZZ_REQUESTS != 0 ]]; then
        env "${scene[@]}" "$@" "$python" -m tests.hostile_hour || failed=1
    fi
}
if [[ ${FUZZ_ENGINE:-sqlite} == sqlite ]]; then
    run DATABASE_URL= REDIS_URL=
fi
if [[ ${FUZZ_ENGINE:-mariadb} == mariadb ]]; then
    scripts/prepare-servers.sh || exit 1
    run "$python" -m tests.servers --
fi
exit "$failed"
