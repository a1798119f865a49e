"""What needs a person now: switches, things running out, stuck rounds, broken books, payments, approvals."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse

from apps.backoffice.figures import remembered
from apps.backoffice.models import ChainCheck, WalledDownload
from apps.backoffice.read_log import CHAINS
from apps.brands.models import Brand
from apps.core.admin_base import BrandScope
from apps.core.admin_display import amount_text
from apps.core.clock import now
from apps.integrations.credentials import credentials_expiring
from apps.integrations.models import InboundEvent, Integration
from apps.integrations.watch.models import Incident
from apps.payments.models import Dispute, Withdrawal
from apps.payments.operations.dispute_deadlines import WARN_BEFORE
from apps.providers.catalogue import expiring_certificates
from apps.providers.incomplete_rounds import handed_rounds
from apps.providers.rounds import late_results, stuck_counts
from apps.transactions.models import BooksCheck

_KEY_WARNING = timedelta(days=30)
_SECONDS = 10
_MOST_INCIDENTS = 10

Item = dict[str, str]


def needing_attention(user: Any, scope: BrandScope | None) -> list[Item]:
    """List it for one person, the worst first; each with a level, words, and where to go."""
    at = now()
    sources: tuple[tuple[str, Callable[[BrandScope | None, datetime], list[Item]]], ...] = (
        ("transactions.view_account", _books),
        ("backoffice.view_personaldataread", _read_log),
        ("integrations.view_integration", _switches),
        ("integrations.view_incident", _incidents),
        ("brands.view_brand", _brands),
        ("providers.view_round", _stuck_rounds),
        ("providers.view_round", _rounds_for_staff),
        ("providers.view_round", _late_results),
        ("payments.view_check", _withdrawals),
        ("payments.view_dispute", _disputes),
        ("integrations.view_inboundevent", _events),
        ("integrations.view_credential", _keys),
        ("providers.view_gamecertificate", _certificates),
    )
    items = [item for permission, source in sources if user.has_perm(permission) for item in source(scope, at)]
    return sorted(items, key=lambda item: item["level"] != "bad")


def _books(scope: BrandScope | None, at: datetime) -> list[Item]:  # noqa: ARG001 - the books are one
    last = BooksCheck.objects.only("break_count", "started_at").first()
    url = reverse("backoffice:books")
    if last is not None and last.break_count:
        return [_item("bad", f"The books are broken in {last.break_count} places", url)]
    return []


def _read_log(scope: BrandScope | None, at: datetime) -> list[Item]:  # noqa: ARG001 - the logs are one
    tables = [model._meta.db_table for model in CHAINS.values() if model is not WalledDownload]
    last = ChainCheck.objects.filter(table__in=tables).order_by("table", "-pk").distinct("table")
    broken = [each.table for each in last if each.breaks]
    return [_item("bad", f"The log {table} has been tampered with", reverse("backoffice:looks")) for table in broken]


def _switches(scope: BrandScope | None, at: datetime) -> list[Item]:  # noqa: ARG001 - a switch has no time limit
    thrown = Integration.objects.exclude(switch=Integration.Switch.ON)
    if scope is not None:
        thrown = thrown.filter(brand_code__in=scope.codes)
    return [
        _item(
            "bad",
            f"Kill switch of {each.slug}: {Integration.Switch(each.switch).label} – {each.switch_reason}",
            reverse("admin:integrations_integration_change", args=[each.pk]),
        )
        for each in thrown
    ]


def _incidents(scope: BrandScope | None, at: datetime) -> list[Item]:  # noqa: ARG001 - waits however long
    """Vendors that fall short, of which nobody has said yet that he looks after it."""
    waiting = Incident.objects.filter(closed_at=None, acknowledged_by=None).select_related("integration")
    if scope is not None:
        waiting = waiting.filter(integration__brand_code__in=scope.codes)
    return [
        _item(
            "bad" if each.severity == Incident.Severity.CRITICAL else "warning",
            f"{each.integration.slug}: {each.summary}",
            reverse("admin:integrations_incident_change", args=[each.pk]),
        )
        for each in waiting[:_MOST_INCIDENTS]
    ]


def _brands(scope: BrandScope | None, at: datetime) -> list[Item]:  # noqa: ARG001 - a switch has no time limit
    closed = Brand.objects.filter(is_enabled=False)
    if scope is not None:
        closed = closed.filter(pk__in=scope.ids)
    return [
        _item("bad", f"{each.name} is closed", reverse("admin:brands_brand_change", args=[each.pk])) for each in closed
    ]


def _stuck_rounds(scope: BrandScope | None, at: datetime) -> list[Item]:
    counts = remembered("stuck-rounds", _SECONDS, lambda: stuck_counts(now=at))
    slugs = dict(_integrations(scope).values_list("pk", "slug"))
    url = reverse("backoffice:incomplete-rounds")
    return [
        _item(
            "warning",
            f"{each.rounds} rounds of {slugs[each.integration_id]} are stuck, holding"
            f" {amount_text(each.held_units, each.currency)}",
            url,
        )
        for each in counts
        if each.integration_id in slugs
    ]


def _rounds_for_staff(scope: BrandScope | None, at: datetime) -> list[Item]:  # noqa: ARG001 - waits however long
    """Incomplete rounds whose policy says that a person decides."""
    waiting = handed_rounds()
    if scope is not None:
        waiting = waiting.filter(brand_id__in=scope.ids)
    count = waiting.count()
    url = f"{reverse('backoffice:incomplete-rounds')}?waits=staff"
    return [_item("warning", f"Incomplete rounds that wait for a person: {count}", url)] if count else []


def _late_results(scope: BrandScope | None, at: datetime) -> list[Item]:  # noqa: ARG001 - waits however long
    """Results that vendors sent after a round was resolved: the player may be owed something."""
    late = late_results()
    if scope is not None:
        late = late.filter(integration_id__in=_integrations(scope).values("pk"))
    first = late.first()
    if first is None:
        return []
    url = reverse("admin:providers_round_change", args=[first.round_id])
    return [_item("bad", f"Results that came after their round was resolved: {late.count()}", url)]


def _withdrawals(scope: BrandScope | None, at: datetime) -> list[Item]:
    """What people have to decide: late ones, those still in time, and those of which nobody knows the outcome."""
    rows = Withdrawal.objects.filter(state__in=(*Withdrawal.AWAITING_STAFF, Withdrawal.State.UNKNOWN))
    if scope is not None:
        rows = rows.filter(brand_id__in=scope.ids)
    unknown = Q(state=Withdrawal.State.UNKNOWN)
    counts = rows.aggregate(
        unknown=Count("pk", filter=unknown),
        overdue=Count("pk", filter=~unknown & Q(due_at__lte=at)),
        waiting=Count("pk", filter=~unknown & Q(due_at__gt=at)),
    )
    url = reverse("admin:payments_withdrawal_changelist")
    worded = (
        ("overdue", "bad", "overdue", "Overdue withdrawals"),
        ("unknown", "bad", "unknown", "Withdrawals whose outcome is unknown"),
        ("waiting", "warning", "waiting", "Withdrawals to be decided"),
    )
    return [
        _item(level, f"{words}: {counts[name]}", f"{url}?queue={queue}")
        for name, level, queue, words in worded
        if counts[name]
    ]


def _disputes(scope: BrandScope | None, at: datetime) -> list[Item]:
    """Disputes that wait for our answer, and those of them whose time runs out."""
    rows = Dispute.objects.filter(status=Dispute.Status.OPENED)
    if scope is not None:
        rows = rows.filter(deposit__brand_id__in=scope.ids)
    soon = Q(respond_by__lte=at + WARN_BEFORE)
    counts = rows.aggregate(soon=Count("pk", filter=soon), all=Count("pk"))
    url = reverse("admin:payments_dispute_changelist")
    items = []
    if counts["soon"]:
        items.append(_item("bad", f"Disputes to be answered within three days: {counts['soon']}", f"{url}?queue=soon"))
    if counts["all"] - counts["soon"]:
        items.append(_item("warning", f"Disputes to be answered: {counts['all'] - counts['soon']}", url))
    return items


def _events(scope: BrandScope | None, at: datetime) -> list[Item]:  # noqa: ARG001 - waits however long
    """What vendors told us that has not been applied."""
    rows = InboundEvent.objects.filter(
        state__in=(InboundEvent.State.PARKED, InboundEvent.State.FAILED, InboundEvent.State.UNHANDLED)
    )
    if scope is not None:
        rows = rows.filter(integration__brand_code__in=scope.codes)
    counts = dict(rows.order_by().values_list("state").annotate(count=Count("pk")))
    url = reverse("admin:integrations_inboundevent_changelist")
    worded = (
        (InboundEvent.State.FAILED, "bad", "Vendors' events that failed"),
        (InboundEvent.State.UNHANDLED, "bad", "Vendors' events that nobody understands"),
        (InboundEvent.State.PARKED, "warning", "Vendors' events about payments not known yet"),
    )
    return [
        _item(level, f"{words}: {counts[state]}", f"{url}?state__exact={state}")
        for state, level, words in worded
        if counts.get(state)
    ]


def _keys(scope: BrandScope | None, at: datetime) -> list[Item]:
    return [
        _item(
            "warning" if each.has_successor else "bad",
            f"Key {each.credential.kid} of {each.credential.integration.slug} expires on"
            f" {each.credential.expires_at:%Y-%m-%d}"
            + (", its successor is in place" if each.has_successor else " and has no successor"),
            reverse("admin:integrations_credential_change", args=[each.credential.pk]),
        )
        for each in credentials_expiring(now=at, within=_KEY_WARNING)
        if scope is None or each.credential.integration.brand_code in scope.codes
    ]


def _certificates(scope: BrandScope | None, at: datetime) -> list[Item]:  # noqa: ARG001 - games have no brand
    count = remembered("certificates", 60, lambda: expiring_certificates(today=at.date()).count())
    url = reverse("admin:providers_gamecertificate_changelist")
    return [_item("warning", f"{count} game certificates end within 60 days", url)] if count else []


def _integrations(scope: BrandScope | None) -> Any:
    rows = Integration.objects.all()
    return rows if scope is None else rows.filter(brand_code__in=scope.codes)


def _item(level: str, text: str, url: str) -> Item:
    return {"level": level, "text": text, "url": url}
