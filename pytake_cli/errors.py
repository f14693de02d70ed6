"""Every error on purpose: what, why, what to do next, a slug, an exit code, an HTTP status.

PytakeError
├── UsageError        2   400   the command line, or a request, is wrong
│   ├── VersionNeeded 2   428   a change has to say which version it changes
│   └── TooLarge      2   413   a request's body is larger than is read
├── WouldFail         3   409   a dry run found what would stop the real one
├── AuthError         4   401   not logged in, token expired
├── NotFound          5   404   the named thing does not exist
├── Conflict          6   409   exists already, changed meanwhile, or somebody else holds it
│   └── Stale         6   412   what is to be changed was changed by somebody else since it was read
├── PartialFailure    7   207   some items failed
├── Pending           8   202   not finished within the time allowed
├── LimitReached      9   422   a stop that the user or Meta set was hit
│   └── TooOften      9   429   too many requests; `seconds` says when to come back
├── UpstreamError    10   502   Meta or another remote refused or cannot be reached
│   └── SendError    10   502   a send failed; `retryable` tells whether trying again may help
├── InputNeeded      64   400   a prompt was needed and nobody is there to answer
├── InvalidData      65   422   a file, a payload or a value does not validate
├── DaemonDown       69   503   `pytake serve` is needed and does not answer
├── Forbidden        77   403   the role lacks the permission
└── ConfigError      78   500   settings, secrets or the store's version do not fit
    └── StoreUnavailable  78  503  the store cannot be opened or written just now

An error is raised with its slug and an English template; values go in as keywords, so that the faces can translate:

    raise NotFound("PT-CONTACT", "no contact matches {ref}", fix="pytake contact list", ref=ref)
"""

from __future__ import annotations

from typing import Any, ClassVar

from pytake_cli.slugs import SLUGS as SLUGS


class PytakeError(Exception):
    """`message`, `why` and `fix` are templates for str.format with `values`; they stay untranslated until shown."""

    exit_code: ClassVar[int] = 1
    http_status: ClassVar[int] = 500
    retryable: bool = False

    def __init__(self, slug: str, message: str, *, why: str = "", fix: str = "", **values: Any) -> None:
        self.slug = slug
        self.message = message
        self.why = why
        self.fix = fix
        self.values = values
        super().__init__(message)

    def __str__(self) -> str:
        return self.message.format(**self.values) if self.values else self.message


class UsageError(PytakeError):
    exit_code, http_status = 2, 400


class VersionNeeded(UsageError):
    http_status = 428


class TooLarge(UsageError):
    http_status = 413


class WouldFail(PytakeError):
    exit_code, http_status = 3, 409


class AuthError(PytakeError):
    exit_code, http_status = 4, 401


class NotFound(PytakeError):
    exit_code, http_status = 5, 404


class Conflict(PytakeError):
    exit_code, http_status = 6, 409


class Stale(Conflict):
    """`present` is the thing as it is now."""

    http_status = 412

    def __init__(self, slug: str, message: str, *, present: Any, **more: Any) -> None:
        super().__init__(slug, message, **more)
        self.present = present


class PartialFailure(PytakeError):
    exit_code, http_status = 7, 207


class Pending(PytakeError):
    exit_code, http_status = 8, 202


class LimitReached(PytakeError):
    exit_code, http_status = 9, 422


class TooOften(LimitReached):
    http_status = 429

    def __init__(self, slug: str, message: str, *, seconds: int, **more: Any) -> None:
        super().__init__(slug, message, seconds=seconds, **more)
        self.seconds = seconds


class UpstreamError(PytakeError):
    exit_code, http_status = 10, 502


class SendError(UpstreamError):
    """A send that did not happen (or may have: `unknown`). `code` is Meta's, when Meta answered."""

    def __init__(
        self, slug: str, message: str, *, retryable: bool, unknown: bool = False, code: int | None = None, **values: Any
    ) -> None:
        super().__init__(slug, message, **values)
        self.retryable = retryable
        self.unknown = unknown
        self.code = code


class InputNeeded(PytakeError):
    exit_code, http_status = 64, 400


class InvalidData(PytakeError):
    exit_code, http_status = 65, 422


class DaemonDown(PytakeError):
    exit_code, http_status = 69, 503


class Forbidden(PytakeError):
    exit_code, http_status = 77, 403


class ConfigError(PytakeError):
    exit_code, http_status = 78, 500


class StoreUnavailable(ConfigError):
    http_status = 503
    retryable = True
