"""Documents: what is taken, where it lies, who opened it; and the pages on which people work."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from apps.backoffice.roles import ROLES, sync_roles, unknown_permissions
from apps.compliance.models import ApprovalRequest
from apps.core import clock
from apps.players.models import Player
from apps.verification.list_loading import SHIPPED, load_list
from apps.verification.models import Document, EvidenceRead, PlayerFact, ScreeningHit, Verification
from apps.verification.screening import screen_player
from tests.factories.api import as_player
from tests.factories.games import make_player
from tests.verification.conftest import Login
from tests.verification.vendors import Sumsub

PNG = b"\x89PNG\r\n\x1a\n" + b"CANARY-OF-THE-PICTURE" * 20
URL = "/api/v1/verification-documents"


def _file(content: bytes, name: str = "passport.exe") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="application/x-msdownload")


@pytest.fixture
def player(db: None) -> Player:
    return make_player()


def send(player: Player, content: bytes = PNG, kind: str = "address") -> Any:
    """Upload as the player."""
    return as_player(player).upload(URL, kind=kind, file=_file(content))


def test_a_document_lies_encrypted_under_a_random_name(player: Player) -> None:
    response = send(player)
    assert response.status_code == 201, response.content
    assert response.json().keys() == {"id", "kind", "state", "size_bytes", "uploaded_at"}
    document = Document.objects.get()
    assert (document.content_type, document.size_bytes, document.uploaded_by) == ("image/png", len(PNG), "player")
    (path,) = [each for each in Path(settings.DOCUMENTS_DIR).rglob("*") if each.is_file()]
    assert path.name == document.storage_name
    assert b"CANARY" not in path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0


def test_the_same_file_twice_is_one_document(player: Player) -> None:
    assert send(player).json()["id"] == send(player).json()["id"]
    assert len([each for each in Path(settings.DOCUMENTS_DIR).rglob("*") if each.is_file()]) == 1


@pytest.mark.parametrize(
    "content",
    [
        b"MZ\x90\x00",
        b"<html><script>alert(1)</script>",
        b"GIF89a",
        b"PK\x03\x04",
        b"\xff\xd8\xff\xe0<script>alert(1)</script>",
        b"%PDF-1.7 /JavaScript (app.alert(1))",
        b"\x89PNG\r\n\x1a\n" + b"0" * (10 * 2**20),
    ],
)
def test_what_is_no_picture_or_plain_pdf_is_refused(player: Player, content: bytes) -> None:
    response = send(player, content)
    assert (response.status_code, response.json()["code"]) == (422, "document-not-accepted")
    assert not Document.objects.exists()
    assert not Path(settings.DOCUMENTS_DIR).exists()


def test_an_empty_file_is_refused(player: Player) -> None:
    assert send(player, b"").status_code == 400


def test_an_altered_file_does_not_open(player: Player, login: Login) -> None:
    send(player)
    (path,) = [each for each in Path(settings.DOCUMENTS_DIR).rglob("*") if each.is_file()]
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    client = login("kyc_agent")
    page = client.post(
        reverse("admin:verification_document_open", args=[Document.objects.get().pk]), {"purpose": "a look"}
    )
    assert page.status_code == 302
    assert EvidenceRead.objects.count() == 1


def test_a_document_opens_only_with_a_purpose_which_is_logged_first(player: Player, login: Login) -> None:
    send(player)
    document = Document.objects.get()
    address = reverse("admin:verification_document_open", args=[document.pk])
    agent = login("kyc_agent")
    assert agent.get(address).status_code == 405
    assert agent.post(address, {"purpose": " "}).status_code == 302
    assert not EvidenceRead.objects.exists()
    page = agent.post(address, {"purpose": "check the street"})
    assert page.status_code == 200
    assert b"data:image/png;base64," in page.content
    assert b'data-test="watermark"' in page.content
    read = EvidenceRead.objects.get()
    assert (read.document_id, read.purpose, read.remote_address) == (document.pk, "check the street", "127.0.0.1")
    assert "no-store" in page["Cache-Control"]


@pytest.mark.parametrize("role", sorted(role.name for role in ROLES))
def test_only_those_meant_to_open_documents_can(role: str, player: Player, login: Login) -> None:
    send(player)
    address = reverse("admin:verification_document_open", args=[Document.objects.get().pk])
    status = login(role).post(address, {"purpose": "curiosity"}).status_code
    may = role in {"kyc_agent", "investigator", "mlro"}
    assert (status, EvidenceRead.objects.count()) == ((200, 1) if may else (403, 0))


def test_an_accepted_document_becomes_a_fact(player: Player, login: Login) -> None:
    send(player)
    document = Document.objects.get()
    agent = login("kyc_agent")
    body = {"verdict": "accept", "reason": "street agrees", "valid_to": "2027-11-25"}
    agent.post(reverse("admin:verification_document_decide", args=[document.pk]), body)
    fact = PlayerFact.objects.get()
    assert (fact.kind, fact.outcome, fact.method, fact.evidence_hash != "") == (
        "address",
        "confirmed",
        "document",
        True,
    )
    agent.post(reverse("admin:verification_document_decide", args=[document.pk]), body | {"verdict": "refuse"})
    assert PlayerFact.objects.count() == 1


def test_a_review_is_decided_on_its_page(sumsub: Sumsub, login: Login) -> None:
    sumsub.say("approved", person={"first_name": "Lucy", "last_name": "Westenra", "date_of_birth": "1991-04-17"})
    sumsub.tell(sumsub.webhook("approved"))
    agent = login("kyc_agent")
    assert sumsub.player.username in agent.get(reverse("admin:verification_verification_changelist")).content.decode()
    page = agent.get(reverse("admin:verification_verification_change", args=[sumsub.verification.pk])).content.decode()
    assert "differs" in page
    assert "Westenra" not in page
    assert "Harker" not in page
    support = login("support")
    address = reverse("admin:verification_verification_decide", args=[sumsub.verification.pk])
    assert support.post(address, {"decision": "approved", "reason": "looks good"}).status_code == 403
    agent.post(address, {"decision": "approved", "reason": "maiden name, seen the certificate"})
    assert sumsub.state() == "approved"
    assert PlayerFact.objects.proven(clock.now()).filter(kind="identity", method="staff").exists()


def test_pages_cost_the_same_however_much_there_is(
    sumsub: Sumsub,
    login: Login,
    django_assert_max_num_queries: Any,
) -> None:
    sumsub.say("review")
    sumsub.tell(sumsub.webhook("review"))
    agent = login("kyc_agent")
    for content in (PNG, PNG + b"1", PNG + b"2"):
        send(sumsub.player, content)
    agent.get("/admin/")
    with django_assert_max_num_queries(30):
        agent.get(reverse("admin:verification_verification_change", args=[sumsub.verification.pk]))
    with django_assert_max_num_queries(20):
        agent.get(reverse("admin:verification_document_changelist"))


def test_a_hit_is_masked_until_somebody_says_why(player: Player, login: Login) -> None:
    load_list(dataset="invented", path=SHIPPED, now=clock.now())
    Player.objects.filter(pk=player.pk).update(first_name="Zoltan", last_name="Darvenko", birth_date="1961-03-14")
    screen_player(player_id=player.pk, trigger="test", now=clock.now())
    hit = ScreeningHit.objects.get()
    agent = login("kyc_agent")
    page = agent.get(reverse("admin:verification_screeninghit_change", args=[hit.pk])).content.decode()
    assert "Birth date: 1961-03-14 agrees" not in page
    assert "D•••" in page
    shown = agent.post(reverse("admin:verification_screeninghit_compare", args=[hit.pk]), {"purpose": "review"})
    assert "Birth date: 1961-03-14 agrees" in shown.content.decode()
    assert EvidenceRead.objects.get().hit_id == hit.pk
    agent.post(reverse("admin:verification_screeninghit_clear", args=[hit.pk]), {"reason": "another person"})
    assert ApprovalRequest.objects.get().command == "verification.clear_sanctions_hit"
    hit = ScreeningHit.objects.get(pk=hit.pk)
    assert hit.state == "open"


def test_the_player_begins_and_finds_one_verification(sumsub: Sumsub, client: Client) -> None:
    api = as_player(sumsub.player, client)
    begun = api.post("/api/v1/verifications", {"level": "identity"})
    assert begun.status_code == 201, begun.content
    assert begun.json()["id"] == str(sumsub.verification.public_id)
    assert begun.json()["url"] == "https://sumsub.example/app-1"
    assert [each["state"] for each in api.get("/api/v1/verifications").json()["results"]] == ["pending"]
    other = as_player(make_player("lucy"), client)
    assert other.get(f"/api/v1/verifications/{sumsub.verification.public_id}").status_code == 404
    assert other.get("/api/v1/verifications").json()["results"] == []


def test_a_vendor_that_does_not_answer_leaves_a_verification_to_go_on_with(sumsub: Sumsub, client: Client) -> None:
    sumsub.api.is_down = True
    api = as_player(make_player("lucy"), client)
    refused = api.post("/api/v1/verifications", {})
    assert (refused.status_code, refused.json()["code"]) == (502, "verification-unclear")
    sumsub.api.is_down = False
    taken = api.post("/api/v1/verifications", {})
    assert (taken.status_code, taken.json()["code"]) == (502, "verification-unclear")
    Verification.objects.filter(pk=sumsub.verification.pk).update(vendor_session="another")
    assert api.post("/api/v1/verifications", {}).status_code == 201
    assert Verification.objects.filter(player__username="lucy").count() == 1


def test_roles_know_only_permissions_that_exist(db: None) -> None:
    sync_roles()
    assert unknown_permissions() == set()
