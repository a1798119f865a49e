"""`manage.py seed_demo`: what it makes, that it may be run again, and the document it writes."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.core.management import call_command
from django.test import Client

from apps.integrations.models import Credential, Integration
from apps.players.models import Player
from apps.providers.models import Game, GameCertificate
from apps.sandbox.traffic.payers import is_new
from apps.transactions.models import Transaction
from tests.core.bypasses import unrecorded

pytestmark = pytest.mark.django_db

BASE_URL = "http://127.0.0.1:8123"


def seed(path: Path, base_url: str = BASE_URL) -> dict[str, Any]:
    call_command("seed_demo", "--base-url", base_url, "--output", str(path))
    document: dict[str, Any] = json.loads(path.read_text())
    return document


def test_the_document_lets_staff_players_and_vendors_in(tmp_path: Path, client: Client) -> None:
    path = tmp_path / "seed.json"
    document = seed(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert document["base_url"] == BASE_URL
    assert len(document["staff"]) == 17
    for entry in document["staff"]:
        user: Any = authenticate(username=entry["username"], password=entry["password"])
        assert [group.name for group in user.groups.all()] == [entry["role"]]
        assert entry["totp_secret"] is None
    assert len(document["players"]) == 10
    login = client.post("/api/v1/sessions", document["players"][0], content_type="application/json")
    assert login.status_code == 201, login.content
    for slug in ("hub88", "caleta"):
        entry = document["integrations"][slug]
        assert (entry["vendor"], entry["base_url"]) == (slug, f"{BASE_URL}/providers/{slug}")
        assert "PRIVATE KEY" in entry["credentials"]["private_key_pem"]
        assert "PUBLIC KEY" in entry["credentials"]["public_key_pem"]


def test_the_secrets_of_further_protocols_go_by_their_public_names(tmp_path: Path) -> None:
    integrations = seed(tmp_path / "seed.json")["integrations"]
    names = {slug: set(integrations[slug]["credentials"]) for slug in ("evolution", "swipegames", "valkyrie")}
    assert names["evolution"] == {"auth_token", "casino_key", "api_token"}
    assert names["swipegames"] == {"api_key", "integration_api_key"}
    assert names["valkyrie"] >= {"bearer_token"}
    assert all(len(secret) >= 32 for slug in names for secret in integrations[slug]["credentials"].values())


def test_seeding_again_changes_nothing_but_the_address(tmp_path: Path) -> None:
    path = tmp_path / "seed.json"
    before = seed(path)
    # Brands, vendors and games have been set up, switched and synchronised: every version is kept as it is.
    assert unrecorded() == []
    Game.objects.filter(code="nlg_auroranights").update(is_enabled=False)
    assert len(unrecorded()) == 1  # past the history: it is found
    counts = [kind.objects.count() for kind in (Player, Game, GameCertificate, Credential, Transaction)]
    after = seed(path, "http://127.0.0.1:9000")
    # The journal of last night is no payment of anybody's: the payers' stories are still to be told.
    assert is_new()
    assert counts == [kind.objects.count() for kind in (Player, Game, GameCertificate, Credential, Transaction)]
    assert counts[:2] == [27, 34]
    assert (after["staff"], after["players"]) == (before["staff"], before["players"])
    keys = [before["integrations"][slug]["credentials"] for slug in ("hub88", "caleta")]
    assert keys == [after["integrations"][slug]["credentials"] for slug in ("hub88", "caleta")]
    assert Integration.objects.get(slug="caleta").base_url == "http://127.0.0.1:9000/sandbox/vendors/caleta"
    game = Game.objects.get(code="nlg_auroranights")
    assert game.thumbnail_url == "http://127.0.0.1:9000/sandbox/vendors/hub88/thumbnails/nlg_auroranights.svg"
    assert not game.is_enabled


def test_lost_passwords_are_replaced(tmp_path: Path, client: Client) -> None:
    before = seed(tmp_path / "one.json")["players"][0]
    after = seed(tmp_path / "two.json")["players"][0]
    assert before["password"] != after["password"]
    assert client.post("/api/v1/sessions", before, content_type="application/json").status_code == 401
    assert client.post("/api/v1/sessions", after, content_type="application/json").status_code == 201
