"""Voiding rounds and returning their stakes: by policy, or by staff, one round or many of a game that failed."""

import json
from collections.abc import Iterable, Mapping, Sequence
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
from apps.integrations.outbox import record_fact
from apps.players.models import Player
from apps.providers.incomplete_rounds import standings_of
from apps.providers.models import Game, Round, RoundEvent, RoundPolicy
from apps.providers.round_queries import first_possible_transaction
from apps.providers.rounds import RESOLVE_PERMISSION, RoundUnknown, lock_round, record_round_event, require_resolver
from apps.transactions.posting import lock_wallets

VOID_COMMAND = "providers.void_rounds"
APPROVE_PERMISSION = "providers.approve_round_void"
# So many wallets are locked together while a colleague's decision is carried out.
MOST_AT_ONCE = 200


class RoundNotVoidable(DomainError):
    """The round has been voided or resettled already, or has paid a win: such a round is resettled."""

    code = "round-not-voidable"
    title = "The round can not be voided"
    status = 409


class RoundVoidPending(DomainError):
    """A colleague has proposed to void this round already."""

    code = "round-void-pending"
    title = "A proposal is waiting already"
    status = 409


class RoundHasChanged(DomainError):
    """Bets or rollbacks have reached the round since it was proposed to void it; propose anew."""

    code = "round-has-changed"
    title = "The round has changed since"
    status = 409


class TooManyRounds(DomainError):
    """One request is about rounds of one brand and currency, and about no more than 200."""

    code = "too-many-rounds"
    title = "These rounds do not go into one request"
    status = 422


@dataclass(frozen=True, slots=True)
class _Asked:
    """One round of a request, as its maker saw it."""

    round_id: int
    player_id: int
    units: int


def is_voidable(found: Round) -> bool:
    """Say whether its stakes could be returned: nothing was paid, returned or corrected by us before."""
    return found.state != Round.State.VOIDED and found.won == 0 and found.corrected == 0


def stake_of(found: Round) -> int:
    """What voiding would return, in ledger units."""
    return found.staked - found.rolled_back


@transaction.atomic
def propose_void(*, rounds: Sequence[Round], reason: str, maker: User, now: datetime) -> ApprovalRequest:
    """
    Ask a colleague to void rounds of one brand and currency and return their stakes: all of them, in one decision.

    :raises PermissionDenied: if the maker may not resolve rounds
    :raises RoundReasonRequired: if the reason is empty or too long
    :raises TooManyRounds: if they do not go into one request
    :raises RoundNotVoidable: if one has been voided or has paid
    :raises RoundVoidPending: if a proposal waits for one of them
    """
    require_resolver(maker, reason)
    if not 0 < len(rounds) <= MOST_AT_ONCE or len({(each.brand_id, each.currency) for each in rounds}) != 1:
        raise TooManyRounds
    if not all(map(is_voidable, rounds)):
        raise RoundNotVoidable
    if proposed_rounds() & {each.pk for each in rounds}:
        raise RoundVoidPending
    ordered = sorted(rounds, key=lambda each: each.pk)
    return request_approval(
        command=VOID_COMMAND,
        payload={
            "currency": ordered[0].currency,
            "rounds": [[each.pk, each.player_id, stake_of(each)] for each in ordered],
            "total_units": sum(map(stake_of, ordered)),
            "why": reason.strip(),
        },
        maker=maker,
        reason=reason,
        now=now,
        subject_player_id=ordered[0].player_id if len(ordered) == 1 else None,
        brand_id=ordered[0].brand_id,
    )


def proposals_about(round_id: int) -> list[ApprovalRequest]:
    """List the requests, decided or not, to void this round, newest first."""
    every = ApprovalRequest.objects.filter(command=VOID_COMMAND, payload__rounds__contains=[[round_id]])
    # The database looks for the number anywhere in a row; a player's id or an amount may be the same.
    return [
        each
        for each in every.select_related("maker", "checker").order_by("-pk")
        if any(asked.round_id == round_id for asked in _asked(each.payload))
    ]


def proposed_rounds() -> set[int]:
    """Return the rounds that somebody has proposed to void, and nobody has decided on."""
    waiting = ApprovalRequest.objects.filter(command=VOID_COMMAND, state=ApprovalRequest.State.WAITING)
    return {each[0] for payload in waiting.values_list("payload", flat=True) for each in payload["rounds"]}


def recheck(*, payload: Mapping[str, Any], now: datetime) -> None:  # noqa: ARG001 - the registry's signature
    """
    Look at a proposal, when made and when approved: something of it must still be as proposed.

    :raises RoundNotVoidable: if all have been voided or have paid since
    :raises RoundHasChanged: if other money is at stake in all of them
    """
    asked = _asked(payload)
    rounds = _rounds(asked)
    if not any(is_voidable(each) for each in rounds.values()):
        raise RoundNotVoidable
    if not any(_is_as_asked(rounds.get(each.round_id), each) for each in asked):
        raise RoundHasChanged


