"""The documents that tell an operator what to type, taken apart: blocks, commands, code."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
README: Final = ROOT / "README.md"
RUNBOOK: Final = ROOT / "OPERATIONS.md"
INSTALL: Final = ROOT / "systemd" / "INSTALL.md"
INTEROP: Final = ROOT / "tests" / "interop" / "README.md"
PAGES: Final = (README, RUNBOOK, INSTALL, INTEROP)
# What a block may be written in; "" is a drawing.
LANGUAGES: Final = frozenset({"sh", "toml", "yaml", "python", "mermaid", ""})

_FENCE: Final = re.compile(r"(?P<indent> *)```(?P<language>\w*)")
_SPAN: Final = re.compile(r"`([^`\n]+(?:\n[^`\n]+)?)`")
_REMARK: Final = re.compile(r"(?:^|\s+)#\s(?P<text>.*)$")
_ENDS_WITH: Final = re.compile(r"exit code (\d)")
_HERE: Final = re.compile(r"<<'(\w+)'$")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block below the heading `title`; `line` is that of its first line of text."""

    page: Path
    title: str
    line: int
    language: str
    text: str

    @property
    def where(self) -> str:
        """For people."""
        return f"{self.page.name}:{self.line}"


@dataclass(frozen=True, slots=True)
class Command:
    """One line for the shell, without its remark; `code` is what a remark says it ends with."""

    where: str
    text: str
    code: int = 0


def blocks(page: Path, language: str | None = None) -> list[Block]:
    """The fenced blocks of a page, those inside of lists too."""
    return [block for block in _parts(page)[0] if language in {None, block.language}]


def prose(page: Path) -> str:
    """The page without its blocks."""
    return _parts(page)[1]


def _parts(page: Path) -> tuple[list[Block], str]:
    found: list[Block] = []
    outside: list[str] = []
    inside: list[str] | None = None
    language, line, title = "", 0, ""
    for number, text in enumerate(page.read_text("utf-8").splitlines(), start=1):
        fence = _FENCE.fullmatch(text)
        if fence is None:
            (outside if inside is None else inside).append(text)
            if inside is None and text.startswith("#"):
                title = text.lstrip("# ")
        elif inside is None:
            inside, language, line = [], fence["language"], number + 1
        else:
            body = textwrap.dedent("\n".join([*inside, ""]))
            found.append(Block(page, title, line, language, body))
            inside = None
    assert inside is None, f"{page.name}: the block of line {line} has no end"
    return found, "\n".join(outside)


def commands(page: Path, title: str | None = None) -> list[Command]:
    """What its shell blocks say, or those below one heading. Remarks say `exit code N`."""
    chosen = [block for block in blocks(page, "sh") if title in {None, block.title}]
    return [command for block in chosen for command in _commands(block)]


def _commands(block: Block) -> Iterator[Command]:
    lines = enumerate(block.text.splitlines(), start=block.line)
    for number, line in lines:
        whole = line
        while whole.endswith("\\"):
            whole = whole[:-1] + next(lines)[1]
        here = _HERE.search(whole)
        if here is not None:
            body = [whole, *iter(lambda: next(lines)[1], here[1]), here[1]]
            yield Command(f"{block.page.name}:{number}", "\n".join(body))
            continue
        remark = _REMARK.search(whole)
        text = (whole if remark is None else whole[: remark.start()]).strip()
        said = None if remark is None else _ENDS_WITH.search(remark["text"])
        if text:
            yield Command(f"{block.page.name}:{number}", text, int(said[1]) if said else 0)


def spans(page: Path) -> list[str]:
    """What stands in backticks in its prose, a table's escaped bars as bars."""
    return [" ".join(span.replace("\\|", "|").split()) for span in _SPAN.findall(prose(page))]


def indented_code(page: Path) -> list[str]:
    """Lines that a reader would take for code and that no fence holds."""
    return [line for line in prose(page).splitlines() if line.startswith("    ") and line.strip()]


def anchors(page: Path) -> set[str]:
    """What `#...` may name on a page, as GitHub makes it out of a heading."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    kept = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.strip().replace(" ", "-") for heading in kept}


def links(page: Path) -> list[str]:
    """Where its links lead, but for the web."""
    found = re.findall(r"\]\(([^)\s]+)\)", prose(page))
    return [target for target in found if not target.startswith("http")]
