"""There is one version, in one place."""

from __future__ import annotations

import re
import subprocess
import tomllib

import pytest

import walletsvc
from rest_api.openapi.document import describe
from tests.live import ROOT

pytestmark = pytest.mark.without_engine


def test_the_description_has_the_version_of_the_package() -> None:
    assert describe()["info"]["version"] == walletsvc.__version__


def test_the_wheel_has_the_version_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "version" not in project["project"]
    assert project["tool"]["hatch"]["version"]["path"] == "walletsvc/__init__.py"


def test_no_other_file_names_it() -> None:
    listed = subprocess.run(["git", "ls-files", "*.py", "*.toml", "*.sh"], cwd=ROOT, capture_output=True, text=True)
    version = re.escape(walletsvc.__version__)
    assigned = re.compile(rf"""version\w*["']?\s*[:=]+\s*["']{version}["']""", re.IGNORECASE)
    files = [ROOT / name for name in listed.stdout.split()]
    places = [path for path in files if path.is_file() and assigned.search(path.read_text())]
    assert places == [ROOT / "walletsvc" / "__init__.py"]
