"""What somebody sees who answers the questions in a terminal."""

import io
import json
import re
import signal
import sys
from dataclasses import dataclass

import pexpect
import pytest
from baking import contents, environment
from project import Command

COLORS = re.compile(r"\x1b\[[\d;]*m")
PROMPT = r"\)(?:\x1b\[[\d;]*m)*: "
QUESTIONS = 10

ALL_DEFAULTS = """\
  [1/10] What is the service called, for people (Orders API):
  [2/10] Its short name, for folder, image and command (orders-api):
  [3/10] Which database will it use
    1 - SQLite: a file, nothing to install
    2 - PostgreSQL
    Choose from [1/2] (1):
  [4/10] Include manifests for Kubernetes [y/n] (y):
  [5/10] Where will its pipeline run
    1 - GitHub Actions
    2 - GitLab CI
    3 - nowhere yet
    Choose from [1/2/3] (1):
  [6/10] Include the sample feature 'items' [y/n] (y):
  [7/10] Which Python do its image and pipeline use
    1 - 3.13
    2 - 3.14
    3 - 3.12
    4 - 3.11
    Choose from [1/2/3/4] (1):
  [8/10] Which license does it have
    1 - Proprietary
    2 - MIT
    3 - Apache-2.0
    4 - BSD-3-Clause
    Choose from [1/2/3/4] (1):
  [9/10] What does it do, in one sentence (The Orders API service.):
  [10/10] Who writes it (The Orders API team):

Made {folder}
with database=sqlite kubernetes=yes ci=github example=yes python_version=3.13
license=Proprietary
deploy/ runs one replica: SQLite is a file on one disk.

Next:
  cd orders-api
  uv run orders-api dev
  uv run pytest
  git init && git add -A && git commit -m "Start from fastapi-template v{version}"
"""


@dataclass(frozen=True)
class Dialogue:
    """What stood on the screen when the command ended, and how it ended."""

    screen: str
    status: int | None


def answer(command: Command, *typed: str, columns: int = 80) -> Dialogue:
    """Run `cookiecutter` in a terminal and type at its prompts."""
    terminal, screen = start(command, columns)
    for text in typed:
        terminal.expect(PROMPT)
        terminal.sendline(text)
    terminal.expect(pexpect.EOF)
    return ended(terminal, screen)


def heed_interrupts() -> None:
    """Do not inherit that they are ignored, as they are where tests run in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def start(command: Command, columns: int = 80) -> "tuple[pexpect.spawn[str], io.StringIO]":
    """Start `cookiecutter` in a terminal, in the folder it writes to."""
    terminal = pexpect.spawn(
        sys.executable,
        ["-m", "cookiecutter", str(command.template)],
        cwd=str(command.output),
        env=environment(HOME=str(command.folder / "home"), TERM="xterm-256color"),
        dimensions=(24, columns),
        encoding="utf-8",
        timeout=30,
        preexec_fn=heed_interrupts,
    )
    terminal.logfile_read = screen = io.StringIO()
    return terminal, screen


def ended(terminal: "pexpect.spawn[str]", screen: io.StringIO) -> Dialogue:
    """Return what stood on a terminal whose command has ended."""
    terminal.close()
    lines = COLORS.sub("", screen.getvalue()).splitlines()
    return Dialogue("".join(f"{line.rstrip()}\n" for line in lines), terminal.exitstatus)


@pytest.mark.parametrize("columns", [80, 120])
def test_enter_enter_enter(command: Command, columns: int) -> None:
    dialogue = answer(command, *[""] * QUESTIONS, columns=columns)
    folder = command.output / "orders-api"
    questions = json.loads((command.template / "cookiecutter.json").read_text("utf-8"))
    version = questions["_template_version"]
    assert dialogue.screen == ALL_DEFAULTS.format(folder=folder, version=version)
    assert dialogue.status == 0
    assert (folder / "src" / "orders_api" / "app.py").is_file()


def test_what_is_typed_is_what_is_made(command: Command) -> None:
    dialogue = answer(
        command, "Café [bold]", "", "2", "n", "3", "n", "4", "2", 'It "sells" coffee.', "Ada"
    )
    assert dialogue.status == 0
    project = command.output / "cafe-bold"
    assert (
        f"Made {project}\n"
        "with database=postgresql kubernetes=no ci=none example=no python_version=3.11\n"
        "license=MIT\n\n"
        "Next:\n  cd cafe-bold\n  make db\n  uv run cafe-bold dev\n"
    ) in dialogue.screen
    assert 'description = "It \\"sells\\" coffee."' in (project / "pyproject.toml").read_text()
    assert "(The Café [bold] team): Ada\n" in dialogue.screen


def test_a_wrong_text_ends_in_one_sentence_and_nothing_is_written(command: Command) -> None:
    dialogue = answer(command, "Orders API", "Orders")
    assert dialogue.status == 1
    assert dialogue.screen.endswith(
        'project_slug "Orders" must be at most 40 lowercase letters, digits and single dashes, '
        'beginning with a letter, like "orders-api".\n'
    )
    assert len(dialogue.screen.splitlines()) == 3
    assert contents(command.output) == {}


def test_a_wrong_choice_is_asked_for_again(command: Command) -> None:
    dialogue = answer(command, "", "", "7", "2", "perhaps", "", "0", "1", *[""] * (QUESTIONS - 5))
    assert dialogue.status == 0
    assert dialogue.screen.count("Please select one of the available options\n") == 2
    assert dialogue.screen.count("Please enter Y or N\n") == 1
    assert "with database=postgresql kubernetes=yes ci=github example=yes" in dialogue.screen


def test_ctrl_c_leaves_nothing(command: Command) -> None:
    terminal, screen = start(command)
    for _ in range(2):
        terminal.expect(PROMPT)
        terminal.sendline("")
    terminal.expect(PROMPT)
    # Between a prompt and its reading an interrupt can be lost: whoever waits presses again.
    # Not too soon: Python that is interrupted while it ends, ends otherwise.
    for _ in range(3):
        terminal.sendintr()
        if terminal.expect([pexpect.EOF, pexpect.TIMEOUT], timeout=15) == 0:
            break
    dialogue = ended(terminal, screen)
    assert dialogue.status == 1
    assert "Traceback" not in dialogue.screen
    assert contents(command.output) == {}
