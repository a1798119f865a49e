"""Keeping and erasing: what the law keeps, what a hold keeps, what is left, and that the books still balance."""

from datetime import UTC, date, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, connections, transaction

from apps.brands.models import StaffScope
from apps.compliance.approvals import ApprovalStale, decide_approval
from apps.compliance.models import ApprovalRequest, Erasure, ErasureRequest, LegalHold
from apps.compliance.retention import (
    ErasureAnswered,
    ErasureOpen,
    HoldNotSound,
    HoldReleased,
    SubjectUnknown,
    UnableToErase,
    answer_erasure_request,
    ask_to_release,
    erase_expired,
    erase_player,
    place_hold,
    record_erasure_request,
    retention_of,
)
from apps.payments.models import Instrument, PaymentMethod
from apps.players.caller import Caller
from apps.players.models import LoginAttempt, Player, ProfileChange
from apps.players.operations import change_status
from apps.players.operations.sessions import open_session
from apps.transactions.books import check_books
from apps.wallets.history import transactions_of
from tests.factories.games import make_player
from tests.factories.policies import put_in_force
from tests.factories.staff import make_staff

pytestmark = pytest.mark.django_db
CLOSED_AT = datetime(2021, 5, 3, 22, 30, tzinfo=UTC)  # already 4 May in Malta
DUE = date(2026, 5, 5)
BEFORE, AFTER = datetime(2026, 5, 4, 21, 59, tzinfo=UTC), datetime(2026, 5, 4, 22, 1, tzinfo=UTC)  # midnight in Malta
CANARIES = ("astrid", "Berg", "203.0.113.7", "Canary Street", "canary-note", "canary-token", "canary-agent")


@pytest.fixture
def player() -> Player:
    """A player whose account was closed on 4 May 2021, with traces of himself all over the place."""
    put_in_force("MT", "retention_years_after_relationship", 5)
    person = make_player("astrid", street="Canary Street 1", phone="+356 1234")
    open_session(player=person, caller=Caller("203.0.113.7", user_agent="canary-agent"), now=CLOSED_AT)
    ProfileChange.objects.create(
        player=person, field="city", old_value="Canary Street", actor="player", changed_at=CLOSED_AT
    )
    for name in ("astrid", "Astrid"):
        LoginAttempt.objects.create(
            brand=person.brand, player=person if name == "astrid" else None, username=name, outcome="success",
            remote_address="203.0.113.7", user_agent="canary-agent", attempted_at=CLOSED_AT,
        )  # fmt: skip
    bank = PaymentMethod.objects.create(code="bank", name="Bank transfer")
    Instrument.objects.create(
        player=person, method=bank, token="canary-token", masked="canary-token", holder="Astrid Berg",
        changed_at=CLOSED_AT,
    )  # fmt: skip
    close(person)
    return Player.objects.get(pk=person.pk)


def close(person: Player) -> None:
    why = {"reason_code": "player-request", "note": "canary-note of Berg"}
    change_status(player_id=person.pk, to="closed", actor="test", now=CLOSED_AT, **why)


def staff(name: str, player: Player, *permissions: str) -> User:
    return make_staff(name, *permissions, brands=(player.brand,))


def officer(player: Player) -> User:
    found = User.objects.filter(username="officer").first()
    return found or staff("officer", player, "compliance.handle_erasure", "compliance.place_hold")


def hold_on(player: Player, *, now: datetime = BEFORE) -> LegalHold:
    return place_hold(
        player_id=player.pk, scope="Court case 7/26", reason="the court asked", owner=officer(player),
        review_on=now.date() + timedelta(days=90), now=now,
    )  # fmt: skip


