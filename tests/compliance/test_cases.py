"""Working a case: claims, the clock, waiting, handing over, links, decisions, closing, evidence."""

import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django_fsm import TransitionNotAllowed

from apps.compliance.approvals import ApprovalSecondPerson, UnableToExecute, decide_approval
from apps.compliance.blueprints import UnsoundBlueprint, current_blueprint, publish_blueprint
from apps.compliance.cases import claims, closing, linking, waiting
from apps.compliance.cases.clock import used_seconds
from apps.compliance.cases.steps import CaseClosed, CaseHeldByAnother, CaseNotHeld, CaseUnknown, UnableToDoThat
from apps.compliance.cases.sweeps import warn
from apps.compliance.decisions import EffectNotAllowed, HeldByAnotherCase, annotate_player, decide
from apps.compliance.effects import UnsoundEffect
from apps.compliance.evidence import (
    EvidenceDamaged,
    EvidenceRefused,
    add_file,
    content_of,
    path_of,
    pin_transaction,
)
from apps.compliance.export import export_case
from apps.compliance.linked_people import collect_traces, linked_people
from apps.compliance.models import ApprovalRequest, Case, CaseDecision, CaseHold, CaseNotice, ClockInterval
from apps.compliance.money_picture import follow_money, money_picture
from apps.compliance.queues import unwatched_queues
from apps.compliance.timeline import timeline
from apps.compliance.working_time import add_working, working_seconds
from apps.players.caller import Caller
from apps.players.models import Player
from apps.players.operations.sessions import open_session
from apps.transactions.models import Transaction
from tests.factories.cases import NARRATIVE, NOW, after, case_of, colleague, hit, tick_all
from tests.factories.games import make_player

OFFICE = {"timezone": "Europe/Malta", "days": [0, 1, 2, 3, 4], "from": "08:00", "to": "18:00"}


@pytest.fixture
def player(db: None) -> Player:
    return make_player(cash="100")


@pytest.fixture
def mlro(player: Player) -> User:
    return colleague("mlro", brand=player.brand)


@pytest.fixture
def case(player: Player, mlro: User) -> Case:
    case = case_of(hit(player))
    claims.claim_case(case_id=case.pk, actor=mlro, now=NOW)
    return fresh(case)


def fresh(case: Case) -> Case:
    return Case.objects.get(pk=case.pk)


def restrict(case: Case, actor: User, *named: str, now: datetime = NOW) -> Any:
    return decide(
        case_id=case.pk, effect="restrict", params={"restrictions": list(named)}, reason_code="structuring",
        note="Held until explained", actor=actor, now=now,
    )  # fmt: skip


def close(case: Case, actor: User, *, now: datetime = NOW, **changes: Any) -> Any:
    terms = {"resolution": "false_positive", "reason_codes": ["explained"], "narrative": NARRATIVE, **changes}
    return closing.resolve_case(case_id=case.pk, actor=actor, now=now, **terms)


# Claims


def test_the_next_case_is_the_most_pressing_one_that_is_free(mlro: User, player: Player) -> None:
    low, high, urgent = (
        case_of(hit(make_player(name), severity=severity))
        for name, severity in (("a", "low"), ("b", "critical"), ("c", "medium"))
    )
    Case.objects.filter(pk=urgent.pk).update(urgency=Case.Urgency.BREACHED)
    given = [claims.claim_next(actor=mlro, now=NOW) for _ in range(4)]
    assert given == [urgent.pk, high.pk, low.pk, None]
    taken = fresh(high)
    assert (taken.holder, taken.stage, taken.claim_expires_at) == (mlro, "investigation", after(minutes=240))
    assert list(taken.events.values_list("kind", "actor_name"))[-1] == ("claimed", "mlro")


def test_nobody_is_given_more_than_one_may_hold(mlro: User, player: Player) -> None:
    publish_blueprint(code="aml", changes={"capacity": 2}, reason="Test", publisher=None, now=NOW)
    cases = [case_of(hit(make_player(name))) for name in "abc"]
    assert [claims.claim_next(actor=mlro, now=NOW) for _ in range(3)] == [cases[0].pk, cases[1].pk, None]
    with pytest.raises(claims.CapacityReached):
        claims.claim_case(case_id=cases[2].pk, actor=mlro, now=NOW)


