"""Starting deposits: with the first provider that takes them. What becomes of them, providers say."""

import hashlib
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from apps.core.errors import DomainError
from apps.core.money import Money
from apps.integrations.connections import Connection
from apps.integrations.inbox import wake
from apps.integrations.outbound import VendorSwitchedOff, VendorTimeout, VendorUnreachable
from apps.payments.cashier_contract import CallAdapter
from apps.payments.cashier_sessions import open_cashier_session
from apps.payments.circuits import note_failure, note_success
from apps.payments.contract import DepositOrder, DepositRefused, Direction, NextStep
from apps.payments.contracts import contract_of
from apps.payments.customers import customer_of
from apps.payments.models import Attempt, Deposit
from apps.payments.operations import deposit_gates
from apps.payments.operations.references import key_of
from apps.payments.operations.steps import lock_deposit, record_step
from apps.payments.registry import adapter_of
from apps.payments.routing import capabilities_for, open_amounts, routes_for
from apps.players.models import Player
from apps.safer_play.deposits import DepositLimitReached, note_refusal

LIFETIME = timedelta(hours=24)
# Another request with the same key is believed to be at work for so long.
_AT_WORK = timedelta(seconds=20)


class DepositNotPossible(DomainError):
    """No provider offers this method for the amount, currency and country; `GET payment-methods` lists what is open."""

    code = "deposit-not-possible"
    title = "This deposit is not possible"
    status = 422


class DepositUnclear(DomainError):
    """The provider did not answer in time. Repeat the request with the same Idempotency-Key, or look at it later."""

    code = "deposit-unclear"
    title = "The payment provider did not answer in time"
    status = 504


class DepositKeyReused(DomainError):
    """The Idempotency-Key stands for another deposit of this player."""

    code = "deposit-key-reused"
    title = "Idempotency-Key already used for another deposit"
    status = 422


class DepositInProgress(DomainError):
    """The first request with this Idempotency-Key is still being worked on. Repeat it after a moment."""

    code = "deposit-in-progress"
    title = "This deposit is being started"
    status = 409

    def headers(self) -> dict[str, str]:
        """When to come back."""
        return {"Retry-After": "1"}


def request_deposit(
    *, player: Player, money: Money, method: str, slug: str, client_key: str, remote_address: str, now: datetime
) -> tuple[Deposit, bool]:
    """
    Start a deposit and return it with its `next_step`, and whether it had been started before under this key.

    Calls a provider, so it must not run inside a transaction. The next provider is asked only after a definite no.

    :param slug: only this integration; empty for whichever comes first
    :param client_key: of this player and this intention; repeated, it gives the same deposit
    :raises DepositsBlocked: by the player's status
    :raises DepositNotPossible: nobody offers it, or all refuse
    :raises DepositUnclear: the provider did not answer; the same key asks again
    """
    fingerprint = _fingerprint(money, method, slug)
    known = Deposit.objects.filter(player=player, client_key=client_key).select_related("player__brand").first()
    if known is not None:
        return _known(known, fingerprint, now), known.next_step is not None
    routes = _routes(player, money, method, slug, now)
    try:
        deposit, made = _create(player, money, method, client_key, fingerprint, remote_address, routes[0], now)
    except DepositLimitReached as reached:
        note_refusal(reached)
        raise
    if not made:
        return _known(deposit, fingerprint, now), deposit.next_step is not None
    return _start(deposit, routes, now), False


def _known(deposit: Deposit, fingerprint: str, now: datetime) -> Deposit:
    if deposit.fingerprint != fingerprint:
        raise DepositKeyReused
    if deposit.next_step is not None:
        return deposit
    if deposit.state == Deposit.State.FAILED:
        raise DepositNotPossible(deposit.reason)
    if now - deposit.changed_at < _AT_WORK and not deposit.attempts.exclude(state=Attempt.State.SENDING).exists():
        raise DepositInProgress
    last = deposit.attempts.order_by("number").last()
    slug = last.integration.slug if last and last.state != Attempt.State.REFUSED else ""
    asked = set(deposit.attempts.filter(state=Attempt.State.REFUSED).values_list("integration_id", flat=True))
    routes = _routes(deposit.player, deposit.money, deposit.method_id, slug, now)
    return _start(deposit, [route for route in routes if route.id not in asked], now)


def _routes(player: Player, money: Money, method: str, slug: str, now: datetime) -> list[Connection]:
    deposit_gates.may_begin(player=player, money=money, method=method, now=now)
    routes = routes_for(player=player, direction=Direction.DEPOSIT, method=method, money=money, now=now, slug=slug)
    if not routes:
        cells = capabilities_for(player, Direction.DEPOSIT, money.currency).filter(method_id=method)
        if cells.filter(min_units__lte=money.units, max_units__gte=money.units).exists():
            raise DepositNotPossible(
                "No provider takes it at the moment. Try again later or choose another way to pay."
            )
        raise DepositNotPossible(open_amounts(cells, money.currency))
    return routes


