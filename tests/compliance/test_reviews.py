"""Quality reviews: drawn by chance when a case is closed, judged once, by somebody who had no part in it."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from apps.compliance.cases.claims import claim_case
from apps.compliance.cases.closing import resolve_case
from apps.compliance.cases.reviews import ReviewGiven, ReviewNotIndependent, give_verdict
from apps.compliance.models import Case, CaseReview
from apps.players.models import Player
from tests.factories.cases import NARRATIVE, NOW, after, case_of, colleague, hit, tick_all
from tests.factories.games import make_player
from tests.harness.queries import statements_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def player() -> Player:
    return make_player()


def closed(player: Player, settings: Settings, *, percent: int = 100, by: str = "investigator") -> Case:
    settings.CASE_REVIEW_PERCENT = percent
    case = case_of(hit(player, blueprint="fraud"))
    who = colleague("investigator", by, brand=player.brand)
    claim_case(case_id=case.pk, actor=who, now=NOW)
    tick_all(case, who)
    reasons = [case.blueprint.reasons[0][0]]
    resolve_case(
        case_id=case.pk, resolution="false_positive", reason_codes=reasons, narrative=NARRATIVE, actor=who,
        now=after(minutes=5),
    )  # fmt: skip
    return Case.objects.get(pk=case.pk)


def test_a_closing_is_drawn_or_not_and_the_same_way_again(player: Player, settings: Settings) -> None:
    case = closed(player, settings)
    assert case.state == "resolved"
    review = CaseReview.objects.get()
    assert (review.case, review.verdict, review.closed_by) == (case, "waiting", case.resolved_by)
    closed(make_player("bea"), settings, percent=0, by="other")
    assert CaseReview.objects.count() == 1


def test_a_verdict_is_given_once_by_somebody_else_and_stands(player: Player, settings: Settings) -> None:
    case = closed(player, settings)
    review = CaseReview.objects.get()
    terms: dict[str, Any] = {
        "review_id": review.pk,
        "verdict": "poorly_told",
        "note": "The payslip is not among the evidence.",
    }
    insider = case.resolved_by
    assert insider is not None
    insider.groups.add(*colleague("mlro", "lead", brand=player.brand).groups.all())  # may review, but not this one
    with pytest.raises(ReviewNotIndependent):
        give_verdict(**terms, actor=insider, now=after(hours=1))
    with pytest.raises(PermissionDenied):
        give_verdict(**terms, actor=colleague("kyc_agent", brand=player.brand), now=after(hours=1))
    reviewer = colleague("mlro", "reviewer", brand=player.brand)
    give_verdict(**terms, actor=reviewer, now=after(hours=1))
    with pytest.raises(ReviewGiven):
        give_verdict(**terms, actor=reviewer, now=after(hours=2))
    assert case.events.filter(kind="reviewed").get().data == {"verdict": "poorly_told"}
    for change in ({"verdict": "sound"}, {"note": ""}):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            CaseReview.objects.update(**change)


def test_the_queue_shows_what_waits_and_a_button_gives_the_verdict(player: Player, settings: Settings) -> None:
    case = closed(player, settings)
    client = Client()
    client.force_login(colleague("mlro", brand=player.brand))
    listed = reverse("admin:compliance_casereview_changelist")
    assert case.reference in client.get(listed).content.decode()
    queries = len(statements_of(client, listed))
    closed(make_player("bea"), settings, by="other")
    assert len(statements_of(client, listed)) == queries
    review = CaseReview.objects.get(case=case)
    button = reverse("admin:compliance_casereview_judge", args=[review.pk])
    client.post(button, {"verdict": "sound", "note": "Everything is there."})
    review.refresh_from_db()
    assert (review.verdict, str(review.reviewer)) == ("sound", "mlro")
    stranger = Client()
    stranger.force_login(colleague("rg_officer", brand=player.brand))  # of other queues
    assert case.reference not in stranger.get(listed).content.decode()
