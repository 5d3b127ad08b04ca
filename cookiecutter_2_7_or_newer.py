"""Checks the answers: a wrong one costs one sentence, right after its question, and writes nothing.

The file's name is the first check. A Cookiecutter that is too old to load it says "No module named
'cookiecutter_2_7_or_newer'". One that loads it and is older than 2.7 would take `example=no` for
true, because there it is a text that is not empty.
"""

import json
import re
import runpy
import sys
import unicodedata
from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
from cookiecutter import __version__
from cookiecutter.exceptions import FailedHookException
from jinja2 import Environment, pass_environment
from jinja2.ext import Extension

if tuple(int(part) for part in __version__.split(".")[:2]) < (2, 7):
    raise FailedHookException(
        f"This template needs Cookiecutter 2.7 or newer, and this is {__version__}: "
        "run it as `uvx cookiecutter`, or upgrade it."
    )

HERE = Path(__file__).resolve().parent
SLUG_LENGTH = 40
SHOWN_LENGTH = 60
SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
JINJA_MARK = re.compile(r"\{[{%#]")
SERVICE = "{{cookiecutter.project_slug}}"
# Control, invisible, private, unassigned and line-separating characters: files that hold them do
# not read back what was typed, or show something else. The two joiners are part of words and emoji.
REFUSED_CATEGORIES = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}
JOINERS = "\u200c\u200d"


def checked_text(text: str, answer: str, longest: int) -> str:
    """Return `text` escaped for a double-quoted string of TOML, YAML, JSON and Python.

    Raises FailedHookException when it is empty, too long, padded or holds what may not be in it.
    """
    if not text.strip() or text != text.strip():
        raise _refusal(answer, text, "must not be empty, nor begin or end with a space")
    if len(text) > longest:
        raise _refusal(answer, text, f"must not be longer than {longest} characters")
    if JINJA_MARK.search(text):
        raise _refusal(answer, text, 'must not hold "{{", "{%" or "{#"')
    for character in text:
        if unicodedata.category(character) in REFUSED_CATEGORIES and character not in JOINERS:
            reason = f"must not hold the character U+{ord(character):04X}"
            raise _refusal(answer, text, f"{reason}, which does not show or ends a line")
    return json.dumps(text, ensure_ascii=False)[1:-1]


def checked_package(slug: str) -> str:
    """Return the import package's name for `slug`, or raise FailedHookException.

    A folder that exists is refused here, as Cookiecutter would do it only after the last question.
    """
    if len(slug) > SLUG_LENGTH or not SLUG.fullmatch(slug):
        reason = (
            f"must be at most {SLUG_LENGTH} lowercase letters, digits and single dashes, "
            'beginning with a letter, like "orders-api"'
        )
        raise _refusal("project_slug", slug, reason)
    package = slug.replace("-", "_")
    if package in (HERE / "reserved_names.txt").read_text(encoding="utf-8").split():
        reason = f'is the name of a module or command it would hide: take "{slug}-service" or so'
        raise _refusal("project_slug", slug, reason)
    output = command_option("output_dir")
    if output and Path(output, slug).exists() and not command_option("overwrite_if_exists"):
        reason = f"already exists in {Path(output).resolve()}: take another one"
        raise _refusal("project_slug", slug, reason)
    return package


@pass_environment
def checked_folder(environment: Environment, context: Mapping[str, Any]) -> str:
    """Return the name of the project's folder, or raise FailedHookException.

    All that generates begins with it, also where no question was asked: what a replay file holds,
    or a program gives, is checked like what was typed, and derived values must be the derived ones.
    """
    if "project_slug" not in context:
        refuse_jinja(SERVICE)  # No folder's name: it was given as the first answer.
    refuse_wrong_values(environment, context)
    return str(context["project_slug"])


def refuse_wrong_values(environment: Environment, context: Mapping[str, Any]) -> None:
    """Raise FailedHookException for a choice that is none, or a derived value that is another."""
    for name, values in _questions().items():
        value = context.get(name)
        if isinstance(values, list) and not name.startswith("_") and value not in values:
            raise _refusal(name, str(value), f"must be one of: {', '.join(values)}")
        if isinstance(values, bool) and not isinstance(value, bool):
            raise _refusal(name, str(value), "must be true or false")
        if isinstance(values, str) and name.startswith("__"):
            derived = environment.from_string(values).render(cookiecutter=context)
            if value != derived:
                raise _refusal(name, str(value), f"is derived, and must be {_shown(derived)}")


