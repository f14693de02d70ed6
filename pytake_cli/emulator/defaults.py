"""The ids and secrets the emulator starts with, so that `init`, tests and people need not invent any."""

from __future__ import annotations

BUSINESS_ID = "4000000000001"
WABA_ID = "1000000000001"
PHONE_NUMBER_ID = "2000000000001"
APP_ID = "3000000000001"
DISPLAY_NUMBER = "+551140001234"
VERIFIED_NAME = "PyTake Emulator"
ACCESS_TOKEN = "emulator-token"  # noqa: S105 - opens nothing but a local emulator
APP_SECRET = "emulator-app-secret"  # noqa: S105
VERIFY_TOKEN = "emulator-verify-token"  # noqa: S105
HOST = "127.0.0.1"
PORT = 8788
VERSION = "v25.0"
