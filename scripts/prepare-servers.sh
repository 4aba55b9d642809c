#!/usr/bin/env bash
# Install the requirements of tests on MariaDB and Redis: the server programs and the Python driver. Starts nothing.
# The last line of a failure names the missing part.
set -euo pipefail
cd "$(dirname "$0")/.."

export VENV=${VENV:-.venv}
PATH=$PATH:/usr/sbin:/usr/local/sbin # where Debian keeps servers
python=$VENV/bin/python

has_driver() { "$python" -c 'import MySQLdb' 2>/dev/null; }
has_python_headers() { [[ -f $("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h ]]; }

packages=()
# `command -v A B` succeeds if either is there. mariadb-install-db calls a part of the client package.
command -v mariadbd mysqld >/dev/null || packages+=(mariadb-server-core mariadb-client-core)
command -v redis-server valkey-server >/dev/null || packages+=(redis-server)
if ! has_driver; then
    command -v gcc >/dev/null || packages+=(gcc libc6-dev)
    command -v pkg-config >/dev/null || packages+=(pkg-config)
    pkg-config --exists mysqlclient 2>/dev/null || pkg-config --exists libmariadb 2>/dev/null || packages+=(libmariadb-dev)
    has_python_headers || packages+=(python3-dev)
fi

[[ ${#packages[@]} -eq 0 ]] || scripts/system-packages.sh "${packages[@]}"
has_driver || make --no-print-directory "$VENV/.mysql" || { echo "mysqlclient did not install." >&2 && exit 1; }
