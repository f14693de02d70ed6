"""Runs the daemon: takes webhooks, sends messages, keeps time, until it is told to stop."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from pytake_cli import log
from pytake_cli.cli.context import context
from pytake_cli.cli.output import say
from pytake_cli.locale import _


def serve(
    host: Annotated[str | None, typer.Option("--host", metavar="ADDRESS", help="Address to listen on.")] = None,
    port: Annotated[
        int | None, typer.Option("--port", metavar="N", min=0, max=65535, help="0 takes a free one.")
    ] = None,
    auto_migrate: Annotated[
        bool, typer.Option("--auto-migrate", help="Brings the store to today's version first, after a backup.")
    ] = False,
    behind_proxy: Annotated[
        bool, typer.Option("--behind-proxy", help="A proxy does TLS: plain HTTP on any address.")
    ] = False,
    tls_cert: Annotated[Path | None, typer.Option("--tls-cert", metavar="FILE", help="Certificate chain, PEM.")] = None,
    tls_key: Annotated[
        Path | None, typer.Option("--tls-key", metavar="FILE", help="Its private key, PEM, 0600.")
    ] = None,
    no_flow_watch: Annotated[
        bool, typer.Option("--no-flow-watch", help="Does not look at the flow files when they are saved.")
    ] = False,
) -> None:
    """Runs the daemon until Ctrl-C or SIGTERM; what is in flight is finished first, a second signal does not wait.

    With --json, one line on stdout tells when it is ready: {"url": "http://127.0.0.1:8787", "pid": 71}.

    $ pytake serve
    $ pytake serve --port 0 --json
    $ pytake serve --host 0.0.0.0 --behind-proxy --auto-migrate
    """
    from pytake_cli.daemon import run

    current = context()
    log.setup("debug" if current.verbose > 1 else current.settings.log.level, current.settings.log.format)

    def ready(url: str) -> None:
        say(_("PyTake serves on {url} (pid {pid}); Ctrl-C stops it").format(url=url, pid=os.getpid()))
        if current.output.form in ("json", "jsonl"):
            sys.stdout.write(json.dumps({"url": url, "pid": os.getpid()}) + "\n")
            sys.stdout.flush()

    flow_watch = not no_flow_watch
    run.serve(run.Options(host, port, auto_migrate, behind_proxy, tls_cert, tls_key, flow_watch, ready))
