"""Behind the wall: two people, complete documents, and nothing of it for anybody else."""

from typing import Any
from uuid import UUID

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.db import DatabaseError, transaction
from django.http import Http404
from django.test import Client
from django.urls import reverse

from apps.backoffice.roles import ROLES
from apps.compliance.approvals import decide_approval
from apps.compliance.cases import closing
from apps.compliance.cases.claims import claim_case
from apps.compliance.evidence import pin_transaction
from apps.compliance.models import ApprovalRequest, Case
from apps.compliance_reports import operations
from apps.compliance_reports.goaml import ReportIncomplete, ReportNotValid, SchemaNotSound, require_valid
from apps.compliance_reports.models import AuthorityProfile, Report
from apps.core.ids import uuid7
from apps.players.models import Player
from apps.transactions.models import AccountKind, Transaction
from apps.transactions.posting import Leg, post, shared_account
from apps.wallets.operations import open_wallet
from tests.compliance.walled import CANARY, GOAML, REASON, complete, fresh, handed_in, load, words_of
from tests.factories.cases import NARRATIVE, NOW, case_of, colleague, hit, tick_all
from tests.factories.games import make_player
from tests.harness.queries import statements_of


@pytest.fixture
def player(db: None) -> Player:
    return make_player(street="12 Triq il-Kbira", city="Sliema", postcode="SLM 1000")


@pytest.fixture
def mlro(player: Player) -> User:
    return colleague("mlro", brand=player.brand)


@pytest.fixture
def deputy(player: Player) -> User:
    return colleague("mlro", "deputy", brand=player.brand)


@pytest.fixture
def case(player: Player, mlro: User) -> Case:
    case = case_of(hit(player))
    claim_case(case_id=case.pk, actor=mlro, now=NOW)
    return case


def deposit(player: Player, units: int = 5_200_000_000) -> Transaction:
    """Book one deposit; the player has a wallet already."""
    source = shared_account(brand_id=player.brand_id, currency="EUR", kind=AccountKind.PSP)
    account = open_wallet(player, "EUR").cash
    legs = [Leg(debit=source, credit=account, amount=units)]
    post(kind="deposit", brand_id=player.brand_id, currency="EUR", player_id=player.pk, legs=legs, now=NOW)
    return Transaction.objects.get(player_id=player.pk, kind="deposit")


def golden(document: str, name: str, **replaced: str) -> None:
    """Compare with the golden file; what differs from run to run is replaced first."""
    for value, word in replaced.items():
        document = document.replace(word, value.upper())
    path = GOAML / f"{name}.golden.xml"
    assert document == path.read_text(encoding="utf-8")


def test_a_report_of_transactions_is_what_the_first_authority_wants(case: Case, mlro: User, deputy: User) -> None:
    load("mt")
    booked = deposit(case.player)
    piece = pin_transaction(case_id=case.pk, transaction_id=booked.pk, actor=mlro, now=NOW)
    report = complete(case, mlro, "mt", report_code="STR", indicators=["GAM01"])
    operations.cite(public_id=report.public_id, evidence_ids=[piece.pk], rates={}, actor=mlro, now=NOW)
    operations.send_to_review(public_id=report.public_id, actor=mlro, now=NOW)
    operations.review(public_id=report.public_id, approve=True, note="Agreed", actor=deputy, now=NOW)
    operations.submit(public_id=report.public_id, actor=mlro, now=NOW)
    report = fresh(report)
    assert (report.state, report.checker) == ("submitted", deputy)
    require_valid(report.document, report.profile.xsd)  # type: ignore[union-attr]
    golden(
        report.document, "mt", reference=report.entity_reference, number=str(booked.pk),
        account=str(case.player.public_id),
    )  # fmt: skip


def test_a_report_of_activity_is_what_the_second_authority_wants(case: Case, mlro: User, deputy: User) -> None:
    report = handed_in(case, mlro, deputy)
    golden(report.document, "de", reference=report.entity_reference)


def test_nothing_goes_out_before_it_is_complete(case: Case, mlro: User) -> None:
    load("mt")
    report = operations.draft(case_id=case.pk, profile_code="mt", actor=mlro, now=NOW)
    with pytest.raises(ReportIncomplete) as refusal:
        operations.send_to_review(public_id=report.public_id, actor=mlro, now=NOW)
    missing = refusal.value.extensions["missing"]
    assert {"The reason", "What we did", "The kind of report", "Indicators of this authority's list"} <= set(missing)
    assert fresh(report).state == "draft"


