"""What happens when something that is due for a bonus fails: the others go on, it is tried again, and people see it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client
from django.urls import reverse
from prometheus_client import Gauge

from apps.bonuses.following import act, follow_ledger, lag
from apps.bonuses.models import DepositSeen, FailedStep, Grant
from apps.bonuses.operations.failed_steps import MOST_TRIES, StepSettled, set_aside, try_again
from apps.bonuses.tasks import FAILED, LAG, watch
from apps.core import clock
from apps.integrations.exchange_log import flush
from apps.payments.models import Instrument
from apps.players.models import Player
from tests.bonuses.scene import bet, claimed, fresh, match_terms, publish, purse, terms_of, worked
from tests.contracts.family import Vendor
from tests.factories.games import frontend_of, make_player
from tests.factories.integrations import make_brand
from tests.factories.staff import make_staff
from tests.payments.bank import Bank
from tests.payments.conftest import _bank_protocol, bank, connect_bank, make_instrument
from tests.payments.play import settled_deposit


def logged_in(*permissions: str, brand: str = "aurora") -> Client:
    """A member of staff of a brand."""
    client = Client()
    client.force_login(make_staff(f"of-{brand}", *permissions, brands=(make_brand(brand),)))
    return client


@pytest.fixture
def instrument(player: Player, bank: Bank) -> Instrument:
    connect_bank(bank)
    return make_instrument(player)


pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["_bank_protocol", "bank"]
DAY = 86_400


def shown(gauge: Gauge) -> float:
    """What Prometheus would read."""
    (metric,) = gauge.collect()
    return metric.samples[0].value


@contextmanager
def refused(event: str, condition: str) -> Iterator[None]:
    """Let the database refuse some rows of grants, as a broken trigger or constraint would."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TRIGGER refused BEFORE {event} ON bonuses_grant FOR EACH ROW WHEN ({condition})"
            " EXECUTE FUNCTION core_refuse_change()"
        )
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER refused ON bonuses_grant")


def test_a_grant_whose_end_fails_rests_and_keeps_nobody_waiting(player: Player, frontend: Client) -> None:
    version = publish(terms_of())
    stuck = claimed(frontend, version)
    others = [claimed(frontend_of(make_player(name, cash="10")), version) for name in ("bea", "carl")]
    clock.advance(7 * DAY + 1)
    with refused("UPDATE", f"NEW.id = {stuck.pk} AND NEW.ended_at IS NOT NULL"):
        assert worked() == 2
        assert [fresh(each).state for each in others] == ["expired", "expired"]
        failed = FailedStep.objects.get()
        assert (failed.step, failed.grant_id, failed.tries, failed.brand_id) == ("expire", stuck.pk, 1, player.brand_id)
        assert failed.next_try_at == failed.last_at + timedelta(seconds=10)
        assert "bonuses_grant" in failed.error
        # It rests: the worker's next round does not touch it.
        worked()
        failed.refresh_from_db()
        assert failed.tries == 1
        watch()
        assert shown(FAILED) == 0
        for tries in range(2, MOST_TRIES + 1):
            clock.advance(6 * 3600)
            worked()
            failed.refresh_from_db()
            assert failed.tries == tries
        # It has been given up: only a person lets it be tried again.
        assert FailedStep.objects.get().next_try_at is None
        clock.advance(30 * DAY)
        worked()
        failed.refresh_from_db()
        assert failed.tries == MOST_TRIES
        watch()
        assert shown(FAILED) == 1
    worked()
    assert (fresh(stuck).state, purse(player)) == ("active", (100, 20))
    keeper = make_staff("kim", "bonuses.settle_failedstep", brands=(make_brand(),))
    try_again(failed_id=failed.pk, actor=keeper, now=clock.now())
    assert worked() == 1
    failed = FailedStep.objects.get()
    assert (fresh(stuck).state, purse(player), failed.next_try_at) == ("expired", (100, 0), None)
    assert failed.settled_at is not None
    with pytest.raises(StepSettled):
        try_again(failed_id=failed.pk, actor=keeper, now=clock.now())
    watch()
    assert shown(FAILED) == 0


def test_a_bonus_that_was_earned_is_not_ended_otherwise_while_its_completion_fails(
    player: Player, frontend: Client, vendor: Vendor
) -> None:
    grant = claimed(frontend, publish(terms_of(on_withdrawal="forfeit")))
    bet(vendor, 100, "r1")
    with refused("UPDATE", "NEW.state = 'completed'"):
        worked()
        assert FailedStep.objects.get().step == "complete"
        clock.advance(8 * DAY)
        worked()
        assert (fresh(grant).state, purse(player)) == ("active", (0, 20))
    clock.advance(DAY)
    worked()
    assert (fresh(grant).state, purse(player)) == ("completed", (20, 0))
    assert FailedStep.objects.filter(settled_at=None).count() == 0


def test_a_deposit_that_fails_waits_without_keeping_others_and_can_be_set_aside(
    player: Player, instrument: Instrument
) -> None:
    publish(match_terms())
    other = make_player("bea", cash="10")
    with refused("INSERT", f"NEW.player_id = {player.pk}"):
        settled_deposit(player, "40")
        make_instrument(other)
        settled_deposit(other, "40")
        assert worked() == 1
    failed = FailedStep.objects.get()
    assert (failed.step, failed.brand_id, failed.grant_id) == ("offer", player.brand_id, None)
    assert DepositSeen.objects.filter(done_at=None).count() == 1
    with pytest.raises(PermissionDenied):
        set_aside(failed_id=failed.pk, actor=make_staff("sam", "bonuses.view_failedstep"), reason="no", now=clock.now())
    client = logged_in("bonuses.view_failedstep", "bonuses.settle_failedstep")
    page = client.get(reverse("admin:bonuses_failedstep_changelist")).content.decode()
    assert "Offer what a deposit earns" in page
    address = reverse("admin:bonuses_failedstep_set-aside", args=[failed.pk])
    assert client.post(address, {"reason": "paid by hand"}).status_code == 302
    failed.refresh_from_db()
    assert failed.settled_how.endswith(": paid by hand")
    clock.advance(3600)
    assert worked() == 0
    assert [grant.player_id for grant in Grant.objects.all()] == [other.pk]


def test_a_failed_step_of_another_brand_does_not_exist_for_staff(player: Player, frontend: Client) -> None:
    stuck = claimed(frontend, publish(terms_of()))
    clock.advance(7 * DAY + 1)
    with refused("UPDATE", f"NEW.id = {stuck.pk} AND NEW.ended_at IS NOT NULL"):
        worked()
    client = logged_in("bonuses.view_failedstep", "bonuses.settle_failedstep", brand="elsewhere")
    page = client.get(reverse("admin:bonuses_failedstep_changelist")).content.decode()
    assert "is refused" not in page
    assert "all that was due for bonuses could be done" in page
    address = reverse("admin:bonuses_failedstep_try-again", args=[FailedStep.objects.get().pk])
    assert client.post(address, {}).status_code == 404


def test_how_far_wagering_is_behind_is_measured(player: Player, frontend: Client, vendor: Vendor) -> None:
    claimed(frontend, publish(terms_of()))
    worked()
    bet(vendor, 10, "r1")
    assert flush(10)
    assert lag().waiting >= 1
    assert watch() > 0
    assert shown(LAG) > 0
    follow_ledger()
    assert (lag().waiting, watch()) == (0, 0)
    assert act(now=clock.now()) == 0
