"""What the staff pages of payments share: who may see why, which filters there are, and how states look."""

from typing import Any

from apps.core.admin_base import StaffAdmin

# Holds, checks and refusals are told only to those who may see a withdrawal's checks: support never learns them.
SEE_REASONS = "payments.view_check"

_LEVELS = {
    "good": {"paid", "settled", "passed", "done", "processed", "won", "verified", "ready"},
    "warning": {
        "on_hold",
        "in_review",
        "review",
        "blocked",
        "unknown",
        "received",
        "parked",
        "returned",
        "expired",
        "opened",
        "challenged",
        "unverified",
        "queued",
        "building",
    },
    "bad": {"failed", "rejected", "reversed", "hold", "refused", "unhandled", "lost", "accepted", "mismatch"},
}


def level(word: str) -> str:
    """Colour of a payment's, attempt's, check's or event's state."""
    return next((name for name, words in _LEVELS.items() if word in words), "plain")


def may_see_reasons(user: Any) -> bool:
    """Whether a person may know how a payment was judged."""
    return bool(user.has_perm(SEE_REASONS))


class PaymentPage(StaffAdmin):
    """A page whose list can be narrowed by its own filters only."""

    big_table = True
    ordering = ("-id",)
    sortable_by = ()
