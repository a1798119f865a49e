"""The wallet function agrees with the model in random play, and no broken twin of it does."""

import pytest
from django.db import DatabaseError, transaction
from hypothesis.stateful import run_state_machine_as_test

from tests.ledger_property import twins
from tests.ledger_property.machine import SOUND, TWIN, Play

pytestmark = pytest.mark.django_db


def test_random_play_ends_as_the_model_says_and_with_sound_books() -> None:
    run_state_machine_as_test(Play, settings=SOUND)


@pytest.mark.parametrize("twin", twins.SEQUENTIAL, ids=str)
def test_random_play_finds_out_a_broken_twin(twin: twins.Twin) -> None:
    with transaction.atomic():
        twin.install()
        with pytest.raises((AssertionError, DatabaseError)):
            run_state_machine_as_test(Play, settings=TWIN)
        transaction.set_rollback(True)
