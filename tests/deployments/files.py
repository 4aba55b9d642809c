"""The files of deploy/, for a machine that has neither their hosts nor their folders."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from tests.live import ROOT

DEPLOY = ROOT / "deploy"

_VARIABLE = re.compile(r"\$\{(?P<name>[A-Z_]+)(?:(?P<kind>:?[-?])(?P<text>[^}]*))?\}")


def adapted(path: str, changes: Mapping[str, str]) -> str:
    """Return the text of a file with these parts replaced; each must be there."""
    text = (DEPLOY / path).read_text()
    for old, new in changes.items():
        assert old in text, f"{path} has no {old!r}."
        text = text.replace(old, new)
    return text


def interpolated(text: str, variables: Mapping[str, str]) -> str:
    """Return a compose file as it is with these variables, by the rules of the Compose Specification.

    https://github.com/compose-spec/compose-spec/blob/main/12-interpolation.md
    """

    def value_of(match: re.Match[str]) -> str:
        name, kind, default = match["name"], match["kind"] or "", match["text"] or ""
        is_given = bool(variables.get(name)) if kind.startswith(":") else name in variables
        if is_given:
            return variables[name]
        assert "?" not in kind, f"{name}: {default}"
        return default if "-" in kind else ""

    return _VARIABLE.sub(value_of, text)


def resources() -> Iterator[dict[str, Any]]:
    """Yield what the Kubernetes manifests declare."""
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml")):
        yield from yaml.safe_load_all(path.read_text())


def setting_names() -> set[str]:
    """Return the names of all settings, as .env.example has them."""
    return set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
