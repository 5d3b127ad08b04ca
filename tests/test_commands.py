"""Every command that a text tells people to type is typed here, in the order of the text.

`docker` and `kubectl` are stand-ins here, so nothing is built and no container runs: what is shown
is that the commands are written right, and that they ask for files and services that exist.
PostgreSQL then is the one that the service's own tests start, and APP_DATABASE__URL names it.
"""

import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import chain, count
from pathlib import Path
from shutil import copytree

import pytest
import yaml
from conftest import Every, Report
from databases import empty_database
from project import BakedProject, Command
from reading import commands
from rendering import ROOT, Files, Renderer
from terminal import Terminal

OpenTerminal = Callable[..., Terminal]
# It writes nothing, so it is typed once.
READS_ONLY = {"make check"}
# What a reader puts in the place of a word in capitals.
PLACEHOLDERS = {"NAME": "humanize"}
TEMPLATE = re.compile(r"gh:org/fastapi-template|https://github\.com/org/fastapi-template")
MAKES_SERVICE = re.compile("cookiecutter |cruft create ")
SAVE = 'git init -q && git add -A && git commit -q --allow-empty -m "Save"'
# Commands of the template that have a proof of their own: the file, and what it says of them.
PROVEN_ELSEWHERE = {
    "make demo": ("scripts/prove_demo.py", '["make", "demo", '),
    "make test": (".ci/run", "stage test make test"),
    "make check": (".ci/run", "stage check make check"),
    "make bite": (".ci/run", "stage bite make bite"),
    "make bench": (".ci/run", "stage bench make bench"),
    "make campaigns": ("scripts/proof/services.py", '"-m", "campaign"'),
    "make variants": (".ci/run", "stage variants make variants ARGS=--all"),
    "make variant": ("tests/test_variants.py", '"make", "variant", '),
    "make variants ARGS=--all": (".ci/run", "stage variants make variants ARGS=--all"),
    'make variant ANSWERS="database=postgresql example=no"': (
        "tests/test_variants.py",
        '"make", "variant", "ANSWERS=database=postgresql example=no"',
    ),
    "make containers": (".ci/run", "stage containers make containers"),
}
OF_TEMPLATE = ("git ls-files", "git grep")  # They look into it.
ENTER = "\n" * 20
CREATE = "create secret generic orders-api --from-literal=APP_AUTH__SIGNING_KEY="
# docs/adding-an-answer.md has a test of its own.
TEXTS = ("README.md", "CONTRIBUTING.md", "docs/answers.md", "docs/decisions.md", "docs/proof.md")


@pytest.fixture
def open_terminal(tmp_path: Path) -> Iterator[OpenTerminal]:
    """Return `open_terminal(folder, programs, **variables)`; its server ends with the test."""
    with ExitStack() as opened:

        def open_terminal(folder: Path, *programs: Path, **variables: str) -> Terminal:
            scratch = tmp_path / f"scratch-{len(list(tmp_path.glob('scratch-*')))}"
            scratch.mkdir()
            terminal = Terminal(folder, scratch, programs=list(programs), **variables)
            opened.callback(terminal.close)
            return terminal

        yield open_terminal


def next_steps(printed: str) -> list[str]:
    """Return the commands that a generation prints at its end."""
    return [line.strip() for line in printed.partition("Next:\n")[2].splitlines()]


def filled_in(command: str) -> str:
    """Return a command with something in the place of each placeholder."""
    return re.sub(r"\b[A-Z]{2,}$", lambda word: PLACEHOLDERS[word[0]], command)


def make_targets(makefile: str) -> list[str]:
    """Return the targets of a Makefile that are for people."""
    return re.findall(r"(?m)^([a-z-]+):.*## ", makefile)


def told(files: Files) -> list[str]:
    """Return the commands of a service's README and documentation, whatever lies in `.venv`."""
    texts = sorted(name for name in files if name.endswith(".md") and name[0] != ".")
    return [command for name in texts for command in commands(files[name].decode())]


def made_in(text: str) -> set[str]:
    """Return the targets that commands make."""
    return {target for made in re.findall(r"(?m)^make (.+)$", text) for target in made.split()}


