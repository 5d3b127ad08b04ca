"""The image, compose file and manifests of every service fit the code, each other and Kubernetes.

Nothing is started here: `make containers` does that. Each distinct content is looked at once.
"""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from baking import environment
from conftest import Every
from containers.manifests import (
    OVERLAYS,
    Manifest,
    containers,
    named,
    of_kind,
    pod,
    ports,
    probes,
    render,
    secret_items,
    variables,
)
from reading import commands
from rendering import Files

KUBERNETES = ("1.35", "1.37")  # The oldest that is supported, and the newest.
NAME = "orders-api"
PACKAGE = "src/orders_api"
SETTINGS = (f"{PACKAGE}/settings.py", f"{PACKAGE}/core/")  # What loading them runs.
SEEN = ("Dockerfile", ".dockerignore", "compose.yaml", "deploy/", f"{PACKAGE}/cli.py", *SETTINGS)
# What other programs look at; the tests read the rest from memory.
ON_DISK = ("deploy/", f"{PACKAGE}/__init__.py", *SETTINGS)
READ: dict[object, tuple[list[str], dict[str, Any]]] = {}
SECRETS = {
    "APP_AUTH__SIGNING_KEY": "of a service that is only looked at",
    "APP_DATABASE__URL": "postgresql+asyncpg://app:a-good-password@database.example.com:5432/app",
}
CONNECTIONS = 97  # What PostgreSQL gives to others than superusers by default.
RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
RESOURCES = {"cpu", "memory", "ephemeral-storage"}
LIMITS = {"requests": RESOURCES, "limits": RESOURCES}
LOADED = """
import json
from orders_api.settings import load_settings, setting_names
print(json.dumps([list(setting_names()), load_settings().model_dump(mode="json")]))
"""


