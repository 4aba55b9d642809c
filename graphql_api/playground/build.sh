#!/usr/bin/env bash
# Build GraphiQL from its npm package into graphql_api/static/graphql_api. `make assets` and the Dockerfile call this.
set -euo pipefail
cd "$(dirname "$0")"

built=../static/graphql_api/playground.js
if [[ -f $built && -z $(find . -path ./node_modules -prune -o -type f -newer "$built" -print -quit) ]]; then
    exit 0
fi
echo "Building GraphiQL"
# No package needs its install script: esbuild's binary comes as a package of its own.
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
node build.mjs
