"""Runs the emulator as a process: `python -m pytake_cli.emulator --port 0 --webhook-url URL`."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from pytake_cli.emulator.config import Config
from pytake_cli.emulator.server import Emulator
from pytake_cli.emulator.surroundings import write_state
from pytake_cli.emulator.world import World
from pytake_cli.errors import PytakeError


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pytake_cli.emulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8788, help="0 takes a free one")
    parser.add_argument("--webhook-url")
    parser.add_argument("--app-secret-env", metavar="NAME", help="environment variable with the app secret")
    parser.add_argument("--verify-token-env", metavar="NAME", help="environment variable with the verify token")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--state-dir", type=Path, help="where to write emulator.json")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="any setting, such as latency=100ms"
    )
    parser.add_argument("--bench", action="store_true", help="quiet and fast: no magic numbers, no limits, no logs")
    return parser


BENCH: dict[str, Any] = {
    "magic": False,
    "limit_throughput": False,
    "limit_pairs": False,
    "limit_tier": False,
    "keep_requests": 0,
    "keep_bodies": False,
    "calls_per_hour": 0,
    "batch": 100,
    "ledger": "full",
}


def build(arguments: argparse.Namespace) -> Config:
    config = Config(host=arguments.host, port=arguments.port, webhook_url=arguments.webhook_url, seed=arguments.seed)
    if arguments.app_secret_env:
        config.app_secret = os.environ[arguments.app_secret_env]
    if arguments.verify_token_env:
        config.verify_token = os.environ[arguments.verify_token_env]
    config.apply((BENCH if arguments.bench else {}) | dict(item.split("=", 1) for item in arguments.set))
    return config


async def run(
    config: Config,
    state_dir: Path | None = None,
    tell: Callable[[str], None] | None = None,
    beside: Callable[[World], Coroutine[Any, Any, None]] | None = None,
) -> None:
    """Serves until SIGINT or SIGTERM; tells the address once it listens, by one line on stdout if nobody else does.

    `beside` works along with it until it ends.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with Emulator(config) as emulator:
        state = write_state(state_dir, emulator.url) if state_dir else None
        if tell is not None:
            tell(emulator.url)
        else:
            sys.stdout.write(f"emulator {emulator.url} webhooks {config.webhook_url or 'off'}\n")
            sys.stdout.flush()
        companion = asyncio.ensure_future(beside(emulator.world)) if beside else None
        await stop.wait()
        if companion is not None:
            companion.cancel()
        if state is not None:
            state.unlink(missing_ok=True)


def main() -> int:
    try:
        arguments = parser().parse_args()
        asyncio.run(run(build(arguments), arguments.state_dir))
    except PytakeError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
