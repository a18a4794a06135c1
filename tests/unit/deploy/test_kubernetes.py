"""The Kubernetes resources, as kustomize renders them: valid, hardened, and consistent with the services."""

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

from kernel.kafka.topic import retention_config
from kernel.log.retention import RetentionSettings
from kernel.settings import load
from mesh.edge.settings import EdgeSettings
from mesh.safety import refuse_unsafe_edge, refuse_unsafe_service, refuse_unsafe_web
from mesh.services import SERVICES
from tests.unit.deploy.variables import known_variables

K8S = Path(__file__).parents[3] / "deploy" / "k8s"
KUBERNETES = "1.32"
"""The oldest supported version of Kubernetes."""
OPERATORS = {"cert-manager.io", "kafka.strimzi.io", "k8ssandra.io", "redis.redis.opstreelabs.in"}
"""API groups whose resources are not part of Kubernetes."""
EVERYTHING = {*SERVICES, "edge", "web"}

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
    """Return the environment variables of a container."""
    configs = of_kind(overlay, "ConfigMap")
    variables: dict[str, str] = {}
    for source in container.get("envFrom", []):
        variables |= configs[source["configMapRef"]["name"]]["data"]
    return variables | {each["name"]: each["value"] for each in container.get("env", [])}


@overlays
def test_every_resource_is_valid(overlay: str) -> None:
    for item in rendered(overlay):
        if item["apiVersion"].split("/")[0] not in OPERATORS:
            kubernetes_validate.validate(item, KUBERNETES, strict=True)


@overlays
@pytest.mark.parametrize(
    "kind",
    ["Deployment", "Service", "ServiceAccount", "HorizontalPodAutoscaler", "PodDisruptionBudget", "NetworkPolicy"],
)
def test_every_component_has_a_resource_of_each_kind(overlay: str, kind: str) -> None:
    assert of_kind(overlay, kind).keys() >= EVERYTHING


@overlays
def test_pods_are_unprivileged_and_read_only(overlay: str) -> None:
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
def test_pods_have_probes_memory_limits_and_are_spread(overlay: str) -> None:
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
def test_services_have_health_probes_and_time_to_drain(overlay: str) -> None:
    for name, spec in SERVICES.items():
        pod = pods(overlay)[name]
        (container,) = pod["containers"]
        if overlay == "prod":
            # Parts that a gRPC probe cannot reach without a certificate.
            assert container["readinessProbe"]["httpGet"] == {"path": "/healthz", "port": "metrics"}
        else:
            assert container["readinessProbe"]["grpc"] == {"port": spec.grpc_port}
        assert container["lifecycle"]["preStop"]["sleep"]["seconds"] + 10 < pod["terminationGracePeriodSeconds"]


@overlays
def test_service_names_resolve_to_all_pods(overlay: str) -> None:
    services = of_kind(overlay, "Service")

    assert {services[name]["spec"]["clusterIP"] for name in SERVICES} == {"None"}


@overlays
def test_pods_get_only_known_variables(overlay: str) -> None:
    configs = of_kind(overlay, "ConfigMap")
    variables = {variable for item in configs.values() for variable in item["data"]}
    for pod in pods(overlay).values():
        variables |= {each["name"] for each in pod["containers"][0].get("env", [])}

    assert variables - known_variables() == set()


@overlays
def test_no_secret_is_in_a_variable(overlay: str) -> None:
    secrets = {name.removesuffix("_FILE") for name in known_variables() if name.endswith("_FILE")} - {
        "CHATLY_REDIS_URL"  # its password is in a separate variable
    }
    for item in of_kind(overlay, "ConfigMap").values():
        assert not item["data"].keys() & secrets
    for pod in pods(overlay).values():
        assert not {each["name"] for each in pod["containers"][0].get("env", [])} & secrets


