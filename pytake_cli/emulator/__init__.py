"""A local WhatsApp Cloud API: `async with Emulator(Config(webhook_url=…)) as emulator: emulator.url`."""

from pytake_cli.emulator.config import Config
from pytake_cli.emulator.server import Emulator

__all__ = ["Config", "Emulator"]
