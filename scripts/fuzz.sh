#!/usr/bin/env bash
# Run the tests that draw what they send at random, with many more draws than in `make test`, on both engines.
# `make fuzz` calls this. FUZZ_DOCUMENTS says how many documents an engine gets, FUZZ_SEED which ones.
# PYTEST_ARGS goes to pytest. A test that draws has the marker `fuzz`.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${VENV:-.venv}/bin/python
export FUZZ_DOCUMENTS=${FUZZ_DOCUMENTS:-5000} FUZZ_SEED=${FUZZ_SEED:-$RANDOM}
echo "FUZZ_SEED=$FUZZ_SEED draws the same again."
read -r -a pytest_args <<<"--numprocesses 2 -m fuzz ${PYTEST_ARGS:-}"
# As scripts/test.sh sets it: nothing of the developer's shell or `.env` reaches the suite.
scene=(DEBUG=true SECRET_KEY=insecure-for-local-use-only "ALLOWED_HOSTS=localhost,127.0.0.1,testserver"
    WEB_WORKERS=1 DEFAULT_CURRENCY=USD "ASSETS=BTC=8,ETH=18" CORS_ALLOWED_ORIGINS= DB_NAME=)

failed=0
env "${scene[@]}" DATABASE_URL= REDIS_URL= "$python" -m pytest "${pytest_args[@]}" || failed=1
scripts/prepare-servers.sh || exit 1
env "${scene[@]}" "$python" -m tests.servers -- "$python" -m pytest "${pytest_args[@]}" || failed=1
exit "$failed"