def test_who_prepared_a_second_review_is_not_offered_it(case: Case, mlro: User) -> None:
    waiting.escalate_case(case_id=case.pk, reason="Second look", actor=mlro, now=NOW, to="second_review")
    assert claims.claim_next(actor=mlro, now=NOW) is None
    other = colleague("mlro", "deputy", brand=case.brand)
    assert claims.claim_next(actor=other, now=NOW) == case.pk
    with pytest.raises(claims.NotEligible):
        claims.reassign_case(case_id=case.pk, to=mlro, reason="Back to you", actor=other, now=NOW)


def test_a_held_case_is_not_taken_away(case: Case) -> None:
    other = colleague("investigator", brand=case.brand)
    with pytest.raises(CaseHeldByAnother):
        claims.claim_case(case_id=case.pk, actor=other, now=NOW)
    with pytest.raises(CaseHeldByAnother):
        claims.reassign_case(case_id=case.pk, to=other, reason="Mine now", actor=other, now=NOW)
    with pytest.raises(CaseHeldByAnother):
        restrict(case, other, "play")
    assert str(fresh(case).holder) == "mlro"


def test_a_claim_that_nobody_touches_goes_back(case: Case, mlro: User) -> None:
    waiting.add_note(case_id=case.pk, text="Looking", actor=mlro, now=after(minutes=100))
    assert claims.expire_claims(now=after(minutes=339)) == 0
    assert claims.expire_claims(now=after(minutes=340)) == 1
    assert fresh(case).holder is None
    assert CaseNotice.objects.filter(user=mlro, kind="claim-expired").count() == 1


def test_many_cases_are_given_out_and_refusals_do_not_stop_the_others(mlro: User, player: Player) -> None:
    cases = [case_of(hit(make_player(name))) for name in "abc"]
    analyst = colleague("compliance_analyst", brand=player.brand)
    harm = case_of(hit(player, blueprint="harm"))
    given, refused = claims.assign_cases(
        case_ids=[each.pk for each in [*cases, harm]], to=analyst, reason="Monday", actor=mlro, now=NOW
    )
    assert (given, len(refused)) == (3, 1)
    assert Case.objects.filter(holder=analyst).count() == 3
    with pytest.raises(PermissionDenied):
        claims.assign_cases(case_ids=[cases[0].pk], to=mlro, reason="Back", actor=analyst, now=NOW)


# The clock


@pytest.mark.parametrize(
    ("start", "seconds", "end"),
    [
        ("2026-11-25 09:00", 3600, "2026-11-25 10:00"),
        ("2026-11-27 16:30", 3600, "2026-11-30 07:30"),  # Friday evening → Monday morning, Malta is UTC+1
        ("2026-10-23 15:30", 7200, "2026-10-26 08:30"),  # over the end of summer time
        ("2026-03-27 16:30", 7200, "2026-03-30 07:30"),  # over its beginning
    ],
)
def test_working_time_ends_and_begins_with_the_office(start: str, seconds: int, end: str) -> None:
    begins = datetime.fromisoformat(start).replace(tzinfo=UTC)
    ends = datetime.fromisoformat(end).replace(tzinfo=UTC)
    assert add_working(OFFICE, begins, seconds) == ends
    assert working_seconds(OFFICE, begins, ends) == seconds


def test_the_clock_stands_while_the_player_is_awaited(case: Case, mlro: User) -> None:
    waiting.await_player(case_id=case.pk, what="Payslip", actor=mlro, now=after(hours=2))
    standing = fresh(case)
    assert (standing.state, standing.due_at, standing.warn_at) == ("awaiting_player", None, None)
    waiting.take_up(case_id=case.pk, reason="It came", actor=mlro, now=after(days=5, hours=2))
    running = fresh(case)
    assert used_seconds(running, now=after(days=5, hours=2)) == 7200
    # Eight of ten working hours are left: from Monday 11:00 UTC (12:00 in Malta) six that day and two on Tuesday.
    assert running.due_at == datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
    assert list(ClockInterval.objects.values_list("working_seconds", "why_stopped")) == [(7200, "awaiting-player")]
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        ClockInterval.objects.update(working_seconds=0)


