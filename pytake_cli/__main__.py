"""Lets `python -m pytake_cli` stand for `pytake`."""

from pytake_cli.cli.main import main

raise SystemExit(main())
