"""Who holds a claim: a daemon, named so that another one of the same machine can see whether it lives.

    b3c1f0a9d2e4-4026531836:71:883274:5f0c9a1e        machine and PID namespace : pid : its start : chance

Only a process of the same boot and the same PID namespace is judged: of the others nothing can be known from here.
"""

from __future__ import annotations

import os
from pathlib import Path

from pytake_cli import clock

ELSEWHERE = "-"  # where the kernel does not tell: never the same place as another


def mine() -> str:
    """The name under which this process claims, for as long as it lives."""
    pid = os.getpid()
    return f"{_place()}:{pid}:{_started(pid)}:{clock.new_id()[:8]}"


def is_dead(owner: str) -> bool:
    """True only if the process certainly does not run any more; what cannot be judged may live."""
    place, _, rest = owner.partition(":")
    pid, _, rest = rest.partition(":")
    if place == ELSEWHERE or place != _place() or not (pid.isascii() and pid.isdecimal()):
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False  # another user's
    return _started(int(pid)) not in ("", rest.partition(":")[0])


def _place() -> str:
    """This boot of this machine, and the namespace that gives pids their meaning (a container has one of its own)."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip().replace("-", "")
        return f"{boot[:12]}-{os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:
        return ELSEWHERE


def _started(pid: int) -> str:
    """When a process started, in the kernel's ticks: the same pid with another start is another process."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "gone" if words[0] in ("Z", "X") else words[19]  # a zombie only waits to be buried
