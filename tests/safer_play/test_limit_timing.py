"""When a change of a limit counts: the conformance table of the reference, rule by rule (L3 to L6, L10, L11)."""

from datetime import UTC, datetime, timedelta

import pytest

from apps.core.money import Money
from apps.safer_play.limit_terms import LimitAboveCap, LimitNotPossible, Terms
from apps.safer_play.limits import NoSuchLimit, apply_due_changes_of, record_contact, set_limit, withdraw_change
from apps.safer_play.models import Limit, LimitEvent
from apps.safer_play.windows import limits_in_force
from tests.factories.integrations import make_brand
from tests.providers.table import staff
from tests.safer_play.scene import limit, player_in

pytestmark = pytest.mark.usefixtures("policies")
# A Wednesday, 13:00 in Stockholm.
NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def stockholm(day: int, hour: int, month: int = 11) -> datetime:
    """An instant by the winter clock of Stockholm."""
    return datetime(2026, month, day, hour, tzinfo=UTC) - timedelta(hours=1)


@pytest.mark.parametrize(
    ("requested", "period", "effective"),
    [
        # The regulator's own example: with 24 hours of the week left, 48 hours after it ends.
        pytest.param(stockholm(29, 0), "week", stockholm(2, 0, 12), id="24 h of the week left"),
        pytest.param(stockholm(25, 0), "week", stockholm(30, 0), id="5 days left: when the week ends"),
        pytest.param(NOW, "day", NOW + timedelta(hours=72), id="day: 72 h after the request"),
        pytest.param(stockholm(21, 0), "month", stockholm(1, 0, 12), id="10 days left: when the month ends"),
    ],
)
def test_in_sweden_an_increase_waits_for_72_hours_and_for_the_running_period(
    requested: datetime, period: str, effective: datetime
) -> None:
    player = player_in("SE", currency="SEK", brand=make_brand(currencies=("SEK",)))
    limit(player, "deposit", "500", period, now=requested - timedelta(days=40))
    change = limit(player, "deposit", "600", period, now=requested)
    assert change.effective is not None
    assert change.effective.money == Money.parse("500", "SEK")
    assert change.pending is not None
    assert (change.pending.state, change.pending.effective_at) == ("pending", effective)


@pytest.mark.parametrize("law", ["CA-ON", "GB", "MT"])
@pytest.mark.parametrize("period", ["day", "week", "month"])
def test_in_ontario_britain_and_malta_an_increase_waits_for_24_hours(law: str, period: str) -> None:
    player = player_in(law)
    limit(player, "deposit", "100", period, now=NOW - timedelta(days=3))
    change = limit(player, "deposit", "200", period, now=NOW)
    assert change.pending is not None
    assert change.pending.effective_at == NOW + timedelta(hours=24)
    assert change.pending.policy_version_id is not None
    before, after = NOW + timedelta(hours=24, microseconds=-1), NOW + timedelta(hours=24)
    assert [each.terms_text for each in limits_in_force(player.pk, now=before)] == ["100.00 EUR"]
    assert [each.terms_text for each in limits_in_force(player.pk, now=after)] == ["200.00 EUR"]


def test_a_jurisdiction_without_a_delay_of_its_own_gets_the_longest_there_is() -> None:
    player = player_in("NL")
    limit(player, "loss", "100", "day", now=NOW - timedelta(days=3))
    change = limit(player, "loss", "200", "day", now=NOW)
    assert change.pending is not None
    assert change.pending.effective_at == NOW + timedelta(hours=72)


@pytest.mark.parametrize("law", ["SE", "MT", "GB", "CA-ON"])
def test_a_decrease_counts_at_once_and_voids_the_increase_that_waits(law: str) -> None:
    player = player_in(law)
    limit(player, "loss", "100", "week", now=NOW - timedelta(days=20))
    raised = limit(player, "loss", "300", "week", now=NOW).pending
    change = limit(player, "loss", "50", "week", now=NOW + timedelta(minutes=1))
    assert raised is not None
    assert Limit.objects.get(pk=raised.pk).state == "void"
    assert change.pending is None
    assert change.effective is not None
    assert change.effective.terms_text == "50.00 EUR"
    assert [each.terms_text for each in limits_in_force(player.pk, now=NOW + timedelta(days=30))] == ["50.00 EUR"]


def test_a_first_limit_counts_at_once() -> None:
    change = limit(player_in("SE"), "wager", "100", "day", now=NOW)
    assert change.effective is not None
    assert (change.effective.state, change.effective.effective_at, change.pending) == ("active", NOW, None)


