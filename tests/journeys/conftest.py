"""The platform, live, seeded as the demo is."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from apps.sandbox.vendors.rounds import Patience
from apps.sandbox.vendors.wire import close_connections
from tests.harness.live import LivePlatform


@dataclass(frozen=True)
class Demo:
    """A live platform and the document that says how to enter it."""

    platform: LivePlatform
    document: dict[str, Any]

    @property
    def base_url(self) -> str:
        """Where it runs."""
        return self.platform.base_url


@pytest.fixture(scope="session")
def demo(live_platform: LivePlatform, tmp_path_factory: pytest.TempPathFactory) -> Demo:
    # One file, whichever test seeds first: seeding again with another would change everybody's password.
    path: Path = tmp_path_factory.getbasetemp() / "demo.json"
    with live_platform.in_database():
        call_command("seed_demo", "--base-url", live_platform.base_url, "--output", str(path))
    return Demo(live_platform, json.loads(path.read_text()))


@pytest.fixture
def in_demo(demo: Demo) -> Iterator[Demo]:
    with demo.platform.in_database():
        yield demo
    close_connections()


@pytest.fixture
def hasty() -> Patience:
    """A vendor that repeats itself as often as the protocol says, but at once."""
    return Patience(retries=3, pause_seconds=0.02, longest_pause_seconds=0.2, gave_up=threading.Event().wait)