def test_a_player_who_does_not_answer_brings_it_back(case: Case, mlro: User) -> None:
    waiting.await_player(case_id=case.pk, what="Payslip", actor=mlro, now=NOW)
    assert waiting.return_from_player(now=after(days=13)) == 0
    assert waiting.return_from_player(now=after(days=14)) == 1
    assert fresh(case).state == "open"


def test_half_and_four_fifths_warn_once_each(case: Case, mlro: User) -> None:
    kinds = []
    for minutes in (299, 300, 301, 480, 481, 540):
        warn(now=after(minutes=minutes))
        kinds.append(fresh(case).urgency)
    assert kinds == [0, 1, 1, 2, 2, 2]  # the office closes after 480 minutes; two working hours are left
    warn(now=datetime(2026, 11, 26, 9, 0, tzinfo=UTC))
    assert fresh(case).urgency == Case.Urgency.BREACHED
    assert list(CaseNotice.objects.order_by("id").values_list("kind", flat=True)) == [
        "sla-50",
        "sla-80",
        "sla-breached",
    ]


def test_dutch_harm_cases_have_sixty_minutes_day_and_night(db: None) -> None:
    from apps.brands.models import Jurisdiction  # noqa: PLC0415 - only here

    Jurisdiction.objects.get_or_create(code="NL", defaults={"name": "Netherlands", "timezone": "Europe/Amsterdam"})
    sunday_night = datetime(2026, 11, 29, 2, 0, tzinfo=UTC)
    case = case_of(hit(make_player("nel", jurisdiction_id="NL"), blueprint="harm", severity="low", now=sunday_night))
    assert case.due_at == sunday_night + timedelta(minutes=60)


def test_a_case_can_not_sleep_beyond_its_due_time(case: Case, mlro: User) -> None:
    with pytest.raises(UnableToDoThat, match="due at"):
        waiting.snooze_case(case_id=case.pk, until=after(days=3), reason="Later", actor=mlro, now=NOW)
    waiting.snooze_case(case_id=case.pk, until=after(hours=3), reason="Later", actor=mlro, now=NOW)
    assert claims.claim_next(actor=mlro, now=after(hours=2)) is None
    assert claims.claim_next(actor=mlro, now=after(hours=3)) == case.pk


# Links


def test_links_are_said_in_both_cases_and_only_to_cases_one_may_see(case: Case, mlro: User) -> None:
    other = case_of(hit(make_player("bo")))
    linking.link_cases(case_id=case.pk, other_id=other.pk, reason="Same device", actor=mlro, now=NOW)
    assert "linked" in case.events.values_list("kind", flat=True)
    assert "linked" in other.events.values_list("kind", flat=True)
    harm = case_of(hit(make_player("cy"), blueprint="harm"))
    with pytest.raises(CaseUnknown):
        linking.link_cases(case_id=case.pk, other_id=harm.pk, reason="Same device", actor=mlro, now=NOW)
    with pytest.raises(UnableToDoThat):
        linking.link_cases(case_id=case.pk, other_id=other.pk, reason="Again", actor=mlro, now=NOW)


def test_a_merged_case_hands_over_alerts_and_holds(case: Case, mlro: User) -> None:
    restrict(case, mlro, "withdrawal")
    into = case_of(hit(case.player, blueprint="fraud", dedupe_key="FR-1", severity="high"))
    linking.merge_case(case_id=case.pk, into_id=into.pk, reason="One story", actor=mlro, now=NOW)
    merged = fresh(case)
    assert (merged.state, merged.resolution, merged.merged_into) == ("resolved", "merged", into)
    assert into.alerts.count() == 2
    assert CaseHold.objects.get(closed_at=None).case == into
    again = hit(case.player, now=after(hours=1))
    assert again.case_id == into.pk


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


