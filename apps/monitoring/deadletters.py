"""Dead letters: tried again with growing pauses, or set aside by people with a note."""

from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction

from apps.integrations.outbox import Fact
from apps.monitoring.deciding import decide
from apps.monitoring.engine import Engine, RunningRule, made_ready, running_rules
from apps.monitoring.intake import seen_in, store
from apps.monitoring.models import DeadLetter
from apps.monitoring.points import Point, people
from apps.monitoring.stream import judge, points_seen

MOST_TRIES = 6
_FIRST_PAUSE = timedelta(minutes=1)


def retry_due(*, now: datetime, most: int = 200) -> int:
    """Try what is due again, each in a transaction of its own; returns how many were settled."""
    due = DeadLetter.objects.filter(settled_at__isnull=True, next_try_at__lte=now).order_by("next_try_at")
    return sum(retry(letter_id=pk, now=now) for pk in list(due.values_list("pk", flat=True)[:most]))


@transaction.atomic
def retry(*, letter_id: int, now: datetime) -> bool:
    """Try one dead letter again; True if that settled it."""
    letter = (
        DeadLetter.objects.select_for_update(skip_locked=True)
        .filter(pk=letter_id, settled_at__isnull=True, stage__in=DeadLetter.TRIED_AGAIN)
        .first()
    )
    if letter is None:
        return False
    letter.tries += 1
    try:
        with transaction.atomic():
            how = _judged_again(letter, now=now) if letter.stage == "rule" else _taken_in_again(letter, now=now)
    except Exception as error:  # noqa: BLE001 - it stays where it is, with the new reason
        letter.error = f"{type(error).__name__}: {error}"[:500]
        given_up = letter.tries >= MOST_TRIES
        letter.next_try_at = None if given_up else now + _FIRST_PAUSE * 4 ** (letter.tries - 1)
        letter.save(update_fields=["tries", "error", "next_try_at"])
        return False
    letter.settled_at, letter.settled_how, letter.next_try_at = now, how, None
    letter.save(update_fields=["tries", "settled_at", "settled_how", "next_try_at"])
    return True


def _judged_again(letter: DeadLetter, *, now: datetime) -> str:
    if letter.version is None or letter.player_id is None:
        return "names no rule or player"
    person = people([letter.player_id]).get(letter.player_id)
    if person is None or letter.version.state not in ("live", "shadow"):
        return "the rule does not run any more, or the player is gone"
    said = letter.payload
    point = Point(
        person, datetime.fromisoformat(said["at"]), letter.purpose, said["event"], said["subject"], said["mode"]
    )
    rule: RunningRule = made_ready(letter.version)
    others = {each.code: each for each in running_rules() if not each.is_shadow}
    decide([Engine(others=others).evaluated(rule, point)], now=now)
    return "judged at a later try"


def _taken_in_again(letter: DeadLetter, *, now: datetime) -> str:
    said = letter.payload
    at = datetime.fromisoformat(said["at"])
    fact = Fact(UUID(said["fact"]), 0, said["kind"], "", letter.player_id, said["subject"], said["data"], None, at)
    taken = [seen for seen in seen_in(fact) if store(seen)]
    judge(points_seen(taken), now=now)
    return "taken in at a later try"


@transaction.atomic
def set_aside(*, letter_id: int, by: User, note: str, now: datetime) -> DeadLetter:
    """Close a dead letter by hand, with a note that says why."""
    if not (by.is_active and by.has_perm("monitoring.settle_deadletter")):
        raise PermissionDenied
    letter = DeadLetter.objects.select_for_update().get(pk=letter_id)
    if letter.settled_at is None:
        letter.settled_at, letter.next_try_at = now, None
        letter.settled_how = f"{by.get_username()}: {note}"[:120]
        letter.save(update_fields=["settled_at", "settled_how", "next_try_at"])
    return letter
