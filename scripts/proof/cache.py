"""What holds is remembered, so that an unchanged second run takes seconds."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rendering import ROOT, known_files

from .model import Job, Stage, Verdict


class Cache:
    """Remembers, in a folder, by the digest of all that the result of a job depends on."""

    def __init__(self, folder: Path, *, believed: bool) -> None:
        """Use `folder`; what it holds is only used if it is to be believed."""
        self._folder = folder
        self._believed = believed
        folder.mkdir(parents=True, exist_ok=True)

    def verdict(self, job: Job) -> Verdict | None:
        """Return what came of a job before, if it held."""
        path = self._folder / job.digest
        if not self._believed or not job.digest or not path.is_file():
            return None
        stages = [Stage(**stage) for stage in json.loads(path.read_text(encoding="utf-8"))]
        return Verdict(job, stages, cached=True)

    def remember(self, verdict: Verdict) -> None:
        """Keep what came of a job, if it holds."""
        if verdict.job.digest and verdict.holds:
            text = json.dumps([asdict(stage) for stage in verdict.stages])
            (self._folder / verdict.job.digest).write_text(text, encoding="utf-8")


def digest(parts: Sequence[str | bytes]) -> str:
    """Return a digest of some texts."""
    return hashlib.sha256(json.dumps([str(part) for part in parts]).encode()).hexdigest()


def runner() -> str:
    """Return a digest of all that proves: the scripts, and the packages that they use."""
    files = [path for path in known_files() if path.parts[0] in {"scripts", "uv.lock"}]
    return digest([part for path in files for part in (str(path), (ROOT / path).read_bytes())])