# Blueprints


def test_an_open_case_keeps_the_blueprint_it_was_opened_by(case: Case) -> None:
    newer = publish_blueprint(
        code="aml", changes={"min_narrative": 400}, reason="More words", publisher=None, now=after(hours=1)
    )
    assert (newer.version, current_blueprint("aml").pk) == (2, newer.pk)
    assert fresh(case).blueprint.min_narrative == 40
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        type(newer).objects.update(min_narrative=1)


@pytest.mark.parametrize(
    "changes",
    [
        {"sla_minutes": {"low": 1}}, {"sla_minutes": {"low": 0, "medium": 1, "high": 1, "critical": 1}},
        {"resolutions": []}, {"resolutions": ["merged"]}, {"reason_codes": []}, {"second_person_for": ["fly"]},
        {"escalates_to": "nowhere"}, {"favourite_colour": "red"},
    ],
)  # fmt: skip
def test_an_unsound_blueprint_is_not_published(changes: dict[str, Any], db: None) -> None:
    with pytest.raises(UnsoundBlueprint):
        publish_blueprint(code="aml", changes=changes, reason="Test", publisher=None, now=NOW)
    assert current_blueprint("aml").version == 1


def test_a_queue_that_nobody_watches_is_reported(player: Player) -> None:
    hit(player, blueprint="harm")
    assert unwatched_queues() == ["harm"]
    colleague("rg_officer", brand=player.brand)
    assert unwatched_queues() == []


# Evidence


@pytest.fixture
def _evidence(settings: Any, tmp_path: Any) -> None:
    settings.EVIDENCE_DIR = tmp_path / "evidence"


def keep(case: Case, actor: User, content: bytes = b"payslip", **changes: Any) -> Any:
    terms: dict[str, Any] = {"name": "pay.pdf", "content_type": "application/pdf", "title": "Payslip", **changes}
    return add_file(case_id=case.pk, chunks=[content], actor=actor, now=NOW, **terms)


@pytest.mark.usefixtures("_evidence")
def test_a_file_is_kept_by_its_hash_and_superseded_but_never_replaced(case: Case, mlro: User) -> None:
    first = keep(case, mlro)
    assert path_of(first.sha256).stat().st_mode & 0o777 == 0o600
    second = keep(case, mlro, b"better payslip", supersedes_id=first.pk)
    assert (content_of(first), content_of(second)) == (b"payslip", b"better payslip")
    with pytest.raises(UnableToDoThat):
        keep(case, mlro, b"another", supersedes_id=first.pk)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        type(first).objects.update(title="Something else")


@pytest.mark.usefixtures("_evidence")
def test_a_file_that_was_altered_is_not_given_out(case: Case, mlro: User) -> None:
    piece = keep(case, mlro)
    path_of(piece.sha256).write_bytes(b"forged")
    with pytest.raises(EvidenceDamaged, match="altered"):
        content_of(piece)
    path_of(piece.sha256).unlink()
    with pytest.raises(EvidenceDamaged, match="missing"):
        content_of(piece)


@pytest.mark.usefixtures("_evidence")
def test_what_a_browser_would_run_is_not_kept(case: Case, mlro: User) -> None:
    for content_type, content in (("text/html", b"<script>"), ("image/svg+xml", b"<svg/>"), ("application/pdf", b"")):
        with pytest.raises(EvidenceRefused):
            keep(case, mlro, content, content_type=content_type)
    assert not case.evidence.exists()


def test_a_transaction_is_pinned_once_and_only_the_players_own(case: Case, mlro: User) -> None:
    own = Transaction.objects.get(player_id=case.player_id)
    piece = pin_transaction(case_id=case.pk, transaction_id=own.pk, actor=mlro, now=NOW)
    assert piece.content
    assert piece.content["transfers"][0]["amount"] == 100_000_000
    with pytest.raises(UnableToDoThat, match="already"):
        pin_transaction(case_id=case.pk, transaction_id=own.pk, actor=mlro, now=NOW)
    make_player("bo", cash="5")
    foreign = Transaction.objects.exclude(player_id=case.player_id).get()
    with pytest.raises(UnableToDoThat, match="no transaction of this player"):
        pin_transaction(case_id=case.pk, transaction_id=foreign.pk, actor=mlro, now=NOW)


