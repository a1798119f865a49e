"""Breaks and exclusions, the way back from them, and who must not be sent marketing."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django_fsm import FSMField, transition

from apps.core.ids import uuid7
from apps.players.models import Player


class Exclusion(models.Model):
    """
    A time in which a player may not play or deposit. His money stays his: wins are booked and he may be paid out.

    `ends_at` empty: until it is ended. `holds`: at its end it goes on until the player has come back by the procedure
    of `ExclusionReturn`. `origin`: the exclusion of another account of the same person that this one follows.
    """

    class Kind(models.TextChoices):
        """Who wanted it, and how long it is meant."""

        PANIC = "panic", "Panic button"
        TIME_OUT = "time_out", "Time-out"
        SELF_EXCLUSION = "self_exclusion", "Self-exclusion"
        OPERATOR = "operator", "Exclusion by the operator"
        THIRD_PARTY = "third_party", "Exclusion at a third party's request"
        REGISTER = "register", "Found in a national register"

    class State(models.TextChoices):
        """Whether it counts."""

        ACTIVE = "active", "In force"
        ENDED = "ended", "Over"

    public_id = models.UUIDField(unique=True, default=uuid7, editable=False)
    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="exclusions")
    kind = models.CharField(max_length=16, choices=Kind)
    state = FSMField(max_length=8, choices=State.choices, default=State.ACTIVE, protected=True)
    started_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, help_text="Empty: until it is ended")
    earliest_return_at = models.DateTimeField(null=True, help_text="Before this nobody may ask to come back")
    holds = models.BooleanField(
        default=False, help_text="Goes on after its end until the player has come back properly"
    )
    bars_login = models.BooleanField(default=False, help_text="The law bars log-in too; staff pay the balance out")
    origin = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="followers")
    actor = models.CharField(max_length=150, help_text="`player`, a staff username, or the register")
    reason = models.CharField(max_length=300, blank=True)
    policy_version_id = models.BigIntegerField(null=True)
    request_id = models.UUIDField(null=True)
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=300, blank=True)
    watched_until = models.DateTimeField(null=True, help_text="Someone who has come back is watched until here")

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=["player"], condition=Q(state="active"), name="safer_play_exclusion_active"),
            models.Index(fields=["ends_at"], condition=Q(state="active"), name="safer_play_exclusion_due"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(state="active", ended_at__isnull=True) | Q(state="ended", ended_at__isnull=False),
                name="safer_play_exclusion_state",
            ),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=models.F("started_at")),
                name="safer_play_exclusion_lasts",
            ),
        )
        permissions = (
            ("exclude_player", "Can exclude players"),
            ("propose_exclusion_end", "Can propose to end an exclusion"),
            ("approve_exclusion_end", "Can decide on a colleague's proposal to end an exclusion"),
            ("lengthen_exclusion", "Can lengthen an exclusion"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} since {self.started_at:%Y-%m-%d %H:%M}"

    @transition(field=state, source=State.ACTIVE, target=State.ENDED)
    def end(self, *, at: datetime, reason: str, watched_until: datetime | None) -> None:
        """It is over; its end never turns marketing on again."""
        self.ended_at, self.end_reason, self.watched_until = at, reason, watched_until


class ExclusionReturn(models.Model):
    """A player's request to come back: asked for, decided by staff where the law says so, cooled off, done."""

    class State(models.TextChoices):
        """Where it stands; the last three are final."""

        REQUESTED = "requested", "Waits for the operator's decision"
        COOLING = "cooling", "Cooling off"
        DONE = "done", "Back"
        REJECTED = "rejected", "Rejected"
        WITHDRAWN = "withdrawn", "Taken back by the player"

    public_id = models.UUIDField(unique=True, default=uuid7, editable=False)
    exclusion = models.ForeignKey(Exclusion, on_delete=models.PROTECT, related_name="returns")
    state = FSMField(max_length=12, choices=State.choices, default=State.REQUESTED, protected=True)
    reason = models.CharField(max_length=1000, blank=True, help_text="In the player's own words")
    requested_at = models.DateTimeField()
    decide_by = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=150, blank=True)
    decided_at = models.DateTimeField(null=True)
    decision_note = models.CharField(max_length=300, blank=True)
    back_at = models.DateTimeField(null=True, help_text="When the cooling-off is over")
    policy_version_id = models.BigIntegerField(null=True)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("exclusion",),
                condition=Q(state__in=("requested", "cooling")),
                name="safer_play_return_one_open",
            ),
            models.CheckConstraint(
                condition=Q(state__in=("requested", "cooling", "done", "rejected", "withdrawn")),
                name="safer_play_return_state",
            ),
        )
        permissions = (("decide_return", "Can decide whether an excluded player may come back"),)

    def __str__(self) -> str:
        return f"return of player {self.exclusion.player_id}: {self.state}"

    @transition(field=state, source=State.REQUESTED, target=State.COOLING)
    def cool(self, *, by: str, at: datetime, note: str, back_at: datetime) -> None:
        """Agreed to; a last while to think."""
        self.decided_by, self.decided_at, self.decision_note, self.back_at = by, at, note, back_at

    @transition(field=state, source=State.REQUESTED, target=State.REJECTED)
    def reject(self, *, by: str, at: datetime, note: str) -> None:
        """Staff say no."""
        self.decided_by, self.decided_at, self.decision_note = by, at, note

    @transition(field=state, source=[State.REQUESTED, State.COOLING], target=State.WITHDRAWN)
    def withdraw(self, *, at: datetime) -> None:
        """The player stays away after all."""
        self.decided_at = at

    @transition(field=state, source=State.COOLING, target=State.DONE)
    def finish(self) -> None:
        """The player is back."""


class MarketingStop(models.Model):
    """A player who must not be sent marketing or offered a bonus. Only the player himself ends it, by asking anew."""

    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="marketing_stops")
    reason = models.CharField(max_length=40, help_text="exclusion, harm, register, player")
    actor = models.CharField(max_length=150)
    since = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("player", "reason"), condition=Q(lifted_at__isnull=True), name="safer_play_marketingstop_once"
            ),
        )
        permissions = (("stop_marketing", "Can stop marketing to a player"),)

    def __str__(self) -> str:
        return f"no marketing to player {self.player_id}: {self.reason}"
