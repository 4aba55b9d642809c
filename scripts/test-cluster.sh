#!/usr/bin/env bash
# Run the tests of several machines (tests/cluster, tests/replicas): three Galera nodes, Redis with Sentinel, a primary
# with a replica, and servers in front of them that fail and are locked. All on this machine, on free ports, in temporary folders.
# `make test-cluster` calls this; PYTEST_ARGS goes to pytest. The gate runs the core of it: -m cluster_core.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/prepare-servers.sh
scripts/prepare-cluster.sh

# The suite's own database is not used: these tests have others.
exec env DEBUG=true SECRET_KEY=insecure-for-local-use-only "ALLOWED_HOSTS=localhost,127.0.0.1,[::1],testserver" \
    WEB_WORKERS=1 DEFAULT_CURRENCY=USD "ASSETS=BTC=8,ETH=18" CORS_ALLOWED_ORIGINS= DB_NAME= DATABASE_URL= REDIS_URL= \
    TEST_CLUSTER=true "${VENV:-.venv}/bin/python" -m pytest tests/cluster tests/replicas ${PYTEST_ARGS:-}