@overlays
def test_files_named_by_variables_are_in_a_mounted_volume(overlay: str) -> None:
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
@pytest.mark.parametrize("name", [*SERVICES, "edge", "web"])
def test_the_settings_of_no_pod_are_refused_as_unsafe(overlay: str, name: str, tmp_path: Path) -> None:
    variables = environment(overlay, pods(overlay)[name]["containers"][0])
    given = {key: value for item in of_kind(overlay, "Secret").values() for key, value in item["data"].items()}
    for variable, value in variables.items():
        if value.startswith("/run/secrets/"):
            file = tmp_path / value.removeprefix("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(b64decode(given[file.name]) if file.name in given else secrets.token_urlsafe(48).encode())
            variables[variable] = str(file)
    if name in SERVICES:
        refuse_unsafe_service({**variables, "CHATLY_HOST": "0.0.0.0"}, SERVICES[name])
    elif name == "edge":
        refuse_unsafe_edge(load(EdgeSettings, {**variables, "CHATLY_EDGE_HOST": "0.0.0.0"}), variables)
    else:
        refuse_unsafe_web(load(EdgeSettings, variables), variables)


def test_production_allows_nothing_unsafe() -> None:
    for pod in pods("prod").values():
        variables = environment("prod", pod["containers"][0])
        assert not [variable for variable in variables if variable.startswith("CHATLY_ALLOW_")]
        assert variables["CHATLY_TLS_CERT_FILE"] == "/run/secrets/mesh-tls/tls.crt"


def test_in_production_each_component_has_a_certificate_with_its_name() -> None:
    certificates = {item["spec"]["secretName"]: item["spec"] for item in of_kind("prod", "Certificate").values()}
    for name, pod in pods("prod").items():
        (volume,) = [volume for volume in pod["volumes"] if volume["name"] == "mesh-tls"]
        assert certificates[volume["secret"]["secretName"]]["dnsNames"] == [name]


@overlays
def test_network_policies_admit_every_caller_of_a_service(overlay: str) -> None:
    policies = of_kind(overlay, "NetworkPolicy")
    for caller in EVERYTHING:
        for rule in policies[caller]["spec"]["egress"]:
            for peer in rule.get("to", []):
                called = peer["podSelector"]["matchLabels"].get("app.kubernetes.io/name")
                for port in rule["ports"] if called else []:
                    assert caller in _let_in(policies[called], port["port"]), (caller, called, port)


@overlays
def test_network_policies_admit_only_callers_of_a_service(overlay: str) -> None:
    policies = of_kind(overlay, "NetworkPolicy")
    for called, spec in SERVICES.items():
        for caller in _let_in(policies[called], spec.grpc_port):
            assert _may_call(policies[caller], called, spec.grpc_port), (caller, called)


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


def test_the_traces_component_gives_every_pod_the_collector_and_access_to_it(tmp_path: Path) -> None:
    overlay = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [os.path.relpath(K8S / "base", tmp_path)],
        "components": [os.path.relpath(K8S / "components" / "traces", tmp_path)],
    }
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    resources = built(tmp_path)
    by_name = {(item["kind"], item["metadata"]["name"]): item for item in resources}
    variables = {name: item["data"] for (kind, name), item in by_name.items() if kind == "ConfigMap"}
    (addresses,) = (name for name, data in variables.items() if "OTEL_EXPORTER_OTLP_ENDPOINT" in data)
    policy = by_name["NetworkPolicy", "traces"]

    assert variables[addresses].keys() <= known_variables()
    for name in {*SERVICES, "edge"}:
        template = by_name["Deployment", name]["spec"]["template"]
        (container,) = template["spec"]["containers"]
        assert {"configMapRef": {"name": addresses}} in container["envFrom"]
        (who,) = policy["spec"]["podSelector"]["matchExpressions"]
        assert template["metadata"]["labels"][who["key"]] in who["values"]
    for item in resources:
        kubernetes_validate.validate(item, KUBERNETES, strict=True)


def test_production_uses_only_images_with_a_version() -> None:
    assert not [pod for pod in pods("prod").values() if ":" not in pod["containers"][0]["image"]]


def test_production_contains_no_secrets() -> None:
    assert of_kind("prod", "Secret") == {}
    assert of_kind("dev", "Secret")


def test_the_topic_has_the_retention_time_that_the_services_expect() -> None:
    topic = of_kind("prod", "KafkaTopic")["chat-messages"]["spec"]["config"]
    (container,) = pods("prod")["persister"]["containers"]
    expected = retention_config(load(RetentionSettings, environment("prod", container)).time)

    assert {name: str(topic[name]) for name in expected} == expected
