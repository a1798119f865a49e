"""What a person works on, by what they may do: one card a kind of work, each a count or two, none growing with rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.urls import reverse

from apps.backoffice.trends import Trend, trend
from apps.bonuses.operations.failed_steps import open_steps
from apps.brands.models import StaffScope
from apps.compliance.approval_access import may_check, visible_to
from apps.compliance.approval_commands import commands
from apps.compliance.models import ApprovalRequest, Case, PolicyVersion
from apps.compliance.queues import desk_of, visible_cases
from apps.core.admin_base import BrandScope
from apps.integrations.watch.models import Incident
from apps.monitoring.models import DeadLetter, RuleVersion
from apps.payments.models import Withdrawal
from apps.providers.catalogue import expiring_certificates
from apps.providers.catalogue_changes import SAFE
from apps.providers.catalogue_models import CatalogueChange, CatalogueSync
from apps.reconciliation.models import Break
from apps.safer_play.models import ExclusionReturn, Interaction, Limit
from apps.verification.models import Document, ScreeningHit, Verification

_SOON = timedelta(hours=2)
_OLD_BREAK = timedelta(days=3)
_CERTIFICATE_SOON = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Line:
    """One count of a card, with where it leads."""

    words: str
    count: int
    url: str
    level: str = "plain"


@dataclass(frozen=True, slots=True)
class Card:
    """One kind of work."""

    title: str
    url: str
    lines: tuple[Line, ...]
    empty: str
    """What to do when there is nothing."""
    trend: Trend | None = None

    @property
    def shown(self) -> list[Line]:
        """Lines that count something."""
        return [line for line in self.lines if line.count]


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, within which brands, and when."""

    user: User
    scope: BrandScope | None
    at: datetime

    @property
    def key(self) -> str:
        """What tells the brands from others'."""
        return "all" if self.scope is None else ",".join(str(each) for each in sorted(self.scope.ids))

    def of_brands(self, rows: QuerySet[Any], lookup: str = "brand_id") -> QuerySet[Any]:
        """Narrow rows to the person's brands."""
        return rows if self.scope is None else rows.filter(**{f"{lookup}__in": self.scope.ids})


def work_of(user: Any, scope: BrandScope | None, *, now: datetime) -> list[Card]:
    """The cards of one person, the most urgent kinds first."""
    asker = Asker(user, scope, now)
    # Once each, for those who may both draft and publish.
    kinds = dict.fromkeys(card for permission, card in _CARDS if user.has_perm(permission) and _is_for(card, user))
    return [card(asker) for card in kinds]


def _is_for(card: Callable[[Asker], Card], user: Any) -> bool:
    """Cases and approvals are for those who have some to work or decide on; a reader has no queue."""
    if card is _cases:
        return bool(desk_of(user).queues)
    return card is not _approvals or any(may_check(user, each) for each in commands())


def _approvals(asker: Asker) -> Card:
    mine = [each.name for each in commands() if may_check(asker.user, each)]
    waiting = visible_to(
        asker.user, ApprovalRequest.objects.filter(state=ApprovalRequest.State.WAITING, expires_at__gt=asker.at)
    )
    to_decide = Q(command__in=mine) & ~Q(maker=asker.user)
    counts = waiting.order_by().aggregate(
        soon=Count("pk", filter=to_decide & Q(expires_at__lte=asker.at + _SOON)),
        all=Count("pk", filter=to_decide),
        own=Count("pk", filter=Q(maker=asker.user)),
    )
    url = reverse("admin:compliance_approvalrequest_changelist")
    lines = (
        Line("expire within two hours", counts["soon"], url, "bad"),
        Line("wait for you", counts["all"], url, "warning"),
        Line("of yours wait for a colleague", counts["own"], url),
    )
    return Card("Approvals", url, lines, "Nobody waits for you. What colleagues ask for will be here.")


