"""Staff pages of monitoring: what they say, who may open them, and that they cost the same for one row or many."""

import os
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from apps.backoffice.roles import sync_roles
from apps.brands.models import StaffScope
from apps.core import clock
from apps.monitoring.backtest import run_backtest
from apps.monitoring.models import Backtest, Decision, RuleVersion
from apps.monitoring.risk import assess
from benchmarks.typologies.planted import planted_lives
from benchmarks.typologies.world import World
from tests.harness.queries import statements_of
from tests.monitoring.scene import follow, put_live

pytestmark = pytest.mark.django_db(transaction=True)

_KEEP = os.environ.get("KEEP_PAGES", "")


@pytest.fixture
def world() -> World:
    now = clock.now()
    put_live(now=now)
    world = World(now)
    lives = planted_lives(1, now=now, seed=3, rules=["AML-01", "AML-04", "RG-15", "AML-16"])
    world.admit(lives)
    world.live(lives)
    follow(now)
    assess({row.player_id for row in Decision.objects.filter(result="hit")}, now=now, why="A rule hit")
    return world


def client_of(role: str, world: World) -> Client:
    sync_roles()
    user = User.objects.create(username=role, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    StaffScope.objects.create(user=user, brand=world.brand)
    client = Client()
    client.force_login(user)
    return client


def page(client: Client, url: str, name: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    text = response.content.decode()
    if _KEEP:
        Path(_KEEP, f"{name}.html").write_text(text)
    return text


def test_the_pages_say_what_people_need_to_know(world: World) -> None:
    author, auditor = client_of("policy_author", world), client_of("auditor", world)
    rules = page(author, reverse("admin:monitoring_rule_changelist"), "rules")
    assert "Deposits kept just under the threshold" in rules
    assert "v1 live" in rules
    version = RuleVersion.objects.get(rule_id="AML-01")
    made = author.post(
        reverse("admin:monitoring_ruleversion_change-parameters", args=[version.pk]),
        {"params": "n: 3", "reason": "tighter"},
    )
    assert made.status_code == 302
    second = RuleVersion.objects.get(rule_id="AML-01", number=2)
    author.post(reverse("admin:monitoring_ruleversion_backtest", args=[second.pk]), {"days": 30})
    run_backtest(backtest_id=Backtest.objects.get().pk, now=clock.now())
    shown = page(author, reverse("admin:monitoring_ruleversion_change", args=[second.pk]), "version")
    assert "deposits from [band_lo] of the threshold up to just below [threshold] in [window_days] days" in shown
    assert "<rect" in shown
    assert "Alerts per 1 000 active players" in shown
    assert "n = 3" in shown
    assert "pill-bad" not in shown  # every fixture still means what it meant
    page(author, reverse("admin:monitoring_rule_change", args=["AML-01"]), "rule")
    health = page(auditor, reverse("monitoring:health"), "health")
    assert "None: every entry could be judged." in health
    hit = Decision.objects.filter(rule_id="AML-04", result="hit").latest("pk")
    decision = page(auditor, reverse("admin:monitoring_decision_change", args=[hit.pk]), "decision")
    assert hit.explanation[:20] in decision
    tab = page(auditor, reverse("admin:players_player_change", args=[hit.player_id]) + "?tab=risk", "risk")
    assert "Money comes and goes with hardly any play" in tab


def test_who_looks_after_players_learns_nothing_of_money_laundering(world: World) -> None:
    officer = client_of("rg_officer", world)
    hit = Decision.objects.filter(rule_id="AML-04", result="hit").latest("pk")
    tab = page(officer, reverse("admin:players_player_change", args=[hit.player_id]) + "?tab=risk", "risk-rg")
    assert "AML-04" not in tab
    assert "hardly any play" not in tab
    assert officer.get(reverse("admin:monitoring_decision_change", args=[hit.pk])).status_code == 403


def test_staff_of_other_brands_see_no_decision(world: World) -> None:
    client = client_of("auditor", world)
    StaffScope.objects.all().delete()
    hit = Decision.objects.filter(result="hit").latest("pk")
    assert client.get(reverse("admin:monitoring_decision_change", args=[hit.pk])).status_code in (302, 404)


def test_buttons_of_rules_are_for_their_roles_and_by_post_only(world: World) -> None:
    version = RuleVersion.objects.get(rule_id="AML-01")
    url = reverse("admin:monitoring_ruleversion_publish", args=[version.pk])
    assert client_of("policy_author", world).get(url).status_code == 405
    assert client_of("policy_approver", world).post(url, {"to": "retired", "reason": "because"}).status_code == 403
    assert RuleVersion.objects.get(pk=version.pk).state == "live"


def queries(client: Client, url: str) -> int:
    client.get(url)
    return len(statements_of(client, url))


def test_lists_cost_the_same_however_many_rows(world: World) -> None:
    client = client_of("auditor", world)
    urls = [reverse("admin:monitoring_decision_changelist"), reverse("admin:monitoring_rule_changelist")]
    before = [queries(client, url) for url in urls]
    lives: Any = planted_lives(2, now=world.now - timedelta(hours=1), seed=9, rules=["AML-06", "RG-01"])
    for number, life in enumerate(lives):
        life.name = f"more-{number}"
    world.admit(lives)
    world.live(lives)
    follow()
    assert Decision.objects.count() > Decimal(4)
    assert [queries(client, url) for url in urls] == before