def test_a_document_that_the_schema_refuses_is_not_handed_in(case: Case, mlro: User, deputy: User) -> None:
    load("mt")
    report = complete(case, mlro, "mt", indicators=["GAM01"])  # an activity, which this schema does not have
    operations.send_to_review(public_id=report.public_id, actor=mlro, now=NOW)
    operations.review(public_id=report.public_id, approve=True, note="", actor=deputy, now=NOW)
    with pytest.raises(ReportNotValid, match="activity"):
        operations.submit(public_id=report.public_id, actor=mlro, now=NOW)
    assert (fresh(report).state, fresh(report).document) == ("approved", "")


def test_whoever_wrote_it_does_not_approve_it(case: Case, mlro: User, deputy: User) -> None:
    report = complete(case, mlro, "", report_code="")
    operations.edit(public_id=report.public_id, changes={"reason": REASON}, actor=deputy, now=NOW)
    operations.send_to_review(public_id=report.public_id, actor=mlro, now=NOW)
    for person in (mlro, deputy):
        with pytest.raises(operations.SecondPersonNeeded):
            operations.review(public_id=report.public_id, approve=True, note="", actor=person, now=NOW)
    assert fresh(report).state == "internal_review"
    with pytest.raises(DatabaseError, match="two_people"), transaction.atomic():
        Report.objects.filter(pk=report.pk).update(checker=mlro)


def test_a_decision_not_to_report_takes_two_people_and_keeps_its_reasons(case: Case, mlro: User, deputy: User) -> None:
    report = operations.draft(case_id=case.pk, profile_code="", actor=mlro, now=NOW)
    with pytest.raises(ReportIncomplete, match="Reasons"):
        operations.send_to_review(public_id=report.public_id, actor=mlro, now=NOW)
    operations.edit(public_id=report.public_id, changes={"reason": REASON}, actor=mlro, now=NOW)
    operations.send_to_review(public_id=report.public_id, actor=mlro, now=NOW)
    operations.review(public_id=report.public_id, approve=True, note="Agreed", actor=deputy, now=NOW)
    kept = fresh(report)
    assert (kept.state, kept.checker, kept.reason) == ("not_reported", deputy, REASON)


def test_a_rejected_report_is_followed_by_a_corrected_one(case: Case, mlro: User, deputy: User) -> None:
    report = handed_in(case, mlro, deputy)
    operations.note_answer(public_id=report.public_id, accepted=False, words="Wrong code", actor=mlro, now=NOW)
    again = operations.correct(public_id=report.public_id, actor=mlro, now=NOW)
    assert (fresh(report).state, again.state, again.reason, again.corrects) == ("corrected", "draft", REASON, report)


def test_what_was_handed_in_cannot_be_altered(case: Case, mlro: User, deputy: User) -> None:
    report = handed_in(case, mlro, deputy)
    for change in ({"document": "<report/>"}, {"document_sha256": "0" * 64}):
        with pytest.raises(DatabaseError, match="kept as it was"), transaction.atomic():
            Report.objects.filter(pk=report.pk).update(**change)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        report.events.update(note="")


