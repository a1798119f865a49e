"""Decisions on cases: taken by the holder, checked by a second person where due, carried out at once, kept for ever."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction

from apps.compliance.approval_commands import register_command
from apps.compliance.approvals import request_approval
from apps.compliance.cases.closing import (
    execute_reopen,
    execute_resolve,
    reopen_command,
    require_checker,
    resolve_command,
)
from apps.compliance.cases.steps import UnableToDoThat, lock_case, lock_for, record, require_held_by, require_open, save
from apps.compliance.effects import Effect, clean_params, effect_named
from apps.compliance.models import (
    Alert,
    ApprovalRequest,
    Blueprint,
    Case,
    CaseDecision,
    CaseHold,
    PlayerNote,
    RuleSnooze,
)
from apps.compliance.queues import DECIDE, RESOLVE, SNOOZE_RULE, check_permission
from apps.core.errors import DomainError

LONGEST_SNOOZE = timedelta(days=180)


class EffectNotAllowed(DomainError):
    """The blueprint of the case does not know this decision."""

    code: ClassVar[str] = "case-effect-not-allowed"
    title: ClassVar[str] = "Cases of this kind can not decide that"
    status: ClassVar[int] = 409


class HeldByAnotherCase(DomainError):
    """The player's money is held because of another case; two cases must not explain one hold."""

    code: ClassVar[str] = "case-hold-elsewhere"
    title: ClassVar[str] = "Another case holds that already"
    status: ClassVar[int] = 409


@transaction.atomic
def decide(
    *,
    case_id: int,
    effect: str,
    params: Mapping[str, Any],
    reason_code: str,
    note: str,
    actor: User,
    now: datetime,
    reverses_id: int | None = None,
) -> CaseDecision | ApprovalRequest:
    """
    Let a case have an effect on its player, or ask a second person where blueprint or effect say so.

    :param params: the effect's own fields
    :param reverses_id: the decision that this one takes back
    :return: the decision carried out, or the request that waits
    :raises CaseNotHeld: if the person does not hold the case
    :raises PermissionDenied: if the person may not decide, or not this
    :raises EffectNotAllowed: if the blueprint does not have it
    :raises UnsoundEffect: if the params or the reason make no sense
    """
    case = lock_for(actor, case_id, permission=DECIDE)
    require_held_by(case, actor)
    chosen = _require_allowed(case, effect, actor)
    terms: dict[str, Any] = {
        "case": case.pk, "reference": case.reference,
        "effect": effect, "params": clean_params(chosen, params), "reason_code": reason_code,
        "note": note.strip(), "reverses": reverses_id,
    }  # fmt: skip
    _require_reason(case, terms)
    _reversed_by(case, chosen, reverses_id)
    if not (chosen.needs_second_person or effect in case.blueprint.second_person_for):
        return _carry_out(case, terms, actor, None, now)
    asked = request_approval(
        command=decide_command(case.blueprint_code), payload=terms, maker=actor, reason=terms["note"], now=now,
        subject_player_id=case.player_id,
    )  # fmt: skip
    save(case, now=now, by=actor)
    record(case, "decision-asked", actor=actor, now=now, text=note, data={"request": asked.pk, "effect": effect})
    return asked


def execute_decision(*, payload: Mapping[str, Any], maker: User, checker: User, now: datetime) -> dict[str, Any]:
    """What the approvals carry out: exactly what was proposed."""
    case = lock_case(payload["case"])
    require_checker(case, checker)
    require_open(case)
    _require_allowed(case, payload["effect"], maker)
    decision = _carry_out(case, payload, maker, checker, now)
    return {"case": case.reference, "decision": decision.pk, **decision.result}


def _require_allowed(case: Case, name: str, actor: User) -> Effect:
    if name not in case.blueprint.effects:
        raise EffectNotAllowed
    effect = effect_named(name)
    if not actor.has_perm(effect.permission):
        raise PermissionDenied
    return effect


