"""Incidents of vendors: opened by rule, one at a time, told to people and systems, closed when all is well again."""

import json
import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from prometheus_client import REGISTRY
from pytest_django import Settings

from apps.integrations import exchange_log
from apps.integrations.connections import connection as connected
from apps.integrations.connections import forget_connections
from apps.integrations.credentials import add_credential
from apps.integrations.models import Credential, Exchange, Integration
from apps.integrations.outbound import VendorUnreachable, call_vendor
from apps.integrations.tasks import send_alerts, watch_vendors
from apps.integrations.watch import breaker
from apps.integrations.watch.admin import what_to_do_about
from apps.integrations.watch.history import error_budget, last_day
from apps.integrations.watch.incidents import CLOSES_AFTER, UnableToAcknowledge, acknowledge, watch
from apps.integrations.watch.models import Breaker, Incident
from apps.integrations.watch.rules import RULES
from apps.integrations.watch.targets import set_target
from casino_platform.runtime.servers import PROJECT_DIR
from tests.integrations.exchanges import log_reply, log_request, make_integration

pytestmark = pytest.mark.django_db(transaction=True)

NOW = timezone.now().replace(second=30, microsecond=0)


def calls(integration: Integration, count: int, *, minutes_ago: float = 1, **reply: object) -> None:
    at = NOW - timedelta(minutes=minutes_ago)
    for number in range(count):
        log_reply(log_request(integration, at=at + timedelta(milliseconds=number)), **{"verb": "bet", **reply})  # type: ignore[arg-type]


def open_rules(integration: Integration) -> list[str]:
    return list(integration.incidents.filter(closed_at=None).order_by("rule").values_list("rule", flat=True))


def test_a_healthy_vendor_opens_nothing() -> None:
    vendor = make_integration()
    calls(vendor, 60, minutes_ago=30)
    calls(vendor, 60)
    assert watch(now=NOW) == []
    assert not Incident.objects.exists()


def test_errors_open_an_incident_that_names_what_was_seen_and_other_vendors_have_none() -> None:
    vendor, other = make_integration("one"), make_integration("two")
    calls(vendor, 90)
    calls(vendor, 10, outcome="fatal", status=500)
    calls(other, 100)
    (incident,) = watch(now=NOW)
    assert (incident.integration, incident.rule, incident.severity) == (vendor, "success-rate", "critical")
    assert incident.summary == "90.00 % of 100 calls ended as meant in 5 minutes; at least 99.9 % should."
    assert open_rules(other) == []


def test_proper_refusals_are_no_errors() -> None:
    vendor = make_integration()
    calls(vendor, 50)
    calls(vendor, 50, outcome="insufficient_funds")
    assert watch(now=NOW) == []


def test_an_incident_stays_one_while_it_lasts_and_closes_after_five_good_minutes() -> None:
    vendor = make_integration()
    calls(vendor, 30, outcome="fatal", status=500)
    watch(now=NOW)
    assert watch(now=NOW + timedelta(seconds=30)) == []
    good = NOW + timedelta(minutes=6)
    assert watch(now=good) == []
    incident = Incident.objects.get()
    assert incident.seen_at == NOW + timedelta(seconds=30)
    assert incident.closed_at == good
    assert good - incident.seen_at >= CLOSES_AFTER
    with connection.cursor() as cursor:
        cursor.execute("SELECT kind, data FROM integrations_fact ORDER BY id")
        told = [(kind, json.loads(data)["rule"]) for kind, data in cursor.fetchall()]
    assert told == [("integrations.incident.opened", "success-rate"), ("integrations.incident.closed", "success-rate")]


def test_a_vendor_that_flaps_is_one_incident() -> None:
    vendor = make_integration()
    calls(vendor, 30, outcome="fatal", status=500)
    watch(now=NOW)
    watch(now=NOW + timedelta(minutes=4, seconds=30))
    assert Incident.objects.count() == 1
    assert open_rules(vendor) == ["success-rate"]


def test_slow_answers_open_one() -> None:
    vendor = make_integration()
    calls(vendor, 90, duration_us=5_000)
    calls(vendor, 10, duration_us=2_500_000)
    watch(now=NOW)
    assert open_rules(vendor) == ["latency"]


def test_a_vendor_that_falls_silent_opens_one_but_one_that_was_never_busy_does_not() -> None:
    busy, idle = make_integration("busy"), make_integration("idle")
    calls(busy, 80, minutes_ago=20)
    calls(idle, 3, minutes_ago=20)
    watch(now=NOW)
    assert open_rules(busy) == ["silence"]
    assert open_rules(idle) == []


