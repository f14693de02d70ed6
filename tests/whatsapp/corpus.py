"""Where real payloads and Meta's API description lie beside the project, if they do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_SHARED = (_ROOT.parent / "shared", _ROOT.parent.parent / "shared")


def _find(name: str, override: str) -> Path:
    if override in os.environ:
        return Path(os.environ[override])
    return next((place / name for place in _SHARED if (place / name).exists()), _SHARED[0] / name)


# read when tests are collected, before any test's clean environment
CORPUS = _find("corpus", "PYTAKE_CORPUS")
OPENAPI = _find("reference/business-messaging-api_v23.0.yaml", "PYTAKE_OPENAPI")

needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no corpus of payloads at {CORPUS}")
needs_openapi = pytest.mark.skipif(not OPENAPI.is_file(), reason=f"no API description at {OPENAPI}")


def payloads(kind: str) -> list[Path]:
    """The corpus's files of a kind: webhooks, requests (or a folder of them) or responses."""
    return sorted(CORPUS.glob(f"*/{kind}/**/*.json"))
