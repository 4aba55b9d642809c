#!/usr/bin/env bash
# Install Debian packages if permitted; otherwise say which ones to install, and fail.
# Usage: scripts/system-packages.sh PACKAGE...
set -euo pipefail

if [[ $(id -u) -ne 0 ]] || ! command -v apt-get >/dev/null; then
    echo "Packages are missing. On Debian or Ubuntu, run: sudo apt-get install --no-install-recommends $*" >&2
    exit 1
fi

echo "Installing system packages: $*"
# A package may start its server. The suite runs its own, so no other should start: invoke-rc.d asks
# policy-rc.d first (/usr/share/doc/init-system-helpers/README.policy-rc.d.gz).
policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
if ! { apt-get update && apt-get install -y --no-install-recommends "$@"; } >"$log" 2>&1 </dev/null; then
    cat "$log" >&2
    echo "apt-get failed; its log is above." >&2
    exit 1
fi
rm -f "$log"
