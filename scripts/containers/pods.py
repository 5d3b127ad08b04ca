"""The pods of a service's manifests, run by podman, with every probe asked.

Podman knows fewer kinds of volumes than Kubernetes and reads no Secrets: so empty folders, claims
and secrets are folders of this machine here, laid out and owned as a node would do it. All the rest
of a pod is the manifest's own: images, commands, variables, users, rights, limits.
"""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import yaml

from containers.checks import Checks
from containers.images import settings
from containers.manifests import (
    OVERLAYS,
    Manifest,
    containers,
    of_kind,
    pod,
    ports,
    probes,
    render,
    secret_items,
    variables,
)
from containers.podman import build, facts, podman, print_log, run, state, wait_for

LEFT_OUT = ("serviceAccountName", "topologySpreadConstraints")


@dataclass(frozen=True)
class Node:
    """What stands for a node of Kubernetes: where its volumes are, and what its Secrets hold."""

    folder: Path
    secrets: dict[str, str]

    def volume(self, name: str, group: int) -> Path:
        """Return a folder that a pod's group may write; it is kept until the end."""
        path = self.folder / name
        path.mkdir(parents=True, exist_ok=True)
        os.chown(path, -1, group)
        path.chmod(0o2770)
        return path

    def secret(self, spec: dict[str, Any], name: str, group: int) -> Path:
        """Return a folder with the keys that a pod asks for, linked as Kubernetes does it."""
        path = self.folder / name
        shutil.rmtree(path, ignore_errors=True)
        data = path / "..2026_01_01"
        data.mkdir(parents=True)
        (path / "..data").symlink_to(data.name)
        for key, (_, required) in secret_items(spec).items():
            if required or key in self.secrets:
                (data / key).write_text(self.secrets[key])
                os.chown(data / key, 0, group)
                (data / key).chmod(0o440)
                (path / key).symlink_to(f"..data/{key}")
        return path


def playable(
    manifests: list[Manifest], deployment: Manifest, node: Node, hosts: dict[str, str]
) -> Manifest:
    """Return a Deployment's pod in the words that podman knows."""
    name = deployment["metadata"]["name"]
    spec = deepcopy(pod(deployment))
    group = spec["securityContext"]["fsGroup"]
    for field in LEFT_OUT:
        spec.pop(field, None)
    spec["restartPolicy"] = "Never"  # A crash must show.
    spec["hostAliases"] = [{"ip": ip, "hostnames": [host]} for host, ip in hosts.items()]
    for volume in spec["volumes"]:
        where = f"{name}-{volume['name']}"
        secret = "projected" in volume
        path = node.secret(spec, where, group) if secret else node.volume(where, group)
        for kind in set(volume) - {"name"}:
            del volume[kind]
        volume["hostPath"] = {"path": str(path), "type": "Directory"}
    for one in containers(spec):
        given = variables(manifests, one)
        one["env"] = [{"name": key, "value": value} for key, value in given.items()]
        one.pop("envFrom", None)
        one.pop("ports", None)  # Podman would take the same port of this machine.
        for field, _ in list(probes(one)):
            del one[field]
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    metadata = {"name": f"proof-{name}", "labels": labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


@contextmanager
def played(pod: Manifest, folder: Path) -> Iterator[str]:
    """Run a pod and give its address; the logs of its containers are shown if something fails."""
    file = folder / "pod.yaml"
    file.write_text(yaml.safe_dump(pod))
    name = pod["metadata"]["name"]
    try:
        podman("kube", "play", "--replace", "--network=podman", str(file))
        infra = podman("pod", "inspect", name, "--format={{.InfraContainerID}}")
        yield state(infra)["NetworkSettings"]["Networks"]["podman"]["IPAddress"]
    except BaseException:
        for one in containers(pod["spec"]):
            print_log(f"{name}-{one['name']}")
        raise
    finally:
        podman("pod", "rm", "--ignore", "--force", "--time=0", name)


def passes(probe: dict[str, Any], container: dict[str, Any], name: str, address: str) -> bool:
    """Return whether a probe is content."""
    if "exec" in probe:
        podman("exec", name, *probe["exec"]["command"])
        return True
    get = probe["httpGet"]
    headers = {header["name"]: header["value"] for header in get.get("httpHeaders", [])}
    url = f"http://{address}:{ports(container)[get['port']]}{get['path']}"
    seconds = probe.get("timeoutSeconds", 1)
    try:
        return httpx.get(url, headers=headers, timeout=seconds, trust_env=False).is_success
    except httpx.TransportError as error:
        raise OSError(error) from error


@dataclass(frozen=True)
class Rollout:
    """An overlay of a service on such a node."""

    checks: Checks
    name: str
    manifests: list[Manifest]
    node: Node

    def check(self) -> None:
        """Run its pods: a database first, if it brings one, then the service, twice."""
        *others, api = sorted(of_kind(self.manifests, "Deployment"), key=_is_service)
        with ExitStack() as stack:
            hosts: dict[str, str] = {}
            for other in others:
                pod = playable(self.manifests, other, self.node, {})
                address = stack.enter_context(played(pod, self.node.folder))
                hosts[other["metadata"]["name"]] = address
                self._check_probes("its database", other, address)
            for what in ("it migrates and serves", "again, on the same data"):
                pod = playable(self.manifests, api, self.node, hosts)
                with played(pod, self.node.folder) as address:
                    self._check_probes(what, api, address)
                    self._check_end(what, api)

    def _check_probes(self, what: str, deployment: Manifest, address: str) -> None:
        spec = pod(deployment)
        (container,) = spec["containers"]
        running = _running(deployment)
        with self.checks(f"{self.name}: {what}: every probe is content") as said:
            begun = time.monotonic()
            for field, probe in probes(container):
                wait_for(partial(passes, probe, container, running, address))
                said.append(field.removesuffix("Probe"))
            said.append(f"after {time.monotonic() - begun:.1f} s")
            process = facts(running)
            assert process["Uid"].split()[0] == str(spec["securityContext"]["runAsUser"])
            assert int(process["CapEff"], 16) == 0

    def _check_end(self, what: str, deployment: Manifest) -> None:
        running, grace = _running(deployment), pod(deployment)["terminationGracePeriodSeconds"]
        with self.checks(f"{self.name}: {what}: it ends within its grace period") as said:
            begun = time.monotonic()
            podman("kill", "--signal=TERM", running)
            code = run("podman", "wait", running, timeout=grace)
            said.append(f"exit {code} after {time.monotonic() - begun:.1f} of {grace} s")
            assert code == "0"


def _is_service(deployment: Manifest) -> bool:
    return "initContainers" in pod(deployment)


def _running(deployment: Manifest) -> str:
    """Return what podman calls the container of a pod that goes on."""
    return f"proof-{deployment['metadata']['name']}-{pod(deployment)['containers'][0]['name']}"


def check_pods(checks: Checks, folder: Path, project: Path, tag: str, server: str) -> None:
    """Run the pods of each overlay of a service; `server` is PostgreSQL's address, or ""."""
    build(project, tag)
    database = "postgresql" if server else "sqlite"
    for overlay in OVERLAYS:
        manifests = render(project, overlay)
        for deployment in filter(_is_service, of_kind(manifests, "Deployment")):
            podman("tag", tag, pod(deployment)["containers"][0]["image"])
        node = Node(folder / f"{database}-{overlay}", settings(server))
        Rollout(checks, f"pods {database} {overlay}", manifests, node).check()