def is_generating(source: str) -> bool:
    """Return whether Cookiecutter begins to generate, or to run a hook, with this text.

    It asks with one Jinja environment, generates with a second and runs each hook with another.
    """
    hooks = (HERE / "hooks").glob("*.py")
    return source == SERVICE or source in [hook.read_text(encoding="utf-8") for hook in hooks]


def refuse_jinja(source: str) -> None:
    """Raise FailedHookException if `source` is an answer that Jinja would execute.

    Cookiecutter renders every answer that it does not ask for, and the texts of cookiecutter.json.
    """
    if not JINJA_MARK.search(source):
        return
    own_texts = (HERE / "cookiecutter.json").read_text(encoding="utf-8")
    if json.dumps(source, ensure_ascii=False) not in own_texts:
        raise FailedHookException(
            f'No answer may hold "{{{{", "{{%" or "{{#": {_shown(source)} does.'
        )


def command_option(name: str) -> Any:  # noqa: ANN401  (whatever the option holds)
    """Return what the command line of Cookiecutter gives for an option, or None."""
    command = click.get_current_context(silent=True)
    return command.params.get(name) if command else None


def given_answers() -> list[str]:
    """Return the names of the answers on the command line of Cookiecutter or of `cruft create`.

    Not of `cruft update`, which makes the old version too, where a new answer is not known yet.
    """
    given = command_option("extra_context")
    if isinstance(given, dict):
        return list(given)
    if sys.argv[1:2] != ["create"]:
        return []
    parser = ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--extra-context", type=json.loads, default={})
    return list(parser.parse_known_args()[0].extra_context)


def refuse_unknown_answers() -> None:
    """Raise FailedHookException if the command line gives an answer that nothing asks for.

    A private name is none either: it would replace what is derived from the answers, unchecked.
    """
    answers = [name for name in _questions() if not name.startswith("_")]
    for name in given_answers():
        if name not in answers:
            raise FailedHookException(
                f"There is no answer {_shown(name)}; there are: {', '.join(answers)}."
            )


def marked_files(package: str) -> list[str]:
    """Return the service's files whose path bears a mark, as they are called before the hook."""
    service = HERE / SERVICE
    paths = [path.relative_to(service).as_posix() for path in sorted(service.rglob("*"))]
    return [
        path.replace("{{cookiecutter.__package}}", package)
        for path in paths
        if "@" in path and (service / path).is_file()
    ]


def _questions() -> dict[str, Any]:
    questions: dict[str, Any] = json.loads((HERE / "cookiecutter.json").read_text(encoding="utf-8"))
    return questions


def _refusal(answer: str, value: str, reason: str) -> FailedHookException:
    return FailedHookException(f"{answer} {_shown(value)} {reason}.")


def _shown(value: str) -> str:
    return json.dumps(value if len(value) <= SHOWN_LENGTH else value[:SHOWN_LENGTH] + "...")


FILTERS: dict[str, Callable[..., object]] = {
    "checked_text": checked_text,
    "checked_package": checked_package,
    "checked_folder": checked_folder,
    "command_option": command_option,
    "marked_files": marked_files,
}


class Answers(Extension):
    """Gives cookiecutter.json its filters, and looks at every text before Jinja executes it.

    Updating a service loads two versions of this template in one process, where Python keeps the
    first module it imported. Hence everything is taken from the file as it is now.
    """

    def __init__(self, environment: Environment) -> None:
        """Add the filters. Raises FailedHookException for an unknown answer."""
        super().__init__(environment)
        self._current = runpy.run_path(__file__)
        self._generating: bool | None = None
        environment.filters.update(self._current["FILTERS"])
        self._current["refuse_unknown_answers"]()

    def preprocess(self, source: str, name: str | None, _filename: str | None = None) -> str:
        """Return `source` as it is, except for the project's folder, which is the last check.

        Raises FailedHookException if it is an answer with Jinja in it. Only files have a `name`.
        """
        if self._generating is None:
            self._generating = self._current["is_generating"](source)
            if source == SERVICE:
                return "{{ cookiecutter | checked_folder }}"
        if name is None and not self._generating:
            self._current["refuse_jinja"](source)
        return source
