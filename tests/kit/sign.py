"""Signs a body as Meta does: `python -m tests.kit.sign --secret S < body.json` prints the header."""

from __future__ import annotations

import argparse
import hashlib
import hmac
import sys

HEADER = "X-Hub-Signature-256"


def sign(body: bytes, secret: str) -> str:
    """The value of X-Hub-Signature-256: HMAC-SHA256 over the raw bytes."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--secret", required=True, help="the app secret")
    parser.add_argument("file", nargs="?", type=argparse.FileType("rb"), default=sys.stdin.buffer)
    arguments = parser.parse_args()
    print(f"{HEADER}: {sign(arguments.file.read(), arguments.secret)}")


if __name__ == "__main__":
    main()
