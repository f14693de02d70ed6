"""Secrets: systemd and Docker files > environment > OS keyring > a sealed file; never plain text by accident."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pytake_cli import clock, sealed
from pytake_cli.errors import ConfigError

NAMES = {
    "app_secret": "Signs webhooks: App settings > Basic on Meta's page.",
    "verify_token": "What Meta's page and PyTake agree on for the first call of a webhook.",
    "access_token": "Lets PyTake call the Cloud API for a number.",
    "jwt_key": "Signs the access tokens of logins; made by itself.",
    "erasure_key": "Makes the marks of erased people's numbers; made by itself. Who loses it forgets who was erased.",
    "password_pepper": "Goes into every hash of a password; made by itself. Who loses it sets every password anew.",
}
RUN_SECRETS = Path("/run/secrets")
KEYRING_TIMEOUT_SECONDS = 3.0  # a hung D-Bus would block for ever
MAX_FILE_BYTES = 64 * 1024
_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_SCOPE = re.compile(r"[A-Za-z0-9.-]{1,64}")
_PLACEHOLDER = re.compile(r"\$\{secret:([a-z][a-z0-9_]*)\}")

REREAD_SECONDS = 30.0  # how long `keys` goes by what it has read
SHORTEST_KEY = 32

_keys: dict[str, tuple[float, list[str]]] = {}
_seen: set[str] = set()  # every value read in this process, for redaction
_keyring_is_dead = False


def get(name: str, scope: str | None = None) -> str | None:
    """The secret for a scope (a phone number id or an app id) or else the global one, or None."""
    for wanted in (scope, None) if scope else (None,):
        found = _find(name, wanted)
        if found is not None:
            return found[1]
    return None


def require(name: str, scope: str | None = None) -> str:
    """The secret, or a ConfigError that says how to set it."""
    value = get(name, scope)
    if value is None:
        raise ConfigError(
            "PT-SECRET-MISSING",
            "the secret {name} is not set",
            why="looked in systemd and Docker secrets, {variable}, the keyring and the sealed file",
            fix="pytake secret set {name} -",
            name=name,
            variable=variable(name, scope),
        )
    return value


def where(name: str, scope: str | None = None) -> str | None:
    """The source that get() takes the secret from, such as `keyring` or `environment PYTAKE_SECRET_APP_SECRET`."""
    for wanted in (scope, None) if scope else (None,):
        found = _find(name, wanted)
        if found is not None:
            return found[0]
    return None


def all_values(name: str) -> list[str]:
    """Every value of a name: all scopes, and NAME_previous for rotation; the current global one first."""
    values: list[str] = []
    for each in (name, f"{name}_previous"):
        for scope in (None, *scopes(each)):
            found = _find(each, scope)
            if found is not None and found[1] not in values:
                values.append(found[1])
    return values


def keys(name: str) -> list[str]:
    """all_values() of a key of ours, made when it is missing and read again every 30 s: every request needs one."""
    until, values = _keys.get(name, (0.0, []))
    if values and until > clock.monotonic():
        return values
    if get(name) is None:
        put(name, clock.token())
    values = all_values(name)
    if short := [value for value in values if len(value) < SHORTEST_KEY]:
        raise ConfigError(
            "PT-SECRET-SHORT",
            "the secret {name} has {length} characters, and {shortest} are the fewest",
            fix="pytake secret set {name} -",
            name=name,
            length=len(short[0]),
            shortest=SHORTEST_KEY,
        )
    _keys[name] = clock.monotonic() + REREAD_SECONDS, values
    return values


def scopes(name: str) -> list[str]:
    """The scopes that a name has a value for, wherever it is kept."""
    found: set[str] = set()
    prefix = f"{variable(name)}__"
    for key in os.environ:
        if key.startswith(prefix):
            found.add(key.removeprefix(prefix).removesuffix("_FILE"))
    for directory, start in _directories(name):
        if directory.is_dir():
            found.update(file.name.removeprefix(f"{start}__") for file in directory.glob(f"{start}__*"))
    found.update(scope for each, scope in sealed.entries() if each == name and scope)
    return sorted(found)


def entries() -> list[tuple[str, str | None, str]]:
    """(name, scope, source) of every secret that is set; the known names, and whatever the sealed file lists."""
    names = dict.fromkeys(each for known in NAMES for each in (known, f"{known}_previous"))
    names.update(dict.fromkeys(name for name, _ in sealed.entries()))
    for key in sorted(os.environ):
        if key.startswith("PYTAKE_SECRET_"):
            names.setdefault(key.removeprefix("PYTAKE_SECRET_").partition("__")[0].removesuffix("_FILE").lower())
    rows: list[tuple[str, str | None, str]] = []
    for name in names:
        for scope in (None, *scopes(name)):
            found = _find(name, scope)
            if found is not None:
                rows.append((name, scope, found[0]))
    return rows


def put(name: str, value: str, scope: str | None = None, *, to: str | None = None) -> str:
    """Keeps a secret in the keyring if there is one, else in the sealed file; returns which. `to` insists on one."""
    check(name, scope)
    if not value or "\x00" in value or len(value) > MAX_FILE_BYTES:
        raise ConfigError(
            "PT-SECRET-VALUE", "the value for {name} is empty or no text", fix="pytake secret set {name} -", name=name
        )
    _seen.add(value)
    if to != "file" and _keyring_set(_account(name, scope), value):
        sealed.put(name, scope, None)
        return "keyring"
    if to == "keyring":
        raise ConfigError(
            "PT-SECRET-KEYRING",
            "there is no keyring here that answers",
            fix="pytake secret set {name} - --to file",
            name=name,
        )
    sealed.put(name, scope, value)
    return "file"


def delete(name: str, scope: str | None = None) -> bool:
    """Removes a secret from the keyring or the sealed file; False: it was in neither."""
    check(name, scope)
    listed = sealed.entries()
    if (name, scope) not in listed:
        return False
    if not listed[name, scope]:
        _keyring_set(_account(name, scope), None)
    sealed.remove(name, scope)
    return True


def fill(template: str) -> str:
    """Puts secrets into a setting: `postgresql://pytake:${secret:db_password}@db/pytake`."""
    return _PLACEHOLDER.sub(lambda match: require(match[1]), template)


def variable(name: str, scope: str | None = None) -> str:
    """The environment variable of a secret: PYTAKE_SECRET_ACCESS_TOKEN__2000000000001."""
    return f"PYTAKE_SECRET_{name.upper()}" + (f"__{scope}" if scope else "")


def seen_values() -> set[str]:
    """Values read or written by this process; log and reports take them out of what they write."""
    return _seen


def forget() -> None:
    """Forgets what was seen and whether the keyring answers."""
    global _keyring_is_dead
    _seen.clear()
    _keys.clear()
    _keyring_is_dead = False


def check(name: str, scope: str | None = None) -> None:
    """Refuses names and scopes that could not be a file name and a variable."""
    if not _NAME.fullmatch(name) or name.endswith("_file") or (scope is not None and not _SCOPE.fullmatch(scope)):
        raise ConfigError(
            "PT-SECRET-NAME",
            "{name} cannot be the name of a secret",
            why="names are lower case letters, digits and _, scopes letters, digits, dots and dashes",
            fix="pytake secret list",
            name=name if scope is None else f"{name} ({scope})",
        )


def _find(name: str, scope: str | None) -> tuple[str, str] | None:
    """(source, value) from the first source that has it."""
    check(name, scope)
    for source, read in _sources(name, scope):
        value = read()
        if value:
            _seen.add(value)
            return source, value
    return None


def _sources(name: str, scope: str | None) -> Iterator[tuple[str, Callable[[], str | None]]]:
    file_name = name if scope is None else f"{name}__{scope}"
    key = variable(name, scope)
    if directory := os.environ.get("CREDENTIALS_DIRECTORY"):
        yield f"systemd {directory}/{file_name}", lambda: _read(Path(directory) / file_name)
    yield f"{RUN_SECRETS}/pytake_{file_name}", lambda: _read(RUN_SECRETS / f"pytake_{file_name}")
    if named := os.environ.get(f"{key}_FILE"):
        yield f"file {named} ({key}_FILE)", lambda: _read(Path(named), must=True)
    yield f"environment {key}", lambda: os.environ.get(key)
    listed = sealed.entries()
    in_file = listed.get((name, scope))
    if not in_file:
        # Ask the keyring only for what we put there, or, in a home of the system, for what somebody else may have.
        yield "keyring", lambda: _keyring_get(_account(name, scope))
    else:
        yield "sealed file", lambda: sealed.get(name, scope)


def _directories(name: str) -> Iterator[tuple[Path, str]]:
    if directory := os.environ.get("CREDENTIALS_DIRECTORY"):
        yield Path(directory), name
    yield RUN_SECRETS, f"pytake_{name}"


def _read(path: Path, *, must: bool = False) -> str | None:
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES).decode().rstrip("\r\n")
    except FileNotFoundError:
        if not must:
            return None
        reason = "no such file"
    except UnicodeDecodeError:
        reason = "not UTF-8 text"
    except OSError as error:
        reason = error.strerror or type(error).__name__
    raise ConfigError(
        "PT-SECRET-FILE",
        "cannot read the secret in {path}: {reason}",
        fix="pytake secret list",
        path=str(path),
        reason=reason,
    )


def _account(name: str, scope: str | None) -> str:
    return name if scope is None else f"{name}:{scope}"


def _keyring_get(account: str) -> str | None:
    return _in_keyring(lambda keyring: keyring.get_password("pytake", account))


def _keyring_set(account: str, value: str | None) -> bool:
    def act(keyring: Any) -> str:
        if value is None:
            keyring.delete_password("pytake", account)
        else:
            keyring.set_password("pytake", account, value)
        return "done"

    return _in_keyring(act) is not None


def _in_keyring(act: Callable[[Any], str | None]) -> str | None:
    """Runs `act(keyring)` with a time limit; None when there is no keyring, and then it is not asked again."""
    global _keyring_is_dead
    if _keyring_is_dead or os.environ.get("PYTAKE_HOME"):  # a home of its own keeps its secrets in it
        return None
    result: list[str | None] = []

    def ask() -> None:
        import keyring
        from keyring.errors import KeyringError

        try:
            result.append(act(keyring))
        except (KeyringError, RuntimeError, OSError):
            pass  # no backend, locked, or not there: the sealed file is next

    thread = threading.Thread(target=ask, daemon=True, name="keyring")
    thread.start()
    thread.join(KEYRING_TIMEOUT_SECONDS)
    if not result:
        _keyring_is_dead = True
        return None
    return result[0]
