"""What the case page learns from the upper apps: instruments that several accounts use."""

from apps.compliance.linked_people import TraceKind, register_trace_kind


def register() -> None:
    """Called once the apps are loaded."""
    register_trace_kind(
        TraceKind(
            "instrument",
            "Means of payment",
            5,
            "SELECT DISTINCT player_id FROM payments_instrument WHERE greatest(changed_at, last_used_at) >= %(since)s",
            "SELECT player_id, method_id || ' ' || token, min(changed_at), max(coalesce(last_used_at, changed_at)),"
            " count(*) FROM payments_instrument WHERE player_id = ANY (%(players)s) AND token <> '' GROUP BY 1, 2",
        )
    )