@pytest.mark.usefixtures("_evidence")
def test_an_export_carries_a_manifest_of_hashes(case: Case, mlro: User) -> None:
    import hashlib  # noqa: PLC0415 - only here

    keep(case, mlro)
    name, packed = export_case(case_id=case.pk, purpose="Regulator asks", actor=mlro, now=NOW)
    archive = zipfile.ZipFile(io.BytesIO(packed))
    manifest = json.loads(archive.read("manifest.json"))
    assert name == f"{case.reference}.zip"
    assert set(archive.namelist()) == {*manifest["files"], "manifest.json"}
    for part, facts in manifest["files"].items():
        assert hashlib.sha256(archive.read(part)).hexdigest() == facts["sha256"], part
    assert any(part.startswith("evidence/") for part in manifest["files"])
    assert case.events.filter(kind="exported", text="Regulator asks").exists()


# What the page reads


def test_the_timeline_is_paged_without_gaps_or_doubles(case: Case, mlro: User) -> None:
    for number in range(90):
        waiting.add_note(case_id=case.pk, text=f"note {number}", actor=mlro, now=after(minutes=number))
    follow_money()
    seen: list[tuple[str, str]] = []
    cursor = ""
    while True:
        page = timeline(case.player_id, user=mlro, before=cursor)
        seen += [(entry.source, entry.ref) for entry in page.entries]
        cursor = page.older
        if not cursor:
            break
    assert len(seen) == len(set(seen)) >= 92
    assert timeline(case.player_id, user=mlro, before="nonsense").entries[0].ref == seen[0][1]


def test_the_timeline_tells_nobody_of_cases_they_may_not_see(case: Case) -> None:
    rg = colleague("rg_officer", brand=case.brand)
    assert not [entry for entry in timeline(case.player_id, user=rg).entries if entry.source == "cases"]


def test_people_are_linked_by_what_they_share_unless_a_crowd_does(player: Player) -> None:
    def seen(of: Player, address: str, device: str) -> None:
        open_session(player=of, caller=Caller(address, device=device), now=NOW)

    twin = make_player("twin")
    crowd = [make_player(f"guest{number}") for number in range(21)]
    seen(player, "203.0.113.7", "device-one-and-only")
    seen(twin, "198.51.100.9", "device-one-and-only")
    for each in [player, *crowd]:
        seen(each, "192.0.2.1", "")
    collect_traces(since=after(hours=-1))
    collect_traces(since=after(hours=-1))  # twice changes nothing
    linked = linked_people(player.pk, queues=["aml"], brands=None, masked=True)
    assert [(each.player_id, each.username, each.strength) for each in linked] == [(twin.pk, "t•••", 4)]
    assert linked[0].shared[0]["times"] == 1


@pytest.mark.django_db(transaction=True)
def test_sums_of_money_equal_the_ledger() -> None:
    player = make_player(cash="100")
    other = make_player("bo", cash="7")
    assert follow_money() == 2
    assert follow_money() == 0
    today = Transaction.objects.filter(player_id=player.pk).values_list("created_at", flat=True)[0].date()
    picture = money_picture(player.pk, today=today)
    assert [row["currency"] for row in picture.rows] == ["EUR"]
    assert money_picture(other.pk, today=today).rows[0]["lines"][0]["paid_in"] == "0.00 EUR"  # test money is no deposit


def test_a_case_id_that_is_none_is_unknown(mlro: User) -> None:
    with pytest.raises(CaseUnknown):
        claims.claim_case(case_id=10**12, actor=mlro, now=NOW)
    with pytest.raises(CaseUnknown):
        pin_transaction(case_id=10**12, transaction_id=UUID(int=1), actor=mlro, now=NOW)
