"""TypeScript clients whose types are generated from the server's descriptions, unedited.

The compiler runs in its strictest mode and checks the generated code too: the test is a program that compiles and
runs.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients.conftest import SCRIPTS
from tests.commands import run_to_end
from tests.live import LiveServer
from tests.npm import install

pytestmark = pytest.mark.clients

SOURCES = SCRIPTS / "typed"


@pytest.fixture
def run(server: LiveServer, tmp_path: Path) -> Callable[..., None]:
    """Return a function that runs a program of an npm package beside the sources in `tmp_path`."""
    (tmp_path / "node_modules").symlink_to(install(SCRIPTS) / "node_modules")
    take(tmp_path, "package.json", "tsconfig.json")

    def run(*command: str) -> None:
        run_to_end("node", *command, folder=tmp_path, environment={**os.environ, "SERVER_URL": server.url})

    return run


def take(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_bytes((SOURCES / name).read_bytes())


def test_openapi_fetch(server: LiveServer, run: Callable[..., None], tmp_path: Path) -> None:
    take(tmp_path, "openapi.ts")
    run("node_modules/openapi-typescript/bin/cli.js", f"{server.url}/api/schema/", "--output", "schema.ts")
    run("node_modules/typescript/bin/tsc")
    run("built/openapi.js")


def test_graphql_codegen(run: Callable[..., None], tmp_path: Path) -> None:
    take(tmp_path, "graphql.ts", "codegen.yml")
    run("node_modules/@graphql-codegen/cli/cjs/bin.js")
    run("node_modules/typescript/bin/tsc")
    run("built/graphql.js")