@dataclass(frozen=True)
class Service:
    """A rendered service on disk."""

    path: Path
    files: Files

    def read(self, name: str) -> str:
        """Return a file's text."""
        return self.files[name].decode()

    @property
    def database(self) -> str:
        """Which database it uses."""
        return "sqlite" if "aiosqlite" in self.read("pyproject.toml") else "postgresql"

    @cached_property
    def manifests(self) -> dict[str, list[Manifest]]:
        """The manifests of each overlay."""
        if "deploy/README.md" not in self.files:
            return {}
        return {overlay: render(self.path, overlay) for overlay in OVERLAYS}

    @property
    def image_variables(self) -> dict[str, str]:
        """The environment that the image sets."""
        return dict(re.findall(r"(APP_\w+)=(\S+)", self.read("Dockerfile")))

    @cached_property
    def compose(self) -> dict[str, Any]:
        """The compose file, with its anchors resolved."""
        return dict(yaml.safe_load(self.read("compose.yaml")))

    def settings(self, **given: str) -> tuple[list[str], dict[str, Any]]:
        """Return the names of all settings, and their values in an environment."""
        key = contents(self.files, SETTINGS), tuple(sorted(given.items()))
        if key not in READ:
            READ[key] = self._read_settings(given)
        return READ[key]

    def _read_settings(self, given: dict[str, str]) -> tuple[list[str], dict[str, Any]]:
        done = subprocess.run(
            [sys.executable, "-c", LOADED],
            cwd=self.path / "src",
            env=environment(PYTHONPATH=".", PYTHONDONTWRITEBYTECODE="1", **given),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        names, values = json.loads(done.stdout)
        return names, values

    def serving(self) -> Iterator[tuple[list[Manifest], dict[str, Any], dict[str, Any]]]:
        """Yield, for each overlay, its manifests, the service's Deployment and its pod."""
        for manifests in self.manifests.values():
            deployment = named(manifests, "Deployment")[NAME]
            yield manifests, deployment, pod(deployment)


def contents(files: Files, names: tuple[str, ...]) -> tuple[bytes, ...]:
    """Return what stands in the files whose names begin so."""
    return tuple(content for name, content in sorted(files.items()) if name.startswith(names))


@pytest.fixture(scope="module")
def services(every: Every, tmp_path_factory: pytest.TempPathFactory) -> list[Service]:
    """Return a service for each content that differs."""
    made = []
    for files in {contents(files, SEEN): files for _, files in every}.values():
        folder = tmp_path_factory.mktemp("service")
        for name, content in files.items():
            if not name.startswith(ON_DISK):
                continue
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        made.append(Service(folder, files))
    return made


@pytest.fixture(scope="module")
def deployed(services: list[Service]) -> list[Service]:
    """Return a service for each set of manifests that differs."""

    def manifests(service: Service) -> tuple[bytes, ...]:
        return tuple(content for name, content in service.files.items() if "deploy/" in name)

    return list({manifests(service): service for service in services if service.manifests}.values())


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def service(deployed: list[Service], request: pytest.FixtureRequest) -> Service:
    """Return the service with manifests for each database in turn."""
    (found,) = (service for service in deployed if service.database == request.param)
    return found


def test_manifests_differ_by_database_only(deployed: list[Service]) -> None:
    assert sorted(service.database for service in deployed) == ["postgresql", "sqlite"]


@pytest.mark.parametrize("version", KUBERNETES)
def test_manifests_are_valid(service: Service, version: str) -> None:
    for manifests in service.manifests.values():
        for manifest in manifests:
            kubernetes_validate.validate(manifest, version, strict=True)


def labels_of(spec: dict[str, Any]) -> dict[str, str]:
    """Return the labels of a Deployment's pods."""
    return dict(spec["spec"]["template"]["metadata"]["labels"])


def mebibytes(quantity: str) -> int:
    """Return a quantity of Kubernetes such as 64Mi or 1Gi."""
    return int(quantity[:-2]) * {"Mi": 1, "Gi": 1024}[quantity[-2:]]


def test_whatever_selects_pods_finds_some(service: Service) -> None:
    for manifests in service.manifests.values():
        deployments = of_kind(manifests, "Deployment")
        for manifest in manifests:
            spec = manifest.get("spec", {})
            selector = spec.get("podSelector") or spec.get("selector")
            if selector:
                wanted = selector.get("matchLabels", selector)
                assert any(wanted.items() <= labels_of(one).items() for one in deployments)
        for deployment in deployments:
            for spread in pod(deployment).get("topologySpreadConstraints", []):
                assert spread["labelSelector"]["matchLabels"] == labels_of(deployment)


def test_whatever_is_referred_to_is_there(service: Service) -> None:
    for manifests, _, spec in service.serving():
        deployments = named(manifests, "Deployment")
        assert spec["serviceAccountName"] in named(manifests, "ServiceAccount")
        for scaler in of_kind(manifests, "HorizontalPodAutoscaler"):
            assert scaler["spec"]["scaleTargetRef"]["name"] in deployments
        for deployment in deployments.values():
            used = pod(deployment)
            volumes = {volume["name"]: volume for volume in used["volumes"]}
            mounted = {mount["name"] for one in containers(used) for mount in one["volumeMounts"]}
            assert mounted == volumes.keys()
            for volume in volumes.values():
                claim = volume.get("persistentVolumeClaim", {}).get("claimName")
                assert not claim or claim in named(manifests, "PersistentVolumeClaim")
            for one in containers(used):
                assert variables(manifests, one)  # Raises if a ConfigMap is missing.


def test_the_way_in_leads_to_the_port_that_is_served(service: Service) -> None:
    for manifests, deployment, spec in service.serving():
        (api,) = spec["containers"]
        given = service.image_variables | variables(manifests, api)
        assert ports(api) == {"http": int(given["APP_SERVER__PORT"])}
        assert given["APP_SERVER__HOST"] == "0.0.0.0"  # noqa: S104 - in a pod of its own
        way_in = named(manifests, "Service")[NAME]["spec"]
        (port,) = way_in["ports"]
        assert port["targetPort"] in ports(api)
        assert way_in["selector"] == labels_of(deployment)
        (policy,) = of_kind(manifests, "NetworkPolicy")
        assert policy["spec"]["ingress"][0]["ports"][0]["port"] == ports(api)["http"]
        for ingress in of_kind(manifests, "Ingress"):
            for rule in ingress["spec"]["rules"]:
                for path in rule["http"]["paths"]:
                    backend = path["backend"]["service"]
                    assert (backend["name"], backend["port"]["name"]) == (NAME, port["name"])


def test_nobody_outside_is_led_to_the_probes(service: Service) -> None:
    (ingress,) = of_kind(service.manifests["production"], "Ingress")
    paths = [path["path"] for rule in ingress["spec"]["rules"] for path in rule["http"]["paths"]]
    assert paths
    assert not any("/health/ready".startswith(path) for path in paths)


def test_the_network_names_who_comes_in_and_where_the_database_is(service: Service) -> None:
    for overlay, manifests in service.manifests.items():
        (policy,) = of_kind(manifests, "NetworkPolicy")
        (way_in,) = policy["spec"]["ingress"]
        assert {"podSelector": {}} in way_in["from"]
        assert any("namespaceSelector" in peer for peer in way_in["from"]) == (
            overlay == "production"
        )
        ways_out = {rule["ports"][0]["port"]: rule for rule in policy["spec"]["egress"]}
        assert set(ways_out) == ({53, 5432} if service.database == "postgresql" else set())
        for peer in ways_out.get(5432, {"to": []})["to"]:
            wanted = peer.get("podSelector", {}).get("matchLabels", {})
            found = [labels_of(one) for one in of_kind(manifests, "Deployment")]
            assert "ipBlock" in peer or any(wanted.items() <= labels.items() for labels in found)


def test_the_database_that_pods_are_told_is_one_that_they_reach(service: Service) -> None:
    manifests = service.manifests["local"]
    for one in containers(pod(named(manifests, "Deployment")[NAME])):
        url = variables(manifests, one)["APP_DATABASE__URL"]
        if service.database == "postgresql":
            host, _, port = url.partition("@")[2].partition("/")[0].partition(":")
            (served,) = named(manifests, "Service")[host]["spec"]["ports"]
            assert served["port"] == int(port) == 5432


def test_pods_may_write_what_their_volumes_hold(service: Service) -> None:
    for manifests in service.manifests.values():
        for spec in map(pod, of_kind(manifests, "Deployment")):
            sizes = [volume.get("emptyDir", {}).get("sizeLimit") for volume in spec["volumes"]]
            for one in containers(spec):
                most = mebibytes(one["resources"]["limits"]["ephemeral-storage"])
                assert sum(map(mebibytes, filter(None, sizes))) < most
                assert mebibytes(one["resources"]["requests"]["ephemeral-storage"]) <= most


def test_every_base_image_is_one_that_dependabot_sees(services: list[Service]) -> None:
    """Dependabot looks at an image that is written out, and not at one in a variable."""
    for service in services:
        images = re.findall(r"(?m)^FROM (\S+)", service.read("Dockerfile"))
        assert len(images) == 3
        assert all(re.fullmatch(r"[\w./-]+:[\w.-]+", image) for image in images)
        dependabot = yaml.safe_load(service.files.get(".github/dependabot.yml", b"updates: []"))
        ecosystems = {update["package-ecosystem"] for update in dependabot["updates"]}
        assert not ecosystems or "docker" in ecosystems


def test_every_variable_is_a_setting_and_production_accepts_them(
    service: Service, tmp_path: Path
) -> None:
    """The service's own code reads what its pods are given."""
    for overlay, manifests in service.manifests.items():
        spec = pod(named(manifests, "Deployment")[NAME])
        secrets = tmp_path / overlay
        secrets.mkdir()
        for key, (_, required) in secret_items(spec).items():
            if required:
                (secrets / key).write_text(SECRETS[key])
        for one in containers(spec):
            given = service.image_variables | variables(manifests, one)
            mounts = {mount["name"]: mount["mountPath"] for mount in one["volumeMounts"]}
            assert mounts.get("secrets") == given.get("APP_SECRETS_DIR")
            if "APP_SECRETS_DIR" in given:
                given["APP_SECRETS_DIR"] = str(secrets)
            names, values = service.settings(**given)
            assert secret_items(spec).keys() | given.keys() <= {*names, "APP_SECRETS_DIR"}
            assert values["environment"] == overlay


def test_a_secret_is_referred_to_and_told_how_to_make(service: Service) -> None:
    text = service.read("deploy/README.md")
    (told,) = (command for command in commands(text) if "create secret generic" in command)
    for manifests, _, spec in service.serving():
        assert not of_kind(manifests, "Secret")
        for config in of_kind(manifests, "ConfigMap"):
            assert config["data"].keys().isdisjoint(secret_items(spec))
        for key, (secret, required) in secret_items(spec).items():
            assert f"generic {secret} " in told
            assert (f"{key}=" in told) == required


def test_the_names_that_the_service_answers_to_are_those_it_is_called_by(service: Service) -> None:
    manifests = service.manifests["production"]
    (api,) = pod(named(manifests, "Deployment")[NAME])["containers"]
    trusted = json.loads(variables(manifests, api)["APP_SERVER__TRUSTED_HOSTS"])
    (ingress,) = of_kind(manifests, "Ingress")
    called = {rule["host"] for rule in ingress["spec"]["rules"]}
    assert {*ingress["spec"]["tls"][0]["hosts"]} == called
    assert {*called, NAME} == {*trusted}
    (header,) = api["readinessProbe"]["httpGet"]["httpHeaders"]
    assert (header["name"], header["value"]) == ("Host", NAME)


def test_every_probe_asks_for_a_path_and_port_that_are_served(service: Service) -> None:
    router = service.read(f"{PACKAGE}/features/health/router.py")
    served = {f"/health{path}" for path in re.findall(r'router\.get\("([^"]+)"', router)}
    for _, _, spec in service.serving():
        (api,) = spec["containers"]
        asked = {field: probe["httpGet"] for field, probe in probes(api)}
        assert len(asked) == 3
        assert all(get["port"] in ports(api) for get in asked.values())
        assert {get["path"] for get in asked.values()} == served
        assert asked["livenessProbe"]["path"] == "/health/live"
        assert asked["readinessProbe"]["path"] == "/health/ready"


def test_every_command_exists(services: list[Service]) -> None:
    for service in services:
        scripts = tomllib.loads(service.read("pyproject.toml"))["project"]["scripts"]
        cli = service.read(f"{PACKAGE}/cli.py")
        in_pods = [one.get("args") for _, _, spec in service.serving() for one in containers(spec)]
        in_compose = [one.get("command") for one in service.compose["services"].values()]
        image = json.loads(re.findall(r"(?m)^CMD (.+)", service.read("Dockerfile"))[-1])
        for command in filter(None, [image, *in_pods, *in_compose]):
            program, name = command
            assert program in scripts
            assert re.search(rf'(?:cli\.command\("{name}"\)|cli\.command\(\)\ndef {name}\()', cli)


def test_every_image_is_built_here_or_pinned_alike_everywhere(service: Service) -> None:
    own = service.compose["x-service"]["image"]
    version = tomllib.loads(service.read("pyproject.toml"))["project"]["version"]
    assert f"ARG VERSION={version}\n" in service.read("Dockerfile")
    others = {one["image"] for one in service.compose["services"].values()} - {own}
    tags = {"local": "local", "production": version}
    for overlay, manifests in service.manifests.items():
        for deployment in of_kind(manifests, "Deployment"):
            for one in containers(pod(deployment)):
                image, _, tag = one["image"].rpartition(":")
                assert one["image"] in others or (image.split("/")[-1], tag) == (own, tags[overlay])


def test_pods_may_do_nothing_that_they_need_not(service: Service) -> None:
    for manifests in service.manifests.values():
        for spec in map(pod, of_kind(manifests, "Deployment")):
            assert not spec["automountServiceAccountToken"]
            assert not spec["enableServiceLinks"]
            user = spec["securityContext"]
            assert user["runAsNonRoot"]
            assert user["runAsUser"] > 0
            assert user["seccompProfile"] == {"type": "RuntimeDefault"}
            for one in containers(spec):
                assert one["securityContext"] == RESTRICTED
                assert {kind: set(limit) for kind, limit in one["resources"].items()} == LIMITS
                assert not one.get("ports") or {"startupProbe", "readinessProbe"} <= one.keys()


def test_the_user_is_the_image_s(service: Service) -> None:
    (user,) = re.findall(r"(?m)^USER (\d+):\1$", service.read("Dockerfile"))
    for _, _, spec in service.serving():
        ids = [spec["securityContext"][name] for name in ("runAsUser", "runAsGroup", "fsGroup")]
        assert ids == [int(user)] * 3


def test_the_end_has_one_length_everywhere(services: list[Service]) -> None:
    for service in services:
        api = service.compose["services"]["api"]
        _, in_compose = service.settings(**api["environment"])
        assert api["stop_grace_period"] == f"{in_compose['server']['grace_period']}s"
        for manifests, _, spec in service.serving():
            given = variables(manifests, spec["containers"][0])
            assert spec["terminationGracePeriodSeconds"] == int(given["APP_SERVER__GRACE_PERIOD"])
            assert "lifecycle" not in spec["containers"][0]  # `serve` drains by itself.
            # An endpoint is gone once the pod ends; all nodes know it some seconds later.
            assert int(given["APP_SERVER__DRAIN_SECONDS"]) >= 5


def test_a_database_that_is_a_file_has_one_process(deployed: list[Service]) -> None:
    (service,) = (service for service in deployed if service.database == "sqlite")
    for manifests, deployment, spec in service.serving():
        assert deployment["spec"]["replicas"] == 1
        assert deployment["spec"]["strategy"] == {"type": "Recreate"}
        assert not of_kind(manifests, "HorizontalPodAutoscaler")
        assert not of_kind(manifests, "PodDisruptionBudget")
        (claim,) = of_kind(manifests, "PersistentVolumeClaim")
        assert claim["spec"]["accessModes"] == ["ReadWriteOnce"]
        for one in containers(spec):
            mounts = {mount["name"]: mount["mountPath"] for mount in one["volumeMounts"]}
            url = variables(manifests, one)["APP_DATABASE__URL"]
            assert Path(url.removeprefix("sqlite+aiosqlite:///")).parent == Path(mounts["var"])


def test_replicas_and_their_connections_are_counted(deployed: list[Service]) -> None:
    (service,) = (service for service in deployed if service.database == "postgresql")
    manifests = service.manifests["production"]
    spec = named(manifests, "Deployment")[NAME]["spec"]
    scaling = named(manifests, "HorizontalPodAutoscaler")[NAME]["spec"]
    update = spec["strategy"]["rollingUpdate"]
    assert "replicas" not in spec
    assert scaling["minReplicas"] >= 2
    assert update["maxUnavailable"] == 0
    assert named(manifests, "PodDisruptionBudget")[NAME]["spec"]["maxUnavailable"] == 1
    (api,) = pod(named(manifests, "Deployment")[NAME])["containers"]
    pool_sizes = {
        key: value for key, value in variables(manifests, api).items() if "POOL_SIZE" in key
    }
    _, values = service.settings(**pool_sizes)
    pools = values["database"]["read_pool_size"] + values["database"]["write_pool_size"]
    probe = 1
    ending = 2  # Kubernetes does not count them, and they keep their pools for the grace period.
    most = scaling["maxReplicas"] + update["maxSurge"] + ending
    assert most * (pools + probe) <= CONNECTIONS


def test_what_compose_files_set_is_a_setting(services: list[Service]) -> None:
    for service in {service.files["compose.yaml"]: service for service in services}.values():
        for name, one in service.compose["services"].items():
            assert {"read_only", "cap_drop"} <= one.keys() or one["image"].startswith("postgres:")
            for needed in one.get("depends_on", {}):
                assert needed in service.compose["services"], name
            volumes = [volume.split(":")[0] for volume in one["volumes"]]
            assert service.compose["volumes"].keys() >= set(volumes)
            given = {key: value for key, value in one["environment"].items() if key[:4] == "APP_"}
            names, _ = service.settings(**given)
            assert given.keys() <= set(names)


def test_an_image_is_made_of_what_it_needs_and_of_nothing_else(services: list[Service]) -> None:
    for service in services:
        allowed = [
            line[1:] for line in service.read(".dockerignore").splitlines() if line[0] == "!"
        ]
        for name in allowed:
            assert any(file == name or file.startswith(f"{name}/") for file in service.files)
        for name in ("deploy", "tests", ".git", ".env", "compose.yaml"):
            assert name not in allowed
