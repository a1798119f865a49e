"""The guide to adding a provider is followed word for word: its files are written, plugged in and played."""

import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from apps.integrations.connections import forget_connections
from apps.integrations.credentials import add_credential
from apps.integrations.models import Credential, Integration
from apps.integrations.options import settings_of
from apps.providers.registry import adapter_of, load_adapters
from apps.sandbox.conformance.registry import suite_of
from apps.sandbox.conformance.scenarios import play
from casino_platform.runtime.servers import PROJECT_DIR
from tests.contracts.test_scenarios import in_process
from tests.factories.integrations import NOW, make_brand

GUIDE = PROJECT_DIR / "docs" / "integrations" / "adding-a-provider.md"
SECRET = "acorn-s3cr3t"
_FILE = re.compile(r"^`(acorn/\w+\.py)`:\n\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PLUGIN = re.compile(r"^PROVIDER_PLUGINS=(\S+)$", re.MULTILINE)
_SUITE = re.compile(r"--suite (\S+)")


@pytest.fixture
def acorn(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch, db: None) -> Iterator[str]:
    """Do what the guide says; yields the dotted name of its scenario list."""
    text = GUIDE.read_text()
    files = dict(_FILE.findall(text))
    assert set(files) == {"acorn/adapter.py", "acorn/scenarios.py"}
    (tmp_path / "acorn").mkdir()
    (tmp_path / "acorn/__init__.py").write_text("")
    for name, code in files.items():
        (tmp_path / name).write_text(code)
    monkeypatch.syspath_prepend(str(tmp_path))
    settings.PROVIDER_PLUGINS = [_PLUGIN.findall(text)[0]]
    load_adapters()
    integration = Integration.objects.create(
        slug="acorn", name="Acorn", vendor="acorn", kind=Integration.Kind.GAMES, brand_code=make_brand().code
    )
    purpose = Credential.Purpose.VERIFY_INBOUND
    add_credential(integration=integration, purpose=purpose, secret=SECRET.encode(), actor=None, now=NOW)
    forget_connections()
    yield _SUITE.findall(text)[0]
    settings.PROVIDER_PLUGINS = []
    load_adapters()
    for name in [name for name in sys.modules if name.partition(".")[0] == "acorn"]:
        del sys.modules[name]


def test_a_provider_added_by_the_guide_alone_plays_its_scenarios(acorn: str, client: Client) -> None:
    suite = suite_of("acorn", path=acorn)
    assert suite is not None

    verdicts = play(suite, in_process(client), "acorn", {"secret": SECRET})

    assert [(each.name, each.deviation) for each in verdicts] == [(each.name, "") for each in suite.scenarios]
    assert len(verdicts) == 5


def test_its_forged_and_garbled_calls_are_refused(acorn: str, client: Client) -> None:
    send = in_process(client)
    forged = send("POST", "/providers/acorn/stake", {"X-Acorn-Key": "guess"}, b"{}")
    garbled = send("POST", "/providers/acorn/stake", {"X-Acorn-Key": SECRET}, b"{")
    assert (forged.status, garbled.status) == (401, 400)
    assert (
        send("GET", "/providers/acorn/stake", {}, b"").status,
        send("POST", "/providers/acorn/x", {}, b"").status,
    ) == (
        405,
        404,
    )


def test_its_settings_are_on_the_page(acorn: str) -> None:
    (row,) = settings_of(Integration.objects.get(slug="acorn"))
    assert (row.option.name, row.value, row.is_default) == ("undo_settled", False, True)


def test_a_plugin_that_wants_a_taken_name_stops_the_start(acorn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = import_module("acorn.adapter").ACORN
    object.__setattr__(plugin, "vendor", "hub88")
    with pytest.raises(ValueError, match="adapter for hub88 already"):
        load_adapters()
    object.__setattr__(plugin, "vendor", "acorn")
    load_adapters()
    assert adapter_of("acorn") is not None
