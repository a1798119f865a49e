"""The ladder of interventions: what is done about signs of harm, proven to have happened, and what came of it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.contrib.auth.models import User
from django.db import connection, transaction

from apps.core.errors import DomainError
from apps.integrations.outbox import record_fact
from apps.players.models import Player
from apps.safer_play.guarding import lock_player_with_law
from apps.safer_play.ledger import ledger_floor
from apps.safer_play.limit_terms import Terms
from apps.safer_play.limits import set_limit
from apps.safer_play.marketing import stop_marketing
from apps.safer_play.models import Interaction, Limit
from apps.safer_play.staff import require_staff

Action, Channel, State = Interaction.Action, Interaction.Channel, Interaction.State
# NL: the first intervention within an hour, at any hour; nowhere longer than a day.
DUE_WITHIN = timedelta(minutes=60)
MEASURED_OVER = timedelta(days=14)
"""Spend and time so long before and after say whether an interaction helped."""

_MEASURE = """
    SELECT s.currency, sum(s.staked)::bigint, sum(s.own_staked - s.own_won)::bigint,
           count(*) FILTER (WHERE s.staked > 0)
      FROM safer_play_stake s
     WHERE s.player_id = %(player)s AND s.id >= %(floor)s AND s.at >= %(since)s AND s.at < %(until)s
     GROUP BY s.currency
"""


class NoSuchInteraction(DomainError):
    """There is no such interaction, or it is over."""

    code: ClassVar[str] = "no-such-interaction"
    title: ClassVar[str] = "No such interaction"
    status: ClassVar[int] = 404


class InteractionUnproven(DomainError):
    """An interaction is done only with evidence that it happened: a call's number, a message's id."""

    code: ClassVar[str] = "interaction-unproven"
    title: ClassVar[str] = "Evidence is missing"
    status: ClassVar[int] = 422


@transaction.atomic
def start_interaction(
    *,
    player_id: int,
    trigger: str,
    trigger_text: str,
    action: str,
    channel: str,
    dedupe_key: str,
    now: datetime,
    actor: User | str = "system",
    alert_id: str = "",
    terms: Terms | None = None,
    due_within: timedelta = DUE_WITHIN,
) -> Interaction:
    """
    Take a step with a player because of a trigger; the same `dedupe_key` again returns the first.

    A stop of marketing, and a limit with `terms`, are carried out at once by the platform itself and so are done; a
    message or contact is for somebody to do by `due_at`.

    :param trigger: a rule's id, or ``staff``
    :param trigger_text: why, in plain words with the figures
    :raises PermissionDenied: if the actor is a member of staff without the permission, or of another brand
    """
    player = lock_player_with_law(player_id)
    if isinstance(actor, User):
        require_staff(actor, "record_interaction", player)
    known = Interaction.objects.filter(dedupe_key=dedupe_key).first()
    if known is not None:
        return known
    who = actor if isinstance(actor, str) else actor.get_username()
    interaction = Interaction(
        player=player,
        trigger=trigger,
        trigger_text=trigger_text[:500],
        dedupe_key=dedupe_key,
        action=action,
        channel=channel,
        alert_id=alert_id,
        started_at=now,
        due_at=now + due_within,
        started_by=who,
        before=measure(player_id, since=now - MEASURED_OVER, until=now),
    )
    evidence = _carry_out(interaction, player, terms, who, now)
    if evidence:
        interaction.finish(by=who, at=now, outcome="Carried out by the platform", evidence=evidence)
    interaction.save(force_insert=True)
    _tell(player, "started", interaction, now)
    return interaction


@transaction.atomic
def close_interaction(
    *, interaction_id: int, state: str, outcome: str, evidence: str, actor: User | str, now: datetime
) -> Interaction:
    """
    Say what became of an interaction: done with evidence, in vain, or not needed.

    :raises NoSuchInteraction: if it is not open
    :raises InteractionUnproven: if it is to be done without
    :raises PermissionDenied: if the actor is a member of staff without the permission, or of another brand
    """
    found = Interaction.objects.filter(pk=interaction_id).values_list("player_id", flat=True).first()
    if found is None:
        raise NoSuchInteraction
    player = lock_player_with_law(found)
    if isinstance(actor, User):
        require_staff(actor, "record_interaction", player)
    interaction = Interaction.objects.select_for_update().get(pk=interaction_id)
    if interaction.state != State.OPEN:
        raise NoSuchInteraction
    who = actor if isinstance(actor, str) else actor.get_username()
    if state == State.DONE:
        if not evidence.strip():
            raise InteractionUnproven
        interaction.finish(by=who, at=now, outcome=outcome, evidence=evidence)
    elif state == State.FAILED:
        interaction.fail(by=who, at=now, outcome=outcome)
    else:
        interaction.cancel(by=who, at=now, outcome=outcome)
    interaction.save(update_fields=["state", "closed_by", "closed_at", "outcome", "evidence"])
    _tell(player, "closed", interaction, now)
    return interaction


def measure_effect(*, interaction_id: int, now: datetime) -> Interaction:
    """Look at spend and time since an interaction; called once its fortnight is over."""
    interaction = Interaction.objects.get(pk=interaction_id)
    closed_at = interaction.closed_at or interaction.started_at
    interaction.after = measure(interaction.player_id, since=closed_at, until=closed_at + MEASURED_OVER)
    interaction.measured_at = now
    interaction.save(update_fields=["after", "measured_at"])
    return interaction


def measure(player_id: int, *, since: datetime, until: datetime) -> dict[str, Any]:
    """Stakes, losses (ledger units), bets, time logged in and limits of a player between two instants."""
    with connection.cursor() as cursor:
        cursor.execute(_MEASURE, {"player": player_id, "floor": ledger_floor(since), "since": since, "until": until})
        money = {code: {"staked": staked, "lost": lost, "bets": bets} for code, staked, lost, bets in cursor.fetchall()}
        cursor.execute("SELECT safer_play_login_seconds(%s, %s, %s)", [player_id, since, until])
        (seconds,) = cursor.fetchone()
    limits = Limit.objects.filter(player_id=player_id, state=Limit.State.ACTIVE).count()
    return {"money": money, "login_seconds": seconds, "limits": limits}


def _carry_out(
    interaction: Interaction, player: Player, terms: Terms | None, who: str, now: datetime
) -> Mapping[str, Any] | str:
    """Do what the platform does by itself; returns the evidence, empty where people have to act."""
    if interaction.action == Action.MARKETING_STOP:
        stop_marketing(player=player, reason="harm", actor=who, now=now)
        return "Suppression list"
    if interaction.action == Action.LIMIT and terms is not None:
        change = set_limit(
            player_id=player.pk,
            terms=terms,
            set_by=Limit.SetBy.OPERATOR,
            actor=who,
            reason=interaction.trigger_text[:300],
            now=now,
        )
        counts = change.effective or change.pending
        interaction.limit_id = counts.pk if counts else None
        return f"Limit {counts.public_id}" if counts else ""
    return ""


def _tell(player: Player, word: str, interaction: Interaction, now: datetime) -> None:
    record_fact(
        kind=f"safer_play.interaction.{word}",
        brand_code=player.brand.code,
        player_id=player.pk,
        subject=str(interaction.public_id),
        data={"trigger": interaction.trigger, "action": interaction.action, "state": interaction.state},
        now=now,
    )
