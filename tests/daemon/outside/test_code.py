"""`code` steps: the function's answer, and that a function which misbehaves harms nobody else.

Fault D23: the old code node ran `exec` in the server's own process, could not stop it, and its walls could be climbed.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from pytake_cli import clock, settings
from pytake_cli.daemon.jobs import Workshop
from pytake_cli.daemon.outside import code
from pytake_cli.daemon.outside.answers import MOST_BYTES, Failed
from pytake_cli.store import Store
from pytake_cli.store.jobs import Job

pytestmark = [
    pytest.mark.parametrize("database", ["sqlite"], indirect=True),
    pytest.mark.skipif(sys.platform == "win32", reason="limits are POSIX's"),
]

FUNCTIONS = """
import os, subprocess, sys, threading, time
from pathlib import Path as elsewhere

def price(sku, quantity=1):
    return {"sku": sku, "total": 9.5 * quantity, "words": "ção"}

def environment():
    return {"environment": dict(os.environ), "path": sys.path, "modules": [m for m in sys.modules if "pytake" in m]}

def open_files():
    found = []
    for number in range(3, 64):
        try:
            os.fstat(number)
            found.append(number)
        except OSError:
            pass
    return found

def loops():
    while True:
        pass

def sleeps():
    time.sleep(60)

def leaves_children(mark):
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", mark])
    return "left"

def leaves_children_and_sleeps(mark):
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", mark])
    time.sleep(60)

def ignores_signals():
    import signal
    for number in (signal.SIGALRM, signal.SIGTERM, signal.SIGINT, signal.SIGXCPU):
        signal.signal(number, signal.SIG_IGN)
    time.sleep(60)

def leaves_a_thread():
    threading.Thread(target=time.sleep, args=(60,)).start()
    return 1

def hungry():
    return len(bytearray(10**10))

def hungrier():
    found = []
    while True:
        found.append(bytearray(10**6))

def fills_the_disk(path):
    with open(path, "wb") as file:
        for _ in range(1000):
            file.write(bytes(10**6))

def opens(count):
    return len([open(__file__) for _ in range(count)])

def talks():
    print("x" * 10**6)
    sys.stderr.write("y" * 10**6)
    return "said"

def huge():
    return "x" * 10**6

def fails():
    raise ValueError("no such price")

def leaves():
    sys.exit(3)

def dies():
    os._exit(3)

def recurses():
    return recurses()

def strange():
    return {1, 2}

def not_a_number():
    return float("nan")

def nul():
    return "a\\x00b"

class Type:
    pass

_hidden = price
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    (root / "flows").mkdir(parents=True)
    (root / "prices.py").write_text(FUNCTIONS)
    (root / "broken.py").write_text("import nothing_of_that_name")
    (root / "deep").mkdir()
    (root / "deep" / "down.py").write_text("def here():\n    return 1\n")
    (tmp_path / "outside.py").write_text("def here():\n    return 1\n")
    os.symlink(tmp_path / "outside.py", root / "linked.py")
    settings.load({"flows.dir": str(root / "flows"), "flows.allow_code": True})
    return root


def run(store: Store, function: str, seconds: float = 5.0, **arguments: Any) -> Any:
    now = clock.now()
    effect = {"token": "3.code", "function": function, "arguments": arguments, "timeout_seconds": seconds}
    payload = {"session": 7, "effect": effect}
    job = Job(id=5, org_id=1, kind="flow.code", key="flow:7:3.code", payload=payload, due_at=now, created_at=now)
    return asyncio.run(code.run(Workshop(store), job))


def failure(store: Store, function: str, seconds: float = 5.0, **arguments: Any) -> Failed:
    with pytest.raises(Failed) as caught:
        run(store, function, seconds, **arguments)
    return caught.value


def test_a_function_gets_values_and_returns_one(store: Store, project: Path) -> None:
    assert run(store, "prices:price", sku="A1", quantity=2) == {"sku": "A1", "total": 19.0, "words": "ção"}
    assert run(store, "deep.down:here") == 1
    assert run(store, "prices:nul") == "ab"


def test_it_is_off_unless_the_settings_say_so(store: Store, project: Path) -> None:
    settings.load({"flows.dir": str(project / "flows")})
    assert failure(store, "prices:price", sku="A1").reason == "settings"


