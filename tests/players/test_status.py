"""Status of a player: every change with its reason, and with effect at once."""

import threading
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.exceptions import PermissionDenied
from django.db import InternalError, connection, transaction
from django.db.utils import IntegrityError
from django.test import Client

from apps.brands.models import Brand, StaffScope
from apps.core import clock
from apps.core.request_context import request_context
from apps.players.models import Player, StatusChange
from apps.players.operations import change_status
from apps.players.operations.status import NEXT_STATUSES, UnableToChangeStatus
from tests.factories.players import logged_in, login, make_brand, make_player, problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def player(brand: Brand) -> Player:
    return make_player()


def change(player: Player, to: str, *restrictions: str, actor: User | str = "test", **more: Any) -> StatusChange | None:
    terms = {"reason_code": "test", "now": clock.now(), **more}
    return change_status(player_id=player.pk, to=to, restrictions=restrictions, actor=actor, **terms)


def test_a_change_is_recorded_with_its_reason(player: Player) -> None:
    now = clock.now()
    with request_context() as context:
        change(player, "restricted", "play", "bonus", reason_code="aml-review", note="see case 12", now=now)
    player.refresh_from_db()
    assert (player.status, player.restrictions) == ("restricted", ["bonus", "play"])
    row = StatusChange.objects.values().get()
    assert {name: value for name, value in row.items() if name != "id"} == {
        "player_id": player.pk,
        "from_status": "active",
        "to_status": "restricted",
        "restrictions": ["bonus", "play"],
        "reason_code": "aml-review",
        "note": "see case 12",
        "actor": "test",
        "request_id": context.request_id,
        "changed_at": now,
    }


def test_asking_for_what_is_already_so_changes_and_records_nothing(player: Player) -> None:
    assert change(player, "active") is None
    change(player, "restricted", "play")
    assert change(player, "restricted", "play") is None
    assert StatusChange.objects.count() == 1


@pytest.mark.parametrize("start", Player.Status.values)
@pytest.mark.parametrize("to", Player.Status.values)
def test_every_pair_of_statuses_is_allowed_or_refused_as_the_table_says(brand: Brand, start: str, to: str) -> None:
    player = make_player()
    if start != "active":
        change(player, start, *(["play"] if start == "restricted" else []))
    recorded = StatusChange.objects.count()
    restrictions = ["deposit"] if to == "restricted" else []
    if to in NEXT_STATUSES[start]:
        assert change(player, to, *restrictions) is not None
    elif to == start:
        assert change(player, to, *restrictions) is None
    else:
        with pytest.raises(UnableToChangeStatus):
            change(player, to, *restrictions)
    moved = to in NEXT_STATUSES[start]
    player.refresh_from_db()
    assert player.status == (to if moved else start)
    assert StatusChange.objects.count() == recorded + moved


def test_a_closed_account_comes_back_through_suspension_only(player: Player) -> None:
    change(player, "closed")
    with pytest.raises(UnableToChangeStatus, match="closed cannot become active"):
        change(player, "active")
    change(player, "suspended")
    change(player, "active")
    assert login(Client(), player.username).status_code == 201


@pytest.mark.parametrize(
    ("to", "restrictions"),
    [("restricted", ()), ("suspended", ("play",)), ("active", ("login",)), ("restricted", ("fly",)), ("gone", ())],
)
def test_status_and_restrictions_must_go_together(player: Player, to: str, restrictions: tuple[str, ...]) -> None:
    with pytest.raises(UnableToChangeStatus):
        change(player, to, *restrictions)
    assert not StatusChange.objects.exists()


@pytest.mark.parametrize(("to", "restrictions"), [("suspended", ()), ("closed", ()), ("restricted", ("login",))])
def test_who_may_no_longer_log_in_is_logged_out_everywhere(
    player: Player, to: str, restrictions: tuple[str, ...]
) -> None:
    other = logged_in(make_player())
    callers = [logged_in(player), logged_in(player)]
    change(player, to, *restrictions)
    for caller in callers:
        problem(caller.get("me"), 401, "authentication-failed")
    reasons = player.sessions.values_list("revoked_reason", flat=True)
    assert list(reasons) == [to, to]
    assert other.get("me").status_code == 200


def test_a_restriction_that_allows_log_in_ends_no_session(player: Player) -> None:
    caller = logged_in(player)
    change(player, "restricted", "play")
    body = caller.get("me").json()
    assert (body["status"], body["restrictions"]) == ("restricted", ["play"])


def test_a_session_does_not_outlive_the_status_even_if_it_was_not_ended(player: Player) -> None:
    caller = logged_in(player)
    Player.objects.filter(pk=player.pk).update(status="suspended")
    problem(caller.get("me"), 401, "authentication-failed")


@pytest.mark.django_db(transaction=True)
def test_a_log_in_that_meets_a_suspension_leaves_no_live_session() -> None:
    make_brand()
    player = make_player()
    together = threading.Barrier(5)

    def knock() -> None:
        try:
            together.wait(timeout=10)
            login(Client(), player.username)
        finally:
            connection.close()

    def suspend() -> None:
        try:
            together.wait(timeout=10)
            change(player, "suspended")
        finally:
            connection.close()

    threads = [threading.Thread(target=target) for target in (knock, knock, suspend, knock, knock)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert not player.sessions.filter(revoked_at=None).exists()
    assert Player.objects.get().status == "suspended"


def test_staff_need_the_permission_and_the_brand(player: Player) -> None:
    clerk = User.objects.create_user("clerk", password="x")
    with pytest.raises(PermissionDenied):
        change(player, "suspended", actor=clerk)
    clerk.user_permissions.add(Permission.objects.get(codename="change_status", content_type__app_label="players"))
    clerk = User.objects.get(pk=clerk.pk)
    with pytest.raises(PermissionDenied):
        change(player, "suspended", actor=clerk)
    assert not StatusChange.objects.exists()
    StaffScope.objects.create(user=clerk, brand=player.brand)
    made = change(player, "suspended", actor=clerk)
    assert made is not None
    assert made.actor == "clerk"


def test_the_history_cannot_be_altered_by_anyone(player: Player) -> None:
    change(player, "suspended")
    for attempt in (
        lambda: StatusChange.objects.update(reason_code="other"),
        lambda: StatusChange.objects.all().delete(),
    ):
        with pytest.raises((IntegrityError, InternalError), match="append-only"), transaction.atomic():
            attempt()
    assert StatusChange.objects.get().reason_code == "test"


@pytest.mark.parametrize(
    "values",
    [{"status": "gone"}, {"restrictions": ["fly"]}, {"status": "restricted"}, {"restrictions": ["play"]}],
)
def test_the_database_refuses_a_status_that_makes_no_sense(player: Player, values: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Player.objects.filter(pk=player.pk).update(**values)
