"""Who holds a claim, and whether it certainly lives no more."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pytake_cli.daemon import owner
from tests.kit.children import wait_until


def another(code: str) -> subprocess.Popen[str]:
    source = f"from pytake_cli.daemon import owner; print(owner.mine(), flush=True); {code}"
    return subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True)


def test_this_process_lives_and_has_a_name_of_its_own() -> None:
    assert not owner.is_dead(owner.mine())
    assert owner.mine() != owner.mine()


def test_another_process_is_dead_once_it_is_killed_and_not_before() -> None:
    process = another("import time; time.sleep(60)")
    assert process.stdout is not None
    name = process.stdout.readline().strip()
    try:
        assert not owner.is_dead(name)
        process.kill()
        wait_until(lambda: owner.is_dead(name), 10)  # a zombie: nobody has asked for its end yet
    finally:
        process.wait(10)
        process.stdout.close()
    assert owner.is_dead(name)


def test_the_same_pid_with_another_start_is_another_process() -> None:
    place, pid, _, chance = owner.mine().split(":")
    assert owner.is_dead(f"{place}:{pid}:1:{chance}")


@pytest.mark.parametrize("name", ["", "me", "host:71:abc", "-:999999:1:x", "b3c1f0a9d2e4-4026531836:999999:1:x"])
def test_nobody_elsewhere_is_taken_for_dead(name: str) -> None:
    assert not owner.is_dead(name)


@pytest.mark.parametrize("pid", ["", "x", "٧", "9" * 30])
def test_a_malformed_name_is_not_taken_for_dead(pid: str) -> None:
    assert not owner.is_dead(f"{owner.mine().partition(':')[0]}:{pid}:1:x")
