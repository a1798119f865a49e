"""What the staff pages of payments share: who may see why, which filters there are, and how states look."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from apps.core.admin_base import StaffAdmin

# Holds, checks and refusals are told only to those who may see a withdrawal's checks: support never learns them.
SEE_REASONS = "payments.view_check"

_LEVELS = {
    "good": {"paid", "settled", "passed", "done", "processed"},
    "warning": {"on_hold", "in_review", "review", "blocked", "unknown", "received", "parked", "returned", "expired"},
    "bad": {"failed", "rejected", "reversed", "hold", "refused", "unhandled", "lost"},
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

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """
        Refuse what no filter offers.

        Django lets any column of the list be asked for by URL. Then who may not see a token or the reason of a hold
        could guess it, letter by letter, from which rows are left.
        """
        offered = {
            each.parameter_name if isinstance(each, type) and issubclass(each, admin.SimpleListFilter) else each
            for each in self.get_list_filter(request)
        }
        return lookup.split("__", maxsplit=1)[0] in offered and super().lookup_allowed(lookup, value, request)