def test_a_newcomer_can_type_all_that_a_service_tells(
    template: Path, open_folder: Path, open_terminal: OpenTerminal, report: Report
) -> None:
    start = time.monotonic()
    command = Command(template, open_folder)
    steps = next_steps(command().stdout)
    project = BakedProject(command.output / "orders-api", {"database": "sqlite"})
    texts, targets = told(project.files), make_targets(project.read("Makefile"))
    # In the image, whose commands are told too, they are on the PATH.
    terminal = open_terminal(command.output, project.path / ".venv" / "bin")
    printed = ""
    for step in steps:
        printed += terminal.type(step)
        report(f"{time.monotonic() - start:.1f} s after `cookiecutter` was typed: {step}")
    for text in texts:
        if not set(text.splitlines()) <= {*steps, *READS_ONLY.intersection(terminal.typed)}:
            printed += terminal.type(filled_in(text))
    for target in targets:
        if target not in made_in("\n".join(terminal.typed)):
            printed += terminal.type(f"make {target}")

    assert "Start from fastapi-template v" in printed
    assert printed.count('"email":"ada@example.com"') == 2, printed
    assert terminal.asked_of_docker == [
        "compose up --build --wait",
        "build --tag orders-api .",
        "build --tag orders-api:local .",
        "compose down",
    ]
    assert terminal.asked_of_kubectl == [
        "apply -k deploy/local",
        CREATE,
        "apply -k deploy/production",
    ]


def test_a_newcomer_who_has_postgresql_can_type_the_rest(
    template: Path, open_folder: Path, open_terminal: OpenTerminal, renderer: Renderer
) -> None:
    command = Command(template, open_folder)
    steps = next_steps(command("database=postgresql").stdout)
    project = BakedProject(command.output / "orders-api", {"database": "postgresql"})
    others = [text for text in told(renderer.render({})) if "curl" not in text]
    already = {line for text in (*others, *steps) for line in text.splitlines()}
    with empty_database(project.path, open_folder) as url:
        terminal = open_terminal(command.output, APP_DATABASE__URL=url)
        printed = "".join(terminal.type(step) for step in steps)
        for text in told(project.files):
            if not set(text.splitlines()) <= already:
                printed += terminal.type(filled_in(text))
        terminal.close()
    assert printed.count('"email":"ada@example.com"') == 2, printed
    assert terminal.asked_of_docker == ["compose up --wait database"]
    assert terminal.asked_of_kubectl == [
        f"{CREATE} --from-literal=APP_DATABASE__URL=",
        "apply -k deploy/production",
    ]
    assert "database" in yaml.safe_load(project.read("compose.yaml"))["services"]


def test_no_other_service_tells_anything_else(every: Every, renderer: Renderer) -> None:
    defaults = renderer.render({}), renderer.render({"database": "postgresql"})
    typed = {text for files in defaults for text in told(files)}
    for answers, files in every:
        assert set(told(files)) <= typed, answers


def test_a_block_in_a_language_that_nobody_knows_is_noticed() -> None:
    with pytest.raises(ValueError, match="block of bash"):
        commands("```bash\nrm -r /\n```\n")


@pytest.fixture
def new_folder(tmp_path: Path) -> Callable[[], Path]:
    """Return `new_folder()`, which makes one."""
    numbers = count()

    def new_folder() -> Path:
        folder = tmp_path / f"folder-{next(numbers)}"
        folder.mkdir()
        return folder

    return new_folder


def test_the_templates_own_commands_work(
    template: Path, new_folder: Callable[[], Path], open_terminal: OpenTerminal
) -> None:
    """The text goes on with the service that asked for its answers; a linked one is the first."""
    repository, workshop = (copytree(template, new_folder() / "template") for _ in range(2))
    terminal = open_terminal(repository, Path(sys.executable).parent, **quiet_home(new_folder()))
    own_targets = set(make_targets((workshop / "Makefile").read_text("utf-8")))
    services: list[Path] = []
    for folder in (repository, workshop):
        terminal.folder = folder
        terminal.type(SAVE)
    texts = [(ROOT / name).read_text("utf-8") for name in TEXTS]
    for text in dict.fromkeys(chain.from_iterable(map(commands, texts))):
        if text in PROVEN_ELSEWHERE:
            name, proof = PROVEN_ELSEWHERE[text]
            assert proof in (ROOT / name).read_text("utf-8")
            continue
        if MAKES_SERVICE.search(text):
            terminal.folder = new_folder()
            services += [] if "--no-input" in text else [terminal.folder / "orders-api"]
        elif made_in(text) & own_targets or text.startswith(OF_TEMPLATE):
            terminal.folder = workshop
        else:
            terminal.folder = services[0 if "cruft link" in text else -1]
        terminal.type(TEMPLATE.sub(str(repository), text), ENTER)
        terminal.folder = services[-1]
        terminal.type(SAVE)
    assert BakedProject(workshop, {}).must_run("git", "status", "--porcelain") == ""


def quiet_home(folder: Path) -> dict[str, str]:
    """Return the variables that keep Cookiecutter from writing to the home of whoever tests."""
    config = folder / "config.yaml"
    config.write_text(f"replay_dir: {folder}/replay\ncookiecutters_dir: {folder}/cloned\n")
    return {"COOKIECUTTER_CONFIG": str(config)}
