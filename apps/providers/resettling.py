"""Resettling a round: its result was wrong, so two people pay the difference, or take back an overpayment."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import connection, transaction

from apps.compliance.approvals import request_approval, request_under_way
from apps.compliance.models import ApprovalRequest
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.core.request_context import current_request_id
from apps.providers.models import Round, RoundEvent
from apps.providers.round_policies import policy_of
from apps.providers.round_queries import first_possible_transaction
from apps.providers.round_voids import tell_resolved
from apps.providers.rounds import RESOLVE_PERMISSION, RoundUnknown, lock_round, record_round_event, require_resolver

RESETTLE_COMMAND = "providers.resettle_round"
APPROVE_PERMISSION = "providers.approve_round_void"
LONGEST_REFERENCE = 200


class RoundNotResettled(DomainError):
    """The round is still open, its result is that already, or the vendor's word for the right one is missing."""

    code = "round-not-resettled"
    title = "The round can not be resettled like that"
    status = 409


class PlayerHasLess(DomainError):
    """The player has less than is to be taken back, apart from what is locked for his withdrawals."""

    code = "player-has-less"
    title = "The player has less than that"
    status = 409


@dataclass(frozen=True, slots=True)
class Correction:
    """
    What is right, on whose word.

    :ivar right_win: what the round should have paid, in all
    :ivar reference: the vendor's own id of its correction, ticket or report
    :ivar takes_what_is_there: if the player has less than is to be taken back, take that and let the rest go
    """

    right_win: Money
    reference: str
    evidence: str
    takes_what_is_there: bool = False


@transaction.atomic
def propose_resettling(
    *, round_id: int, player_id: int, correction: Correction, reason: str, maker: User, now: datetime
) -> ApprovalRequest:
    """
    Ask a colleague to correct what a round paid.

    :raises PermissionDenied: if the maker may not resolve rounds
    :raises RoundReasonRequired: if the reason is empty or too long
    :raises RoundUnknown: if the player has no such round
    :raises RoundNotResettled: if it is open, the result is right, or the vendor's reference is missing
    """
    require_resolver(maker, reason)
    found = lock_round(round_id=round_id, player_id=player_id)
    if correction.right_win.currency != found.currency or correction.right_win.units < 0:
        raise RoundNotResettled(f"The round was played in {found.currency}.")
    if not 0 < len(correction.reference.strip()) <= LONGEST_REFERENCE:
        raise RoundNotResettled("The vendor's own reference is needed.")
    payload = {
        "round": found.pk,
        "player": found.player_id,
        "currency": found.currency,
        "right_win_units": correction.right_win.units,
        "change_units": change_of(found, correction.right_win.units),
        "partial": correction.takes_what_is_there,
        "reference": correction.reference.strip(),
        "evidence": correction.evidence.strip(),
        "why": reason.strip(),
    }
    return request_approval(
        command=RESETTLE_COMMAND,
        payload=payload,
        maker=maker,
        reason=reason,
        now=now,
        subject_player_id=found.player_id,
    )


def change_of(found: Round, right_win_units: int) -> int:
    """
    What the player still gets (or, negative, gives back) if the round should have paid `right_win_units`.

    A stake that we returned when voiding counts as paid: the result stands for a stake that is staked.
    """
    return right_win_units - found.won - found.corrected - _returned_by_us(found)


def resettlings_of(round_id: int) -> list[ApprovalRequest]:
    """List the requests to resettle this round, decided or not, newest first."""
    every = ApprovalRequest.objects.filter(command=RESETTLE_COMMAND, payload__round=round_id)
    return list(every.select_related("maker", "checker").order_by("-pk"))


def recheck(*, payload: Mapping[str, Any], now: datetime) -> None:  # noqa: ARG001 - the registry's signature
    """
    Look at a proposal, when made and when approved.

    :raises RoundNotResettled: if the round is open, or its result is right
    """
    found = _round(payload)
    if found.state == Round.State.OPEN:
        raise RoundNotResettled("The round is open: its vendor may still settle it. Void it, or close it first.")
    if payload["change_units"] == 0:
        raise RoundNotResettled("The round has paid just that.")