@transaction.atomic
def _create(
    player: Player,
    money: Money,
    method: str,
    client_key: str,
    fingerprint: str,
    remote_address: str,
    first: Connection,
    now: datetime,
) -> tuple[Deposit, bool]:
    deposit, made = Deposit.objects.get_or_create(
        player=player,
        client_key=client_key,
        defaults={
            "brand_id": player.brand_id,
            "currency": money.currency,
            "amount_units": money.units,
            "method_id": method,
            "integration_id": first.id,
            "contract": contract_of(first.id, now=now),
            "fingerprint": fingerprint,
            "remote_address": remote_address,
            "created_at": now,
            "changed_at": now,
            "expires_at": now + LIFETIME,
        },
    )
    if made:
        deposit_gates.begun(deposit, now=now)
        record_step(deposit, "initiated", before="", now=now)
    return deposit, made


def _start(deposit: Deposit, routes: list[Connection], now: datetime) -> Deposit:
    """Ask one provider after the other. Each attempt is committed before its call."""
    refusal = ""
    for route in routes:
        attempt = _attempt(deposit, route, now)
        try:
            result = _ask(deposit, attempt, route, now)
        except (VendorUnreachable, VendorSwitchedOff) as error:
            note_failure(route.id, now=now)
            refusal = _refused(attempt, error.code, now)
            continue
        except VendorTimeout as error:
            note_failure(route.id, now=now)
            Attempt.objects.filter(pk=attempt.pk).update(state=Attempt.State.UNKNOWN, error=error.code, answered_at=now)
            raise DepositUnclear from error
        note_success(route.id)
        if isinstance(result, NextStep):
            return _started(deposit, attempt, result, now)
        refusal = _refused(attempt, result.code, now)
    _give_up(deposit, refusal, now)
    raise DepositNotPossible


def _attempt(deposit: Deposit, route: Connection, now: datetime) -> Attempt:
    """Find the attempt that was begun with this provider, or begin one: a repetition has the same key."""
    with transaction.atomic():
        locked = lock_deposit(deposit.pk)
        begun = locked.attempts.filter(integration_id=route.id).exclude(state=Attempt.State.REFUSED).first()
        if begun is not None:
            return begun
        number = locked.attempts.count() + 1
        locked.integration_id = deposit.integration_id = route.id
        locked.contract = deposit.contract = contract_of(route.id, now=now)
        locked.save(update_fields=["integration", "contract"])
        return Attempt.objects.create(
            deposit=locked,
            integration_id=route.id,
            contract=locked.contract,
            number=number,
            key=key_of(locked, number),
            started_at=now,
        )


def _ask(deposit: Deposit, attempt: Attempt, route: Connection, now: datetime) -> NextStep | DepositRefused:
    adapter = adapter_of(route)
    if adapter is None:
        return DepositRefused("no-adapter")
    player, back = deposit.player, deposit.player.brand.frontend_url.rstrip("/")
    token = ""
    if isinstance(adapter, CallAdapter):
        token = open_cashier_session(player=player, integration_id=route.id, now=now)
    order = DepositOrder(
        key=attempt.key,
        money=deposit.money,
        method=deposit.method_id,
        customer=customer_of(player, remote_address=deposit.remote_address),
        notification_url=str(route.options.get("notification_url", "")),
        success_url=f"{back}/cashier/done",
        fail_url=f"{back}/cashier/failed",
        session_token=token,
    )
    return adapter.start_deposit(route, order)


@transaction.atomic
def _started(deposit: Deposit, attempt: Attempt, step: NextStep, now: datetime) -> Deposit:
    locked = lock_deposit(deposit.pk)
    values: dict[str, Any] = {"answered_at": now}
    fresh = Attempt.objects.get(pk=attempt.pk)
    if fresh.state in (Attempt.State.SENDING, Attempt.State.UNKNOWN):
        # A callback may have been quicker than the answer.
        values["state"] = Attempt.State.ACCEPTED
    is_free = not Attempt.objects.filter(integration_id=fresh.integration_id, psp_reference=step.psp_reference).exists()
    if step.psp_reference and not fresh.psp_reference and is_free:
        values["psp_reference"] = step.psp_reference
    Attempt.objects.filter(pk=attempt.pk).update(**values)
    wake(integration_id=attempt.integration_id, references=(attempt.key, step.psp_reference))
    locked.next_step = {"type": step.type, **({"url": step.url} if step.url else {}), **step.details}
    locked.save(update_fields=["next_step"])
    record_step(locked, "started", before=locked.state, now=now, integration_id=attempt.integration_id)
    return locked


def _refused(attempt: Attempt, code: str, now: datetime) -> str:
    Attempt.objects.filter(pk=attempt.pk).update(state=Attempt.State.REFUSED, error=code[:300], answered_at=now)
    return code


@transaction.atomic
def _give_up(deposit: Deposit, reason: str, now: datetime) -> None:
    locked = lock_deposit(deposit.pk)
    before = locked.state
    if before in (Deposit.State.INITIATED, Deposit.State.PENDING):
        locked.fail(reason=reason, at=now)
        locked.save(update_fields=["state", "reason", "changed_at"])
        record_step(locked, "refused", before=before, now=now, reason=reason)
        deposit_gates.released(locked, now=now)


def _fingerprint(money: Money, method: str, slug: str) -> str:
    return hashlib.sha256(f"{money.units}|{money.currency}|{method}|{slug}".encode()).hexdigest()
