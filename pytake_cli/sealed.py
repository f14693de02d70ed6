"""The sealed file: secrets under AES-256-GCM, for machines without a keyring.

    {"version": 1, "secrets": {"access_token 2000000000001": "AQ…base64…", "app_secret": null}}

null stands for "in the keyring". A sealed value is a version byte, a fresh 12-byte nonce and the ciphertext; name and
scope are authenticated with it, so that one entry cannot stand in for another.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from pytake_cli.errors import ConfigError
from pytake_cli.places import paths

VERSION = 1
KEY_BYTES = 32
NONCE_BYTES = 12


def entries() -> dict[tuple[str, str | None], bool]:
    """(name, scope) of everything listed; True: sealed in the file, False: in the keyring."""
    found: dict[tuple[str, str | None], bool] = {}
    for label, value in _load().items():
        name, _, scope = label.partition(" ")
        found[name, scope or None] = value is not None
    return found


def get(name: str, scope: str | None) -> str | None:
    """Opens one secret, or refuses what was altered."""
    sealed = _load().get(_label(name, scope))
    return None if sealed is None else _open(_label(name, scope), sealed)


def put(name: str, scope: str | None, value: str | None) -> None:
    """Seals a secret; None only lists it as being in the keyring."""
    label = _label(name, scope)
    sealed = None if value is None else _seal(label, value)
    with _locked():
        _save({**_load(), label: sealed})


def remove(name: str, scope: str | None) -> None:
    """Takes a secret out of the file."""
    with _locked():
        kept = _load()
        kept.pop(_label(name, scope), None)
        _save(kept)


def file() -> Path:
    """Where the sealed secrets are."""
    return paths().config / "secrets.json"


def key_file() -> Path:
    """Where the key is: PYTAKE_MASTER_KEY_FILE, or one that is made on first use."""
    named = os.environ.get("PYTAKE_MASTER_KEY_FILE")
    return Path(named) if named else paths().config / "master.key"


def _label(name: str, scope: str | None) -> str:
    return name if scope is None else f"{name} {scope}"


def _seal(label: str, value: str) -> str:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(NONCE_BYTES)
    ciphertext = AESGCM(_key(make=True)).encrypt(nonce, value.encode(), _aad(label))
    return base64.b64encode(bytes([VERSION]) + nonce + ciphertext).decode()


def _open(label: str, sealed: str) -> str:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        blob = base64.b64decode(sealed, validate=True)
        if len(blob) > 1 + NONCE_BYTES and blob[0] == VERSION:
            nonce, ciphertext = blob[1 : 1 + NONCE_BYTES], blob[1 + NONCE_BYTES :]
            return AESGCM(_key(make=False)).decrypt(nonce, ciphertext, _aad(label)).decode()
    except (InvalidTag, binascii.Error, ValueError):
        pass  # told below, all the same way
    raise ConfigError(
        "PT-SECRET-SEAL",
        "the secret {name} in {path} cannot be opened",
        why="the key {key} is another one, or the file was altered",
        fix="pytake secret set {name} -",
        name=label.partition(" ")[0],
        path=str(file()),
        key=str(key_file()),
    )


def _aad(label: str) -> bytes:
    return bytes([VERSION]) + label.encode()


def _key(*, make: bool) -> bytes:
    path = key_file()
    try:
        with path.open("rb") as opened:
            if hasattr(os, "getuid") and os.fstat(opened.fileno()).st_mode & 0o077 and not _is_mounted(path):
                raise ConfigError(
                    "PT-SECRET-MODE",
                    "others may read the key file {path}",
                    fix="chmod 600 {path}",
                    path=str(path),
                )
            return _decoded(opened.read(4096), path)
    except FileNotFoundError:
        if make and "PYTAKE_MASTER_KEY_FILE" not in os.environ:
            return _new_key(path)
        reason = "no such file"
    except OSError as error:
        reason = error.strerror or type(error).__name__
    raise ConfigError(
        "PT-SECRET-KEY",
        "cannot read the key file {path}: {reason}",
        fix="chmod 600 {path}",
        path=str(path),
        reason=reason,
    )


def _is_mounted(path: Path) -> bool:
    """Docker and systemd mount secrets read-only with modes of their own."""
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    return path.is_relative_to("/run/secrets") or (directory is not None and path.is_relative_to(directory))


def _decoded(content: bytes, path: Path) -> bytes:
    """32 bytes as they are, in hexadecimal or in base64."""
    text = content.strip()
    with contextlib.suppress(ValueError):
        if len(text) == 2 * KEY_BYTES:
            return bytes.fromhex(text.decode())
        decoded = base64.b64decode(text, altchars=b"-_" if set(text) & set(b"-_") else None, validate=True)
        if len(decoded) == KEY_BYTES:
            return decoded
    if len(content) == KEY_BYTES:
        return content
    raise ConfigError(
        "PT-SECRET-KEY",
        "{path} holds no key",
        why="a key is 32 bytes, as they are, in hexadecimal or in base64",
        fix="openssl rand -base64 32 > {path}",
        path=str(path),
    )


def _new_key(path: Path) -> bytes:
    key = os.urandom(KEY_BYTES)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    _write(draft, base64.b64encode(key) + b"\n")
    try:
        os.link(draft, path)  # whoever is first wins; the other takes the winner's
    except FileExistsError:
        return _key(make=False)
    finally:
        draft.unlink()
    return key


def _load() -> dict[str, str | None]:
    try:
        content = json.loads(file().read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:
        raise _broken(str(error)) from None
    if (
        not isinstance(content, dict)
        or content.get("version") != VERSION
        or not isinstance(content.get("secrets"), dict)
    ):
        raise _broken(f"not of version {VERSION}")
    found: dict[str, str | None] = content["secrets"]
    if not all(value is None or isinstance(value, str) for value in found.values()):
        raise _broken("a value is no text")
    return found


def _broken(reason: str) -> ConfigError:
    return ConfigError(
        "PT-SECRET-SEAL",
        "cannot read the sealed secrets {path}: {reason}",
        fix="pytake doctor",
        path=str(file()),
        reason=reason,
    )


def _save(content: dict[str, str | None]) -> None:
    path = file()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    _write(draft, json.dumps({"version": VERSION, "secrets": content}, indent=1).encode())
    os.replace(draft, path)
    if os.name == "posix":
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())


@contextlib.contextmanager
def _locked() -> Iterator[None]:
    """Two writers at once would lose one's secret."""
    path = file().with_suffix(".lock")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if os.name == "posix":
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
