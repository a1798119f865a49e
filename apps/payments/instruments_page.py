"""The list of instruments, the page of one with its history, and the button by which staff judge it."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from apps.core.admin_actions import ActionForm, staff_action, staff_of
from apps.core.admin_display import NOTHING, change_link, masked_text, pill
from apps.core.clock import now
from apps.payments.base_page import PaymentPage, level
from apps.payments.models import Instrument
from apps.payments.operations.instruments import JUDGE_PERMISSION, judge_instrument


class JudgeForm(ActionForm):
    """Asks what it is, and where that can be seen."""

    verdict = forms.ChoiceField(
        choices=(
            ("verified", "It is the player's own"),
            ("mismatch", "It is somebody else's"),
            ("blocked", "Nothing may be paid to it"),
            ("unblocked", "It may be paid to again"),
        ),
        widget=UnfoldAdminSelectWidget(),
    )
    note = forms.CharField(
        min_length=10, max_length=300, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="What was seen: a statement, a letter of the bank. Readable by auditors.",
    )  # fmt: skip


@admin.register(Instrument)
class InstrumentAdmin(PaymentPage):
    """An account, card or wallet of a player. Its token, which pays, is shown to nobody."""

    brand_lookup = "player__brand_id"
    staff_actions = ("judge",)
    change_form_template = "staff/payments/instrument.html"
    list_display = (
        "shown", "player_shown", "method", "integration", "verified", "name_alike", "shared", "blocked", "last_used_at",
    )  # fmt: skip
    list_filter = ("verification", "is_shared", "is_blocked", "method")
    list_select_related = ("player", "method", "integration")
    search_fields = ("=player__username", "=public_id")
    search_help_text = "Username or instrument id, in full"
    fields = (
        ("shown", "player_shown"), ("method", "integration"), ("holder_masked", "name_alike"),
        ("verified", "blocked", "shared"), ("changed_at", "changed_by"), ("first_used_at", "last_used_at"), "public_id",
    )  # fmt: skip
    readonly_fields = (
        "shown", "player_shown", "holder_masked", "verified", "blocked", "public_id", "name_alike", "shared",
    )  # fmt: skip
    empty_hint = "No player has paid with anything yet: an instrument is kept when its first deposit settles."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Instrument]:
        """With the names, in one query, and without the token."""
        rows: QuerySet[Instrument] = super().get_queryset(request)
        return rows.select_related("player", "method", "integration", "changed_by").defer("token")

    @admin.display(description="instrument")
    def shown(self, instrument: Instrument) -> str:
        """As its provider masks it."""
        return instrument.masked or f"{instrument.method.name} #{instrument.pk}"

    @admin.display(description="player")
    def player_shown(self, instrument: Instrument) -> str:
        """Whose."""
        return change_link("players.player", instrument.player_id, instrument.player.username)

    @admin.display(description="holder")
    def holder_masked(self, instrument: Instrument) -> str:
        """Who the provider says owns it, masked."""
        return masked_text(instrument.holder)

    @admin.display(description="owner")
    def verified(self, instrument: Instrument) -> str:
        """Known to be the player's own, or not."""
        return pill(instrument.verification, instrument.get_verification_display(), level(instrument.verification))

    @admin.display(description="name alike")
    def name_alike(self, instrument: Instrument) -> str:
        """How alike holder and player are called."""
        return NOTHING if instrument.name_score is None else f"{instrument.name_score} of 100"

    @admin.display(description="shared")
    def shared(self, instrument: Instrument) -> str:
        """Whether another player uses it."""
        return pill("shared", "another player uses it", "bad") if instrument.is_shared else NOTHING

    @admin.display(description="usable")
    def blocked(self, instrument: Instrument) -> str:
        """Whether it may be paid to."""
        return pill("blocked") if instrument.is_blocked else pill("usable", level="good")

    def page_context(self, request: HttpRequest, obj: Instrument) -> dict[str, Any]:
        """What became known of it, and by whom."""
        return {"events": list(obj.events.select_related("actor"))}

    @staff_action(
        title="Judge",
        permission=JUDGE_PERMISSION,
        form=JudgeForm,
        description="Approvals given before fall, and you do not approve what goes to it in the next three days.",
        icon="verified_user",
    )
    def judge(self, request: HttpRequest, obj: Instrument, data: dict[str, Any]) -> str:
        """Say what it is."""
        after = judge_instrument(
            instrument_id=obj.pk, verdict=data["verdict"], note=data["note"], actor=staff_of(request), now=now()
        )
        return f"{after.get_verification_display()}{', blocked' if after.is_blocked else ''}."