def _cases(asker: Asker) -> Card:
    mine = Q(holder=asker.user)
    free = Q(holder=None, state=Case.State.OPEN) & (Q(snoozed_until=None) | Q(snoozed_until__lte=asker.at))
    rows = visible_cases(asker.user)
    counts = (
        rows.exclude(state=Case.State.RESOLVED)
        .order_by()
        .aggregate(
            late=Count("pk", filter=Q(urgency=Case.Urgency.BREACHED)),
            risk=Count("pk", filter=Q(urgency=Case.Urgency.AT_RISK)),
            mine=Count("pk", filter=mine),
            free=Count("pk", filter=free),
        )
    )
    desk = reverse("compliance:desk")
    lines = (
        Line("overdue", counts["late"], desk, "bad"),
        Line("at risk of being late", counts["risk"], desk, "warning"),
        Line("in your hands", counts["mine"], desk, "info"),
        Line("free to be claimed", counts["free"], desk),
    )
    return Card(
        "Cases",
        desk,
        lines,
        "Your queues are empty. New alerts open cases by themselves.",
        trend(
            "Cases opened a day",
            rows,
            "opened_at",
            key=f"{asker.key}:{','.join(desk_of(asker.user).queues)}",
            now=asker.at,
        ),
    )


def _withdrawals(asker: Asker) -> Card:
    rows = asker.of_brands(Withdrawal.objects.all())
    deciding = Q(state__in=Withdrawal.AWAITING_STAFF)
    counts = (
        rows.filter(state__in=(*Withdrawal.AWAITING_STAFF, Withdrawal.State.UNKNOWN))
        .order_by()
        .aggregate(
            late=Count("pk", filter=deciding & Q(due_at__lte=asker.at)),
            risk=Count("pk", filter=deciding & Q(due_at__gt=asker.at, due_at__lte=asker.at + _SOON)),
            mine=Count("pk", filter=deciding & Q(holder=asker.user)),
            all=Count("pk", filter=deciding),
            unknown=Count("pk", filter=Q(state=Withdrawal.State.UNKNOWN)),
        )
    )
    url = reverse("admin:payments_withdrawal_changelist")
    lines = (
        Line("overdue", counts["late"], f"{url}?queue=overdue", "bad"),
        Line("of unknown outcome", counts["unknown"], f"{url}?queue=unknown", "bad"),
        Line("due within two hours", counts["risk"], f"{url}?queue=waiting", "warning"),
        Line("in your hands", counts["mine"], f"{url}?queue=waiting", "info"),
        Line("to be decided", counts["all"], f"{url}?queue=waiting"),
    )
    return Card(
        "Withdrawals",
        url,
        lines,
        "No withdrawal waits for a decision. What the checks pass goes out by itself.",
        trend("Withdrawals requested a day", rows, "requested_at", key=asker.key, now=asker.at),
    )


def _verifications(asker: Asker) -> Card:
    rows = asker.of_brands(Verification.objects.all())
    review = rows.filter(state=Verification.State.REVIEW).count()
    documents = asker.of_brands(Document.objects.filter(state=Document.State.RECEIVED), "player__brand_id").count()
    hits = asker.of_brands(ScreeningHit.objects.filter(state=ScreeningHit.State.OPEN), "player__brand_id").count()
    url = reverse("admin:verification_verification_changelist")
    lines = (
        Line("to be reviewed", review, f"{url}?state__exact=review", "warning"),
        Line("screening hits to be compared", hits, reverse("admin:verification_screeninghit_changelist"), "warning"),
        Line("documents to be looked at", documents, reverse("admin:verification_document_changelist")),
    )
    return Card(
        "Verifications",
        url,
        lines,
        "Nothing to review. What the vendor leaves undecided will be here.",
        trend("Verifications started a day", rows, "started_at", key=asker.key, now=asker.at),
    )


def _protection(asker: Asker) -> Card:
    rows = asker.of_brands(Interaction.objects.all(), "player__brand_id")
    counts = (
        rows.filter(state=Interaction.State.OPEN)
        .order_by()
        .aggregate(late=Count("pk", filter=Q(due_at__lte=asker.at)), all=Count("pk"))
    )
    limits = asker.of_brands(Limit.objects.filter(state=Limit.State.AWAITING_CONTACT), "player__brand_id").count()
    back = asker.of_brands(
        ExclusionReturn.objects.filter(state=ExclusionReturn.State.REQUESTED), "exclusion__player__brand_id"
    ).count()
    url = reverse("admin:safer_play_interaction_changelist")
    lines = (
        Line("players to be contacted, overdue", counts["late"], url, "bad"),
        Line("players to be contacted", counts["all"], url, "warning"),
        Line("raised limits that want a talk", limits, reverse("admin:safer_play_limit_changelist"), "warning"),
        Line("ask to come back", back, reverse("admin:safer_play_exclusionreturn_changelist"), "warning"),
    )
    return Card(
        "Player protection",
        url,
        lines,
        "Nobody waits to be contacted. The rules of harm open interactions by themselves.",
        trend("Interactions a day", rows, "started_at", key=asker.key, now=asker.at),
    )


