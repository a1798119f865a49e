"""C1 and C2 over random histories, and claims by many at once: nothing is lost, held unexplained, or given twice."""

import random
import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction

from apps.compliance.alerts import raise_alert
from apps.compliance.approvals import decide_approval
from apps.compliance.cases import claims, closing, linking, waiting
from apps.compliance.cases.claims import claim_next
from apps.compliance.cases.sweeps import warn
from apps.compliance.decisions import decide
from apps.compliance.models import Alert, ApprovalRequest, Case, CaseHold
from apps.core.errors import DomainError
from apps.players.models import Player
from apps.players.operations import change_status
from tests.factories.cases import NARRATIVE, NOW, colleague, hit, tick_all
from tests.factories.games import make_player

Step = Callable[[random.Random, datetime], object]
_STEPS = 60


class Story:
    """Two colleagues and two players, and whatever may happen between them."""

    def __init__(self) -> None:
        self.players = [make_player("ann"), make_player("bob")]
        brand = self.players[0].brand
        self.people = [colleague("mlro", brand=brand), colleague("investigator", brand=brand)]
        self.steps: list[Step] = [
            self.hit, self.hit, self.claim, self.claim, self.restrict, self.suspend, self.unlock, self.shut, self.close,
            self.close, self.merge, self.agree, self.agree, self.wait, self.reopen, self.sweep, self.release,
        ]  # fmt: skip

    def case(self, dice: random.Random) -> Case:
        return dice.choice(list(Case.objects.order_by("pk")) or [Case(pk=0)])

    def hit(self, dice: random.Random, now: datetime) -> object:
        key = f"R-{dice.randrange(3)}"
        kind = dice.choice(["aml", "fraud"])
        size = str(dice.randrange(1, 9))
        return hit(dice.choice(self.players), blueprint=kind, dedupe_key=key, rule_id=key, magnitude=size, now=now)

    def claim(self, dice: random.Random, now: datetime) -> object:
        return claim_next(actor=dice.choice(self.people), now=now)

    def decide(self, dice: random.Random, now: datetime, effect: str, **params: Any) -> object:
        case = self.case(dice)
        return decide(
            case_id=case.pk, effect=effect, params=params, reason_code="other", note="As it happens",
            actor=case.holder or self.people[0], now=now,
        )  # fmt: skip

    def restrict(self, dice: random.Random, now: datetime) -> object:
        named = dice.sample(["withdrawal", "play", "deposit"], dice.randrange(1, 3))
        return self.decide(dice, now, "restrict", restrictions=named)

    def suspend(self, dice: random.Random, now: datetime) -> object:
        return self.decide(dice, now, "suspend")

    def unlock(self, dice: random.Random, now: datetime) -> object:
        return self.decide(dice, now, "unlock")

    def shut(self, dice: random.Random, now: datetime) -> object:
        return self.decide(dice, now, "close_account") if dice.random() < 0.1 else None

    def close(self, dice: random.Random, now: datetime) -> object:
        case = self.case(dice)
        if case.holder is None:
            return None
        tick_all(case, case.holder, now=now)
        found = dice.choice(["false_positive", "confirmed"])
        return closing.resolve_case(
            case_id=case.pk, resolution=found, reason_codes=["other"], narrative=NARRATIVE, actor=case.holder, now=now
        )

    def merge(self, dice: random.Random, now: datetime) -> object:
        case, into = self.case(dice), self.case(dice)
        actor = case.holder or self.people[0]
        return linking.merge_case(case_id=case.pk, into_id=into.pk, reason="One story", actor=actor, now=now)

    def agree(self, dice: random.Random, now: datetime) -> object:
        waiting_ones = list(ApprovalRequest.objects.filter(state="waiting").order_by("pk"))
        if not waiting_ones:
            return None
        checker = dice.choice(self.people)
        yes = dice.random() < 0.8
        return decide_approval(
            request_id=dice.choice(waiting_ones).pk, checker=checker, approve=yes, reason="As it is", now=now
        )

    def wait(self, dice: random.Random, now: datetime) -> object:
        case = self.case(dice)
        return waiting.await_player(case_id=case.pk, what="Payslip", actor=case.holder or self.people[0], now=now)

    def reopen(self, dice: random.Random, now: datetime) -> object:
        return closing.reopen_case(case_id=self.case(dice).pk, reason="New facts", actor=self.people[0], now=now)

    def release(self, dice: random.Random, now: datetime) -> object:
        case = self.case(dice)
        return claims.release_case(case_id=case.pk, reason="Enough", actor=case.holder or self.people[0], now=now)

    def sweep(self, dice: random.Random, now: datetime) -> object:
        return warn(now=now) + claims.expire_claims(now=now) + waiting.return_from_player(now=now)


