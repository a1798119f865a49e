"""What becomes known of the accounts that players pay from and are paid to, and what staff make of it."""

from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction

from apps.brands.models import StaffScope
from apps.core.errors import DomainError
from apps.integrations.outbox import record_fact
from apps.payments.contract import InstrumentFacts
from apps.payments.models import Attempt, Deposit, Instrument, InstrumentEvent
from apps.payments.names import ALIKE, DIFFERENT, name_score
from apps.payments.operations.steps import PaymentUnknown
from apps.players.models import Player

Verification = Instrument.Verification
JUDGE_PERMISSION = "payments.judge_instrument"


class InstrumentBeyondJudgement(DomainError):
    """It is what it is to be already, or a player's own instrument of a closed kind."""

    code = "instrument-not-judged"
    title = "Nothing about the instrument changes by that"
    status = 409


def note_instrument(
    deposit: Deposit, attempt: Attempt, facts: InstrumentFacts | None, *, names_accounts: bool, now: datetime
) -> Instrument | None:
    """
    Remember where a settled deposit came from, so that money may go back there; in the caller's transaction.

    A provider that never names an account still has one: the player's own relation to it stands for it. One that
    names it by an event of its own (`names_accounts`) is waited for: a payout needs the real token.
    """
    if deposit.instrument is not None and facts is None:
        return _used(_proven_by_deposit(deposit.instrument, now), now)
    if facts is None or not facts.token:
        if names_accounts:
            return None
        facts = InstrumentFacts(f"player:{deposit.player.public_id}")
    found = learn_instrument(
        player=deposit.player, method_id=deposit.method_id, integration_id=attempt.integration_id, facts=facts,
        source="deposit", now=now,
    )  # fmt: skip
    if deposit.instrument_id is None:
        deposit.instrument = found
        deposit.save(update_fields=["instrument"])
    return _used(found, now)


def learn_instrument(
    *,
    player: Player,
    method_id: str,
    integration_id: int | None,
    facts: InstrumentFacts,
    source: str,
    now: datetime,
) -> Instrument:
    """
    Remember an instrument, or what is new about a known one; in the caller's transaction.

    :param source: `deposit` (money came from there under this player's login), `provider` or `player` (he named it)
    """
    score = name_score(facts.holder, player.first_name, player.last_name)
    instrument, made = Instrument.objects.select_for_update(no_key=True).get_or_create(
        player_id=player.pk,
        method_id=method_id,
        integration_id=integration_id,  # type: ignore[misc] # null is a value here like any other
        token=facts.token[:200],
        defaults={
            "masked": facts.masked[:80],
            "holder": facts.holder[:160],
            "name_score": score,
            "verification": _verification(score, facts, source),
            "changed_at": now,
        },
    )
    if made:
        _mark_shared(instrument)
        _record(instrument, "added", source=source, now=now)
        _tell(instrument, player, "payments.instrument.added", now)
    elif _is_news(instrument, facts):
        _change(instrument, facts, score, source, now)
        _tell(instrument, player, "payments.instrument.changed", now)
    return instrument


@transaction.atomic
def judge_instrument(*, instrument_id: int, verdict: str, note: str, actor: User, now: datetime) -> Instrument:
    """
    Say what an instrument is: `verified`, `mismatch`, `blocked` or `unblocked`. Approvals given before fall.

    :raises PermissionDenied: if the actor may not
    :raises InstrumentBeyondJudgement: if it is that already
    """
    if not actor.has_perm(JUDGE_PERMISSION):
        raise PermissionDenied
    instrument = (
        Instrument.objects.select_for_update(of=("self",)).select_related("player__brand").get(pk=instrument_id)
    )
    if not (actor.is_superuser or StaffScope.objects.filter(user=actor, brand_id=instrument.player.brand_id).exists()):
        raise PaymentUnknown
    before = (instrument.verification, instrument.is_blocked)
    if verdict in ("blocked", "unblocked"):
        instrument.is_blocked = verdict == "blocked"
    else:
        instrument.verification = Verification(verdict)
    if before == (instrument.verification, instrument.is_blocked):
        raise InstrumentBeyondJudgement
    # Whoever changes the instrument does not approve what goes to it.
    instrument.changed_at, instrument.changed_by = now, actor
    instrument.save(update_fields=["verification", "is_blocked", "changed_at", "changed_by"])
    _record(instrument, verdict, source="staff", now=now, actor=actor, note=note)
    _tell(instrument, instrument.player, "payments.instrument.changed", now)
    return instrument