def _breaks(asker: Asker) -> Card:
    rows = Break.objects.filter(state=Break.State.OPEN)
    if asker.scope is not None:
        rows = rows.filter(Q(brand_id=None) | Q(brand_id__in=asker.scope.ids))
    counts = rows.order_by().aggregate(
        old=Count("pk", filter=Q(opened_on__lt=(asker.at - _OLD_BREAK).date())),
        mine=Count("pk", filter=Q(owner=asker.user)),
        all=Count("pk"),
    )
    url = reverse("admin:reconciliation_break_changelist")
    lines = (
        Line("open for more than three days", counts["old"], url, "bad"),
        Line("yours", counts["mine"], url, "info"),
        Line("open", counts["all"], url, "warning"),
    )
    return Card("Reconciliation breaks", url, lines, "Ledger and vendors agree. The next run is after midnight UTC.")


def _operations(asker: Asker) -> Card:
    incidents = Incident.objects.all()
    if asker.scope is not None:
        incidents = incidents.filter(integration__brand_code__in=asker.scope.codes)
    counts = (
        incidents.filter(closed_at=None)
        .order_by()
        .aggregate(
            critical=Count("pk", filter=Q(severity=Incident.Severity.CRITICAL)),
            nobody=Count("pk", filter=Q(acknowledged_by=None)),
            mine=Count("pk", filter=Q(acknowledged_by=asker.user)),
        )
    )
    url = reverse("admin:integrations_incident_changelist")
    lines = (
        Line("critical", counts["critical"], url, "bad"),
        Line("that nobody has taken over", counts["nobody"], url, "warning"),
        Line("in your hands", counts["mine"], url, "info"),
    )
    return Card(
        "Incidents of vendors",
        url,
        lines,
        "Every vendor reaches its targets.",
        trend("Incidents a day", incidents, "opened_at", key=asker.key, now=asker.at),
    )


def _catalogue(asker: Asker) -> Card:
    waiting = CatalogueChange.objects.filter(state=CatalogueChange.State.PROPOSED)
    runs = CatalogueSync.objects.order_by("integration_id", "-pk").distinct("integration_id")
    if asker.scope is not None:
        waiting = waiting.filter(integration__brand_code__in=asker.scope.codes)
        runs = runs.filter(integration__brand_code__in=asker.scope.codes)
    counts = waiting.order_by().aggregate(safe=Count("pk", filter=SAFE), care=Count("pk", filter=~SAFE))
    troubled = (CatalogueSync.State.REFUSED, CatalogueSync.State.FAILED)
    bad = sum(state in troubled for state in runs.values_list("state", flat=True))
    days = expiring_certificates(today=asker.at.date(), within=_CERTIFICATE_SOON).values_list("valid_to", flat=True)
    ended = sum(day is not None and day < asker.at.date() for day in days)
    url = reverse("admin:providers_cataloguechange_changelist")
    certificates = reverse("admin:providers_gamecertificate_changelist")
    lines = (
        Line("lists refused or not to be had", bad, reverse("admin:providers_cataloguesync_changelist"), "bad"),
        Line("certificates that have ended", ended, certificates, "bad"),
        Line("certificates that end within 60 days", len(days) - ended, certificates, "warning"),
        Line("changes to be decided with care", counts["care"], f"{url}?state__exact=proposed", "warning"),
        Line("changes that may be decided together", counts["safe"], reverse("backoffice:decide-changes")),
    )
    return Card("Catalogue", url, lines, "The catalogue says what the vendors say. Lists are compared every night.")