def broken_invariants() -> list[str]:
    """What is wrong: C1 for alerts, C2 for money, and what closed means."""
    wrong = [
        f"C1: open alert {alert.pk} lies in {alert.case} which is {alert.case.state}"
        for alert in Alert.objects.filter(state="open", case__state="resolved").select_related("case")
    ]
    for player in Player.objects.all():
        is_held = player.status == "suspended" or "withdrawal" in player.restrictions
        explained = list(CaseHold.objects.filter(player=player, closed_at=None).select_related("case"))
        open_ones = [hold for hold in explained if hold.case.state != "resolved"]
        if is_held != (len(explained) == 1) or len(open_ones) != len(explained):
            wrong.append(f"C2: {player} {player.status} {player.restrictions} is explained by {explained}")
    twins = Counter(Case.objects.exclude(state="resolved").values_list("player", "blueprint_code"))
    wrong += [f"C1: {count} open cases of {key}" for key, count in twins.items() if count > 1]
    clocks = Case.objects.filter(state="resolved").exclude(due_at=None, warn_at=None, holder=None, urgency=0)
    return wrong + [f"resolved {case} is still in the SLA" for case in clocks]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.django_db
def test_whatever_happens_alerts_are_in_one_case_and_held_money_is_explained_by_one(seed: int) -> None:
    dice = random.Random(seed)
    story = Story()
    now = NOW
    done = 0
    for _ in range(_STEPS):
        now += timedelta(hours=dice.choice([0, 1, 7, 60]))
        step = dice.choice(story.steps)
        try:
            with transaction.atomic():
                done += step(dice, now) is not None
        except (DomainError, PermissionDenied):
            pass  # a refusal is an answer too; nothing may have moved
        assert broken_invariants() == [], step
    assert done > 15


@pytest.mark.django_db
def test_the_invariants_would_be_seen_to_break() -> None:
    player = make_player()
    raised = hit(player)
    change_status(player_id=player.pk, to="suspended", reason_code="by-hand", actor="somebody", now=NOW)
    assert [line[:2] for line in broken_invariants()] == ["C2"]
    change_status(player_id=player.pk, to="active", reason_code="by-hand", actor="somebody", now=NOW)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE compliance_case SET state = 'resolved', resolution = 'confirmed', resolved_at = now(),"
            " due_at = NULL, warn_at = NULL, clock_started_at = NULL WHERE id = %s",
            [raised.case_id],
        )
    assert [line[:2] for line in broken_invariants()] == ["C1"]


@pytest.mark.django_db(transaction=True)
def test_many_who_claim_at_once_are_given_different_cases() -> None:
    first = make_player()
    players = [make_player(f"p{number}") for number in range(60)]
    for player in players:
        hit(player)
    people = [colleague("mlro", f"officer{number}", brand=first.brand) for number in range(20)]
    barrier = threading.Barrier(len(people))
    given: list[tuple[int, int]] = []

    def work(person: User) -> None:
        try:
            barrier.wait()
            for _ in range(4):
                case_id = claim_next(actor=person, now=NOW)
                if case_id is not None:
                    given.append((case_id, person.pk))
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[person]) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(given) == 60
    assert len({case for case, _ in given}) == 60
    assert dict(Case.objects.values_list("pk", "holder")) == dict(given)


@pytest.mark.django_db(transaction=True)
def test_hits_at_the_same_moment_make_one_case_and_one_alert() -> None:
    player = make_player()
    barrier = threading.Barrier(8)
    raised: list[Any] = []

    def work() -> None:
        try:
            barrier.wait()
            raised.append(
                raise_alert(
                    player_id=player.pk, blueprint="aml", source="race", dedupe_key="R-1", severity="high",
                    title="Race", explanation="Eight at once", evidence={}, now=NOW,
                )
            )  # fmt: skip
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(each.is_new for each in raised) == {True: 1, False: 7}
    assert list(Case.objects.values_list("hit_count", flat=True)) == [8]
    assert list(Alert.objects.values_list("hit_count", flat=True)) == [8]