def test_a_vendor_switched_off_is_not_watched() -> None:
    vendor = make_integration()
    calls(vendor, 80, minutes_ago=20)
    Integration.objects.update(switch=Integration.Switch.OFF)
    assert watch(now=NOW) == []


def test_calls_that_nobody_signed_open_one() -> None:
    vendor = make_integration()
    calls(vendor, 12, outcome="bad_signature", status=401)
    watch(now=NOW)
    assert open_rules(vendor) == ["signatures"]


def test_many_repetitions_open_one() -> None:
    vendor = make_integration()
    calls(vendor, 70)
    calls(vendor, 30, outcome="replayed")
    watch(now=NOW)
    assert open_rules(vendor) == ["repeats"]


def test_targets_decide_what_an_incident_is() -> None:
    vendor = make_integration()
    values = {"success_percent": 80, "p95_ms": 1000, "silence_minutes": 5, "key_age_days": 365, "alert_emails": ""}
    set_target(integration_id=vendor.pk, values=values, reason="test vendor", actor=None, now=NOW)
    calls(vendor, 90)
    calls(vendor, 10, outcome="fatal", status=500)
    assert watch(now=NOW) == []
    nobody = User.objects.create(username="nobody")
    with pytest.raises(PermissionDenied):
        set_target(integration_id=vendor.pk, values=values, reason="mine", actor=nobody, now=NOW)


def test_people_are_told_once_by_mail(settings: Settings) -> None:
    settings.ALERT_EMAILS = ["oncall@example.com"]
    vendor = make_integration()
    calls(vendor, 30, outcome="fatal", status=500)
    watch(now=NOW)
    assert send_alerts() == 1
    assert send_alerts() == 0
    (message,) = mail.outbox
    assert message.to == ["oncall@example.com"]
    assert message.subject == "[critical] vendor: success-rate"
    assert "docs/alerts.md, section success-rate" in message.body


def test_a_mail_server_that_is_away_is_tried_again(settings: Settings) -> None:
    settings.ALERT_EMAILS = ["oncall@example.com"]
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    vendor = make_integration()
    calls(vendor, 30, outcome="fatal", status=500)
    watch(now=NOW)
    assert send_alerts() == 0
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert send_alerts() == 1
    assert len(mail.outbox) == 1


def test_one_person_takes_an_incident_over() -> None:
    vendor = make_integration()
    calls(vendor, 30, outcome="fatal", status=500)
    (incident,) = watch(now=NOW)
    nobody, ops = User.objects.create(username="nobody"), User.objects.create(username="ops")
    ops.user_permissions.add(Permission.objects.get(codename="acknowledge_incident"))
    with pytest.raises(PermissionDenied):
        acknowledge(incident_id=incident.pk, note="mine", actor=nobody, now=NOW)
    assert acknowledge(incident_id=incident.pk, note="calling them", actor=ops, now=NOW).acknowledged_by == ops
    with pytest.raises(UnableToAcknowledge):
        acknowledge(incident_id=incident.pk, note="me too", actor=ops, now=NOW)


def unreachable_vendor(slug: str = "vendor") -> Integration:
    vendor = make_integration(slug, base_url="http://127.0.0.1:1")
    forget_connections()
    return vendor


def launch(slug: str = "vendor") -> None:
    found = connected(slug)
    assert found is not None
    call_vendor(connection=found, verb="launch", method="POST", path="/launch", body=b"{}", headers={})


def test_after_five_failures_in_a_row_nothing_is_sent_until_a_probe_succeeds() -> None:
    vendor = unreachable_vendor()
    for _ in range(breaker.OPENS_AFTER):
        with pytest.raises(VendorUnreachable, match="cannot be reached"):
            launch()
    exchange_log.flush()
    sent = Exchange.objects.count()
    with pytest.raises(VendorUnreachable, match="again and again"):
        launch()
    exchange_log.flush()
    assert Exchange.objects.count() == sent
    Breaker.objects.update(probe_at=timezone.now())
    with pytest.raises(VendorUnreachable, match="cannot be reached"):
        launch()
    assert Breaker.objects.get().opened_at is not None
    watch_vendors()
    assert open_rules(vendor) == ["unreachable"]
    breaker.note_success(vendor.pk)
    assert Breaker.objects.get().failures == 0
    assert breaker.may_send(vendor.pk, "games", now=timezone.now())


