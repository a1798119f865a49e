"""Demo data: the shipped monitoring rules, put live by two people as an operator's would be."""

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from apps.compliance.approvals import decide_approval
from apps.monitoring.loading import load_catalogue
from apps.monitoring.models import RuleVersion
from apps.monitoring.publication import commit_version, request_publication

_AUTHOR, _APPROVER = "policy_author", "policy_approver"
# New players who play fast for the crowd of the traffic generator: these two would speak of nothing but that.
_IN_SHADOW = ("RG-15", "RG-21")


@transaction.atomic
def seed_rules(*, now: datetime) -> None:
    """Load the catalogue and have two people publish what no version runs of yet; once for each version."""
    author, approver = (User.objects.get(username=name) for name in (_AUTHOR, _APPROVER))
    load_catalogue(apply=True, now=now, user=author)
    for version in RuleVersion.objects.filter(state=RuleVersion.State.DRAFT).order_by("rule_id"):
        commit_version(version_id=version.pk, author=author, now=now)
        target = "shadow" if version.rule_id in _IN_SHADOW else "live"
        asked = request_publication(
            version_id=version.pk, target=target, maker=author, reason="The shipped catalogue (demo)", now=now
        )
        decide_approval(
            request_id=asked.pk, checker=approver, approve=True, reason="Fixtures are green (demo)", now=now
        )
