"""Sending approved withdrawals: claim and commit, call, record. Unknown stays unknown until it is known."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from apps.core.queue import enqueue_on_commit
from apps.integrations.connections import Connection, connection_by_id
from apps.integrations.inbox import wake
from apps.integrations.outbound import VendorSwitchedOff, VendorTimeout, VendorUnreachable
from apps.payments.circuits import note_failure, note_success
from apps.payments.contract import (
    Direction,
    InstrumentFacts,
    PaymentEvent,
    PayoutOrder,
    PayoutRefused,
    PayoutResult,
    PayoutSubmitted,
    PayoutUnclear,
)
from apps.payments.contracts import contract_of
from apps.payments.customers import customer_of
from apps.payments.models import Attempt, Withdrawal
from apps.payments.models.attempts import OPEN_ATTEMPTS
from apps.payments.operations.events import query_of, told
from apps.payments.operations.references import key_of
from apps.payments.operations.refusals import EventNotSound, EventParked
from apps.payments.operations.steps import lock_withdrawal, record_step
from apps.payments.operations.withdrawal_outcomes import fail_and_release
from apps.payments.registry import adapter_of
from apps.payments.routing import routes_for

State = Withdrawal.State
_NOT_SENT = (VendorUnreachable.code, VendorSwitchedOff.code)
# Longer than a call may take: a submission that is older has lost its worker.
STUCK_AFTER = timedelta(minutes=2)
# Section 9.2: 5 minutes, 1 hour, then 1 day five times; then people, with evidence.
_BACK_OFF = (timedelta(minutes=5), timedelta(hours=1), *[timedelta(days=1)] * 5)


@dataclass(frozen=True, slots=True)
class _Claim:
    withdrawal: Withdrawal
    attempt: Attempt
    route: Connection


def submit_withdrawal(*, withdrawal_id: int, now: datetime) -> Withdrawal:
    """
    Send an approved withdrawal to its provider; not for use inside a transaction.

    Two at once, or a repetition, send it once: only who claims it calls. After a definite no the next is asked.
    """
    tried: set[int] = set()
    while (claim := _claim(withdrawal_id, tried, now)) is not None:
        tried.add(claim.route.id)
        if not _recorded(claim, _call(claim, now), tried, now):
            break
    return Withdrawal.objects.get(pk=withdrawal_id)


@transaction.atomic
def _claim(withdrawal_id: int, tried: set[int], now: datetime) -> _Claim | None:
    """Choose the provider and commit the attempt, so that a crash from here on is an attempt that is unknown."""
    withdrawal = lock_withdrawal(withdrawal_id)
    before = withdrawal.state
    if before in (State.APPROVED, State.QUEUED, State.BLOCKED) and _is_changed_since(withdrawal):
        withdrawal.void_approval(at=now)
        withdrawal.save(update_fields=["state", "changed_at", "approved_at"])
        record_step(withdrawal, "approval-void", before=before, now=now, reason="the account has been changed since")
        enqueue_on_commit("payments.screen_withdrawal", withdrawal_id=withdrawal.pk)
        return None
    if before in (State.APPROVED, State.BLOCKED):
        withdrawal.queue(at=now)
    if withdrawal.state != State.QUEUED:
        return None
    route = _route(withdrawal, tried, now)
    if route is None:
        if before == State.BLOCKED:
            return None
        withdrawal.block(at=now)
        withdrawal.save(update_fields=["state", "changed_at"])
        record_step(withdrawal, "blocked", before=before, now=now, is_incident=True)
        return None
    number = withdrawal.attempts.count() + 1
    withdrawal.integration_id = route.id
    withdrawal.contract = contract_of(route.id, now=now)
    withdrawal.begin_submission(at=now)
    withdrawal.save(update_fields=["state", "integration", "contract", "changed_at"])
    attempt = Attempt.objects.create(
        withdrawal=withdrawal,
        integration_id=route.id,
        contract=withdrawal.contract,
        number=number,
        key=key_of(withdrawal, number),
        started_at=now,
        next_query_at=now + STUCK_AFTER,
    )
    record_step(withdrawal, "submitting", before=before, now=now, integration_id=route.id, key=attempt.key)
    return _Claim(withdrawal, attempt, route)


def _is_changed_since(withdrawal: Withdrawal) -> bool:
    """Whether what it goes to was changed after it was approved; it may have waited long for a provider."""
    instrument, approved_at = withdrawal.instrument, withdrawal.approved_at
    return instrument is not None and approved_at is not None and instrument.changed_at > approved_at


def _route(withdrawal: Withdrawal, tried: set[int], now: datetime, *, takes_probe: bool = True) -> Connection | None:
    """
    Return the first provider that may carry it and has not refused it; a token is only good at its own provider.

    One that could not be reached has not refused: it may be asked another time.
    """
    asked = withdrawal.attempts.exclude(error__in=_NOT_SENT)
    refused = tried | set(asked.values_list("integration_id", flat=True))
    routes = routes_for(
        player=withdrawal.player,
        direction=Direction.WITHDRAWAL,
        method=withdrawal.method_id,
        money=withdrawal.money,
        now=now,
        takes_probe=takes_probe,
    )
    own = withdrawal.instrument.integration_id if withdrawal.instrument else None
    return next((each for each in routes if each.id not in refused and own in (None, each.id)), None)


def _call(claim: _Claim, now: datetime) -> PayoutResult:
    adapter = adapter_of(claim.route)
    if adapter is None:
        return PayoutRefused("no-adapter")
    withdrawal, instrument = claim.withdrawal, claim.withdrawal.instrument
    facts = InstrumentFacts("")
    if instrument is not None:
        facts = InstrumentFacts(instrument.token, instrument.masked, instrument.holder, instrument.is_verified)
    order = PayoutOrder(
        key=claim.attempt.key,
        money=withdrawal.money,
        method=withdrawal.method_id,
        customer=customer_of(withdrawal.player, remote_address=withdrawal.remote_address),
        instrument=facts,
        notification_url=str(claim.route.options.get("notification_url", "")),
    )
    try:
        result = adapter.submit_payout(claim.route, order)
    except (VendorUnreachable, VendorSwitchedOff) as error:
        note_failure(claim.route.id, now=now)
        return PayoutRefused(error.code)
    except VendorTimeout as error:
        note_failure(claim.route.id, now=now)
        return PayoutUnclear(error.code)
    if isinstance(result, PayoutUnclear):
        note_failure(claim.route.id, now=now)
    else:
        note_success(claim.route.id)
    return result


@transaction.atomic
def _recorded(claim: _Claim, result: PayoutResult, tried: set[int], now: datetime) -> bool:
    """Write down what the call gave; True if another provider may be asked. A callback may have been quicker."""
    withdrawal = lock_withdrawal(claim.withdrawal.pk)
    attempt = Attempt.objects.get(pk=claim.attempt.pk)
    before = withdrawal.state
    attempt.answered_at = now
    is_awaited = attempt.state == Attempt.State.SENDING and before in Withdrawal.IN_FLIGHT
    again = False
    if isinstance(result, PayoutRefused):
        if is_awaited:
            again = _refused(withdrawal, attempt, result, tried, now)
    else:
        _learn(attempt, result.psp_reference)
        if is_awaited:
            _sent(withdrawal, attempt, result, now)
    attempt.save(update_fields=["state", "psp_reference", "error", "answered_at", "next_query_at"])
    wake(integration_id=attempt.integration_id, references=(attempt.key, attempt.psp_reference))
    return again


def _learn(attempt: Attempt, psp_reference: str) -> None:
    taken = Attempt.objects.filter(integration_id=attempt.integration_id, psp_reference=psp_reference)
    if psp_reference and not attempt.psp_reference and not taken.exists():
        attempt.psp_reference = psp_reference[:120]


def _sent(withdrawal: Withdrawal, attempt: Attempt, result: PayoutSubmitted | PayoutUnclear, now: datetime) -> None:
    before = withdrawal.state
    if isinstance(result, PayoutSubmitted):
        attempt.state = Attempt.State.ACCEPTED
        attempt.next_query_at = now + _pause(attempt, 1)
        if before == State.SUBMITTING:
            withdrawal.mark_submitted(at=now)
    else:
        attempt.state, attempt.error = Attempt.State.UNKNOWN, result.reason[:300]
        attempt.next_query_at = now + _pause(attempt, 0)
        if before != State.UNKNOWN:
            withdrawal.mark_unknown(at=now)
    withdrawal.save(update_fields=["state", "changed_at"])
    record_step(
        withdrawal, withdrawal.state, before=before, now=now, integration_id=attempt.integration_id,
        reason=result.reason if isinstance(result, PayoutUnclear) else "",
    )  # fmt: skip


def _refused(withdrawal: Withdrawal, attempt: Attempt, result: PayoutRefused, tried: set[int], now: datetime) -> bool:
    """
    Close an attempt that certainly did not pay; True if the next provider is to be asked.

    When all have said no the money goes back to the player; while one was only out of reach it waits.
    """
    attempt.state, attempt.error = Attempt.State.REFUSED, f"{result.code} {result.reason}".strip()[:300]
    attempt.next_query_at = None
    attempt.save(update_fields=["state", "error", "next_query_at"])
    again = _route(withdrawal, tried, now, takes_probe=False) is not None
    if not again and _route(withdrawal, set(), now, takes_probe=False) is None and result.code not in _NOT_SENT:
        fail_and_release(withdrawal, attempt, reason_code="psp-refused", event=None, now=now)
        return False
    before = withdrawal.state
    withdrawal.queue(at=now)
    if not again:
        withdrawal.block(at=now)
    withdrawal.save(update_fields=["state", "changed_at"])
    record_step(
        withdrawal, "refused", before=before, now=now, integration_id=attempt.integration_id, reason=attempt.error
    )
    return again


def resolve_attempt(*, attempt_id: int, now: datetime) -> None:
    """
    Ask the provider about an attempt that is due, under its own key, and act on a definite answer only.

    An attempt still `sending` after a crash becomes unknown. No answer changes nothing but when to ask again.
    """
    attempt = _due(attempt_id, now)
    if attempt is None:
        return
    route = connection_by_id(attempt.integration_id)
    adapter = adapter_of(route) if route else None
    if route is None or adapter is None or not adapter.capabilities.can_fetch:
        return
    try:
        state = adapter.fetch(route, query_of(attempt))
    except (VendorTimeout, VendorUnreachable, VendorSwitchedOff):
        note_failure(route.id, now=now)
        return
    note_success(route.id)
    if not state.found:
        claim = _claim_again(attempt, route, now)
        if claim is not None and _recorded(claim, _call(claim, now), {route.id}, now):
            submit_withdrawal(withdrawal_id=claim.withdrawal.pk, now=now)
    elif state.kind is not None:
        event = PaymentEvent(
            kind=state.kind, event_id="", word=state.word, reference=attempt.key, psp_reference=state.psp_reference,
            amount=state.amount, fee=state.fee, reason=state.reason,
        )  # fmt: skip
        try:
            told(attempt, event, now=now)
        except (EventParked, EventNotSound) as error:
            Attempt.objects.filter(pk=attempt.pk).update(error=str(error)[:300])


@transaction.atomic
def _due(attempt_id: int, now: datetime) -> Attempt | None:
    """Take the turn to ask about an attempt, and set the next; None if it is not due."""
    attempt = Attempt.objects.select_related("deposit", "withdrawal").filter(pk=attempt_id).first()
    if attempt is None or attempt.withdrawal_id is None:
        return None
    withdrawal = lock_withdrawal(attempt.withdrawal_id)
    attempt.refresh_from_db()
    if attempt.state not in OPEN_ATTEMPTS or attempt.next_query_at is None or attempt.next_query_at > now:
        return None
    before = withdrawal.state
    if before == State.SUBMITTING:
        # Its worker is gone, and with it what it knew.
        attempt.state = Attempt.State.UNKNOWN
        withdrawal.mark_unknown(at=now)
        withdrawal.save(update_fields=["state", "changed_at"])
        record_step(withdrawal, "unknown", before=before, now=now, integration_id=attempt.integration_id, crashed=True)
    attempt.queries += 1
    is_last = attempt.queries > len(_BACK_OFF)
    attempt.next_query_at = None if is_last else now + _pause(attempt, attempt.queries)
    attempt.save(update_fields=["state", "queries", "next_query_at"])
    if is_last:
        record_step(withdrawal, "still-unknown", before=withdrawal.state, now=now, is_incident=True)
    return attempt


@transaction.atomic
def _claim_again(attempt: Attempt, route: Connection, now: datetime) -> _Claim | None:
    """
    Take the turn to send the same attempt once more: the provider certainly does not know it.

    The key stays, so a first request that is still on its way can not become a second payout.
    """
    assert attempt.withdrawal_id is not None  # noqa: S101 - only those are asked about
    withdrawal = lock_withdrawal(attempt.withdrawal_id)
    fresh = Attempt.objects.get(pk=attempt.pk)
    # A provider that has accepted it must not deny it; that is for people.
    if fresh.state != Attempt.State.UNKNOWN or withdrawal.state != State.UNKNOWN:
        return None
    withdrawal.queue(at=now)
    withdrawal.begin_submission(at=now)
    withdrawal.save(update_fields=["state", "changed_at"])
    fresh.state, fresh.next_query_at = Attempt.State.SENDING, now + STUCK_AFTER
    fresh.save(update_fields=["state", "next_query_at"])
    record_step(withdrawal, "sent-again", before=State.UNKNOWN, now=now, integration_id=route.id, key=fresh.key)
    return _Claim(withdrawal, fresh, route)


def _pause(attempt: Attempt, queries: int) -> timedelta:
    route = connection_by_id(attempt.integration_id)
    adapter = adapter_of(route) if route else None
    shortest = timedelta(seconds=adapter.capabilities.query_pause_seconds if adapter else 0)
    return max(shortest, _BACK_OFF[min(queries, len(_BACK_OFF) - 1)])