def doubt_instrument(instrument: Instrument, *, reason: str, now: datetime) -> None:
    """Money came back from it: it is not known to be good any more. In the caller's transaction."""
    instrument.verification, instrument.changed_at, instrument.changed_by = Verification.UNVERIFIED, now, None
    instrument.save(update_fields=["verification", "changed_at", "changed_by"])
    _record(instrument, "returned", source="payout", now=now, note=reason[:300])
    _tell(instrument, instrument.player, "payments.instrument.changed", now)


def _verification(score: int | None, facts: InstrumentFacts, source: str) -> str:
    if score is not None and score < DIFFERENT:
        return Verification.MISMATCH
    if score is not None and score >= ALIKE and (facts.is_verified or source == "deposit"):
        return Verification.VERIFIED
    # Nobody named a holder: money that came from there under the player's login is what speaks for it.
    return Verification.VERIFIED if score is None and source == "deposit" else Verification.UNVERIFIED


def _is_news(instrument: Instrument, facts: InstrumentFacts) -> bool:
    is_other_holder = bool(facts.holder) and facts.holder[:160] != instrument.holder
    return is_other_holder or (bool(facts.masked) and facts.masked[:80] != instrument.masked)


def _change(instrument: Instrument, facts: InstrumentFacts, score: int | None, source: str, now: datetime) -> None:
    instrument.masked = facts.masked[:80] or instrument.masked
    fields = ["masked"]
    if facts.holder and facts.holder[:160] != instrument.holder:
        # Another holder is another fact: what was known of the old one does not speak for it.
        instrument.holder, instrument.name_score = facts.holder[:160], score
        instrument.verification = _verification(score, facts, source)
        instrument.changed_at, instrument.changed_by = now, None
        fields += ["holder", "name_score", "verification", "changed_at", "changed_by"]
    instrument.save(update_fields=fields)
    _record(instrument, "changed", source=source, now=now)


def _proven_by_deposit(instrument: Instrument, now: datetime) -> Instrument:
    """Money has come from an instrument that was only named so far."""
    score = instrument.name_score
    if instrument.verification == Verification.UNVERIFIED and (score is None or score >= ALIKE):
        instrument.verification = Verification.VERIFIED
        instrument.save(update_fields=["verification"])
        _record(instrument, "verified", source="deposit", now=now)
    return instrument


def _used(instrument: Instrument | None, now: datetime) -> Instrument | None:
    if instrument is not None:
        instrument.first_used_at = instrument.first_used_at or now
        instrument.last_used_at = now
        instrument.save(update_fields=["first_used_at", "last_used_at"])
    return instrument


def _mark_shared(instrument: Instrument) -> None:
    """Flag an instrument that another player uses too, on both sides."""
    same = Instrument.objects.filter(
        method_id=instrument.method_id, integration=instrument.integration, token=instrument.token
    )
    # In one order, so that two players who add it at once do not wait for each other.
    others = list(same.exclude(player_id=instrument.player_id).order_by("pk").values_list("pk", flat=True))
    if others:
        Instrument.objects.filter(pk__in=[*others, instrument.pk]).update(is_shared=True)
        instrument.is_shared = True


def is_shared(instrument: Instrument) -> bool:
    """Whether other players use the same account, asked anew: two may have added it at the same moment."""
    same = Instrument.objects.filter(
        method_id=instrument.method_id, integration=instrument.integration, token=instrument.token
    )
    return instrument.is_shared or same.exclude(player_id=instrument.player_id).exists()


def _record(
    instrument: Instrument, name: str, *, source: str, now: datetime, actor: User | None = None, note: str = ""
) -> None:
    InstrumentEvent.objects.create(
        instrument=instrument,
        name=name,
        verification=instrument.verification,
        name_score=instrument.name_score,
        source=source,
        note=note[:300],
        actor=actor,
        at=now,
    )


def _tell(instrument: Instrument, player: Player, kind: str, now: datetime) -> None:
    data = {
        "method": instrument.method_id,
        "instrument": instrument.fingerprint,
        "holder_match": None if instrument.name_score is None else instrument.name_score / 100,
        "verification": instrument.verification,
        "is_shared": instrument.is_shared,
        "is_blocked": instrument.is_blocked,
        "name_score": instrument.name_score,
    }
    record_fact(
        kind=kind, brand_code=player.brand.code, player_id=player.pk, subject=str(instrument.public_id), data=data,
        now=now,
    )  # fmt: skip
