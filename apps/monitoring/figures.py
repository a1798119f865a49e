"""How often rules were right: from how the cases of their alerts were closed."""

from datetime import datetime, timedelta

from django.db.models import Count, Q

from apps.compliance.models import Alert


def false_positive_shares(*, now: datetime, days: int) -> dict[str, tuple[int, int]]:
    """For each rule: alerts of the last days whose case is resolved, and those resolved as false positives."""
    rows = (
        Alert.objects.filter(source="monitoring", closed_at__gt=now - timedelta(days=days), case__state="resolved")
        .values("rule_id")
        .annotate(closed=Count("pk"), wrong=Count("pk", filter=Q(case__resolution="false_positive")))
    )
    return {row["rule_id"]: (row["closed"], row["wrong"]) for row in rows}