@pytest.mark.parametrize("xsd", ["", "<a/>", "no xml", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'])
def test_what_is_no_schema_is_not_loaded(xsd: str, db: None) -> None:
    facts = {"title": "T", "jurisdiction": "MT", "schema_version": "5", "terms": {}}
    with pytest.raises(SchemaNotSound):
        operations.load_profile(code="mt", facts=facts, xsd=xsd, actor="test", now=NOW)
    assert not AuthorityProfile.objects.exists()


OTHERS = [role.name for role in ROLES if role.name != "mlro"]


@pytest.mark.parametrize("role", [*OTHERS, "superuser"])
def test_nobody_else_meets_a_filing_anywhere(role: str, case: Case, mlro: User, deputy: User) -> None:
    report = handed_in(case, mlro, deputy)
    canaries = words_of(report)
    user = User.objects.create_superuser("root") if role == "superuser" else colleague(role, brand=case.brand)
    client = Client()
    client.force_login(user)
    own = [reverse("filings:list"), reverse("filings:of-case", args=[case.pk]),
           *(reverse(f"filings:{name}", args=[report.public_id]) for name in ("one", "document"))]  # fmt: skip
    nowhere = reverse("filings:one", args=[uuid7()])
    for address in own:
        assert client.get(address).status_code == client.get(nowhere).status_code == 404, address
    assert client.post(reverse("filings:press", args=[report.public_id, "submit"])).status_code == 404
    desk = ["/admin/compliance/desk/", "/admin/compliance/desk/figures/", f"/admin/search/?s={CANARY}",
            "/admin/compliance/case/?desk=all", "/admin/live/"]  # fmt: skip
    for address in desk:  # every page of the site: tests/backoffice/test_crawl.py
        text = client.get(address).content.decode(errors="replace")
        assert not [each for each in canaries if each in text], address
        assert "/admin/filings/" not in text, address
    zipped = client.post(reverse("admin:compliance_case_export", args=[case.pk]), {"purpose": "crawl of canaries"})
    assert CANARY.encode() not in zipped.content
    assert not LogEntry.objects.filter(change_message__contains=CANARY).exists()
    assert not case.events.filter(text__contains=CANARY).exists()


def test_the_officer_meets_it_so_the_crawl_would_have_found_it(case: Case, mlro: User, deputy: User) -> None:
    report = handed_in(case, mlro, deputy)
    client = Client()
    client.force_login(mlro)
    assert CANARY in client.get(reverse("filings:one", args=[report.public_id])).content.decode()
    assert "/admin/filings/" in client.get(reverse("admin:compliance_case_change", args=[case.pk])).content.decode()


def test_a_case_page_of_others_costs_the_same_with_and_without_a_filing(case: Case, mlro: User, deputy: User) -> None:
    client = Client()
    client.force_login(colleague("auditor", brand=case.brand))
    address = reverse("admin:compliance_case_change", args=[case.pk])
    client.get(address)

    def asked() -> list[str]:
        return [sql.split("WHERE")[0] for sql in statements_of(client, address)]

    before = asked()
    handed_in(case, mlro, deputy)
    assert asked() == before
    assert not [sql for sql in before if "compliance_reports" in sql]


def test_a_superuser_enters_only_when_it_was_given_by_name(case: Case, mlro: User, deputy: User) -> None:
    handed_in(case, mlro, deputy)
    root = User.objects.create_superuser("root")
    client = Client()
    client.force_login(root)
    assert client.get(reverse("filings:list")).status_code == 404
    with pytest.raises(Http404):
        operations.draft(case_id=case.pk, profile_code="", actor=root, now=NOW)
    root.user_permissions.add(Permission.objects.get(codename="access_reports"))
    assert client.get(reverse("filings:list")).status_code == 200


def test_a_case_closed_as_confirmed_waits_for_a_filing_until_one_is_begun(
    case: Case, mlro: User, deputy: User, player: Player
) -> None:
    first = Client()
    first.force_login(mlro)

    def waiting() -> list[str]:
        return [each.reference for each in first.get(reverse("filings:list")).context["to_file"]]

    other = case_of(hit(player, blueprint="fraud", dedupe_key="F"))
    assert waiting() == []
    tick_all(case, mlro)
    terms: dict[str, Any] = {
        "resolution": "confirmed",
        "reason_codes": [case.blueprint.reasons[0][0]],
        "narrative": NARRATIVE,
    }
    asked = closing.resolve_case(case_id=case.pk, actor=mlro, now=NOW, **terms)
    if isinstance(asked, ApprovalRequest):
        assert waiting() == []  # proposed is not closed
        decide_approval(request_id=asked.pk, checker=deputy, approve=True, reason="", now=NOW)
    assert waiting() == [case.reference]
    assert other.reference not in waiting()
    # Nothing is kept of it that could be met anywhere else.
    page = first.get(reverse("filings:list")).content.decode()
    assert "Closed as confirmed" in page
    assert not Report.objects.exists()
    operations.draft(case_id=case.pk, profile_code="", actor=mlro, now=NOW)
    assert waiting() == []


def test_no_walled_model_is_registered_in_the_common_site() -> None:
    assert not [model for model in admin.site._registry if model._meta.app_label == "compliance_reports"]


def test_a_filing_is_worked_in_the_browser(case: Case, mlro: User, deputy: User) -> None:
    load("de")
    first, second = Client(), Client()
    first.force_login(mlro)
    second.force_login(deputy)
    begun = first.post(reverse("filings:of-case", args=[case.pk]), {"profile": "de"})
    public_id = UUID(begun["Location"].rstrip("/").rpartition("/")[2])

    def press(client: Client, step: str, **terms: Any) -> str:
        client.post(reverse("filings:press", args=[public_id, step]), terms)
        return str(Report.objects.get(public_id=public_id).state)

    assert press(first, "to-review") == "draft"
    words = {"report_code": "SAR", "reason": REASON, "action": "Restricted", "indicators": ["A1101"]}
    press(first, "edit", **words)
    assert press(first, "to-review") == "internal_review"
    assert press(first, "review", approve="1") == "internal_review"
    assert press(second, "review", approve="1") == "approved"
    assert press(first, "submit") == "submitted"
    assert press(first, "answer", accepted="1", words="FIU-2026-17") == "accepted"
    assert first.get(reverse("filings:document", args=[public_id])).content.startswith(b"<?xml")