def test_one_probe_at_a_time() -> None:
    vendor = unreachable_vendor()
    at = timezone.now()
    for _ in range(breaker.OPENS_AFTER):
        breaker.note_failure(vendor.pk, now=at)
    later = at + breaker.PROBE_EVERY
    assert [breaker.may_send(vendor.pk, "games", now=later) for _ in range(3)] == [True, False, False]


def test_the_breaker_of_one_vendor_leaves_others_alone() -> None:
    vendor, other = unreachable_vendor("one"), unreachable_vendor("two")
    for _ in range(breaker.OPENS_AFTER):
        breaker.note_failure(vendor.pk, now=NOW)
    assert breaker.may_send(other.pk, "games", now=NOW)
    assert not breaker.may_send(vendor.pk, "games", now=NOW)


def test_the_day_and_the_budget_are_counted_from_the_log() -> None:
    vendor = make_integration()
    calls(vendor, 8, minutes_ago=60)
    calls(vendor, 1, minutes_ago=60, outcome="fatal", status=500)
    calls(vendor, 1, minutes_ago=60, outcome="replayed")
    calls(vendor, 2, minutes_ago=60, verb="rollback")
    with connection.cursor() as cursor:
        cursor.execute("SELECT integrations_refresh_health(%s, interval '2 days')", [NOW])
    stretches = last_day(vendor.pk, now=NOW)
    assert len(stretches) == 48
    assert sum(each.calls for each in stretches) == 12
    assert sum(each.replayed for each in stretches) == 1
    assert sum(each.rolled_back for each in stretches) == 2
    budget = error_budget(vendor.pk, success_percent=99.0, now=NOW)
    assert (budget.calls, budget.failed) == (12, 1)
    assert budget.used == pytest.approx(1 / 0.12)


def test_every_rule_has_a_page_that_says_what_to_do() -> None:
    text = (PROJECT_DIR / "docs" / "alerts.md").read_text()
    assert [rule for rule in RULES if f"\n## {rule}\n" not in text] == []


def test_the_page_of_an_incident_says_what_to_do() -> None:
    vendor = make_integration()
    calls(vendor, 30, outcome="fatal", status=500)
    (incident,) = watch(now=NOW)
    staff = Client()
    staff.force_login(User.objects.create_superuser("root"))
    shown = staff.get(reverse("admin:integrations_incident_change", args=[incident.pk])).text
    assert "<li>Open one of the failed exchanges" in re.sub(r"<li>\s*<p>", "<li>", shown)
    assert "95 % of our answers are slower" not in shown  # that is another rule's
    assert all(len(what_to_do_about(rule)) > 200 for rule in RULES)


def test_the_page_of_a_vendor_says_how_he_does_now_and_which_key_is_overdue() -> None:
    vendor = make_integration()
    at = timezone.now()
    for number in range(40):
        reply = {"outcome": "fatal", "status": 500} if number < 10 else {}
        moment = at - timedelta(minutes=2, milliseconds=number)
        log_reply(log_request(vendor, at=moment), verb="bet", duration_us=40_000, **reply)  # type: ignore[arg-type]
    for kid, days in (("old-key", 400), ("new-key", 3)):
        add_credential(
            integration=vendor, purpose=Credential.Purpose.VERIFY_INBOUND, secret=b"x" * 40, kid=kid, actor=None,
            now=at - timedelta(days=days),
        )  # fmt: skip
    staff = Client()
    staff.force_login(User.objects.create_superuser("root"))
    shown = staff.get(reverse("admin:integrations_integration_change", args=[vendor.pk])).text
    assert "75.00 %" in shown
    assert "40 calls of the vendor in 15 minutes; target 99.9" in shown
    assert "error 10" in shown
    assert re.search(r"old-key.*?rotation overdue.*?400 days", shown, re.DOTALL)
    assert shown.count("rotation overdue") == 1


def test_the_dashboard_asks_only_for_metrics_that_exist() -> None:
    text = (PROJECT_DIR / "docs" / "dashboards" / "vendors.json").read_text()
    asked = set(re.findall(r"casino_[a-z_]+", text)) - {"casino_platform"}
    made = {metric.name for metric in REGISTRY.collect()}
    known = {*made, *(name + suffix for name in made for suffix in ("_total", "_bucket"))}
    assert {name for name in asked if name.startswith("casino_")} <= known
