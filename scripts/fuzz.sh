#!/usr/bin/env bash
# Run the tests that draw what they send at random, with many more draws than in `make test`, and a hostile hour
# (tests/hostile_hour), which fails if a worker's memory grows; both on both engines. `make fuzz` calls this.
# FUZZ_DOCUMENTS says how many documents an engine gets, FUZZ_REQUESTS how many requests the hour has, FUZZ_SEED which
# ones. 0 leaves either out. PYTEST_ARGS goes to pytest. A test that draws has the marker `fuzz`.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${VENV:-.venv}/bin/python
export FUZZ_DOCUMENTS=${FUZZ_DOCUMENTS:-5000} FUZZ_REQUESTS=${FUZZ_REQUESTS:-100000} FUZZ_SEED=${FUZZ_SEED:-$RANDOM}
echo "FUZZ_SEED=$FUZZ_SEED draws the same again."
read -r -a pytest_args <<<"--numprocesses 2 -m fuzz ${PYTEST_ARGS:-}"
# As scripts/test.sh sets it: nothing of the developer's shell or `.env` reaches the suite.
scene=(DEBUG=true SECRET_KEY=insecure-for-local-use-only "ALLOWED_HOSTS=localhost,127.0.0.1,testserver"
    WEB_WORKERS=1 DEFAULT_CURRENCY=USD "ASSETS=BTC=8,ETH=18" CORS_ALLOWED_ORIGINS= DB_NAME=)

failed=0
run() { # COMMAND...: what to run python with
    if [[ $FUZZ_DOCUMENTS != 0 ]]; then
        env "${scene[@]}" "$@" "$python" -m pytest "${pytest_args[@]}" || failed=1
    fi
    if [[ $FUZZ_REQUESTS != 0 ]]; then
        env "${scene[@]}" "$@" "$python" -m tests.hostile_hour || failed=1
    fi
}
run DATABASE_URL= REDIS_URL=
scripts/prepare-servers.sh || exit 1
run "$python" -m tests.servers --
exit "$failed"
