#!/usr/bin/env bash
# Install the programs that read the configurations in deploy/: nginx, systemd's own check, openssl. Starts nothing.
# The last line of a failure names the missing part.
set -euo pipefail
cd "$(dirname "$0")/.."

PATH=$PATH:/usr/sbin:/usr/local/sbin # where Debian keeps servers

packages=()
command -v nginx >/dev/null || packages+=(nginx)
command -v systemd-analyze >/dev/null || packages+=(systemd)
command -v openssl >/dev/null || packages+=(openssl)

[[ ${#packages[@]} -eq 0 ]] || scripts/system-packages.sh "${packages[@]}"
