"""Deciding on a case and closing it: what is carried out, what takes a second person, what is refused."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django_fsm import TransitionNotAllowed

from apps.compliance.approvals import ApprovalSecondPerson, UnableToExecute, decide_approval
from apps.compliance.cases import claims, closing, waiting
from apps.compliance.cases.steps import CaseClosed, CaseNotHeld, UnableToDoThat
from apps.compliance.cases.sweeps import warn
from apps.compliance.decisions import EffectNotAllowed, HeldByAnotherCase, annotate_player, decide
from apps.compliance.effects import UnsoundEffect
from apps.compliance.models import ApprovalRequest, Case, CaseDecision, CaseHold
from apps.players.models import Player
from tests.compliance.held_case import case, close, fresh, mlro, player, restrict
from tests.factories.cases import NOW, after, case_of, colleague, hit, tick_all

__all__ = ["case", "mlro", "player"]


# Decisions


def test_a_decision_is_carried_out_recorded_and_taken_back_by_another(case: Case, mlro: User) -> None:
    made = restrict(case, mlro, "withdrawal", "play")
    assert isinstance(made, CaseDecision)
    player = Player.objects.get(pk=case.player_id)
    assert (player.status, player.restrictions) == ("restricted", ["play", "withdrawal"])
    terms: dict[str, Any] = {
        "case_id": case.pk,
        "effect": "unlock",
        "params": {},
        "reason_code": "explained",
        "note": "Payslips came",
    }
    asked = decide(**terms, actor=mlro, now=NOW, reverses_id=made.pk)
    assert isinstance(asked, ApprovalRequest)
    with pytest.raises(ApprovalSecondPerson):
        decide_approval(request_id=asked.pk, checker=mlro, approve=True, reason="Mine", now=NOW)
    rg = colleague("rg_officer", brand=case.brand)
    with pytest.raises(PermissionDenied):
        decide_approval(request_id=asked.pk, checker=rg, approve=True, reason="Fine", now=NOW)
    second = colleague("investigator", brand=case.brand)
    decide_approval(request_id=asked.pk, checker=second, approve=True, reason="Seen them", now=NOW)
    undone = CaseDecision.objects.get(effect="unlock")
    assert (undone.reverses, undone.decided_by, undone.checked_by) == (made, mlro, second)
    assert Player.objects.get(pk=case.player_id).status == "active"
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        CaseDecision.objects.update(note="Nothing happened")


def test_a_rejected_request_changes_nothing_and_the_case_says_so(case: Case, mlro: User) -> None:
    tick_all(case, mlro)
    asked = close(case, mlro, resolution="confirmed", reason_codes=["structuring"])
    second = colleague("investigator", brand=case.brand)
    decide_approval(request_id=asked.pk, checker=second, approve=False, reason="Not proven", now=NOW)
    assert fresh(case).state == "open"
    assert case.events.order_by("-id").values_list("kind", flat=True)[0] == "not-approved"


def test_what_was_asked_for_does_not_happen_to_a_case_that_has_changed(case: Case, mlro: User) -> None:
    tick_all(case, mlro)
    asked = close(case, mlro, resolution="confirmed", reason_codes=["structuring"])
    restrict(case, mlro, "withdrawal")  # money is held now, so it may not be closed
    second = colleague("investigator", brand=case.brand)
    with pytest.raises(UnableToExecute, match="still held"):
        decide_approval(request_id=asked.pk, checker=second, approve=True, reason="Agreed", now=NOW)
    assert fresh(case).state == "open"


def test_nonsense_is_not_decided(case: Case, mlro: User) -> None:
    terms: dict[str, Any] = {"case_id": case.pk, "actor": mlro, "now": NOW, "note": "Because", "reason_code": "other"}
    with pytest.raises(UnsoundEffect):
        decide(effect="restrict", params={"restrictions": ["breathing"]}, **terms)
    with pytest.raises(UnsoundEffect):
        decide(effect="restrict", params={}, **terms)
    with pytest.raises(EffectNotAllowed):
        decide(effect="exclude", params={}, **terms)
    with pytest.raises(UnableToDoThat):
        decide(effect="suspend", params={}, **terms | {"reason_code": "upheld"})
    assert Player.objects.get(pk=case.player_id).status == "active"
    assert not CaseDecision.objects.exists()


def test_an_analyst_works_but_does_not_decide(player: Player) -> None:
    analyst = colleague("compliance_analyst", brand=player.brand)
    case = case_of(hit(player))
    claims.claim_case(case_id=case.pk, actor=analyst, now=NOW)
    with pytest.raises(PermissionDenied):
        restrict(case, analyst, "play")
    assert Player.objects.get(pk=player.pk).status == "active"


def test_two_cases_do_not_explain_one_hold(case: Case, mlro: User) -> None:
    restrict(case, mlro, "withdrawal")
    other = case_of(hit(case.player, blueprint="fraud", dedupe_key="FR-1"))
    claims.claim_case(case_id=other.pk, actor=mlro, now=NOW)
    with pytest.raises(HeldByAnotherCase):
        decide(
            case_id=other.pk, effect="restrict", params={"restrictions": ["withdrawal", "play"]},
            reason_code="other", note="Hold it too", actor=mlro, now=NOW,
        )  # fmt: skip
    assert Player.objects.get(pk=case.player_id).restrictions == ["withdrawal"]
    assert CaseHold.objects.filter(closed_at=None).count() == 1


# Closing


def test_closing_says_what_is_missing(case: Case, mlro: User) -> None:
    with pytest.raises(closing.NotReadyToClose) as refusal:
        close(case, mlro, resolution="requirements_met", reason_codes=["upheld"], narrative="Fine")
    assert len(refusal.value.extensions["missing"]) == len(case.blueprint.checklist) + 3
    assert fresh(case).state == "open"


def test_a_resolved_case_is_read_only_for_everybody_and_out_of_the_sla(case: Case, mlro: User) -> None:
    tick_all(case, mlro)
    close(case, mlro, now=after(hours=1))
    closed = fresh(case)
    assert (closed.due_at, closed.warn_at, closed.clock_started_at, closed.urgency) == (None, None, None, 0)
    assert warn(now=after(days=30)) == 0
    works: list[Callable[[], Any]] = [
        lambda: waiting.add_note(case_id=case.pk, text="One more thing", actor=mlro, now=NOW),
        lambda: restrict(case, mlro, "play"),
        lambda: claims.claim_case(case_id=case.pk, actor=mlro, now=NOW),
        lambda: annotate_player(case_id=case.pk, text="Nice person", actor=mlro, now=NOW),
    ]
    for work in works:
        with pytest.raises(CaseClosed):
            work()
    with pytest.raises(DatabaseError, match="read-only"), transaction.atomic():
        Case.objects.filter(pk=case.pk).update(narrative="Something else")
    with pytest.raises(TransitionNotAllowed):
        closed.resolve(resolution="confirmed", reason_codes=[], narrative="", by=mlro, at=NOW)


def test_reopening_takes_a_second_person_and_no_twin(case: Case, mlro: User) -> None:
    tick_all(case, mlro)
    close(case, mlro)
    asked = closing.reopen_case(case_id=case.pk, reason="New facts", actor=mlro, now=after(days=1))
    assert isinstance(asked, ApprovalRequest)
    second = colleague("investigator", brand=case.brand)
    decide_approval(request_id=asked.pk, checker=second, approve=True, reason="Agreed", now=after(days=1))
    again = fresh(case)
    assert (again.state, again.resolution, again.holder) == ("open", "", None)
    assert again.events.order_by("-id").values_list("kind", flat=True)[0] == "reopened"


def test_a_case_with_a_twin_is_not_reopened(case: Case, mlro: User) -> None:
    tick_all(case, mlro)
    close(case, mlro)
    hit(case.player, dedupe_key="AML-77", rule_id="AML-77", now=after(days=1))
    with pytest.raises(UnableToDoThat, match="another open case"):
        closing.reopen_case(case_id=case.pk, reason="New facts", actor=mlro, now=after(days=2))


def test_only_the_holder_works_on_a_case(player: Player, mlro: User) -> None:
    case = case_of(hit(player))
    for work in (
        lambda: restrict(case, mlro, "play"),
        lambda: close(case, mlro),
        lambda: waiting.escalate_case(case_id=case.pk, reason="Up", actor=mlro, now=NOW),
        lambda: waiting.await_player(case_id=case.pk, what="Payslip", actor=mlro, now=NOW),
    ):
        with pytest.raises(CaseNotHeld):
            work()
    assert list(case.events.values_list("kind", flat=True)) == ["opened"]


@pytest.mark.parametrize(
    ("states", "moves"),
    [
        ({"open"}, "wait_for_player"), ({"awaiting_player"}, "take_up"), ({"open", "awaiting_player"}, "resolve"),
        ({"resolved"}, "reopen"),
    ],
)  # fmt: skip
def test_every_move_is_legal_from_its_own_states_only(states: set[str], moves: str) -> None:
    arguments: dict[str, Any] = {
        "wait_for_player": {"what": "", "until": NOW, "at": NOW}, "take_up": {"at": NOW}, "reopen": {"at": NOW},
        "resolve": {"resolution": "confirmed", "reason_codes": [], "narrative": "", "by": None, "at": NOW},
    }  # fmt: skip
    for state in Case.State.values:
        case = Case(state=state, blueprint_code="aml")
        if state in states:
            getattr(case, moves)(**arguments[moves])
        else:
            with pytest.raises(TransitionNotAllowed):
                getattr(case, moves)(**arguments[moves])