def _require_reason(case: Case, terms: Mapping[str, Any]) -> None:
    if terms["reason_code"] not in {code for code, _ in case.blueprint.reasons}:
        raise UnableToDoThat("Choose a reason code of this kind of case.")
    if len(terms["note"]) < 5:  # noqa: PLR2004 - as every reason on the staff site
        raise UnableToDoThat("Say why, in at least five characters.")


def _reversed_by(case: Case, effect: Effect, reverses_id: int | None) -> CaseDecision | None:
    """The decision that is taken back: of the same player, of a kind that this effect reverses, still standing."""
    if reverses_id is None:
        return None
    before = CaseDecision.objects.filter(pk=reverses_id, case__player=case.player_id).first()
    if before is None or before.effect not in effect.reverses:
        raise UnableToDoThat("That decision is not one which this takes back.")
    if CaseDecision.objects.filter(reverses=before).exists():
        raise UnableToDoThat("It has been taken back already.")
    return before


def _carry_out(case: Case, terms: Mapping[str, Any], actor: User, checker: User | None, now: datetime) -> CaseDecision:
    effect = effect_named(terms["effect"])
    params = terms["params"]
    result = effect.apply(
        case=case, params=params, reason_code=terms["reason_code"], note=terms["note"], actor=actor, now=now
    )
    decision = CaseDecision.objects.create(
        case=case,
        effect=effect.name,
        params=params,
        reason_code=terms["reason_code"],
        note=terms["note"],
        result=dict(result),
        decided_by=actor,
        checked_by=checker,
        reverses=_reversed_by(case, effect, terms["reverses"]),
        at=now,
    )
    _let_go(case, effect.releases(params), now)
    _hold(case, effect.holds(params), now)
    save(case, now=now, by=actor)
    data = {
        "decision": decision.pk, "effect": effect.name, "params": params, "reason_code": decision.reason_code,
        "checked_by": checker.get_username() if checker else "", "result": decision.result,
    }  # fmt: skip
    record(case, "decided", actor=actor, now=now, text=terms["note"], data=data)
    return decision


def _hold(case: Case, kinds: Sequence[str], now: datetime) -> None:
    """Let this case explain what is held from now on; what another case explains stays with that one."""
    for kind in kinds:
        known = CaseHold.objects.select_for_update().filter(player=case.player_id, kind=kind, closed_at=None).first()
        if known is None:
            CaseHold.objects.create(player_id=case.player_id, kind=kind, case=case, opened_at=now)
        elif known.case_id != case.pk:
            raise HeldByAnotherCase(f"{known.case} holds it; merge the cases or decide there.")


def _let_go(case: Case, kinds: Sequence[str], now: datetime) -> None:
    others = CaseHold.objects.filter(player=case.player_id, kind__in=kinds, closed_at=None).exclude(case=case)
    for held in others.select_related("case"):
        raise HeldByAnotherCase(f"{held.case} holds it and has to let it go.")
    CaseHold.objects.filter(player=case.player_id, kind__in=kinds, closed_at=None).update(closed_at=now)


@transaction.atomic
def snooze_rule(*, case_id: int, rule_id: str, days: int, reason: str, actor: User, now: datetime) -> RuleSnooze:
    """
    Let a rule raise no alert for this player for a while: only from a case resolved as a false positive.

    Hits go on being counted, and one 1.5 times as large ends it.

    :raises UnableToDoThat: if the case is no reviewed false positive, the rule not one of its alerts, or it is too long
    """
    case = lock_for(actor, case_id, permission=SNOOZE_RULE)
    if not 0 < days <= LONGEST_SNOOZE.days:
        raise UnableToDoThat(f"Between 1 and {LONGEST_SNOOZE.days} days.")
    if case.resolution != Case.Resolution.FALSE_POSITIVE:
        raise UnableToDoThat("Only a case resolved as a false positive can silence a rule.")
    largest = Alert.objects.filter(case=case, rule_id=rule_id).order_by("-magnitude").first() if rule_id else None
    if largest is None:
        raise UnableToDoThat("None of its alerts came from that rule.")
    running = RuleSnooze.objects.select_for_update().filter(player=case.player_id, rule_id=rule_id, ended_at=None)
    for before in running:
        before.ended_at, before.ended_why = now, f"Followed by that of {case.reference}"
        before.save(update_fields=["ended_at", "ended_why"])
    snooze = RuleSnooze.objects.create(
        player_id=case.player_id,
        rule_id=rule_id,
        case=case,
        magnitude=largest.magnitude,
        reason=reason,
        made_by=actor,
        starts_at=now,
        ends_at=now + timedelta(days=days),
    )
    record(case, "rule-snoozed", actor=actor, now=now, text=reason, data={"rule": rule_id, "days": days})
    return snooze