def execute(*, payload: Mapping[str, Any], maker: User, checker: User, now: datetime) -> dict[str, Any]:
    """
    Void what is still as it was proposed. A round that a win or another bet has reached is left alone and reported.

    :raises RoundHasChanged: if nothing is left to void
    """
    asked = _asked(payload)
    standings = standings_of(_rounds(asked).values())
    approval = request_under_way(command=VOID_COMMAND, payload=payload, maker=maker)
    lock_wallets(player_ids=[each.player_id for each in asked], currency=payload["currency"])
    returned, skipped = 0, []
    for each in asked:
        found = lock_round(round_id=each.round_id, player_id=each.player_id)
        if not _is_as_asked(found, each):
            skipped.append(each.round_id)
            continue
        returned += void_round(
            found,
            policy=standings[found.pk].policy,
            reason=payload["why"],
            actor=f"{maker.get_username()}, {checker.get_username()}",
            now=now,
            approval_id=approval.pk,
        )
    if len(skipped) == len(asked):
        raise RoundHasChanged
    return {"voided": len(asked) - len(skipped), "returned_units": returned, "left_alone": skipped}


def void_round(
    found: Round, *, policy: RoundPolicy, reason: str, actor: str, now: datetime, approval_id: int | None = None
) -> int:
    """
    Return every stake of a round, which the caller has locked, to its bucket, as corrections that name their bets.

    :return: how much, in ledger units
    :raises RoundNotVoidable: if it has been voided or has paid
    """
    details = {"approval": approval_id, "policy": policy.pk, "reason": reason}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT providers_void_round(%s, %s, %s, 'voided', %s, %s::jsonb, %s)",
            [
                found.player_id,
                found.pk,
                first_possible_transaction(found),
                current_request_id(),
                json.dumps(details),
                now,
            ],
        )
        returned: int | None = cursor.fetchone()[0]
    if returned is None:
        raise RoundNotVoidable
    record_round_event(
        found,
        RoundEvent.Kind.VOIDED,
        reason=reason,
        actor=actor,
        now=now,
        policy=policy,
        approval_id=approval_id,
        amount_units=returned,
    )
    tell_resolved(found, outcome="voided", units=returned, policy=policy, now=now)
    return returned


def tell_resolved(found: Round, *, outcome: str, units: int, policy: RoundPolicy, now: datetime) -> None:
    """Let operators' systems know that a round was resolved otherwise than by its vendor."""
    game, brand = (
        Game.objects.values_list("code", flat=True).get(pk=found.game_id),
        Player.objects.values_list("brand__code", flat=True).get(pk=found.player_id),
    )
    record_fact(
        kind="providers.round.resolved",
        brand_code=brand,
        player_id=found.player_id,
        subject=str(found.pk),
        data={
            "game": game,
            "outcome": outcome,
            "amount_units": units,
            "currency": found.currency,
            "policy": str(policy.pk),
        },
        now=now,
    )


def describe(payload: Mapping[str, Any]) -> str:
    """What would happen, for the colleague who is asked."""
    asked = _asked(payload)
    rounds = _rounds(asked)
    total = Money(payload["total_units"], payload["currency"])
    titles = Game.objects.filter(pk__in={each.game_id for each in rounds.values()}).values_list("title", flat=True)
    players = len({each.player_id for each in asked})
    if len(asked) == 1:
        found = rounds.get(asked[0].round_id)
        named = found.external_id if found else asked[0].round_id
        return f"Round {named} of {', '.join(titles)} is voided: {total} go back to its player."
    return (
        f"{len(asked)} rounds of {', '.join(sorted(titles))} are voided: {total} go back to {players}"
        f" player{'' if players == 1 else 's'}. Rounds that change before you decide are left alone."
    )


def register_terms() -> dict[str, Any]:
    """What the mechanism of approvals has to know."""
    return {
        "title": "Void rounds and return their stakes",
        "maker_permission": RESOLVE_PERMISSION,
        "checker_permission": APPROVE_PERMISSION,
        "execute": execute,
        "describe": describe,
        "revalidate": recheck,
    }


def _asked(payload: Mapping[str, Any]) -> list[_Asked]:
    return [_Asked(*each) for each in payload["rounds"]]


def _rounds(asked: Iterable[_Asked]) -> dict[int, Round]:
    """Read the rounds of a request in one query; the players tell the database where to look."""
    wanted = list(asked)
    rows = Round.objects.filter(
        pk__in=[each.round_id for each in wanted], player_id__in={each.player_id for each in wanted}
    )
    found = {each.pk: each for each in rows}
    if len(found) != len({each.round_id for each in wanted}):
        raise RoundUnknown
    return found


def _is_as_asked(found: Round | None, asked: _Asked) -> bool:
    return found is not None and is_voidable(found) and stake_of(found) == asked.units
