"""May this player have this bonus now: separate questions, each with its evidence. Nothing is changed here."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from apps.bonuses.law import verdict_for
from apps.bonuses.links import sharing_with
from apps.bonuses.models import Grant, OfferVersion
from apps.bonuses.terms import Terms
from apps.compliance.policies import local_day
from apps.payments.models import Deposit, Refund
from apps.players.models import Player
from apps.providers.models import GameSession
from apps.safer_play.exclusions import is_excluded
from apps.safer_play.marketing import is_marketing_stopped
from apps.verification.gates import Purpose, gate

# What a player is told. Most refusals are one word: who is judged by what does not follow from it.
NOT_AVAILABLE, OVER, ACTIVE, IDENTITY, PLAYING = (
    "bonus-not-available", "bonus-over", "bonus-already-active", "bonus-needs-identity", "bonus-during-play",
)  # fmt: skip
_OPEN = Q(state__in=(Grant.State.OFFERED, Grant.State.ACTIVE))


@dataclass(frozen=True, slots=True)
class Case:
    """What is asked about."""

    player: Player
    version: OfferVersion
    terms: Terms
    currency: str
    grant: Grant | None
    """None while the offer has not become a grant."""
    now: datetime


@dataclass(frozen=True, slots=True)
class Check:
    """The answer to one question."""

    name: str
    passed: bool
    refusal: str = NOT_AVAILABLE
    evidence: dict[str, Any] = field(default_factory=dict)
    policy_version_id: int | None = None


def checks_for_claim(case: Case) -> list[Check]:
    """Ask everything, in this order; the first refusal is what the player is told."""
    return [ask(case) for ask in _QUESTIONS]


def may_be_offered(case: Case) -> bool:
    """Whether the offer may be shown to a player: what does not change with what he does next."""
    return all(ask(case).passed for ask in (_status, _market, _audience, _protected, _times_taken))


def _time(case: Case) -> Check:
    open_until = case.grant.claim_by if case.grant else case.version.valid_to
    is_open = case.grant is not None or case.version.is_open(case.now)
    in_time = open_until is None or case.now < open_until
    return Check("time", is_open and in_time, OVER, {"until": open_until.isoformat() if open_until else None})


def _status(case: Case) -> Check:
    player = case.player
    may = player.status in (Player.Status.ACTIVE, Player.Status.RESTRICTED) and "bonus" not in player.restrictions
    return Check("status", may, evidence={"status": player.status, "restrictions": list(player.restrictions)})


def _market(case: Case) -> Check:
    player = case.player
    fits = (
        player.brand_id == case.version.offer.brand_id
        and player.jurisdiction_id in case.terms.jurisdictions
        and case.currency in case.terms.amounts
    )
    return Check("market", fits, evidence={"jurisdiction": player.jurisdiction_id, "currency": case.currency})


def _audience(case: Case) -> Check:
    terms, player = case.terms, case.player
    if case.grant is not None and case.grant.source == Grant.Source.MANUAL:
        return Check("audience", True, evidence={"audience": "given by staff"})
    if terms.audience == "new":
        since = player.registered_at + timedelta(days=terms.new_days)
        # A grant was made in time: the days to claim it are its own.
        passed = case.grant is not None or case.now < since
        return Check("audience", passed, evidence={"audience": "new", "new_until": since.isoformat()})
    if terms.audience == "listed":
        return Check("audience", case.version.listings.filter(player=player).exists(), evidence={"audience": "listed"})
    return Check("audience", True, evidence={"audience": "all"})


def _protected(case: Case) -> Check:
    excluded = is_excluded(case.player.pk, now=case.now)
    stopped = is_marketing_stopped(case.player.pk)
    return Check("protection", not (excluded or stopped), evidence={"excluded": excluded, "no_marketing": stopped})


def _identity(case: Case) -> Check:
    answer = gate(player=case.player, purpose=Purpose.BONUS, now=case.now)
    refusal = IDENTITY if answer.missing else NOT_AVAILABLE
    return Check(
        "identity", answer.passed, refusal, {"missing": list(answer.missing), "why": answer.staff_reason},
        answer.policy_version_id,
    )  # fmt: skip


def _law(case: Case) -> Check:
    verdict, rules = verdict_for(case.terms, player=case.player, now=case.now)
    broken = list(verdict.broken)
    if rules.get("first_time_only") and _taken_before(case):
        broken.append("the player has had a bonus")
    evidence = {"broken": broken, "day": local_day(case.player.jurisdiction_id, case.now).isoformat()}
    return Check("law", not broken, evidence=evidence, policy_version_id=verdict.version_id)


def _taken_before(case: Case) -> bool:
    """An account belongs to one brand and one jurisdiction, so to one licence."""
    return Grant.objects.filter(player=case.player, claimed_at__isnull=False).exists()


def _not_playing(case: Case) -> Check:
    verdict, rules = verdict_for(case.terms, player=case.player, now=case.now)
    if not rules.get("no_bonus_during_play"):
        return Check("play", True, PLAYING, {"rule": False}, verdict.version_id)
    playing = GameSession.objects.filter(player=case.player, ended_at=None, expires_at__gt=case.now).exists()
    return Check("play", not playing, PLAYING, {"rule": True, "playing": playing}, verdict.version_id)


def _one_at_a_time(case: Case) -> Check:
    active = Grant.objects.filter(player=case.player, currency=case.currency, state=Grant.State.ACTIVE)
    found = active.values_list("public_id", flat=True).first()
    return Check("one-at-a-time", found is None, ACTIVE, {"active": str(found) if found else None})


def _times_taken(case: Case) -> Check:
    taken = Grant.objects.filter(
        Q(claimed_at__isnull=False) | _OPEN, player=case.player, offer_id=case.version.offer_id
    ).exclude(source=Grant.Source.MANUAL)
    if case.grant is not None:
        taken = taken.exclude(pk=case.grant.pk)
        if case.grant.source == Grant.Source.MANUAL:
            return Check("per-player", True, evidence={"given by": "staff"})
    count = taken.count()
    limit = case.terms.per_player
    return Check("per-player", count < limit, evidence={"taken": count, "limit": limit})


def _household(case: Case) -> Check:
    limit = case.terms.per_household
    if limit is None:
        return Check("household", True, evidence={"limit": None})
    others = sharing_with(case.player.pk, now=case.now)
    taken = Grant.objects.filter(
        player_id__in=[case.player.pk, *others], offer_id=case.version.offer_id, claimed_at__isnull=False
    )
    count = taken.count()
    return Check("household", count < limit, evidence={"linked": len(others), "taken": count, "limit": limit})


def _deposit(case: Case) -> Check:
    deposit_id = case.grant.deposit_id if case.grant else None
    if deposit_id is None:
        return Check("deposit", True, evidence={"deposit": None})
    deposit = Deposit.objects.get(pk=deposit_id)
    used = Grant.objects.filter(deposit=deposit, claimed_at__isnull=False).exclude(
        pk=case.grant.pk if case.grant else 0
    )
    kept, is_used = is_kept(deposit), used.exists()
    evidence = {"deposit": str(deposit.public_id), "kept": kept, "used": is_used}
    return Check("deposit", kept and not is_used, evidence=evidence)


def is_kept(deposit: Deposit) -> bool:
    """Whether a deposit has settled and nothing of it went back or is on its way back."""
    refunds = Refund.objects.filter(deposit=deposit).exclude(state=Refund.State.FAILED)
    contested = deposit.disputes.filter(debits__gt=0)
    return deposit.state == Deposit.State.SETTLED and not (refunds.exists() or contested.exists())


_QUESTIONS: tuple[Callable[[Case], Check], ...] = (
    _time, _status, _market, _audience, _protected, _identity, _law, _not_playing, _one_at_a_time, _times_taken,
    _household, _deposit,
)  # fmt: skip
