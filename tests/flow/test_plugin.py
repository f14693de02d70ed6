"""pytest's plugin: talks beside flows are tests like any others, and other people's files are left alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.flow.test_talks import BEGUN, FLOW, HEAD

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "tea.yaml").write_text(FLOW)
    return tmp_path


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "pytake_cli.flow.testing.plugin", "-p", "no:cacheprovider", *words]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    environment |= {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment, check=False)


def test_talks_beside_flows_are_tests(project: Path) -> None:
    head = HEAD.replace("    given: {contact: {language: en}}\n", "    languages: [en]\n")
    (project / "flows" / "tea.test.yaml").write_text(head + BEGUN)
    ran = run(project, "-v")
    assert "flows/tea.test.yaml::one[en] PASSED" in ran.stdout
    assert ran.returncode == 0


def test_a_talk_that_fails_shows_its_lines_and_no_traceback(project: Path) -> None:
    (project / "flows" / "tea.test.yaml").write_text(f"{HEAD}      - customer: tea\n      - bot: Which coffee?\n")
    ran = run(project)
    assert ran.returncode == 1
    assert "flows/tea.test.yaml:7:9  the bot says something else" in ran.stdout
    assert "  - 10:00 bot       Which coffee?\n  + 10:00 bot       Which tea? [green] [black]" in ran.stdout
    assert "Traceback" not in ran.stdout


def test_a_file_with_a_mistake_is_an_error_of_collection(project: Path) -> None:
    (project / "flows" / "tea.test.yaml").write_text(f"{HEAD}      - bto: x\n")
    ran = run(project)
    assert ran.returncode == 2
    assert "tea.test.yaml:6:9  there is no key `bto` here; did you mean `bot`?" in ran.stdout


def test_other_peoples_files_are_left_alone(project: Path) -> None:
    (project / "other.test.yaml").write_text("tests: [1, 2]\n")  # no flow beside it
    (project / "flows" / "tea.test.yaml").write_text("cases: []\n")  # no tests of ours
    assert run(project).returncode == 5  # nothing was collected