def _bonuses(asker: Asker) -> Card:
    counts = (
        asker.of_brands(open_steps())
        .order_by()
        .aggregate(
            given_up=Count("pk", filter=Q(next_try_at=None)), retried=Count("pk", filter=Q(next_try_at__isnull=False))
        )
    )
    url = f"{reverse('admin:bonuses_failedstep_changelist')}?settled_at__isempty=1"
    lines = (
        Line("steps that wait for a person", counts["given_up"], url, "bad"),
        Line("steps that fail again and again", counts["retried"], url, "warning"),
    )
    return Card("Bonuses", url, lines, "All that is due for bonuses is done.")


def _policies(asker: Asker) -> Card:  # noqa: ARG001 - drafts are of all brands
    versions = PolicyVersion.objects.filter(state__in=(PolicyVersion.State.DRAFT, PolicyVersion.State.PROPOSED))
    counts = versions.order_by().aggregate(
        draft=Count("pk", filter=Q(state=PolicyVersion.State.DRAFT)),
        proposed=Count("pk", filter=Q(state=PolicyVersion.State.PROPOSED)),
    )
    url = reverse("admin:compliance_policyversion_changelist")
    lines = (
        Line("wait to be published", counts["proposed"], f"{url}?state__exact=proposed", "warning"),
        Line("drafts", counts["draft"], f"{url}?state__exact=draft"),
    )
    places = reverse("admin:compliance_policy_places")
    return Card("Policies", places, lines, "No draft is under way. Begin one on a jurisdiction's page.")


def _rules(asker: Asker) -> Card:  # noqa: ARG001 - rules are of all brands
    counts = RuleVersion.objects.order_by().aggregate(
        draft=Count("pk", filter=Q(state=RuleVersion.State.DRAFT)),
        committed=Count("pk", filter=Q(state=RuleVersion.State.COMMITTED)),
        shadow=Count("pk", filter=Q(state=RuleVersion.State.SHADOW)),
    )
    letters = DeadLetter.objects.filter(settled_at=None).count()
    url = reverse("admin:monitoring_ruleversion_changelist")
    lines = (
        Line("events that rules choked on", letters, reverse("admin:monitoring_deadletter_changelist"), "bad"),
        Line("committed: compare, then run in shadow", counts["committed"], f"{url}?state__exact=committed", "warning"),
        Line("in shadow: compare, then publish", counts["shadow"], f"{url}?state__exact=shadow", "info"),
        Line("drafts", counts["draft"], f"{url}?state__exact=draft"),
    )
    empty = "Every version is live or retired. Draft a new one on a rule's page."
    return Card("Rules", reverse("admin:monitoring_rule_changelist"), lines, empty)


def _staff(asker: Asker) -> Card:  # noqa: ARG001 - staff are of all brands
    groups = User.groups.through.objects.filter(user_id=OuterRef("pk"))
    scopes = StaffScope.objects.filter(user_id=OuterRef("pk"))
    factors = Authenticator.objects.filter(user_id=OuterRef("pk"), type=Authenticator.Type.TOTP)
    people = User.objects.filter(is_active=True, is_staff=True, is_superuser=False)
    counts = people.order_by().aggregate(
        roleless=Count("pk", filter=~Exists(groups)),
        blind=Count("pk", filter=Exists(groups) & ~Exists(scopes)),
        factorless=Count("pk", filter=~Exists(factors)),
    )
    url = reverse("admin:auth_user_changelist")
    lines = (
        Line("without any role", counts["roleless"], url, "warning"),
        Line("with a role but no brand", counts["blind"], reverse("admin:brands_staffscope_changelist"), "warning"),
        Line("without a second factor", counts["factorless"], url),
    )
    return Card("Staff", url, lines, "Everybody has a role, a brand and a second factor.")


_CARDS: Sequence[tuple[str, Callable[[Asker], Card]]] = (
    ("compliance.view_approvalrequest", _approvals),
    ("compliance.view_case", _cases),
    ("payments.approve_withdrawal", _withdrawals),
    ("verification.decide_verification", _verifications),
    ("safer_play.record_interaction", _protection),
    ("reconciliation.work_break", _breaks),
    ("integrations.acknowledge_incident", _operations),
    ("providers.synchronise_catalogue", _catalogue),
    ("bonuses.settle_failedstep", _bonuses),
    ("compliance.propose_policy", _policies),
    ("compliance.publish_policy", _policies),
    ("monitoring.author_rule", _rules),
    ("monitoring.publish_rule", _rules),
    ("auth.add_user", _staff),
)