def where_canaries_are() -> list[str]:
    """Search every text of every table that is not a log with a clock of its own."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
            " AND table_type = 'BASE TABLE' AND table_name !~ '^(auth_|django_|integrations_|brands_)'"
        )
        for (table,) in cursor.fetchall():
            for canary in CANARIES:
                search = f'SELECT count(*) FROM "{table}" t WHERE t::text ILIKE %s'  # noqa: S608 - our own names
                cursor.execute(search, [f"%{canary}%"])
                if cursor.fetchone() != (0,):
                    found.append(f"{table}: {canary}")
    return found


def test_data_are_kept_for_the_years_of_the_jurisdiction_from_its_own_day_on(player: Player) -> None:
    kept = retention_of(player, now=BEFORE)

    assert (kept.ended_on, kept.years, kept.delete_on) == (date(2021, 5, 4), 5, DUE)
    assert kept.rule.jurisdiction == "MT"


def test_erased_on_the_day_and_not_a_minute_before(player: Player) -> None:
    assert erase_expired(now=BEFORE) == 0
    assert where_canaries_are() != []

    assert erase_expired(now=AFTER) == 1

    assert where_canaries_are() == []
    done = Erasure.objects.get()
    assert (done.due_on, done.actor, done.counts["profile"]) == (DUE, "the calendar", 1)
    assert done.counts["login_attempts"] == 2
    assert done.counts["instruments"] == 1
    gone = Player.objects.get(pk=player.pk)
    assert (gone.first_name, gone.birth_date, gone.country) == ("", date(1900, 1, 1), "MT")
    assert erase_expired(now=AFTER) == 0


def test_the_books_balance_after_an_erasure_and_the_movements_stay(player: Player) -> None:
    before = [row.pk for row in transactions_of(player.pk)]

    erase_player(player_id=player.pk, now=AFTER)

    assert list(check_books()) == []
    assert [row.pk for row in transactions_of(player.pk)] == before


def test_a_player_with_money_is_not_erased() -> None:
    put_in_force("MT", "retention_years_after_relationship", 5)
    rich = make_player("rich", cash="12.50")
    close(rich)

    with pytest.raises(UnableToErase, match=r"12\.50 EUR cash"):
        erase_player(player_id=rich.pk, now=AFTER)

    assert erase_expired(now=AFTER) == 0
    assert Player.objects.get(pk=rich.pk).first_name == "Astrid"


def test_an_open_or_reopened_account_is_not_erased(player: Player) -> None:
    change_status(player_id=player.pk, to="suspended", reason_code="other", actor="test", now=CLOSED_AT)

    with pytest.raises(UnableToErase, match="open"):
        erase_player(player_id=player.pk, now=AFTER)

    assert erase_expired(now=AFTER) == 0


def test_without_a_period_of_its_own_nothing_is_erased() -> None:
    put_in_force("GB", "retention_years_after_relationship", 5)  # is borrowed for keeping only
    person = make_player("astrid")
    close(person)

    assert erase_expired(now=AFTER) == 0
    with pytest.raises(UnableToErase, match="no period of its own"):
        erase_player(player_id=person.pk, now=AFTER)


def test_a_hold_keeps_everything_until_two_people_release_it(player: Player) -> None:
    hold = hold_on(player)
    assert erase_expired(now=AFTER) == 0
    with pytest.raises(UnableToErase, match="Court case 7/26"):
        erase_player(player_id=player.pk, now=AFTER)

    request = ask_to_release(hold_id=hold.pk, maker=officer(player), reason="the case is over", now=BEFORE)
    assert erase_expired(now=AFTER) == 0
    releaser = staff("releaser", player, "compliance.release_hold")
    decide_approval(request_id=request.pk, checker=releaser, approve=True, reason="seen the order", now=BEFORE)

    assert erase_expired(now=AFTER) == 1
    hold.refresh_from_db()
    # That it was held and released, by whom and when, stays; the words about it go with the player.
    assert (hold.released_by, hold.released_at, hold.reason, hold.release_reason) == (releaser, BEFORE, "", "")


def test_a_hold_is_released_once(player: Player) -> None:
    hold = hold_on(player)
    releaser = staff("releaser", player, "compliance.release_hold")
    first, second = (
        ask_to_release(hold_id=hold.pk, maker=officer(player), reason="the case is over", now=BEFORE) for _ in range(2)
    )
    decide_approval(request_id=first.pk, checker=releaser, approve=True, reason="", now=BEFORE)

    with pytest.raises(ApprovalStale):
        decide_approval(request_id=second.pk, checker=releaser, approve=True, reason="", now=BEFORE)
    with pytest.raises(HoldReleased):
        ask_to_release(hold_id=hold.pk, maker=officer(player), reason="the case is over", now=BEFORE)
    assert ApprovalRequest.objects.filter(state="executed").count() == 1


@pytest.mark.parametrize(
    "terms", [{"scope": " "}, {"reason": ""}, {"review_on": BEFORE.date()}, {"review_on": date(2028, 1, 1)}]
)
def test_a_hold_says_what_and_why_and_is_reviewed_within_a_year(player: Player, terms: dict[str, Any]) -> None:
    sound = {"scope": "Court", "reason": "asked", "review_on": date(2026, 8, 1)}

    with pytest.raises(HoldNotSound):
        place_hold(player_id=player.pk, owner=officer(player), now=BEFORE, **{**sound, **terms})

    assert not LegalHold.objects.exists()


def test_a_request_within_the_period_is_answered_with_law_day_and_rights(player: Player) -> None:
    asked = record_erasure_request(player_id=player.pk, channel="letter", actor=officer(player), now=BEFORE)
    assert asked.due_at == BEFORE + timedelta(days=30)

    done = answer_erasure_request(request_id=asked.pk, actor=officer(player), now=BEFORE)

    assert (done.state, done.delete_on) == ("refused", DUE)
    for said in (
        "Dear {name}", "Article 17(3)(b)", "5 years", "closed on 4 May 2021", "erased on 5 May 2026",
        "complain to the Office of the Information and Data Protection Commissioner", "go to court",
    ):  # fmt: skip
        assert said in done.answer
    assert Player.objects.get(pk=player.pk).first_name == "Astrid"
    with pytest.raises(ErasureAnswered):
        answer_erasure_request(request_id=asked.pk, actor=officer(player), now=BEFORE)


def test_the_letter_is_the_same_with_a_hold_as_without(player: Player) -> None:
    def letter() -> str:
        asked = record_erasure_request(player_id=player.pk, channel="letter", actor=officer(player), now=AFTER)
        return answer_erasure_request(request_id=asked.pk, actor=officer(player), now=BEFORE).answer

    without = letter()
    hold_on(player)

    assert letter() == without
    assert "Court" not in without
    assert "legal hold" not in without


def test_a_request_after_the_period_erases_at_once(player: Player) -> None:
    asked = record_erasure_request(player_id=player.pk, channel="letter", actor=officer(player), now=AFTER)

    done = answer_erasure_request(request_id=asked.pk, actor=officer(player), now=AFTER)

    assert (done.state, Erasure.objects.get().actor) == ("erased", "officer")
    assert where_canaries_are() == []


def test_one_request_at_a_time_and_only_by_staff_of_the_brand(player: Player) -> None:
    record_erasure_request(player_id=player.pk, channel="letter", actor=officer(player), now=BEFORE)

    with pytest.raises(ErasureOpen):
        record_erasure_request(player_id=player.pk, channel="e-mail", actor=officer(player), now=BEFORE)
    stranger = make_staff("stranger", "compliance.handle_erasure")
    with pytest.raises(SubjectUnknown):
        answer_erasure_request(request_id=ErasureRequest.objects.get().pk, actor=stranger, now=BEFORE)
    StaffScope.objects.create(user=stranger, brand=player.brand)
    with pytest.raises(PermissionDenied):
        place_hold(player_id=player.pk, scope="x", reason="y", review_on=date(2026, 8, 1), owner=stranger, now=BEFORE)


def test_history_gives_way_to_an_erasure_and_to_nothing_else(player: Player) -> None:
    def run(statement: str) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(statement)

    for statement in (
        "UPDATE players_statuschange SET note = ''",
        "UPDATE players_statuschange SET to_status = 'active'",
        "DELETE FROM players_statuschange",
        "TRUNCATE players_statuschange",
    ):
        with pytest.raises(DatabaseError, match="append-only"):
            run(statement)
    erase_player(player_id=player.pk, now=AFTER)
    for statement in (
        "UPDATE players_statuschange SET to_status = 'active'",
        "UPDATE players_statuschange SET note = 'other'",
        "UPDATE compliance_erasure SET counts = '{}'",
        "DELETE FROM compliance_erasure",
        "DELETE FROM compliance_legalhold",
    ):
        with pytest.raises(DatabaseError, match="append-only"):
            run(statement)


@pytest.mark.django_db(transaction=True)
def test_a_hold_placed_while_the_calendar_erases_is_placed_or_too_late_never_both() -> None:
    put_in_force("MT", "retention_years_after_relationship", 5)
    person = make_player("astrid")
    close(person)
    officer(person)
    barrier = Barrier(3)
    outcomes: list[str] = []

    def take_part(name: str, work: Any) -> None:
        barrier.wait()
        try:
            work()
            outcomes.append(name)
        except UnableToErase:
            outcomes.append(f"no {name}")
        finally:
            connections.close_all()

    threads = [
        Thread(target=take_part, args=("hold", lambda: hold_on(person))),
        *(
            Thread(target=take_part, args=("erasure", lambda: erase_player(player_id=person.pk, now=AFTER)))
            for _ in range(2)
        ),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Erasure.objects.count() == outcomes.count("erasure") <= 1
    assert outcomes.count("hold") == 1
