"""Reads files of the service in the language that their names say."""

import ast
import json
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml


def _parse_yaml(text: str) -> list[Any]:
    return list(yaml.load_all(text, Loader=yaml.CSafeLoader))


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


@cache
def _parse(kind: str, content: bytes) -> Any:  # noqa: ANN401  (whatever the file holds)
    return PARSERS[kind](content.decode())


def assert_parses(name: str, content: bytes) -> None:
    """Fail unless the file parses; a file of another kind always does."""
    if is_data(name):
        _parse(Path(name).suffix, content)


def strings(name: str, content: bytes) -> set[str]:
    """Return the strings that a file holds."""
    return set(_leaves(_parse(Path(name).suffix, content)))


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
