"""The secrets of the webhook door, read again from time to time so that they can be changed while it runs."""

from __future__ import annotations

import asyncio
import logging

from pytake_cli import secrets
from pytake_cli.api.webhook import Keys
from pytake_cli.errors import ConfigError, PytakeError

log = logging.getLogger(__name__)

READ_SECONDS = 30.0
FORMER = "_previous"  # app_secret_previous still opens the door while a secret is being changed


def read() -> Keys:
    """The keys as they are now; not on the event loop."""
    default: dict[str, str] = {}
    by_app: dict[str, dict[str, str]] = {}
    for name in ("app_secret", f"app_secret{FORMER}"):
        shared = secrets.get(name)
        if shared:
            default.setdefault(shared, "")
        for app in secrets.scopes(name):
            own = secrets.get(name, app)
            if own and own != shared:
                default[own] = app
                by_app.setdefault(app, {})[own] = app
    tokens = tuple(secrets.all_values("verify_token"))
    return Keys(default, by_app, tokens, secrets.get("metrics_token"))


def require() -> Keys:
    """The keys, or a ConfigError: without an app secret nobody could tell Meta's webhooks from forged ones."""
    keys = read()
    if not keys.default:
        raise ConfigError(
            "PT-SERVE-SECRET",
            "there is no app secret: webhooks could not be told from forged ones",
            why="it signs them; Meta shows it under App settings > Basic",
            fix="pytake secret set app_secret -",
        )
    if not keys.verify_tokens:
        log.warning(
            "no verify token: Meta cannot confirm the webhook", extra={"fix": "pytake secret set verify_token -"}
        )
    return keys


class KeyRing:
    """The keys in use."""

    def __init__(self, keys: Keys) -> None:
        self.keys = keys

    def __call__(self) -> Keys:
        return self.keys

    async def run(self) -> None:
        while True:
            await asyncio.sleep(READ_SECONDS)
            await self.reread()

    async def reread(self) -> None:
        """Takes over what has changed; what cannot be read stays as it was."""
        try:
            keys = await asyncio.to_thread(read)
        except (PytakeError, OSError) as error:
            log.error("the secrets cannot be read", extra={"reason": str(error)})
            return
        if keys != self.keys:
            log.info("the door's secrets have changed")
            self.keys = keys
