"""The commands in a text for people, in the order in which one reads them."""

import re
from collections.abc import Iterator
from keyword import iskeyword

from markdown_it import MarkdownIt
from markdown_it.token import Token

MARKDOWN = MarkdownIt("commonmark").enable("table")
# In a sentence or a table, code is a command if it is `make` or has an argument. Methods and paths
# of requests begin otherwise, and so do settings; Python begins with a word of its own.
INLINE_COMMAND = re.compile(r"make|([a-z][a-z0-9_-]*|\.\.\.) .+")
# `... database=postgresql` is the command of the row before it, with one answer more.
AND_SO_ON = "... "
PROMPT = "$ "
REMARK = re.compile(r"\s+# .*")


def commands(text: str) -> list[str]:
    """Return the commands of a Markdown text; a block of them is one.

    Raises ValueError for a block in a language of which nobody knows whether it holds commands.
    """
    found: list[str] = []
    for token in MARKDOWN.parse(text):
        for command in _commands_of(token):
            found.append(_whole(command, found))
    return found


def _whole(command: str, before: list[str]) -> str:
    """Return a command without what it leaves out because the one before it says so."""
    if not command.startswith(AND_SO_ON):
        return command
    return f"{before[-1]} {command.removeprefix(AND_SO_ON)}"


def _commands_of(token: Token) -> Iterator[str]:
    if token.type == "fence" and token.info == "sh":
        yield token.content
    elif token.type == "fence" and token.info == "console":
        yield from _typed(token.content)
    elif token.type in {"fence", "code_block"} and (token.info or token.type == "code_block"):
        raise ValueError(f"what is a block of {token.info or 'nothing'}?")
    for child in token.children or ():
        if child.type == "code_inline" and _is_command(child.content):
            yield child.content


def _is_command(code: str) -> bool:
    return bool(INLINE_COMMAND.fullmatch(code)) and not iskeyword(code.split(maxsplit=1)[0])


def _typed(screen: str) -> Iterator[str]:
    """Yield what was typed at the prompt, without remarks; the rest is what was printed."""
    for line in screen.splitlines():
        if line.startswith(PROMPT):
            yield REMARK.sub("", line.removeprefix(PROMPT))
