"""Shows what a change of the template does to a service.

    python scripts/diff.py [--ref v1.2] [ANSWER=VALUE ...]

The service is made twice by the `cookiecutter` command: from the template as it was at a tag,
branch or commit, the last tag if none is given, and from the working tree as git knows it. What
differs is printed, all else goes to stderr. Exits 2 with one sentence if there is no such version
or answer.
"""

import json
import signal
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from baking import copy_template, environment
from rendering import ROOT

WORKING_TREE = "the working tree"
SAME, DIFFERENT = 0, 1  # what git exits with
READ_ENOUGH = -signal.SIGPIPE  # and how it ends if its reader has, like `head`


@dataclass(frozen=True)
class Template:
    """The template at one time: how people call that, and a copy of it."""

    version: str
    folder: Path

    def knows(self, answer: str) -> bool:
        """Return whether `ANSWER=VALUE` answers one of its questions; a text is not looked at."""
        name, _, value = answer.partition("=")
        possible = self._questions().get(name)
        if isinstance(possible, bool):
            return value in {"yes", "no"}
        return isinstance(possible, str) or (isinstance(possible, list) and value in possible)

    def unknown(self, answer: str) -> str:
        """Return what it does not know of an answer: its name, or only that value of it."""
        name = answer.partition("=")[0]
        return answer if name in self._questions() else name

    def make(self, answers: Sequence[str]) -> Path:
        """Make the service beside the copy, with the answers that it knows, and return its folder.

        Raises ValueError with what Cookiecutter says if that refuses to.
        """
        output = self.folder.with_name(f"{self.folder.name}-service")
        known = [answer for answer in answers if self.knows(answer)]
        command = [sys.executable, "-m", "cookiecutter", str(self.folder), "--default-config"]
        done = subprocess.run(
            [*command, "--no-input", "-o", str(output), *known],
            cwd=self.folder.parent,  # Python would import the checks from where it starts.
            env=environment(HOME=str(self.folder.parent)),  # It keeps the answers there.
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise ValueError(f"{done.stdout}{done.stderr}".strip())
        return next(output.iterdir())

    def _questions(self) -> dict[str, Any]:
        text = (self.folder / "cookiecutter.json").read_text(encoding="utf-8")
        return {name: value for name, value in json.loads(text).items() if name[0] != "_"}


def git(*arguments: str) -> bytes | None:
    """Return what git prints in the template's folder, None if it refuses."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, check=False, capture_output=True)
    return done.stdout if done.returncode == 0 else None


def last_version() -> str:
    """Return the last tag, HEAD if there is none."""
    return (git("describe", "--tags", "--abbrev=0") or b"HEAD").decode().strip()


def template_at(version: str, folder: Path) -> Template:
    """Copy the template as it was into `folder`. Raises ValueError if there is no such version."""
    commit = git("rev-parse", "--verify", "--quiet", f"{version}^{{commit}}")
    if commit is None:
        raise ValueError(f"There is no tag, branch or commit {version}.")
    folder.mkdir()
    archive = git("archive", commit.decode().strip())
    subprocess.run(["tar", "-xf", "-"], cwd=folder, input=archive, check=True)
    return Template(version, folder)


def template_now(folder: Path) -> Template:
    """Copy the template as it is into `folder`, without what git ignores."""
    copy_template(folder)
    return Template(WORKING_TREE, folder)


def leave_out(answers: Sequence[str], old: Template, new: Template) -> None:
    """Say which answers one of the templates lacks. Raises ValueError for one that both lack."""
    for answer in answers:
        if not old.knows(answer) and not new.knows(answer):
            raise ValueError(
                f"Neither {old.version} nor {new.version} knows the answer {answer}: "
                "README.md has them all."
            )
    for template in (old, new):
        if left := [template.unknown(one) for one in answers if not template.knows(one)]:
            missing = f"There is no answer {', '.join(left)} in {template.version}"
            print(f"{missing}: left out there.", file=sys.stderr)


def show(old: Path, new: Path) -> None:
    """Print what differs between two services, with their own paths, in colour on a terminal.

    Raises ValueError if git cannot tell.
    """
    scratch = old.parent.parent
    old.rename(scratch / "a")
    new.rename(scratch / "b")
    command = ["git", "diff", "--no-index", "--no-ext-diff", "--no-prefix", "a", "b"]
    status = subprocess.run(command, cwd=scratch, check=False).returncode
    if status == SAME:
        print("Nothing differs.", file=sys.stderr)
    elif status not in {DIFFERENT, READ_ENOUGH}:
        raise ValueError(f"git diff ended with {status}.")


def compare(version: str, answers: Sequence[str], scratch: Path) -> None:
    """Print what differs in the service with these answers since a version of the template.

    Raises ValueError with one sentence if there is no such version or answer.
    """
    old, new = template_at(version, scratch / "old"), template_now(scratch / "new")
    leave_out(answers, old, new)
    with ThreadPoolExecutor() as at_once:
        services = list(at_once.map(lambda template: template.make(answers), (old, new)))
    print(f"From {version} to {WORKING_TREE}:", file=sys.stderr, flush=True)
    show(*services)


def main() -> None:
    """Compare what the command line names."""
    parser = ArgumentParser(description="Shows what a change of the template does to a service.")
    parser.add_argument("--ref", default="", help="a tag, branch or commit; else the last tag")
    parser.add_argument("answers", nargs="*", metavar="ANSWER=VALUE")
    given = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as scratch:
            compare(given.ref or last_version(), given.answers, Path(scratch))
    except ValueError as refusal:
        print(refusal, file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
