"""The compose files and the Kubernetes manifests: their schemas, and what no schema says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from compose_spec import PyCompose
from django.core.management import get_commands

from tests.deployments.files import DEPLOY, interpolated, resources, setting_names
from tests.live import ROOT
from walletsvc.database_url import parse_database_url
from walletsvc.redis_url import parse_redis_url
from walletsvc.web.hosts import PROBED

pytestmark = pytest.mark.without_engine

COMPOSE_FILES = [ROOT / "docker-compose.yml", DEPLOY / "compose" / "compose.yaml"]
SECRETS = {
    name: f"{name}-text"
    for name in ("SECRET_KEY", "DB_PASSWORD", "MYSQL_ROOT_PASSWORD", "MARIADB_ROOT_PASSWORD", "HOST_NAME")
}
KUBERNETES_VERSION = "1.30"
OURS = "walletsvc"
"""Our image, with or without a registry and a version."""


# -- compose ---------------------------------------------------------------------------------------------


def services_of(path: Path) -> dict[str, dict[str, Any]]:
    return yaml.safe_load(interpolated(path.read_text(), SECRETS))["services"]


@pytest.fixture(params=COMPOSE_FILES, ids=lambda path: path.name)
def compose_file(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_a_compose_file_follows_the_specification(compose_file: Path) -> None:
    document = yaml.safe_load(interpolated(compose_file.read_text(), SECRETS))
    PyCompose.from_json(json.dumps(document)).validate()


def test_no_compose_file_starts_without_its_secrets(compose_file: Path) -> None:
    text = compose_file.read_text()
    asked = {name for name in SECRETS if f"${{{name}:?" in text}
    assert {"SECRET_KEY", "DB_PASSWORD"} < asked
    for name in asked:
        with pytest.raises(AssertionError, match=f"{name}: put .* into .env"):
            interpolated(text, {**SECRETS, name: ""})


def test_what_a_compose_file_refers_to_is_there(compose_file: Path) -> None:
    document = yaml.safe_load(interpolated(compose_file.read_text(), SECRETS))
    for service in document["services"].values():
        assert set(service.get("depends_on", ())) <= document["services"].keys()
        for source, target, *_ in (each.split(":") for each in service.get("volumes", ())):
            if not source.startswith("."):
                assert source in document["volumes"], target
            elif source != "./tls":  # the operator's own
                assert (compose_file.parent / source).is_file(), source


def test_containers_that_need_no_rights_have_none(compose_file: Path) -> None:
    for name, service in services_of(compose_file).items():
        if service["image"].split(":")[0] in (OURS, "redis", "nginxinc/nginx-unprivileged"):
            assert service.get("read_only"), name
            assert service["cap_drop"] == ["ALL"], name
            assert service["security_opt"] == ["no-new-privileges:true"], name
        if service["image"] == OURS:
            assert service["tmpfs"] == ["/tmp"], name  # noqa: S108 - all that is left to write to
        else:
            assert ":" in service["image"], "An image without a version changes by itself."


def test_compose_files_set_what_there_is_and_never_debug(compose_file: Path) -> None:
    for name, service in services_of(compose_file).items():
        if service["image"] == OURS:
            assert service["environment"].keys() <= setting_names(), name
            assert (service["environment"]["DEBUG"], service["environment"]["AUTH_REQUIRED"]) == ("false", "true")


# -- Kubernetes --------------------------------------------------------------------------------------------


def test_resources_follow_their_schemas() -> None:
    for resource in resources():
        kubernetes_validate.validate(resource, KUBERNETES_VERSION, strict=True)


def pods() -> Iterator[dict[str, Any]]:
    for resource in resources():
        spec = resource.get("spec", {})
        template = spec.get("jobTemplate", {}).get("spec", spec).get("template")
        if template:
            yield template["spec"]


def test_pods_have_no_rights_and_all_settings() -> None:
    named = {(each["kind"], each["metadata"]["name"]) for each in resources()}
    assert {("ConfigMap", OURS), ("Secret", OURS)} < named
    found = list(pods())
    assert len(found) == 4
    for pod in found:
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["automountServiceAccountToken"] is False
        (container,) = pod["containers"]
        rights = container["securityContext"]
        assert (rights["readOnlyRootFilesystem"], rights["allowPrivilegeEscalation"]) == (True, False)
        assert rights["capabilities"] == {"drop": ["ALL"]}
        assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
        assert container["envFrom"] == [{"configMapRef": {"name": OURS}}, {"secretRef": {"name": OURS}}]


def test_the_server_is_probed_where_it_answers_and_has_time_to_end() -> None:
    (server,) = (each for each in resources() if each["kind"] == "Deployment")
    pod = server["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    ports = {each["name"] for each in container["ports"]}
    probes = {name: container[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")}
    assert {each["path"] for each in probes.values()} <= PROBED
    assert {each["port"] for each in probes.values()} <= ports
    # A database that is away makes a server unready, and must not end it.
    assert (probes["liveness"]["path"], probes["readiness"]["path"]) == ("/livez", "/readyz")
    (_, seconds) = container["lifecycle"]["preStop"]["exec"]["command"]
    assert pod["terminationGracePeriodSeconds"] > int(seconds) + 30


def test_services_and_ingresses_lead_to_the_server() -> None:
    found = list(resources())
    (server,) = (each for each in found if each["kind"] == "Deployment")
    (service,) = (each for each in found if each["kind"] == "Service")
    labels = server["spec"]["template"]["metadata"]["labels"]
    for selecting in (service["spec"]["selector"], server["spec"]["selector"]["matchLabels"]):
        assert selecting.items() <= labels.items()
    ports = {port["name"] for port in service["spec"]["ports"]}
    for ingress in (each for each in found if each["kind"] == "Ingress"):
        ((rule,), (tls,)) = ingress["spec"]["rules"], ingress["spec"]["tls"]
        assert tls["hosts"] == [rule["host"]]
        for path in rule["http"]["paths"]:
            backend = path["backend"]["service"]
            assert (backend["name"], backend["port"]["name"] in ports) == (service["metadata"]["name"], True)


def test_kubernetes_sets_what_there_is() -> None:
    given: set[str] = set()
    for each in resources():
        given |= (each.get("data") or each.get("stringData") or {}).keys()
    assert {"SECRET_KEY", "DATABASE_URL", "REDIS_URL", "PUBLIC_URL"} < given <= setting_names()


# -- addresses ---------------------------------------------------------------------------------------------


def test_the_addresses_of_the_cluster_are_understood(tmp_path: Path) -> None:
    (secret,) = (each["stringData"] for each in resources() if each["kind"] == "Secret")
    of_compose = services_of(DEPLOY / "compose" / "compose.yaml")["web1"]["environment"]
    hosts = [("db1", 3306), ("db2", 3306), ("db3", 3306)]
    for url in (secret["DATABASE_URL"], f"mysql://walletsvc:password@{of_compose['DB_HOST']}/walletsvc"):
        assert list(parse_database_url(url, folder=tmp_path)["OPTIONS"]["hosts"]) == hosts
    for url in (secret["REDIS_URL"], of_compose["REDIS_URL"]):
        assert parse_redis_url(url) == url


# -- commands ----------------------------------------------------------------------------------------------


def test_each_command_is_there() -> None:
    files = [
        ROOT / "Dockerfile",
        ROOT / "docker-compose.yml",
        *(each for each in DEPLOY.rglob("*") if each.is_file()),
    ]
    named: set[str] = set()
    for file in files:
        text = re.sub(r'", "', " ", file.read_text())
        named |= set(re.findall(r"(?:manage\.py|bin/walletsvc|walletsvc-job@)[ ]?([a-z_]+)", text))
    assert (
        {"serve", "setup_database", "prune", "reconcile", "apikey", "expire_holds"} <= named <= get_commands().keys()
    )
