"""The Kubernetes resources, as kustomize renders them: valid, hardened, and true to what the services are."""

import os
import secrets
import subprocess
from base64 import b64decode
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from kernel.settings import load
from mesh.edge.settings import EdgeSettings
from mesh.safety import refuse_unsafe_edge, refuse_unsafe_service, refuse_unsafe_web
from mesh.settings import PORTS
from mesh.targets import TARGETS
from tests.unit.deploy.known import known_variables

K8S = Path(__file__).parents[3] / "deploy" / "k8s"
KUBERNETES = "1.32"
"""The oldest version that the resources are written for."""
OPERATORS = {"cert-manager.io", "kafka.strimzi.io", "k8ssandra.io", "redis.redis.opstreelabs.in"}
"""API groups whose resources Kubernetes itself knows nothing of."""
EVERYTHING = {*PORTS, "edge", "web"}

pytestmark = pytest.mark.toolchain("kustomize")
overlays = pytest.mark.parametrize("overlay", ["dev", "prod"])

Resource = dict[str, Any]


@cache
def rendered(overlay: str) -> tuple[Resource, ...]:
    return built(K8S / "overlays" / overlay)


def built(folder: Path) -> tuple[Resource, ...]:
    done = subprocess.run(["kustomize", "build", folder], capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, done.stderr
    return tuple(yaml.safe_load_all(done.stdout))


def of_kind(overlay: str, kind: str) -> dict[str, Resource]:
    return {item["metadata"]["name"]: item for item in rendered(overlay) if item["kind"] == kind}


def pods(overlay: str) -> dict[str, Resource]:
    return {name: item["spec"]["template"]["spec"] for name, item in of_kind(overlay, "Deployment").items()}


def environment(overlay: str, container: Resource) -> dict[str, str]:
    """What a container is told by variables."""
    configs = of_kind(overlay, "ConfigMap")
    told: dict[str, str] = {}
    for source in container.get("envFrom", []):
        told |= configs[source["configMapRef"]["name"]]["data"]
    return told | {each["name"]: each["value"] for each in container.get("env", [])}


@overlays
def test_every_resource_is_valid_by_the_letter(overlay: str) -> None:
    for item in rendered(overlay):
        if item["apiVersion"].split("/")[0] not in OPERATORS:
            kubernetes_validate.validate(item, KUBERNETES, strict=True)


@overlays
@pytest.mark.parametrize(
    "kind",
    ["Deployment", "Service", "ServiceAccount", "HorizontalPodAutoscaler", "PodDisruptionBudget", "NetworkPolicy"],
)
def test_every_part_has_a_resource_of_each_kind(overlay: str, kind: str) -> None:
    assert of_kind(overlay, kind).keys() >= EVERYTHING


@overlays
def test_no_pod_has_rights_or_a_disk_to_write_to(overlay: str) -> None:
    for pod in pods(overlay).values():
        (container,) = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"]
        assert not pod["automountServiceAccountToken"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


@overlays
def test_pods_have_probes_bounds_of_memory_and_are_spread(overlay: str) -> None:
    for pod in pods(overlay).values():
        (container,) = pod["containers"]
        assert container.keys() >= {"readinessProbe", "livenessProbe"}
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}
        assert "memory" in container["resources"]["limits"]
        assert [each["topologyKey"] for each in pod["topologySpreadConstraints"]] == [
            "kubernetes.io/hostname",
            "topology.kubernetes.io/zone",
        ]


@overlays
def test_services_are_probed_for_their_health_and_have_time_to_drain(overlay: str) -> None:
    for name, port in PORTS.items():
        pod = pods(overlay)[name]
        (container,) = pod["containers"]
        if overlay == "prod":
            # What probes over gRPC has no certificate.
            assert container["readinessProbe"]["httpGet"] == {"path": "/healthz", "port": "metrics"}
        else:
            assert container["readinessProbe"]["grpc"] == {"port": port}
        assert container["lifecycle"]["preStop"]["sleep"]["seconds"] + 10 < pod["terminationGracePeriodSeconds"]


@overlays
def test_the_names_of_services_lead_to_all_their_pods(overlay: str) -> None:
    services = of_kind(overlay, "Service")

    assert {services[name]["spec"]["clusterIP"] for name in PORTS} == {"None"}


@overlays
def test_pods_are_told_only_variables_that_are_read(overlay: str) -> None:
    configs = of_kind(overlay, "ConfigMap")
    told = {variable for item in configs.values() for variable in item["data"]}
    for pod in pods(overlay).values():
        told |= {each["name"] for each in pod["containers"][0].get("env", [])}

    assert told - known_variables() == set()


@overlays
def test_no_secret_is_in_a_variable(overlay: str) -> None:
    secrets = {name.removesuffix("_FILE") for name in known_variables() if name.endswith("_FILE")} - {
        "CHATLY_REDIS_URL"  # its password has a variable of its own
    }
    for item in of_kind(overlay, "ConfigMap").values():
        assert not item["data"].keys() & secrets
    for pod in pods(overlay).values():
        assert not {each["name"] for each in pod["containers"][0].get("env", [])} & secrets


@overlays
def test_files_that_variables_name_are_in_a_volume_that_the_pod_has(overlay: str) -> None:
    for pod in pods(overlay).values():
        (container,) = pod["containers"]
        folders = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        assert set(folders.values()) == set(volumes)
        for value in environment(overlay, container).values():
            if value.startswith("/run/secrets/"):
                folder, _, file = value.rpartition("/")
                items = volumes[folders[folder]]["secret"].get("items")
                assert items is None or file in {item["path"] for item in items}


@overlays
@pytest.mark.parametrize("name", [*PORTS, "edge", "web"])
def test_no_pod_refuses_to_start_as_unsafe(overlay: str, name: str, tmp_path: Path) -> None:
    told = environment(overlay, pods(overlay)[name]["containers"][0])
    given = {key: value for item in of_kind(overlay, "Secret").values() for key, value in item["data"].items()}
    for variable, value in told.items():
        if value.startswith("/run/secrets/"):
            file = tmp_path / value.removeprefix("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(b64decode(given[file.name]) if file.name in given else secrets.token_urlsafe(48).encode())
            told[variable] = str(file)
    if name in PORTS:
        refuse_unsafe_service({**told, "CHATLY_HOST": "0.0.0.0"}, name, uses_log=TARGETS[name].log)
    elif name == "edge":
        refuse_unsafe_edge(load(EdgeSettings, {**told, "CHATLY_EDGE_HOST": "0.0.0.0"}), told)
    else:
        refuse_unsafe_web(load(EdgeSettings, told), told)


def test_production_allows_nothing_unsafe() -> None:
    for pod in pods("prod").values():
        told = environment("prod", pod["containers"][0])
        assert not [variable for variable in told if variable.startswith("CHATLY_ALLOW_")]
        assert told["CHATLY_TLS_CERT_FILE"] == "/run/secrets/mesh-tls/tls.crt"


def test_in_production_each_part_has_a_certificate_that_names_it() -> None:
    certificates = {item["spec"]["secretName"]: item["spec"] for item in of_kind("prod", "Certificate").values()}
    for name, pod in pods("prod").items():
        (volume,) = [volume for volume in pod["volumes"] if volume["name"] == "mesh-tls"]
        assert certificates[volume["secret"]["secretName"]]["dnsNames"] == [name]


@overlays
def test_whoever_may_call_a_service_is_let_in_by_it(overlay: str) -> None:
    policies = of_kind(overlay, "NetworkPolicy")
    for caller in EVERYTHING:
        for rule in policies[caller]["spec"]["egress"]:
            for peer in rule.get("to", []):
                called = peer["podSelector"]["matchLabels"].get("app.kubernetes.io/name")
                for port in rule["ports"] if called else []:
                    assert caller in _let_in(policies[called], port["port"]), (caller, called, port)


@overlays
def test_whoever_a_service_lets_in_may_call_it(overlay: str) -> None:
    policies = of_kind(overlay, "NetworkPolicy")
    for called, port in PORTS.items():
        for caller in _let_in(policies[called], port):
            assert _may_call(policies[caller], called, port), (caller, called)


def _let_in(policy: Resource, port: int) -> set[str]:
    return {
        peer["podSelector"]["matchLabels"]["app.kubernetes.io/name"]
        for rule in policy["spec"]["ingress"]
        if {"port": port} in rule["ports"]
        for peer in rule.get("from", [])
        if "podSelector" in peer
    }


def _may_call(policy: Resource, called: str, port: int) -> bool:
    labels = ({"app.kubernetes.io/name": called}, {"chatly/role": "service"})
    return any(
        each["port"] <= port <= each.get("endPort", each["port"])
        for rule in policy["spec"]["egress"]
        for peer in rule.get("to", [])
        if peer["podSelector"]["matchLabels"] in labels
        for each in rule["ports"]
    )


def test_traces_are_a_component_that_tells_every_pod_where_they_go_and_lets_it_go_there(tmp_path: Path) -> None:
    overlay = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [os.path.relpath(K8S / "base", tmp_path)],
        "components": [os.path.relpath(K8S / "components" / "traces", tmp_path)],
    }
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    resources = built(tmp_path)
    by_name = {(item["kind"], item["metadata"]["name"]): item for item in resources}
    told = {name: item["data"] for (kind, name), item in by_name.items() if kind == "ConfigMap"}
    (addresses,) = (name for name, data in told.items() if "OTEL_EXPORTER_OTLP_ENDPOINT" in data)
    policy = by_name["NetworkPolicy", "traces"]

    assert told[addresses].keys() <= known_variables()
    for name in {*PORTS, "edge"}:
        template = by_name["Deployment", name]["spec"]["template"]
        (container,) = template["spec"]["containers"]
        assert {"configMapRef": {"name": addresses}} in container["envFrom"]
        (who,) = policy["spec"]["podSelector"]["matchExpressions"]
        assert template["metadata"]["labels"][who["key"]] in who["values"]
    for item in resources:
        kubernetes_validate.validate(item, KUBERNETES, strict=True)


def test_production_takes_no_image_without_a_version() -> None:
    assert not [pod for pod in pods("prod").values() if ":" not in pod["containers"][0]["image"]]


def test_production_brings_no_secret_of_its_own() -> None:
    assert of_kind("prod", "Secret") == {}
    assert of_kind("dev", "Secret")
