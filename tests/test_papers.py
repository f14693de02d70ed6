"""The papers tell the truth: README's commands exist, its map is the tree, both languages say the same."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from pytake_cli.cli.surface_data import SURFACE
from pytake_cli.cli.surface_text import canonical
from pytake_cli.errors import SLUGS
from pytake_cli.whatsapp.errors import codes

ROOT = Path(__file__).parents[1]
ENGLISH, PORTUGUESE = (ROOT / name for name in ("README.md", "README.pt-BR.md"))
LONGEST = 120  # lines


def blocks(path: Path) -> list[str]:
    """The code of the shell blocks, without comments, which are translated."""
    found = re.findall(r"```sh\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)
    return [re.sub(r"\s+#.*", "", block) for block in found]


@pytest.mark.parametrize("path", [ENGLISH, PORTUGUESE], ids=["en", "pt-BR"])
def test_the_readme_is_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


@pytest.mark.parametrize("path", [ENGLISH, PORTUGUESE], ids=["en", "pt-BR"])
def test_every_command_of_the_readme_exists(path: Path) -> None:
    lines = re.findall(r"(?:^|`)(?:\.venv/bin/)?pytake ([a-z][^`\n#]*)", "\n".join(blocks(path)), re.MULTILINE)
    lines += re.findall(r"`pytake ([a-z][^`]*)`", path.read_text(encoding="utf-8"))
    assert len(lines) > 12
    for line in lines:
        words = [word for word in line.split() if re.fullmatch(r"[a-z]+", word)]
        known = canonical(words, SURFACE)
        assert known is not None, line
        assert not SURFACE[known]["verbs"], f"pytake {line} names no command"
        flags = [flag for option in SURFACE[known]["options"] for flag in option["flags"]]
        for flag in re.findall(r"(?<!\S)(--[a-z-]+)", line):
            assert flag in flags or flag == "--no-input", f"pytake {line}: {flag}"


@pytest.mark.parametrize("path", [ENGLISH, PORTUGUESE], ids=["en", "pt-BR"])
def test_every_file_and_slug_that_the_readme_names_exists(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    names = re.findall(r"\]\(([^)#:]+)\)", text) + re.findall(r"^\| `([a-z_/]+)` \|", text, re.MULTILINE)
    assert len(names) > 10
    for name in names:
        assert (ROOT / name).exists(), name
    for slug in re.findall(r"PT-[A-Z0-9-]+", text):
        meta = re.fullmatch(r"PT-WA-(\d+)", slug)
        assert slug in SLUGS or (meta and int(meta[1]) in codes()), slug


def test_the_map_names_every_room() -> None:
    rooms = {path.parent.name for path in (ROOT / "pytake_cli").glob("*/__init__.py")}
    told = set(re.findall(r"^\| `pytake_cli/([a-z_]+)` \|", ENGLISH.read_text(encoding="utf-8"), re.MULTILINE))
    assert told == rooms


def test_both_languages_have_the_same_commands_and_chapters() -> None:
    assert blocks(ENGLISH) == blocks(PORTUGUESE)
    shapes = [
        [line.split()[0] for line in path.read_text(encoding="utf-8").splitlines() if line.startswith(("#", "| "))]
        for path in (ENGLISH, PORTUGUESE)
    ]
    assert shapes[0] == shapes[1]


def test_ci_installs_and_tests_as_the_readme_says() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    install, test = "pip install -q -e '.[dev]'", "python -m pytest"
    assert any(install in block and test in block for block in blocks(ENGLISH))
    assert install.replace("'", '"').split(" ", 1)[1].split()[-1] in script
    assert "-m pytest" in script
    for tool in ("ruff check", "ruff format", "mypy", "lint-imports"):
        assert tool in script
    assert subprocess.run(["bash", "-n", ROOT / ".ci" / "run"], check=False).returncode == 0
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111


def test_the_container_runs_without_root_and_looks_after_its_health() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    stages = [index for index, line in enumerate(lines) if line.startswith("FROM")]
    last = lines[stages[-1] :]
    assert any(line.startswith("USER ") and line != "USER root" for line in last)
    assert any(line.startswith("HEALTHCHECK") for line in last)
    assert not any(line.startswith("ADD http") for line in lines)


def test_the_licence_is_whole() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "Version 2.0, January 2004" in text
    assert text.rstrip().endswith("limitations under the License.")
