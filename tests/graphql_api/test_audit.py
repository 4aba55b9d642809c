"""The GraphQL over HTTP audit suite, run by its own package against the real server."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any


def test_every_audit_passes_without_a_warning(live: Any, npm: Path) -> None:
    finished = subprocess.run(
        ["node", "audit.mjs", f"{live.url}/graphql/"],
        cwd=npm,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert finished.stderr == ""
    results = [json.loads(line) for line in finished.stdout.splitlines()]
    assert [result for result in results if result["status"] != "ok"] == []
    assert len(results) == 61
