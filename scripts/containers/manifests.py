"""The manifests of a service, rendered as `kubectl apply -k` would, and questions about them."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

Manifest = dict[str, Any]
OVERLAYS = ("local", "production")


def program(name: str) -> str:
    """Return the path of a command that comes with a package of the group `containers`."""
    return str(Path(sys.executable).with_name(name))


def render(project: Path, overlay: str) -> list[Manifest]:
    """Return the manifests of an overlay. Raises ValueError if it cannot be rendered."""
    command = [program("kubectl"), "kustomize", str(project / "deploy" / overlay)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(done.stderr)
    return list(yaml.safe_load_all(done.stdout))


def of_kind(manifests: list[Manifest], kind: str) -> list[Manifest]:
    """Return the manifests of one kind."""
    return [manifest for manifest in manifests if manifest["kind"] == kind]


def named(manifests: list[Manifest], kind: str) -> dict[str, Manifest]:
    """Return the manifests of one kind by name."""
    return {manifest["metadata"]["name"]: manifest for manifest in of_kind(manifests, kind)}


def pod(deployment: Manifest) -> dict[str, Any]:
    """Return what a Deployment says of its pods."""
    return dict(deployment["spec"]["template"]["spec"])


def containers(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the containers of a pod in the order in which they start."""
    return [*spec.get("initContainers", []), *spec["containers"]]


def variables(manifests: list[Manifest], container: dict[str, Any]) -> dict[str, str]:
    """Return a container's environment. Raises KeyError for a ConfigMap that is not there."""
    maps = named(manifests, "ConfigMap")
    found: dict[str, str] = {}
    for source in container.get("envFrom", []):
        found |= maps[source["configMapRef"]["name"]]["data"]
    return found | {one["name"]: one["value"] for one in container.get("env", [])}


def ports(container: dict[str, Any]) -> dict[str, int]:
    """Return a container's ports by name."""
    return {port["name"]: port["containerPort"] for port in container.get("ports", [])}


def probes(container: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each probe of a container by its field, such as `livenessProbe`."""
    for field in ("startupProbe", "livenessProbe", "readinessProbe"):
        if field in container:
            yield field, container[field]


def secret_items(spec: dict[str, Any]) -> dict[str, tuple[str, bool]]:
    """Return the keys that a pod wants of Secrets: the Secret's name, and whether it must be."""
    return {
        item["key"]: (source["secret"]["name"], not source["secret"].get("optional", False))
        for volume in spec["volumes"]
        for source in volume.get("projected", {}).get("sources", [])
        for item in source["secret"]["items"]
    }
