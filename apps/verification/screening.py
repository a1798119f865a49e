"""Screening players against sanctions and PEP lists: asking the sources, keeping hits, and what follows for facts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, QuerySet

from apps.integrations.connections import connection_by_id
from apps.integrations.models import Integration
from apps.integrations.outbox import record_fact
from apps.players.models import Player
from apps.players.operations.status import lock_player
from apps.verification.alerts import alert_hit
from apps.verification.matching.names import THRESHOLD
from apps.verification.models import HitReview, ListedEntity, PlayerFact, ScreeningHit, ScreeningRun
from apps.verification.operations.due_diligence import close_if_met
from apps.verification.operations.facts import add_fact
from apps.verification.sources.local import LocalList
from apps.verification.sources.port import Candidate, Question, Reply, ScreeningSource
from apps.verification.sources.yente import Yente

State = ScreeningHit.State
SCREENED_FOR = timedelta(days=30)
"""How long a clear screening counts; lists are looked at daily anyway."""
EVERY = timedelta(days=1)
_FIELDS = (
    "dataset", "caption", "listed", "topics", "is_sanction", "score", "corroboration", "explanation", "rank",
    "player_digest", "entity_digest", "seen_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Screened:
    """What a screening found."""

    open_hits: int
    new_hits: int


def screen_player(*, player_id: int, trigger: str, now: datetime) -> Screened:
    """
    Ask every source of the player's brand about him. May call a server: no transaction may be open.

    :raises VendorUnreachable, VendorTimeout, VendorSwitchedOff: a source could not be asked; nothing of it is changed,
        and the player is due again
    """
    player = Player.objects.select_related("brand").get(pk=player_id)
    question = question_about(player)
    new = 0
    for source in sources_of(player):
        cleared = ScreeningHit.objects.filter(
            player_id=player_id, source=source.name, state=State.FALSE_POSITIVE, player_digest=question.digest
        )
        excluded = list(cleared.order_by("-decided_at").values_list("entity_id", flat=True))
        reply = source.ask(question, excluded=excluded)
        if excluded and source.name != LocalList.name:
            # What people cleared is left out above; if it has changed since, it is looked at anew.
            since = cleared.aggregate(at=Max("decided_at"))["at"]
            changed = source.ask(question, changed_since=since)
            named = {each.entry.entity_id for each in reply.candidates}
            more = tuple(each for each in changed.candidates if each.entry.entity_id not in named)
            reply = Reply((*reply.candidates, *more), reply.list_changed_at, is_complete=reply.is_complete)
        spared = excluded if source.name != LocalList.name else []
        new += _take_over(player_id, source.name, question, reply, spared, trigger, now)
    settle_facts(player_id=player_id, now=now)
    return Screened(ScreeningHit.objects.filter(player_id=player_id, state=State.OPEN).count(), new)


def question_about(player: Player) -> Question:
    """What is asked of a player."""
    return Question(
        name=f"{player.first_name} {player.last_name}".strip(),
        birth_date=player.birth_date.isoformat(),
        countries=(player.country,),
        player_id=player.pk,
    )


def sources_of(player: Player) -> list[ScreeningSource]:
    """The embedded list, and the yente server of the brand where one is connected."""
    found: list[ScreeningSource] = [LocalList()]
    servers = Integration.objects.filter(vendor="yente", brand_code=player.brand.code).values_list("pk", flat=True)
    for pk in servers:
        connection = connection_by_id(pk)
        if connection is not None and connection.switch != Integration.Switch.OFF:
            found.append(Yente(connection))
    return found


def players_due(*, now: datetime, limit: int = 200) -> list[int]:
    """Players who were not screened since the list changed, or for a day; those never screened come first or soon."""
    newest = ListedEntity.objects.aggregate(at=Max("changed_at"))["at"]
    recent: QuerySet[ScreeningRun] = ScreeningRun.objects.filter(player=OuterRef("pk"), at__gt=now - EVERY)
    if newest is not None:
        recent = recent.filter(at__gte=newest)
    players = Player.objects.filter(is_test=False).exclude(status=Player.Status.CLOSED)
    return list(players.filter(~Exists(recent)).order_by("pk").values_list("pk", flat=True)[:limit])


@transaction.atomic
def settle_facts(*, player_id: int, now: datetime) -> None:
    """
    Record what the hits as they stand mean: clear, listed, or not known as long as somebody has to look.

    Without a screening there is nothing to record.
    """
    last = ScreeningRun.objects.filter(player_id=player_id).order_by("-at", "-pk").first()
    if last is None:
        return
    lock_player(player_id)
    rows = ScreeningHit.objects.filter(player_id=player_id, state__in=(State.OPEN, State.CONFIRMED))
    hits = list(rows.values_list("is_sanction", "state"))
    for kind, is_sanction in ((PlayerFact.Kind.SANCTIONS, True), (PlayerFact.Kind.PEP, False)):
        states = {state for about, state in hits if about == is_sanction}
        standing = PlayerFact.objects.standing().filter(player_id=player_id, kind=kind).first()
        if State.CONFIRMED in states:
            outcome, reason = PlayerFact.Outcome.REFUTED, "listed"
        elif states:
            if standing is None or standing.outcome == PlayerFact.Outcome.WITHDRAWN:
                continue
            outcome, reason = PlayerFact.Outcome.WITHDRAWN, "a hit has to be reviewed"
        else:
            outcome, reason = PlayerFact.Outcome.CONFIRMED, "no hits"
        is_clear = outcome == PlayerFact.Outcome.CONFIRMED
        if is_clear and standing is not None and _still_good(standing, now):
            continue
        add_fact(
            player_id=player_id,
            kind=kind,
            outcome=outcome,
            method="screening",
            level=PlayerFact.Level.STANDARD,
            value={"player_digest": last.player_digest},
            valid_to=now + SCREENED_FOR if is_clear else None,
            evidence=sorted(rows.values_list("entity_id", flat=True)),
            reason=reason,
            now=now,
        )
    close_if_met(player_id=player_id, now=now)


def _still_good(fact: PlayerFact, now: datetime) -> bool:
    """A clear screening is renewed when a week is left of it, not every day."""
    return (
        fact.outcome == PlayerFact.Outcome.CONFIRMED
        and fact.valid_to is not None
        and fact.valid_to > now + timedelta(days=7)
    )


@transaction.atomic
def _take_over(
    player_id: int,
    source: str,
    question: Question,
    reply: Reply,
    spared: Sequence[str],
    trigger: str,
    now: datetime,
) -> int:
    player = lock_player(player_id)
    known = {
        hit.entity_id: hit for hit in ScreeningHit.objects.select_for_update().filter(player=player, source=source)
    }
    new = 0
    for candidate in reply.candidates:
        hit = known.pop(candidate.entry.entity_id, None)
        new += _keep(player, source, question, candidate, hit, now)
    for entity_id, hit in known.items():
        if reply.is_complete and entity_id not in spared and hit.state in (State.OPEN, State.FALSE_POSITIVE):
            before = hit.state
            hit.vanish()
            hit.save(update_fields=["state"])
            _review(hit, before, "no longer alike or listed", now)
    ScreeningRun.objects.create(
        player=player,
        source=source,
        trigger=trigger,
        player_digest=question.digest,
        list_changed_at=reply.list_changed_at,
        threshold=THRESHOLD,
        hits=len(reply.candidates),
        at=now,
    )
    return new


def _keep(
    player: Player, source: str, question: Question, candidate: Candidate, hit: ScreeningHit | None, now: datetime
) -> int:
    """Make or renew a hit; 1 if somebody has to look now who had not before."""
    entry = candidate.entry
    same = hit is not None and (hit.player_digest, hit.entity_digest) == (question.digest, entry.digest)
    made = (
        hit if hit is not None else ScreeningHit(player=player, source=source, entity_id=entry.entity_id, found_at=now)
    )
    before = made.state
    vars(made).update(
        dataset=entry.dataset,
        caption=entry.names[0][:300],
        listed=entry.as_json(),
        topics=list(entry.topics),
        is_sanction=entry.is_sanction,
        score=candidate.score,
        corroboration=candidate.corroboration,
        explanation=list(candidate.explanation),
        rank=candidate.rank,
        player_digest=question.digest,
        entity_digest=entry.digest,
        seen_at=now,
    )
    if hit is None:
        made.save(force_insert=True)
    else:
        reopens = made.state == State.GONE or (made.state == State.FALSE_POSITIVE and not same)
        if reopens:
            made.reopen()
            made.decided_by = made.checked_by = made.decided_at = None
        made.save(update_fields=[*_FIELDS, "state", "decided_by", "checked_by", "decided_at"])
        if not reopens:
            return 0
        _review(made, before, "either side has changed", now)
    _tell(player, made, now)
    return 1


def _review(hit: ScreeningHit, before: str, note: str, now: datetime) -> None:
    HitReview.objects.create(
        hit=hit,
        from_state=before,
        to_state=hit.state,
        note=note,
        player_digest=hit.player_digest,
        entity_digest=hit.entity_digest,
        at=now,
    )


def _tell(player: Player, hit: ScreeningHit, now: datetime) -> None:
    record_fact(
        kind="verification.hit.found",
        brand_code=player.brand.code,
        player_id=player.pk,
        subject=str(hit.public_id),
        data={
            "is_sanction": hit.is_sanction,
            "topic": "sanction" if hit.is_sanction else "pep",
            "score": float(hit.score),
            "corroboration": hit.corroboration,
            "cleared": False,
        },
        now=now,
    )
    alert_hit(hit, now=now)
