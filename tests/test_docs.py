"""The documentation: every link leads somewhere, and every answer is there and tells the truth."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import answers
import pytest
from conftest import Every
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode
from rendering import ROOT, SERVICE, Files, known_files
from test_rendering import TRACES

TOUR = "docs/tour.md"
# The questions that a reader of a service asks: the words with which the tour's answer begins, and
# what it has to speak of.
QUESTIONS = {
    "What it is made of": ["Starlette", "Pydantic", "ASGI server"],
    "Many clients, one process": ["event loop", "waits", "block", "WSGI"],
    "Models and types": ["A body is", "an answer is", "enforces types"],
    "The OpenAPI document": ["derives it from", "/docs", "/redoc", "production"],
    "Dependencies": ["SessionDep", "CurrentUser", "shared checks", "No test"],
    "OAuth2, JWT, API keys, Basic": ["OAuth2 password grant", "JWT", "API keys", "Basic"],
    "def or async def": ["async def is right", "def is for", "CPU"],
    "When validation fails": ["422", "names each field", "test_problems.py"],
    "The database": ["SQLAlchemy", "session", "committed", "MongoDB"],
    "How it is tested": ["whole application", "unit tests", "a real", "as a process"],
    "Deployment": ["image", "SIGTERM", "rolling update", "Kubernetes"],
    "Beside Spring Boot": ["Health groups", "Metrics", "graceful stop", "configuration", "Alembic"],
    "Background work": ["may be lost", "must not be lost", "e-mail", "notifications", "Logs"],
    "The usual mistakes": ["blocking call", "passed in", "exception", "import-linter"],
    "Inside the process": ["event loop", "thread", "worker processes", "Limits"],
    "Rate limits": ["per e-mail", "per client address", "process"],
    "Middleware": ["outside in", "costs"],
    "Expiry, rotation, revocation, scopes": ["lasts", "works once", "logging out", "copes"],
    "Scaling out": ["state", "Each has its own", "limit is"],
    "Kafka and RabbitMQ": ["leaves", "arrives", "broker is away"],
}


@cache
def parsed(text: str) -> SyntaxTreeNode:
    """Return a document as a tree."""
    return SyntaxTreeNode(MarkdownIt("commonmark").enable("table").parse(text))


def shown(node: SyntaxTreeNode) -> str:
    """Return the text that a reader sees."""
    return "".join(
        " " if part.type == "softbreak" else part.content
        for part in node.walk()
        if part.type in {"text", "code_inline", "softbreak"}
    )


def links(node: SyntaxTreeNode) -> list[str]:
    """Return where the links of a part of a document lead."""
    return [unquote(str(part.attrs["href"])) for part in node.walk() if part.type == "link"]


@cache
def anchors(text: str) -> set[str]:
    """Return what its headings are called in links, as GitHub and GitLab do it."""
    headings = [shown(node) for node in parsed(text).walk() if node.type == "heading"]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def documents(files: Files) -> Iterator[tuple[str, str]]:
    """Yield the Markdown among some files."""
    for name, content in files.items():
        if name.endswith(".md"):
            yield name, content.decode()


def template_files() -> Files:
    """Return the template's own files; its service is looked at as it is rendered."""
    return {path.as_posix(): (ROOT / path).read_bytes() for path in known_files()}


def assert_links_lead_somewhere(name: str, text: str, files: Files) -> None:
    """Fail if a link leads to a file or heading that is not there, or has no address."""
    folders = {posixpath.dirname(file) for file in files}
    for link in links(parsed(text)):
        if urlsplit(link).scheme:
            continue
        path, _, fragment = link.partition("#")
        target = posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) if path else name
        assert target in files or target in folders, f"{name} links to {link}"
        if fragment:
            assert fragment in anchors(files[target].decode()), f"{name} links to {link}"
    unresolved = [node.content for node in parsed(text).walk() if node.type == "text"]
    assert not re.findall(r"\[[\w./-]+\]", "".join(unresolved)), name


def test_every_link_of_the_template_leads_somewhere() -> None:
    files = template_files()
    for name, text in documents(files):
        if not name.startswith(SERVICE):
            assert_links_lead_somewhere(name, text, files)


def test_every_link_of_every_service_leads_somewhere(every: Every) -> None:
    for _, files in every:
        assert TOUR in files
        for name, text in documents(files):
            assert_links_lead_somewhere(name, text, files)


def test_no_document_of_a_service_names_what_was_not_chosen(every: Every) -> None:
    for chosen, files in every:
        for name, text in documents(files):
            named = {one for one, trace in TRACES.items() if re.search(trace, text.encode())}
            assert named <= set(chosen.items()), (name, chosen)


@pytest.fixture(scope="module")
def tours(every: Every) -> list[Files]:
    """Return a service for each tour that differs from the others."""
    return list({files[TOUR]: files for _, files in every}.values())


def tour_answers(text: str) -> Mapping[str, SyntaxTreeNode]:
    """Return the paragraphs of the tour that begin with bold words, by these."""
    found = {}
    for node in parsed(text).children:
        if node.type == "paragraph":
            first = next(part for part in node.children[0].children if shown(part))
            if first.type == "strong":
                found[shown(first).removesuffix(".")] = node
    return found


def test_the_tour_answers_every_question_and_links_code_and_test(tours: list[Files]) -> None:
    for files in tours:
        found = tour_answers(files[TOUR].decode())
        assert found.keys() == QUESTIONS.keys()
        for question, words in QUESTIONS.items():
            answer = found[question]
            assert [word for word in words if word not in shown(answer)] == [], question
            tests = [link for link in links(answer) if link.startswith("../tests/")]
            assert tests, question
            assert set(links(answer)) - set(tests), question


def test_the_tour_names_only_what_is_there(tours: list[Files]) -> None:
    for files in tours:
        text = files[TOUR].decode()
        others = "\n".join(
            name + content.decode()
            for name, content in files.items()
            if name not in {TOUR, "uv.lock"}
        )
        assert [name for name in names(text) if not stands_in(name, others)] == []
        for path in re.findall(r"(?m)^  .* (\S+\.py)$", text):
            assert any(file.endswith(f"/{path}") for file in files), path


def stands_in(name: str, text: str) -> bool:
    """Return whether a text holds a name, and not only as a part of another one."""
    return bool(re.search(rf"(?:\b|(?<!\w)){re.escape(name)}(?:\b|(?!\w))", text))


def names(text: str) -> set[str]:
    """Return the names that stand in code font; what has a space is a phrase."""
    spans = [node.content for node in parsed(text).walk() if node.type == "code_inline"]
    return {span for span in spans if " " not in span}


def test_the_tour_defines_no_link_that_it_does_not_use(tours: list[Files]) -> None:
    for files in tours:
        text = files[TOUR].decode()
        defined = re.findall(r"(?m)^(\[.+\]): ", text)
        assert [label for label in defined if text.count(label) == 1] == []


@pytest.mark.parametrize("path", answers.DOCUMENTS, ids=lambda path: path.name)
def test_what_is_said_of_the_answers_is_what_the_script_writes(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == answers.rewritten(path)


def test_what_changes_is_said_of_answers_only() -> None:
    assert list(answers.CHANGES) == answers.answers()
