"""The demo opens on a desk with something in every queue and in every state."""

from datetime import UTC, datetime

import pytest
import yaml

from apps.compliance.models import Alert, ApprovalRequest, Blueprint, Case, CaseDecision, Evidence, RuleSnooze
from apps.compliance_reports.models import AuthorityProfile, Report
from apps.players.models import Player
from apps.sandbox.seeding.cases import seed_cases
from apps.sandbox.seeding.filings import seed_filings
from apps.sandbox.seeding.people import seed_staff
from apps.sandbox.seeding.places import seed_places
from tests.harness.databases import PROJECT_DIR

CATALOGUE = tuple((PROJECT_DIR / "apps/monitoring/data").glob("[afh]*.yaml"))
NOW = datetime(2026, 11, 25, 10, 30, tzinfo=UTC)


@pytest.mark.django_db
def test_every_queue_and_state_is_there_and_seeding_twice_adds_nothing() -> None:
    seed_places("http://127.0.0.1:8000")
    seed_staff({})
    for _ in range(2):
        seed_cases(now=NOW)
        seed_filings(now=NOW)
    assert set(Case.objects.values_list("blueprint_code", flat=True)) == set(Blueprint.Code.values)
    assert set(Case.objects.values_list("state", flat=True)) == set(Case.State.values)
    assert Case.objects.filter(stage="mlro").exists()
    assert Case.objects.filter(snoozed_until__gt=NOW).exists()
    assert Case.objects.filter(urgency=Case.Urgency.BREACHED).exists()
    assert ApprovalRequest.objects.filter(state="waiting").count() == 1
    assert list(CaseDecision.objects.values_list("effect", flat=True)) == ["restrict", "close_account"]
    assert Evidence.objects.count() == 2
    assert Player.objects.get(username="passthrough_pete").restrictions == ["deposit", "withdrawal"]
    assert (AuthorityProfile.objects.count(), Report.objects.count(), RuleSnooze.objects.count()) == (1, 0, 0)
    assert Case.objects.count() == 12
    # Whoever looks a rule of the desk up finds it under that name.
    named = set(Alert.objects.exclude(rule_id="").values_list("rule_id", "title"))
    shipped = {each["id"]: each["title"] for file in CATALOGUE for each in yaml.safe_load(file.read_text())["rules"]}
    assert named == {(rule, shipped.get(rule, "")) for rule, _ in named}
    assert len(named) == 8