@transaction.atomic
def annotate_player(*, case_id: int, text: str, actor: User, now: datetime) -> PlayerNote:
    """
    Write what later cases of the player should know.

    :raises CaseNotHeld: if the person does not hold the case
    """
    case = lock_for(actor, case_id)
    require_held_by(case, actor)
    note = PlayerNote.objects.create(player_id=case.player_id, case=case, text=text, written_by=actor, at=now)
    save(case, now=now, by=actor)
    record(case, "annotated", actor=actor, now=now, data={"note": note.pk})
    return note


# --- what two people do together ------------------------------------------------------------------


def _abandoned(*, payload: Mapping[str, Any], now: datetime) -> None:
    case = lock_case(payload["case"])
    record(case, "not-approved", actor="approvals", now=now, data={"effect": payload.get("effect", "")})


def _open_still(*, payload: Mapping[str, Any], now: datetime) -> None:  # noqa: ARG001 - as approvals call it
    case = Case.objects.filter(pk=payload["case"]).first()
    if case is None or case.is_closed:
        raise UnableToDoThat("The case is resolved.")


def _closed_still(*, payload: Mapping[str, Any], now: datetime) -> None:  # noqa: ARG001 - as approvals call it
    case = Case.objects.filter(pk=payload["case"]).first()
    if case is None or not case.is_closed:
        raise UnableToDoThat("The case is open.")


def _words(payload: Mapping[str, Any]) -> str:
    effect = effect_named(payload["effect"])
    given = "; ".join(
        f"{name.replace('_', ' ')}: {', '.join(value) if isinstance(value, list) else value}"
        for name, value in payload["params"].items()
    )
    return f"{effect.title}{f' ({given})' if given else ''} for {payload['reference']}: {payload['note']}"


def decide_command(blueprint: str) -> str:
    """A decision on a case of this kind, as two people take it together."""
    return f"compliance.decide_{blueprint}_case"


def case_commands(queues: Sequence[str]) -> list[str]:
    """Every command about cases of these queues."""
    makers = (decide_command, resolve_command, reopen_command)
    return [name(code) for code in queues for name in makers]


def register_commands() -> None:
    """Register what two people decide together, kind by kind, so that each kind has its own second persons."""
    for code in Blueprint.Code.values:
        _register(code, Blueprint.Code(code).label.lower())


def _register(code: str, kind: str) -> None:
    checker = check_permission(code)
    register_command(
        decide_command(code), title=f"Decision on a case ({kind})", maker_permission=DECIDE, checker_permission=checker,
        execute=execute_decision, describe=_words, revalidate=_open_still, abandon=_abandoned,
    )  # fmt: skip
    register_command(
        resolve_command(code), title=f"Closing a case ({kind})", maker_permission=RESOLVE, checker_permission=checker,
        execute=execute_resolve, revalidate=_open_still, abandon=_abandoned,
        describe=lambda payload: (
            f"Close {payload['reference']} as {payload['resolution'].replace('_', ' ')}"
            f" ({', '.join(payload['reason_codes'])}): {payload['narrative']}"
        ),
    )  # fmt: skip
    register_command(
        reopen_command(code), title=f"Reopening a case ({kind})", maker_permission=RESOLVE, checker_permission=checker,
        execute=execute_reopen, revalidate=_closed_still, abandon=_abandoned,
        describe=lambda payload: f"Reopen {payload['reference']}: {payload['reason']}",
    )  # fmt: skip