def fingerprint(payload: Mapping[str, Any]) -> list[Any]:
    """What a proposal rests on: if more has been paid or returned since, it is not what two people agree on."""
    found = _round(payload)
    return [found.state, found.staked, found.won, found.rolled_back, found.corrected]


def execute(*, payload: Mapping[str, Any], maker: User, checker: User, now: datetime) -> dict[str, Any]:
    """
    Pay the difference, or take it back.

    :raises RoundNotResettled: if the round has changed at this very moment
    :raises PlayerHasLess: if he has less than is to be taken back, and that was not allowed for
    """
    found = lock_round(round_id=payload["round"], player_id=payload["player"])
    if change_of(found, payload["right_win_units"]) != payload["change_units"]:
        raise RoundNotResettled("The round has changed since.")
    approval = request_under_way(command=RESETTLE_COMMAND, payload=payload, maker=maker)
    policy = policy_of(found)
    moved, short = _post(found, payload, {"resettles": found.pk, "approval": approval.pk, "policy": policy.pk}, now)
    if short and not payload["partial"]:
        wanted, lacking = Money(-payload["change_units"], found.currency), Money(short, found.currency)
        raise PlayerHasLess(f"{wanted} are to be taken back, and {lacking} of them are not there.")
    record_round_event(
        found,
        RoundEvent.Kind.RESETTLED,
        reason=f"{payload['why']}{f' ({Money(short, found.currency)} could not be taken back)' if short else ''}",
        actor=f"{maker.get_username()}, {checker.get_username()}",
        now=now,
        policy=policy,
        approval_id=approval.pk,
        amount_units=moved,
        reference=payload["reference"],
    )
    tell_resolved(found, outcome="resettled", units=moved, policy=policy, now=now)
    return {"moved_units": moved, "not_recovered_units": short}


def describe(payload: Mapping[str, Any]) -> str:
    """What would happen, for the colleague who is asked."""
    found = _round(payload)
    right, change = (Money(payload[name], payload["currency"]) for name in ("right_win_units", "change_units"))
    paid = Money(found.won + found.corrected, found.currency)
    returned = _returned_by_us(found)
    was = f"paid {paid}" + (f" and had {Money(returned, found.currency)} of stakes returned" if returned else "")
    does = f"{change} are paid to the player" if change.units > 0 else f"{-change} are taken back from the player"
    what_is_there = " (or what he has of it; the rest is let go)" if payload["partial"] and change.units < 0 else ""
    evidence = f" Evidence: {payload['evidence']}." if payload["evidence"] else ""
    return (
        f"Round {found.external_id} {was}; right is {right}: {does}{what_is_there}."
        f" The vendor's reference: {payload['reference']}.{evidence}"
    )


def register_terms() -> dict[str, Any]:
    """What the mechanism of approvals has to know."""
    return {
        "title": "Resettle a round",
        "maker_permission": RESOLVE_PERMISSION,
        "checker_permission": APPROVE_PERMISSION,
        "execute": execute,
        "describe": describe,
        "revalidate": recheck,
        "fingerprint": fingerprint,
    }


def _post(found: Round, payload: Mapping[str, Any], names: dict[str, Any], now: datetime) -> tuple[int, int]:
    """Post the correction; returns what was moved (signed) and what is lacking, in ledger units."""
    details = {**names, "reference": payload["reference"], "evidence": payload["evidence"], "reason": payload["why"]}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT moved, short FROM providers_resettle_round(%s, %s, %s, %s, %s, %s, %s::jsonb, %s)",
            [
                found.player_id,
                found.pk,
                payload["change_units"],
                payload["partial"],
                first_possible_transaction(found),
                current_request_id(),
                json.dumps(details),
                now,
            ],
        )
        moved, short = cursor.fetchone()
    return moved, short


def _returned_by_us(found: Round) -> int:
    if found.close_reason != "voided":
        return 0
    voided = RoundEvent.objects.filter(round_id=found.pk, kind=RoundEvent.Kind.VOIDED).first()
    known = voided.amount_units if voided else None
    # Voids before amounts were kept with them returned all there was.
    return found.rolled_back if known is None else known


def _round(payload: Mapping[str, Any]) -> Round:
    found = Round.objects.filter(player_id=payload["player"], pk=payload["round"]).first()
    if found is None:
        raise RoundUnknown
    return found
