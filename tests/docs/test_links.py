"""What the documents point at exists: files, headings, make targets."""

import re
from pathlib import Path

import pytest

from casino_platform.runtime.servers import PROJECT_DIR

DOCUMENTS = sorted([*PROJECT_DIR.glob("*.md"), *PROJECT_DIR.glob("docs/**/*.md"), *PROJECT_DIR.glob("tests/**/*.md")])
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
_CODE = re.compile(r"`([^`\n]+)`|^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MAKE = re.compile(r"(?:^|[;&|]\s*)make ((?!PORT=)[a-z][a-z-]*)", re.MULTILINE)
_TARGET = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)
_PATH = re.compile(r"`((?:apps|benchmarks|casino_platform|docs|requirements|static|templates|tests)/[^`\s<>…*]*)`")


def name_of(document: Path) -> str:
    return str(document.relative_to(PROJECT_DIR))


def anchors_of(document: Path) -> set[str]:
    """Return the anchors of a document's headings, as the usual renderers make them."""
    headings = _HEADING.findall(_FENCE.sub("", document.read_text()))
    words = [re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)) for heading in headings]
    return {text.lower().replace(" ", "-") for text in words}


def dead_links(document: Path) -> list[str]:
    """List the relative links of a document that lead nowhere."""
    dead = []
    for link in _LINK.findall(_FENCE.sub("", document.read_text())):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            dead.append(link)
    return dead


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    assert dead_links(document) == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_make_target_named_exists(document: Path) -> None:
    targets = set(_TARGET.findall((PROJECT_DIR / "Makefile").read_text()))
    pieces = [inline or block for inline, block in _CODE.findall(document.read_text())]

    named = {target for piece in pieces for target in _MAKE.findall(piece)}

    assert named - targets == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_path_of_the_repository_named_exists(document: Path) -> None:
    named = _PATH.findall(document.read_text())

    assert [path for path in named if not (PROJECT_DIR / path).exists()] == []


def test_the_readme_names_the_commands_that_people_need() -> None:
    named = set(
        _MAKE.findall("\n".join("".join(found) for found in _CODE.findall((PROJECT_DIR / "README.md").read_text())))
    )

    assert {"demo", "demo-reset", "test", "check", "books", "bench", "help"} <= named


def test_a_dead_link_is_found(tmp_path: Path) -> None:
    document = tmp_path / "page.md"
    document.write_text(
        "# A head, line\n\n[here](#a-head-line) [gone](#other) [file](none.md) [web](https://example.com/x)\n"
    )

    assert dead_links(document) == ["#other", "none.md"]
