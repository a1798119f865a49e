"""Refusing what a player may not do before he is known: the gate's answer as an error for callers above."""

from datetime import datetime
from typing import ClassVar, NoReturn

from apps.core.errors import DomainError
from apps.core.money import Money
from apps.integrations.outbox import record_fact
from apps.players.models import Player
from apps.verification.gates import GateAnswer, gate


class KycRequired(DomainError):
    """
    Something about the player has to be proven first; `POST verifications` begins that.

    `missing` names what: age, identity, address … `reason` is ``verify-identity``, ``funds-locked`` or
    ``being-reviewed``; nothing can be done about the last one but wait.
    """

    code: ClassVar[str] = "kyc-required"
    title: ClassVar[str] = "Something has to be verified first"
    status: ClassVar[int] = 403


def require_known(*, player: Player, purpose: str, now: datetime, money: Money | None = None) -> GateAnswer:
    """
    Ask the gate and record a refusal with the policies that decided. Not inside a transaction that the refusal undoes.

    :param purpose: a `gates.Purpose`
    :raises KycRequired: if something is missing
    """
    answer = gate(player=player, purpose=purpose, now=now, money=money)
    if not answer.passed:
        refuse(player=player, purpose=purpose, answer=answer, now=now)
    return answer


def refuse(*, player: Player, purpose: str, answer: GateAnswer, now: datetime) -> NoReturn:
    """
    Record a refusal of the gate and raise it, once the transaction is over in which the gate was asked.

    :raises KycRequired: always
    """
    record_fact(
        kind="verification.gate.refused",
        brand_code=player.brand.code,
        player_id=player.pk,
        subject=str(player.public_id),
        data={
            "purpose": purpose,
            "missing": list(answer.missing),
            "reason": answer.player_reason,
            "policy_version_id": answer.policy_version_id,
            "policies": [list(each) for each in answer.policies],
        },
        now=now,
    )
    raise KycRequired(extensions={"missing": list(answer.missing), "reason": answer.player_reason})
