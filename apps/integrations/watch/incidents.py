"""Opening and closing incidents, telling people of them, taking them over."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from smtplib import SMTPException

import structlog
from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import send_mail
from django.db import transaction
from prometheus_client import Gauge

from apps.core.errors import DomainError
from apps.integrations.audit import require_permission
from apps.integrations.models import Integration
from apps.integrations.outbox import record_fact
from apps.integrations.watch.models import Incident
from apps.integrations.watch.rules import RULES, Finding, sights

log = structlog.get_logger(__name__)

CLOSES_AFTER = timedelta(minutes=5)
"""So long a rule has to find nothing before its incident is closed: a vendor that flaps is one incident, not twenty."""
OPEN = Gauge(
    "casino_vendor_incidents_open", "Open incidents of vendors", ["integration", "rule"], multiprocess_mode="max"
)


class UnableToAcknowledge(DomainError):
    """Somebody looks after the incident already, or it is over."""

    code = "unable-to-acknowledge"
    title = "The incident cannot be taken over"
    status = 409


def watch(*, now: datetime) -> list[Incident]:
    """
    Ask every rule about every integration; open, renew and close. Returns the incidents that were opened.

    :param now: real time, which the exchange log lives in
    """
    opened = []
    for sight in sights(now=now):
        for rule, look in RULES.items():
            incident = judge(sight.integration, rule, look(sight), now)
            if incident is not None:
                opened.append(incident)
    return opened


@transaction.atomic
def judge(integration: Integration, rule: str, finding: Finding | None, now: datetime) -> Incident | None:
    """
    Open, renew or close the incident of one rule. Apps above judge by rules of their own, with a section in the alerts.

    :param finding: None when all is well
    :param now: real time
    :return: the incident, if it was opened
    """
    open_one = Incident.objects.select_for_update().filter(integration=integration, rule=rule, closed_at=None).first()
    OPEN.labels(integration.slug, rule).set(1 if finding or open_one else 0)
    if finding is None:
        if open_one is not None and now - open_one.seen_at >= CLOSES_AFTER:
            _close(open_one, integration, now)
        return None
    if open_one is not None:
        open_one.severity, open_one.summary, open_one.seen_at = finding.severity, finding.summary, now
        open_one.evidence = dict(finding.evidence)
        open_one.save(update_fields=["severity", "summary", "seen_at", "evidence"])
        return None
    incident, is_new = Incident.objects.get_or_create(
        integration=integration,
        rule=rule,
        closed_at=None,
        defaults={
            "severity": finding.severity,
            "summary": finding.summary,
            "evidence": dict(finding.evidence),
            "opened_at": now,
            "seen_at": now,
        },
    )
    if not is_new:
        return None
    _tell(incident, integration, "opened", now)
    log.error("vendor_incident", integration=integration.slug, rule=rule, summary=finding.summary)
    return incident


def _close(incident: Incident, integration: Integration, now: datetime) -> None:
    incident.closed_at = now
    incident.save(update_fields=["closed_at"])
    _tell(incident, integration, "closed", now)
    log.warning("vendor_incident_over", integration=integration.slug, rule=incident.rule)


def _tell(incident: Incident, integration: Integration, what: str, now: datetime) -> None:
    data = {
        "integration": integration.slug,
        "rule": incident.rule,
        "severity": incident.severity,
        "summary": incident.summary,
        "opened_at": incident.opened_at.isoformat(),
    }
    record_fact(
        kind=f"integrations.incident.{what}",
        brand_code=integration.brand_code,
        subject=str(incident.pk),
        data=data,
        now=now,
    )


def send_alerts(*, now: datetime) -> int:
    """
    Send e-mails about incidents that nobody was told of yet; returns how many incidents that were.

    Marked only after they were handed to the mail server: a crash in between tells twice, never not at all.
    """
    waiting = Incident.objects.filter(notified_at=None).select_related("integration__target").order_by("pk")
    told = 0
    for incident in waiting[:100]:
        recipients = _recipients(incident)
        if recipients and not _mail(incident, recipients):
            continue
        Incident.objects.filter(pk=incident.pk, notified_at=None).update(notified_at=now)
        told += 1
    return told


def _recipients(incident: Incident) -> list[str]:
    target = getattr(incident.integration, "target", None)
    own = target.alert_emails.replace(",", " ").split() if target else []
    return sorted({*settings.ALERT_EMAILS, *own})


def _mail(incident: Incident, recipients: Iterable[str]) -> bool:
    slug = incident.integration.slug
    body = (
        f"{incident.summary}\n\nIntegration: {slug}\nRule: {incident.rule}\nSeverity: {incident.severity}\n"
        f"Opened: {incident.opened_at:%Y-%m-%d %H:%M:%S} UTC\n\nWhat to do: docs/alerts.md, section {incident.rule}.\n"
    )
    try:
        send_mail(f"[{incident.severity}] {slug}: {incident.rule}", body, settings.DEFAULT_FROM_EMAIL, list(recipients))
    except (SMTPException, OSError) as error:
        log.warning("alert_not_mailed", incident=incident.pk, error=str(error))
        return False
    return True


@transaction.atomic
def acknowledge(*, incident_id: int, note: str, actor: User, now: datetime) -> Incident:
    """
    Take an incident over.

    :raises PermissionDenied: without the permission
    :raises UnableToAcknowledge: if somebody has it, or it is over
    """
    require_permission(actor, "acknowledge_incident")
    incident = Incident.objects.select_for_update().get(pk=incident_id)
    if incident.closed_at is not None or incident.acknowledged_by_id is not None:
        raise UnableToAcknowledge(f"It is {'over' if incident.closed_at else 'taken'} already.")
    incident.acknowledged_by, incident.acknowledged_at, incident.note = actor, now, note[:300]
    incident.save(update_fields=["acknowledged_by", "acknowledged_at", "note"])
    return incident
