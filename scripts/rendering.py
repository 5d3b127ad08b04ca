"""Renders the template in memory, thousands of times faster than Cookiecutter and to the same byte.

What Cookiecutter does with a file depends only on the values that the file names, so each file is
rendered once for each set of them. The tests compare the result with real bakes.
"""

import hashlib
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

from binaryornot.check import is_binary
from cookiecutter.generate import generate_context
from cookiecutter.prompt import prompt_for_config
from cookiecutter.utils import create_env_with_context
from jinja2 import TemplateError

ROOT = Path(__file__).resolve().parent.parent
SERVICE = "{{cookiecutter.project_slug}}"
HOOK = "hooks/post_gen_project.py"
NAMED = re.compile(r"cookiecutter\.(\w+)")
MARKING = re.compile(r"@([a-z_]+)")
# The answers that leave code alone: they change names, images and pipelines only. Every other one
# is about code, and so is one that is added tomorrow.
NOT_ABOUT_CODE = (
    "kubernetes",
    "ci",
    "python_version",
    "license",
)
CODE_FOLDERS = ("src/", "tests/")
sys.path.append(str(ROOT))  # As Cookiecutter does, for cookiecutter_2_7_or_newer.py.

Answers = Mapping[str, str | bool]
Files = Mapping[str, bytes]


def known_files() -> list[Path]:
    """Return the files of the template that git knows or would add: no caches, nothing ignored."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    output = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    paths = [Path(name) for name in output.split("\0") if name]
    return [path for path in paths if (ROOT / path).is_file()]


def choices() -> dict[str, list[str | bool]]:
    """Return the values of each answer of cookiecutter.json that is not a text."""
    questions = json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))
    both: list[str | bool] = [True, False]
    return {
        name: both if isinstance(values, bool) else values
        for name, values in questions.items()
        if not name.startswith("_") and isinstance(values, list | bool)
    }


def code_answers() -> list[str]:
    """Return the answers that are about code."""
    return [name for name in choices() if name not in NOT_ABOUT_CODE]


def combinations() -> Iterator[dict[str, str | bool]]:
    """Yield every combination of answers."""
    values = choices()
    for combination in product(*values.values()):
        yield dict(zip(values, combination, strict=True))


def tree_key(files: Files) -> str:
    """Return a digest of all that a project's tests and checks could see, and of its lock.

    Projects with the same key differ in names, texts, images and pipelines only.
    """
    parts = [f"{name} {_digest(files[name])}" for name in (*code_files(files), "uv.lock")]
    return _digest("\n".join([*parts, _settings(files["pyproject.toml"])]).encode())


def code_files(files: Files) -> list[str]:
    """Return the names of the files that a project's tests may open, beside pyproject.toml."""
    return sorted(name for name in files if name.startswith(CODE_FOLDERS))


@cache
def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@cache
def _settings(pyproject: bytes) -> str:
    """Return what a pyproject.toml says, without names and license; all of it if it is broken."""
    try:
        settings = tomllib.loads(pyproject.decode())
    except tomllib.TOMLDecodeError:
        return pyproject.decode()
    for name in ("name", "description", "authors", "license", "license-files", "classifiers"):
        settings["project"].pop(name, None)
    return json.dumps(settings, sort_keys=True)


class Renderer:
    """Renders the service's files for given answers."""

    def __init__(self, root: Path, files: Iterable[Path]) -> None:
        """Take the template in `root`, which consists of `files`."""
        self._root = root
        self._questions = (root / "cookiecutter.json").read_text(encoding="utf-8")
        self._sources = {
            path.relative_to(SERVICE).as_posix(): _read(root / path)
            for path in files
            if path.parts[0] == SERVICE
        }
        # What a file is depends on the variables that it names, and on the answers in its marks.
        self._seen = {
            name: tuple(NAMED.findall(f"{name} {source!r}")) + tuple(MARKING.findall(name))
            for name, source in self._sources.items()
        }
        self._environment = create_env_with_context({"cookiecutter": self.context({})})
        self._templates = {SERVICE: self._environment.from_string(SERVICE)}
        self._memory: dict[tuple[object, ...], tuple[str | None, bytes]] = {}
        self._hook = self._load_hook()

    def context(self, answers: Answers) -> dict[str, Any]:
        """Return what templates see. Raises FailedHookException for a wrong answer."""
        context = generate_context(
            context_file=str(self._root / "cookiecutter.json"), extra_context=dict(answers)
        )
        return dict(prompt_for_config(context, no_input=True))

    def render(self, answers: Answers) -> Files:
        """Return the service's files by path.

        Raises FailedHookException for a wrong answer, ValueError for a file that is no template.
        """
        return self._rendered(self.context(answers))

    def render_all(self, combinations: Iterable[Answers]) -> Iterator[Files]:
        """Yield the files for each combination of choices, whose texts are the default ones.

        Asking Cookiecutter takes as long as all the rest, so it is asked once: in its questions
        nothing may depend on a choice. Raises ValueError if it does, or for a file that is no
        template.
        """
        if depends := set(NAMED.findall(self._questions)) & set(choices()):
            raise ValueError(f"cookiecutter.json derives something from {', '.join(depends)}")
        default = self.context({})
        return (self._rendered({**default, **answers}) for answers in combinations)

    def _rendered(self, context: dict[str, Any]) -> Files:
        files: dict[str, bytes] = {}
        for name, seen in self._seen.items():
            key = name, *(context.get(variable) for variable in seen)
            if key not in self._memory:
                self._memory[key] = self._file(name, context)
            target, content = self._memory[key]
            if target and ("@" in name or target not in files):
                files[target] = content
        return files

    def _file(self, name: str, context: dict[str, Any]) -> tuple[str | None, bytes]:
        """Return what a file is called in the project, None if it is not in it, and its content."""
        self._hook["ANSWERS"] = context
        parts = [self._hook["resolve"](part) for part in self.text(name, context).split("/")]
        if None in parts:
            return None, b""
        source = self._sources[name]
        try:
            content = source if isinstance(source, bytes) else self.text(source, context).encode()
        except TemplateError as error:
            place = f"{name}, line {getattr(error, 'lineno', '?')}"
            raise ValueError(f"{place}: {error}. It is no Jinja template.") from error
        return "/".join(part for part in parts if part), content

    def _load_hook(self) -> dict[str, Any]:
        hook: dict[str, Any] = {"__name__": "hook"}
        source = (self._root / HOOK).read_text(encoding="utf-8")
        exec(self.text(source, self.context({})), hook)  # noqa: S102
        return hook

    def text(self, template: str, context: dict[str, Any]) -> str:
        """Return `template`, which is no file, rendered."""
        if template not in self._templates:
            self._templates[template] = self._environment.from_string(template)
        return str(self._templates[template].render(cookiecutter=context))


def _read(path: Path) -> str | bytes:
    """Return the text of a file, or the bytes of one that Cookiecutter would only copy."""
    return path.read_bytes() if is_binary(str(path)) else path.read_text(encoding="utf-8")
