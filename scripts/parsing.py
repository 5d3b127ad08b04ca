"""Reads files of the service in the language that their names say."""

import ast
import json
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError


def _parse_yaml(text: str) -> list[Any]:
    """Return the documents of a text in YAML 1.2, in which `on` is no boolean.

    A key that is given twice is an error, which other parsers let pass.
    """
    try:
        return list(YAML(typ="safe", pure=True).load_all(text))
    except YAMLError as error:
        raise ValueError(str(error)) from error


PARSERS: dict[str, Callable[[str], Any]] = {
    ".json": json.loads,
    ".py": ast.parse,
    ".toml": tomllib.loads,
    ".lock": tomllib.loads,
    ".yaml": _parse_yaml,
    ".yml": _parse_yaml,
}


def is_data(name: str) -> bool:
    """Return whether a file of this name can be parsed."""
    return Path(name).suffix in PARSERS


def parse(name: str, content: bytes) -> Any:  # noqa: ANN401  (whatever the file holds)
    """Return what a file holds, of YAML a list of documents; None if its kind is not known here.

    Raises ValueError, or SyntaxError for Python, if it does not parse.
    """
    return _parse(Path(name).suffix, content) if is_data(name) else None


@cache
def _parse(kind: str, content: bytes) -> Any:  # noqa: ANN401
    return PARSERS[kind](content.decode())


def strings(name: str, content: bytes) -> set[str]:
    """Return the strings that a file holds. Raises what `parse` raises."""
    return set(_leaves(parse(name, content)))


def _leaves(node: object) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, ast.AST):
        for child in ast.walk(node):
            if isinstance(child, ast.Constant):
                yield from _leaves(child.value)
    elif isinstance(node, dict):
        for child in node.values():
            yield from _leaves(child)
    elif isinstance(node, list):
        for child in node:
            yield from _leaves(child)
