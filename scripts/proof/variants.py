"""The variants: all that cookiecutter.json can be answered with, rendered, and which are alike."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from rendering import (
    ROOT,
    Answers,
    Files,
    Renderer,
    choices,
    combinations,
    known_files,
    tree_key,
)


@dataclass(frozen=True)
class Variants:
    """Every combination of answers, and the files that it renders to."""

    answers: Sequence[dict[str, str | bool]]
    files: Sequence[Files]

    @classmethod
    def of(cls, renderer: Renderer) -> "Variants":
        """Render all of them."""
        answers = list(combinations())
        return cls(answers, list(renderer.render_all(answers)))

    def trees(self) -> dict[str, frozenset[int]]:
        """Return the variants whose code is the same, by the key of their tree."""
        return _grouped((number, tree_key(files)) for number, files in enumerate(self.files))

    def smallest(self, numbers: Iterable[int]) -> int:
        """Return the variant that is given the fewest answers, of some."""
        return min(numbers, key=self.size)

    def size(self, number: int) -> tuple[int, int]:
        """Return what the variants are ordered by: the answers that have to be given."""
        return len(given(self.answers[number])), number

    def named(self, numbers: Iterable[int]) -> str:
        """Return the answers of the smallest of some variants, as one types them."""
        return typed(self.answers[self.smallest(numbers)])


@cache
def defaults() -> dict[str, str | bool]:
    """Return the answers of whoever only presses Enter."""
    questions = json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))
    return {
        name: questions[name] if isinstance(questions[name], bool) else values[0]
        for name, values in choices().items()
    }


def given(answers: Answers) -> dict[str, str | bool]:
    """Return the answers that are not the default."""
    return {name: value for name, value in answers.items() if value != defaults()[name]}


def typed(answers: Answers) -> str:
    """Return answers as one types them, without the default ones."""
    return " ".join(f"{name}={word(value)}" for name, value in given(answers).items())


def word(value: str | bool) -> str:
    """Return a value as one types it."""
    return value if isinstance(value, str) else "yes" if value else "no"


def parsed(words: Iterable[str]) -> dict[str, str | bool]:
    """Return all answers of a service for which these were typed.

    Raises ValueError with one sentence if one of them is no answer.
    """
    answers = defaults().copy()
    for given_word in words:
        name, _, value = given_word.partition("=")
        possible = {word(one): one for one in choices().get(name, [])}
        if value not in possible:
            raise ValueError(f"{given_word} is none of: {', '.join(_possible(name))}.")
        answers[name] = possible[value]
    return answers


def _possible(name: str) -> Iterator[str]:
    """Yield what could be typed for an answer; for all of them, if there is no such."""
    known = choices()
    for answer in [name] if name in known else known:
        yield f"{answer}={'|'.join(map(word, known[answer]))}"


def _grouped(keys: Iterable[tuple[int, str]]) -> dict[str, frozenset[int]]:
    groups: Mapping[str, set[int]] = defaultdict(set)
    for number, key in keys:
        groups[key].add(number)
    return {key: frozenset(numbers) for key, numbers in groups.items()}


def differences(made: Files, rendered: Files) -> list[str]:
    """Return the names of the files that are not the same in both."""
    names = sorted(made.keys() | rendered.keys())
    return [name for name in names if made.get(name) != rendered.get(name)]


@cache
def all_variants() -> Variants:
    """Return the variants of this template as it is now, rendered once."""
    return Variants.of(Renderer(ROOT, known_files()))