def test_a_removal_waits_as_an_increase_does_and_then_there_is_none() -> None:
    player = player_in("MT")
    limit(player, "loss", "100", "day", now=NOW - timedelta(days=3))
    change = limit(player, "loss", None, "day", now=NOW)
    assert change.pending is not None
    assert change.pending.is_removal
    due = NOW + timedelta(hours=24)
    assert len(limits_in_force(player.pk, now=due - timedelta(microseconds=1))) == 1
    assert limits_in_force(player.pk, now=due) == []
    assert apply_due_changes_of(player_id=player.pk, now=due) == 1
    states = set(Limit.objects.filter(player=player).values_list("is_removal", "state"))
    assert states == {(False, "ended"), (True, "applied")}


def test_the_player_may_take_an_increase_back_at_any_time() -> None:
    player = player_in("MT")
    limit(player, "loss", "100", "day", now=NOW)
    raised = limit(player, "loss", "200", "day", now=NOW).pending
    assert raised is not None
    withdraw_change(player_id=player.pk, public_id=str(raised.public_id), now=NOW + timedelta(hours=23))
    assert apply_due_changes_of(player_id=player.pk, now=NOW + timedelta(hours=25)) == 0
    assert [each.terms_text for each in limits_in_force(player.pk, now=NOW + timedelta(days=9))] == ["100.00 EUR"]


def test_setting_a_limit_anew_does_not_begin_its_period_anew() -> None:
    player = player_in("GB")
    first = limit(player, "deposit", "100", "day", now=NOW).effective
    second = limit(player, "deposit", "90", "day", now=NOW + timedelta(hours=5)).effective
    assert first is not None
    assert second is not None
    assert (first.window, second.anchor_at) == ("fixed", first.anchor_at)


@pytest.mark.parametrize(
    ("law", "currency", "age", "at", "above"),
    [("SE", "SEK", 36, "10000", "10000.01"), ("NL", "EUR", 36, "350", "350.01"), ("NL", "EUR", 20, "150", "150.01")],
)
def test_above_the_threshold_staff_speak_with_the_player_before_a_deposit_limit_counts(
    law: str, currency: str, age: int, at: str, above: str
) -> None:
    player = player_in(law, currency=currency, age=age, brand=make_brand(currencies=(currency,)))
    assert limit(player, "deposit", at, "month", now=NOW).pending is None
    change = limit(player, "deposit", above, "month", now=NOW)
    assert change.pending is not None
    assert change.pending.state == "awaiting_contact"
    # Time alone never lets it count.
    apply_due_changes_of(player_id=player.pk, now=NOW + timedelta(days=60))
    assert [each.size for each in limits_in_force(player.pk, now=NOW + timedelta(days=60))] == [
        Money.parse(at, currency).units
    ]


@pytest.mark.parametrize(("accepted", "in_force"), [(True, "11000.00 SEK"), (False, "100.00 SEK")])
def test_after_the_contact_it_counts_or_is_declined(*, accepted: bool, in_force: str) -> None:
    player = player_in("SE", currency="SEK", brand=make_brand(currencies=("SEK",)))
    limit(player, "deposit", "100", "month", now=NOW - timedelta(days=60))
    change = limit(player, "deposit", "11000", "month", now=NOW)
    assert change.pending is not None
    officer = staff("officer", "contact_about_limit")
    officer.is_superuser = True
    officer.save()
    record_contact(
        limit_id=change.pending.pk, accepted=accepted, actor=officer, note="Called at noon", now=NOW + timedelta(days=9)
    )
    found = limits_in_force(player.pk, now=NOW + timedelta(days=9))
    assert [each.terms_text for each in found] == [in_force]
    assert LimitEvent.objects.filter(limit=change.pending, note="Called at noon", actor="officer").count() == 1


@pytest.mark.parametrize(
    ("law", "period", "cap", "above"),
    [
        ("DE", "month", "1000", "1000.01"),
        ("ES", "day", "600", "600.01"),
        ("ES", "week", "1500", "1500.01"),
        ("ES", "month", "3000", "3000.01"),
    ],
)
def test_the_law_caps_deposit_limits(law: str, period: str, cap: str, above: str) -> None:
    player = player_in(law)
    with pytest.raises(LimitAboveCap):
        limit(player, "deposit", above, period, now=NOW)
    assert Limit.objects.count() == 0
    assert limit(player, "deposit", cap, period, now=NOW).effective is not None


@pytest.mark.parametrize(
    "terms",
    [
        Terms(kind="stake", period="day", money=Money.parse("1", "EUR")),
        Terms(kind="deposit", period="", money=Money.parse("1", "EUR")),
        Terms(kind="session", period="day", money=Money.parse("1", "EUR")),
        Terms(kind="loss", period="day", minutes=5),
        Terms(kind="balance", period="day", money=Money.parse("1", "EUR")),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_set(terms: Terms) -> None:
    player = player_in("MT")
    with pytest.raises(LimitNotPossible):
        set_limit(player_id=player.pk, terms=terms, now=NOW)
    assert Limit.objects.count() == 0


def test_what_is_not_there_can_not_be_removed() -> None:
    with pytest.raises(NoSuchLimit):
        limit(player_in("MT"), "loss", None, "day", now=NOW)
