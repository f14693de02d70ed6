"""Whether the terminal is light or dark: asked of it (OSC 11) before the inbox opens, and never for long."""

from __future__ import annotations

import os
import re
import select
import sys
import time

PATIENCE_SECONDS = 0.25
ASK = b"\x1b]11;?\x1b\\\x1b[c"  # the ground, then what every terminal answers: once that is there, nothing more comes
_GROUND = re.compile(rb"\x1b\]11;rgba?:([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})")
_END = re.compile(rb"\x1b\[\?[0-9;]*c")


def may_ask() -> bool:
    """Not over a line whose answers may come late: they would be taken for keys. tmux answers from beside us."""
    is_far = bool(os.environ.get("SSH_CONNECTION")) and not os.environ.get("TMUX")
    return not is_far and os.environ.get("TERM", "dumb") not in ("dumb", "linux") and sys.stdin.isatty()


def is_light() -> bool:
    """True if the terminal says that its ground is light; False also where it says nothing in time."""
    return lightness(asked(ASK)) > 0.5


def asked(question: bytes) -> bytes:
    """What the terminal answers to a question that ends in ESC [ c; nothing if it may not be asked, or stays silent."""
    if not may_ask():
        return b""
    try:
        import termios
        import tty

        file = sys.stdin.fileno()
        before = termios.tcgetattr(file)
    except (ImportError, OSError, ValueError, termios.error):
        return b""
    try:
        tty.setraw(file, termios.TCSANOW)
        os.write(sys.stdout.fileno(), question)
        return _answer(file)
    except OSError:
        return b""
    finally:
        termios.tcsetattr(file, termios.TCSAFLUSH, before)  # what comes late is thrown away


def _answer(file: int) -> bytes:
    end, said = time.monotonic() + PATIENCE_SECONDS, b""
    while (left := end - time.monotonic()) > 0 and _END.search(said) is None:
        if select.select([file], [], [], left)[0]:
            said += os.read(file, 1024)
    return said


def lightness(said: bytes) -> float:
    """From 0 (black) to 1 (white), as the eye sees it; 0 if nothing was said."""
    found = _GROUND.search(said)
    if found is None:
        return 0.0
    red, green, blue = (int(part, 16) / (16.0 ** len(part) - 1.0) for part in found.groups())
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
