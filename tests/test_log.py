"""Proves that a log line is one event, without secrets and without what people wrote."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytake_cli import log, secrets

FORGED = 'x\n{"level":"info","event":"login ok"}\r\x1b[2K\u2028\u202e'


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("pytake_cli")
    handlers, levels = root.handlers[:], (root.level, ours.level)
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


def written(format: str, event: str = "message sent", /, **extra: object) -> str:  # noqa: A002
    stream = io.StringIO()
    log.setup("debug", format, stream)
    logging.getLogger("pytake_cli.test").info(event, extra=extra)
    return stream.getvalue()


def test_json_has_one_event_a_line_even_when_a_name_wants_two() -> None:
    line = written("json", user=FORGED)
    assert line.count("\n") == 1
    entry = json.loads(line)
    assert entry["event"] == "message sent"
    assert entry["level"] == "info"
    assert entry["user"] == FORGED


def test_text_has_one_event_a_line_and_no_control_characters() -> None:
    line = written("text", FORGED, user=FORGED, plain="abc", n=3, none=None)
    assert line.count("\n") == 1
    assert line[:-1].isprintable()
    assert "plain=abc" in line
    assert "n=3" in line
    assert "none=null" in line


@given(st.text(), st.text())
def test_no_text_makes_a_second_line(event: str, value: str) -> None:
    for form in ("json", "text"):
        line = written(form, event.replace("%", "%%"), field=value)
        assert line.endswith("\n")
        assert len(line.splitlines()) == 1


@pytest.mark.parametrize(
    "leak",
    [
        "EAAGm0PX4ZCpsBAKZC" + "x" * 30,
        "Authorization: Bearer abc.def-ghi",
        "https://graph/x?access_token=abcdefg&y=1",
        "postgresql://pytake:hunter22@db/pytake",
        "hub.verify_token=abcdefg",
        "X-Hub-Signature-256: sha256=" + "ab" * 32,
    ],
)
def test_tokens_are_taken_out(leak: str) -> None:
    for form in ("json", "text"):
        line = written(form, f"call failed {leak}", detail=leak)
        for secret in ("EAAG", "abc.def", "abcdefg", "hunter22", "ab" * 32):
            assert secret not in line
        assert line.count(log.REMOVED) == 2


def test_secrets_that_were_read_are_taken_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTAKE_SECRET_APP_SECRET", "an-unlikely-secret")
    assert secrets.get("app_secret")
    assert "unlikely" not in written("json", detail="got an-unlikely-secret back")


def test_what_people_wrote_is_never_logged() -> None:
    line = written("text", text="hello there", body={"a": 1}, caption="c", wamid="wamid.A1")
    assert "hello" not in line
    assert "wamid=wamid.A1" in line


def test_long_fields_are_cut() -> None:
    assert len(written("text", detail="x" * 100_000)) < 1_000


def test_a_traceback_stays_with_its_event() -> None:
    for form in ("json", "text"):
        stream = io.StringIO()
        log.setup("info", form, stream)
        try:
            raise ValueError("boom\n2026-11-22T00:00:00Z info forged")
        except ValueError:
            logging.getLogger("pytake_cli.test").exception("job failed")
        first, *rest = stream.getvalue().splitlines()
        assert "job failed" in first
        assert all(line.startswith("    | ") for line in rest)


def test_levels_are_obeyed_and_others_only_warn() -> None:
    stream = io.StringIO()
    log.setup("info", "text", stream)
    logging.getLogger("pytake_cli.test").debug("hidden")
    logging.getLogger("httpx").info("GET https://graph/…")
    assert stream.getvalue() == ""
