"""Checks of this machine: settings, files and their modes, secrets, the terminal."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from pytake_cli import secrets, settings
from pytake_cli.cli.checks.finding import Finding, error, ok, skipped, warning
from pytake_cli.errors import PytakeError
from pytake_cli.store.numbers import Number

NARROW = 80  # columns; the help is written for this many


def check_config() -> Iterator[Finding]:
    """Settings were read without complaint, or no check would run; says from how many places."""
    layers = [layer for layer in settings.layers() if layer.values]
    names = ", ".join(layer.kind for layer in layers) or "defaults"
    if not (settings.paths().config / "config.toml").exists() and settings.current().org is None:
        yield warning(
            "PT-CHECK-CONFIG",
            "there is no settings file yet ({layers})",
            check="config",
            fix="pytake init",
            layers=names,
        )
        return
    yield ok("config", "read from: {layers}", layers=names)


def check_files(store_file: Path | None) -> Iterator[Finding]:
    """Nobody else on this machine may read customers' messages or secrets."""
    if os.name != "posix":
        return
    places = settings.paths()
    directories = {places.config, places.data, places.state, places.run}
    files = {file for file in places.config.glob("*") if file.is_file()}
    if store_file is not None:
        directories.add(store_file.parent)
        files |= {store_file.with_name(store_file.name + suffix) for suffix in ("", "-wal", "-shm")}
    loose = [path for path in sorted({*directories, *files}) if path.exists() and _others_may(path)]
    for path in loose:
        yield error(
            "PT-CHECK-MODE",
            "others on this machine may read {path}",
            check="files",
            fix="chmod {mode} {path}",
            mend=_chmod(path),
            path=str(path),
            mode="700" if path.is_dir() else "600",
        )
    if not loose:
        yield ok("files", "only you may read what is in {path}", path=str(places.data))


def _others_may(path: Path) -> bool:
    status = path.stat()
    return status.st_uid == os.getuid() and bool(status.st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def _chmod(path: Path) -> Callable[[], None]:
    return lambda: path.chmod(0o700 if path.is_dir() else 0o600)


def check_secrets(numbers: Iterable[Number]) -> Iterator[Finding]:
    """Every secret that is needed is somewhere, and says where."""
    wanted: list[tuple[str, str | None]] = [("app_secret", None), ("verify_token", None)]
    wanted += [("access_token", number.phone_number_id) for number in numbers] or [("access_token", None)]
    for name, scope in wanted:
        place = secrets.where(name, scope)
        if place is None:
            yield error(
                "PT-SECRET-MISSING",
                "{name} is not set",
                check="secrets",
                fix="pytake secret set {name} -" + (" --scope {scope}" if name == "access_token" and scope else ""),
                name=name,
                scope=scope or "",
            )
        elif place.startswith("environment"):
            yield warning(
                "PT-CHECK-SECRET-ENV",
                "{name} is in the {place}, where child processes and crash reports can see it",
                check="secrets",
                fix="pytake secret set {name} -",
                name=name,
                place=place,
            )
        else:
            yield ok("secrets", "{name} is in {place}", name=name, place=place)


def check_pepper(hashes: Sequence[str]) -> Iterator[Finding]:
    """Backups are without the pepper, so that who steals one cannot try passwords on it; it has to be kept apart."""
    from pytake_cli.services import passwords

    if not hashes:
        return
    lost, place = passwords.without_pepper(hashes), secrets.where(passwords.PEPPER)
    if lost:
        yield error(
            "PT-PASSWORD-PEPPER",
            "nobody can log in with {count} passwords: their password_pepper is not here, and no backup holds it",
            check="secrets",
            fix="pytake secret set password_pepper -, with the old one, or pytake user reset-password EMAIL",
            count=lost,
        )
    else:
        yield ok("secrets", "password_pepper is in {place}; no backup holds it: keep a copy apart", place=place or "")


def check_terminal(environ: Mapping[str, str] = os.environ) -> Iterator[Finding]:
    """What the terminal can show."""
    encoding = (sys.stdout.encoding or "ascii").lower().replace("-", "")
    if not sys.stdout.isatty():
        yield ok("terminal", "no terminal: output goes to a file or a pipe, in {encoding}", encoding=encoding)
        return
    columns = shutil.get_terminal_size().columns
    if encoding != "utf8":
        yield warning(
            "PT-CHECK-TERMINAL",
            "the terminal is not set to UTF-8 ({encoding}): accents and emoji will look wrong",
            check="terminal",
            fix="export LANG=C.UTF-8",
            encoding=encoding,
        )
    if columns < NARROW:
        yield warning(
            "PT-CHECK-TERMINAL",
            "the terminal is {columns} columns wide; tables leave columns out below {needed}",
            check="terminal",
            columns=columns,
            needed=NARROW,
        )
    kind = environ.get("TERM", "")
    if kind in ("", "dumb"):
        yield warning(
            "PT-CHECK-TERMINAL", "the terminal says it can do nothing (TERM={kind})", check="terminal", kind=kind
        )
    elif encoding == "utf8" and columns >= NARROW:
        yield ok("terminal", "{kind}, {columns} columns, UTF-8", kind=kind, columns=columns)


def not_looked_at(check: str, problem: PytakeError | None) -> Finding:
    """What needs a store or an organisation that is not there."""
    fix = problem.fix if problem else ""
    return skipped(check, "not looked at: {reason}", fix=fix, reason=problem or "")


def no_number() -> Finding:
    return skipped("meta", "no number is connected yet", fix="pytake number add -h")
