#!/usr/bin/env bash
# Install the requirements of tests with published clients: curl, node, npm, Chromium, and GraphiQL for it to open. The
# clients' own packages come with the tests. The last line of a failure names the missing part.
set -euo pipefail
cd "$(dirname "$0")/.."

oldest_node=18 # Debian 12 has it

packages=()
command -v curl >/dev/null || packages+=(curl)
command -v node >/dev/null || packages+=(nodejs)
command -v npm >/dev/null || packages+=(npm)
command -v chromium >/dev/null || packages+=(chromium)
[[ ${#packages[@]} -eq 0 ]] || scripts/system-packages.sh "${packages[@]}"

version=$(node --version)
version=${version#v}
if [[ ${version%%.*} -lt $oldest_node ]]; then
    echo "node $version is too old: the clients need $oldest_node or newer." >&2
    exit 1
fi
bash graphql_api/playground/build.sh || { echo "GraphiQL was not built: its packages come from npm." >&2 && exit 1; }
