"""A live demo with some play in it, Chromium, and members of staff at their desks."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect

from tests.harness.databases import PROJECT_DIR
from tests.harness.live import LivePlatform
from tests.journeys.conftest import Demo, demo

__all__ = ["demo"]

CHROMIUM_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
_ROUNDS = 40
_SHOTS = os.environ.get("SCREENSHOTS", "")

# Playwright runs an event loop in this thread; our own database calls here are not asynchronous.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

Staff = Callable[..., Page]
Shot = Callable[..., None]


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    return {
        "executable_path": os.environ.get("CHROMIUM", "/usr/bin/chromium"),
        "args": CHROMIUM_FLAGS,
        "headless": True,
    }


@pytest.fixture(scope="session", autouse=True)
def _test_ids(playwright: Playwright) -> None:
    playwright.selectors.set_test_id_attribute("data-test")


@pytest.fixture(scope="session")
def site(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The demo after its simulated vendors have played some rounds."""
    argv = [sys.executable, "manage.py", "run_simulator", "--rounds", str(_ROUNDS)]
    argv += ["--demo-file", str(tmp_path_factory.getbasetemp() / "demo.json")]
    # A process of its own, as in the demo: its sockets end with it.
    subprocess.run(argv, env=demo.platform.environment, cwd=PROJECT_DIR, check=True, capture_output=True)
    return demo


@pytest.fixture
def platform(site: Demo) -> LivePlatform:
    return site.platform


@pytest.fixture
def staff(site: Demo, browser: Browser) -> Iterator[Staff]:
    """Log a role in through the log-in page; whatever goes wrong in the page's own scripts fails the test."""
    passwords = {entry["username"]: entry["password"] for entry in site.document["staff"]}
    opened: list[BrowserContext] = []
    wrong: list[str] = []

    def enter(username: str, *, dark: bool = False, width: int = 1440, height: int = 900) -> Page:
        context = browser.new_context(
            base_url=site.base_url,
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
        )
        context.set_default_timeout(10_000)
        opened.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(f"{page.url}: {error}"))
        page.on(
            "console",
            lambda message: wrong.append(f"{page.url}: {message.text}") if message.type == "error" else None,
        )
        page.goto("/admin/")
        page.get_by_label("Username").fill(username)
        page.get_by_label("Password").fill(passwords[username])
        page.get_by_role("button", name="Log in").click()
        expect(page).to_have_url(re.compile("/admin/$"))
        return page

    yield enter
    for context in opened:
        context.close()
    assert wrong == []


@pytest.fixture
def shot() -> Shot:
    """Keep a picture where $SCREENSHOTS says; else do nothing."""

    def take(page: Page, name: str, *, full: bool = True) -> None:
        if _SHOTS:
            Path(_SHOTS).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=Path(_SHOTS) / f"{name}.png", full_page=full)

    return take


def assert_fits(page: Page) -> None:
    """Nothing sticks out of the window sideways."""
    too_wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert too_wide <= 0, f"{page.url} is {too_wide} px too wide"
