"""`make diff` shows what a change of the template does to a service, and nothing else."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest
from baking import environment
from rendering import HOOK, SERVICE

PERSON = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Ada"), ("EMAIL", "a@example.com"))
}
GATE = "cookiecutter_2_7_or_newer.py"
DOCKERFILE = f"{SERVICE}/Dockerfile"
ENVIRONMENT = environment(UV_PROJECT_ENVIRONMENT=sys.prefix, UV_NO_SYNC="1", **PERSON)


class Repository:
    """A copy of the template, as a git repository."""

    def __init__(self, folder: Path) -> None:
        """Save what is in `folder` as its first commit."""
        self.folder = folder
        self.run("git", "init", "-q")
        self.save()

    def run(self, *command: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Run a command in it."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**ENVIRONMENT, **variables},
            capture_output=True,
            text=True,
            check=False,
        )

    def save(self) -> None:
        """Commit all that is in it."""
        self.run("git", "add", "-A")
        assert self.run("git", "commit", "-q", "-m", "Save").returncode == 0

    def diff(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run what `make diff` runs."""
        return self.run(sys.executable, "scripts/diff.py", *arguments)

    def append(self, name: str, text: str) -> None:
        """Add text to the end of a file, which may be a new one."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(text)

    def ask(self, **questions: object) -> None:
        """Add questions or change some; one that becomes None is asked no more."""
        path = self.folder / "cookiecutter.json"
        asked = {**json.loads(path.read_text("utf-8")), **questions}
        kept = {name: question for name, question in asked.items() if question is not None}
        path.write_text(json.dumps(kept, indent=2), "utf-8")


@pytest.fixture
def repository(template: Path, tmp_path: Path) -> Repository:
    """Return a copy of the template to change."""
    return Repository(shutil.copytree(template, tmp_path / "template"))


def changed(diff: str) -> list[str]:
    """Return the files that a diff is about."""
    return [line.split()[2] for line in diff.splitlines() if line.startswith("diff --git ")]


def test_a_change_is_shown_with_the_paths_of_the_service(repository: Repository) -> None:
    repository.append(DOCKERFILE, "# {{ cookiecutter.project_slug }}\n")
    done = repository.diff()
    assert done.returncode == 0
    assert done.stderr == "From HEAD to the working tree:\n"
    assert changed(done.stdout) == ["a/Dockerfile"]
    assert "\n--- a/Dockerfile\n+++ b/Dockerfile\n" in done.stdout
    assert done.stdout.endswith("\n+# orders-api\n")
    assert repository.run("git", "status", "--porcelain").stdout == f" M {DOCKERFILE}\n"


def test_the_working_tree_is_what_git_knows_or_would_add(repository: Repository) -> None:
    repository.append(f"{SERVICE}/NEW.txt", "New.\n")
    repository.append(f"{SERVICE}/__pycache__/ignored.txt", "Ignored.\n")
    assert [name[2:] for name in changed(repository.diff().stdout)] == ["NEW.txt"]


def test_it_begins_at_the_last_tag_or_where_it_is_told_to(repository: Repository) -> None:
    for version in ("v1", "v2"):
        repository.run("git", "tag", version)
        repository.append(DOCKERFILE, f"# After {version}\n")
        repository.save()
    done = repository.diff()
    assert done.stderr == "From v2 to the working tree:\n"
    assert "\n+# After v2\n" in done.stdout
    assert "\n+# After v1\n" not in done.stdout
    assert "\n+# After v1\n+# After v2\n" in repository.diff("--ref", "v1").stdout


def test_each_template_runs_its_own_hook_and_checks(repository: Repository) -> None:
    repository.append(HOOK, '\nPath("of_the_hook.txt").write_text("Old hook.\\n")\n')
    repository.append(GATE, '\nFILTERS["checked"] = lambda _: "Old checks."\n')
    repository.ask(__checked="{{ '' | checked }}")
    repository.append(DOCKERFILE, "# {{ cookiecutter.__checked }}\n")
    repository.save()
    for name in (HOOK, GATE):
        path = repository.folder / name
        path.write_text(path.read_text("utf-8").replace('"Old ', '"New '), "utf-8")
    done = repository.diff()
    assert done.returncode == 0, done.stderr
    assert changed(done.stdout) == ["a/Dockerfile", "a/of_the_hook.txt"]
    assert "\n-# Old checks.\n+# New checks.\n" in done.stdout
    assert "\n-Old hook.\n+New hook.\n" in done.stdout


def test_an_answer_that_one_of_them_lacks_is_left_out_there(repository: Repository) -> None:
    repository.ask(goodbye=False)
    repository.append(f"{SERVICE}/goodbye@goodbye.txt", "Goodbye.\n")
    repository.save()
    repository.ask(goodbye=None, greeting=False, ci=["github", "none", "other"])
    repository.append(f"{SERVICE}/greeting@greeting.txt", "Hello.\n")
    (repository.folder / SERVICE / "goodbye@goodbye.txt").unlink()
    done = repository.diff("greeting=yes", "ci=gitlab", "goodbye=yes", "ci=other")
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == [
        "There is no answer greeting, ci=other in HEAD: left out there.",
        "There is no answer ci=gitlab, goodbye in the working tree: left out there.",
        "From HEAD to the working tree:",
    ]
    assert "\n+Hello.\n" in done.stdout
    assert "\n-Goodbye.\n" in done.stdout


def test_it_says_when_nothing_differs(repository: Repository) -> None:
    repository.append("README.md", "Not of the service.\n")
    done = repository.diff("database=postgresql")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines()[1:] == ["Nothing differs."]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--ref", "v9.9"], "There is no tag, branch or commit v9.9."),
        (["--ref", "HEAD:README.md"], "There is no tag, branch or commit HEAD:README.md."),
        (["databse=sqlite"], "Neither HEAD nor the working tree knows the answer databse=sqlite"),
        (["database=oracle"], "Neither HEAD nor the working tree knows the answer database=oracle"),
        (["example=perhaps"], "Neither HEAD nor the working tree knows the answer example=perhaps"),
        (["__package=x"], "Neither HEAD nor the working tree knows the answer __package=x"),
        (["project_slug=../evil"], 'project_slug "../evil" must be'),
    ],
)
def test_what_is_wrong_is_refused_in_one_sentence(
    repository: Repository, arguments: list[str], said: str
) -> None:
    done = repository.diff(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(said)
    assert len(done.stderr.splitlines()) == 1


def test_a_home_changes_nothing_and_is_left_as_it_is(
    repository: Repository, tmp_path: Path
) -> None:
    repository.append(DOCKERFILE, "# New\n")
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text("[diff]\n  external = true\n")
    done = repository.run(sys.executable, "scripts/diff.py", HOME=str(home))
    assert done.stdout.endswith("\n+# New\n")
    assert [path.name for path in home.iterdir()] == [".gitconfig"]


def test_it_has_colours_on_a_terminal_only(repository: Repository) -> None:
    repository.append(DOCKERFILE, "# New\n")
    assert "\x1b[" not in repository.diff().stdout
    shown = pexpect.run(
        f"{sys.executable} scripts/diff.py",
        cwd=str(repository.folder),
        env={**ENVIRONMENT, "TERM": "xterm", "GIT_PAGER": "cat"},
        encoding="utf-8",
    )
    assert "\x1b[" in shown
    assert "# New" in shown


def test_a_reader_that_has_read_enough_ends_it_quietly(repository: Repository) -> None:
    repository.append(DOCKERFILE, "# A long line\n" * 20_000)
    done = repository.run("sh", "-c", f"{sys.executable} scripts/diff.py | head -n 1")
    assert done.stdout.startswith("diff --git a/Dockerfile")
    assert done.stderr == "From HEAD to the working tree:\n"


def test_make_passes_what_it_is_given(repository: Repository) -> None:
    repository.append(f"{SERVICE}/.gitlab-ci@ci=gitlab.yml", "# {{ cookiecutter.project_name }}\n")
    answers = 'ANSWERS=project_name="Bills 2" ci=gitlab'
    done = repository.run("make", "diff", "REF=HEAD~0", answers)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "From HEAD~0 to the working tree:\n"
    assert done.stdout.endswith("\n+# Bills 2\n")
