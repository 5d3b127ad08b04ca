"""Plants defects in a copy of the template, one at a time: the proof must turn red.

They stand in defects.toml.
"""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from proof import files
from proof.model import ENVIRONMENT, Stage
from proof.processes import measured
from proof.schedule import done
from proof.trees import answers_job
from proof.variants import Variants, parsed
from proof.workshop import COMMANDS, Workshop
from rendering import SERVICE, Renderer

TREE_STAGES = {ENVIRONMENT, "imports", *COMMANDS, "migrations", "suite"}


@dataclass(frozen=True)
class Defect:
    """A defect, and which stage of the proof of which variant has to see it."""

    name: str
    file: str
    stage: str
    answers: str = ""
    old: str = ""
    new: str = ""
    renamed: str = ""
    tests: str = ""
    says: str = ""

    @contextmanager
    def planted(self, template: Path) -> Iterator[None]:
        """Plant it. Raises ValueError if the template has no place for it."""
        path = template / SERVICE / self.file
        before = path.read_text(encoding="utf-8") if path.exists() else None
        target = template / SERVICE / (self.renamed or self.file)
        text = self._changed(before or "")
        path.unlink(missing_ok=True)
        target.write_text(text, encoding="utf-8")
        try:
            yield
        finally:
            target.unlink()
            if before is not None:
                path.write_text(before, encoding="utf-8")

    def _changed(self, text: str) -> str:
        if not self.old:
            return text + self.new
        if text.count(self.old) != 1:
            raise ValueError(f"{self.file} holds this {text.count(self.old)} times: {self.old}")
        return text.replace(self.old, self.new)


@dataclass(frozen=True)
class Garden:
    """Where defects are planted: a copy of the template, and a workshop for its trees."""

    template: Path
    workshop: Workshop
    scratch: Path

    def stage_that_sees(self, defect: Defect) -> str:
        """Plant a defect, and return the stage that has to see it, "" if it does not.

        Raises ValueError if the template has no place for it, or cannot be rendered with it.
        """
        with defect.planted(self.template):
            errors = [stage.error for stage in self._stages(defect) if stage.name == defect.stage]
        return defect.stage if any(error and defect.says in error for error in errors) else ""

    def _stages(self, defect: Defect) -> Iterable[Stage]:
        if defect.stage == "bakes":
            command = [sys.executable, "-m", "proof.sample", "1", "0"]
            return [measured("bakes", command, self.template / "scripts")]
        if defect.stage == "key":
            return answers_job(Variants.of(self._renderer())).run(self.scratch)
        answers = parsed(defect.answers.split())
        made = self._renderer().render(answers)
        if defect.stage in TREE_STAGES:
            return self.workshop.prove(made, {defect.stage}, defect.tests.split())
        jobs = files.jobs(Variants([answers], [made]), "")
        return chain.from_iterable(done(job, self.scratch).stages for job in jobs)

    def _renderer(self) -> Renderer:
        paths = (self.template / SERVICE).rglob("*")
        return Renderer(
            self.template, [path.relative_to(self.template) for path in paths if path.is_file()]
        )