def test_it_inherits_no_environment_no_secrets_and_no_files(
    store: Store, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTAKE_SECRET_ACCESS_TOKEN", "s3cret")
    monkeypatch.setenv("PYTHONPATH", "/evil")
    with (project / "prices.py").open():
        seen = run(store, "prices:environment")
        assert set(seen["environment"]) <= {*code.ENVIRONMENT, "LC_CTYPE"}
        assert "/evil" not in seen["path"]
        assert seen["path"][0] == str(project)
        assert seen["modules"] == []
        assert len(run(store, "prices:open_files")) <= 1  # the one that its answer goes to


@pytest.mark.parametrize("function", ["loops", "sleeps", "ignores_signals"])
def test_one_that_does_not_end_is_ended(store: Store, project: Path, function: str) -> None:
    """Fault D23: `wait_for` could not stop the thread."""
    before = set(psutil.Process().children(recursive=True))
    assert failure(store, f"prices:{function}", 0.5).reason == "timeout"
    assert set(psutil.Process().children(recursive=True)) <= before


@pytest.mark.parametrize("function", ["leaves_children", "leaves_children_and_sleeps"])
def test_what_it_started_ends_with_it(store: Store, project: Path, function: str) -> None:
    mark = f"mark-{os.getpid()}-{function}"
    if function == "leaves_children":
        assert run(store, f"prices:{function}", mark=mark) == "left"
    else:
        assert failure(store, f"prices:{function}", 1.0, mark=mark).reason == "timeout"
    end = time.monotonic() + 5
    while any(mark in each.info["cmdline"] for each in psutil.process_iter(["cmdline"]) if each.info["cmdline"]):
        assert time.monotonic() < end, "it lives on"
        time.sleep(0.05)


def test_threads_it_left_are_not_waited_for(store: Store, project: Path) -> None:
    assert run(store, "prices:leaves_a_thread") == 1


@pytest.mark.parametrize("function", ["hungry", "hungrier"])
def test_memory_has_a_limit(store: Store, project: Path, function: str) -> None:
    assert failure(store, f"prices:{function}", 20.0).reason == "memory"


def test_files_have_limits(store: Store, project: Path, tmp_path: Path) -> None:
    path = tmp_path / "big"
    assert failure(store, "prices:fills_the_disk", path=str(path)).reason == "code"
    assert path.stat().st_size <= 1024 * 1024
    assert "Too many open files" in failure(store, "prices:opens", count=100).detail


def test_what_it_prints_is_no_answer(store: Store, project: Path) -> None:
    assert run(store, "prices:talks") == "said"


def test_answers_and_arguments_have_a_size(store: Store, project: Path) -> None:
    assert failure(store, "prices:huge").reason == "too_big"
    assert failure(store, "prices:price", sku="x" * MOST_BYTES).reason == "too_big"


@pytest.mark.parametrize(
    ("function", "detail"),
    [
        ("fails", "ValueError: no such price"),
        ("leaves", "SystemExit: 3"),
        ("dies", "ended its process"),
        ("recurses", "RecursionError"),
        ("strange", "TypeError"),
        ("not_a_number", "ValueError"),
    ],
)
def test_a_function_that_fails_is_a_failed_effect(store: Store, project: Path, function: str, detail: str) -> None:
    failed = failure(store, f"prices:{function}")
    assert failed.reason == "code"
    assert detail in failed.detail
    assert str(project) not in failed.detail


@pytest.mark.parametrize(
    "function",
    [
        "os:system",
        "subprocess:run",
        "builtins:eval",
        "prices:os.system",
        "prices:elsewhere",
        "prices:subprocess",
        "prices:Type",
        "prices:_hidden",
        "prices:__import__",
        "prices:nothing",
        "nothing:at_all",
        "linked:here",
        "..outside:here",
        "prices.__class__:x",
        "prices",
        "",
        ":",
        "/etc/passwd:x",
    ],
)
def test_only_public_functions_of_the_project_are_called(store: Store, project: Path, function: str) -> None:
    """Fault D23: the old walls could be climbed. Nothing of the standard library is called by name."""
    failed = failure(store, function)
    assert failed.reason == "settings"


def test_a_module_that_cannot_be_imported_says_so(store: Store, project: Path) -> None:
    assert "nothing_of_that_name" in failure(store, "broken:x").detail
