#!/usr/bin/env bash
# Install what the tests of several machines need beyond scripts/prepare-servers.sh. Starts nothing.
# The last line of a failure names the missing part.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/usr/local/sbin # where Debian keeps servers

packages=()
# Its scripts copy the data to a node that joins, with the other two.
command -v wsrep_sst_rsync >/dev/null || packages+=(mariadb-server)
command -v rsync >/dev/null || packages+=(rsync)
command -v lsof >/dev/null || packages+=(lsof)
[[ -f /usr/lib/galera/libgalera_smm.so ]] || packages+=(galera-4)
command -v redis-sentinel >/dev/null || packages+=(redis-sentinel)

[[ ${#packages[@]} -eq 0 ]] || scripts/system-packages.sh "${packages[@]}"
