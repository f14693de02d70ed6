"""A running home for tests that break things around it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.home import Home, running


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Home]:
    """A home whose emulator and daemon run, with a grace of three seconds."""
    with running(tmp_path / "there", grace_seconds=3) as started:
        yield started
