"""What holds is remembered, so that an unchanged second run takes seconds."""

import hashlib
import json
from dataclasses import asdict
from functools import cache
from pathlib import Path

from rendering import ROOT, Files, known_files

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
        """Keep what came of a job if it holds, else forget what came of it before."""
        if not verdict.job.digest:
            return
        path = self._folder / verdict.job.digest
        path.unlink(missing_ok=True)
        if verdict.holds:
            half_written = path.with_suffix(".new")
            text = json.dumps([asdict(stage) for stage in verdict.stages])
            half_written.write_text(text, encoding="utf-8")
            half_written.replace(path)


def digest(*parts: str | bytes) -> str:
    """Return a digest of some texts, each in its place."""
    each = [part.encode() if isinstance(part, str) else part for part in parts]
    whole = b"".join(hashlib.sha256(part).digest() for part in each)
    return hashlib.sha256(whole).hexdigest()


def of_files(files: Files) -> str:
    """Return a digest of names and contents."""
    return digest(*(part for file in sorted(files.items()) for part in file))


@cache
def runner() -> str:
    """Return a digest of all that proves: the scripts, and the packages that they use."""
    paths = [path for path in known_files() if path.parts[0] in {"scripts", "uv.lock"}]
    return of_files({path.as_posix(): (ROOT / path).read_bytes() for path in paths})
