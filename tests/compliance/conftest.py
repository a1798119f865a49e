"""A command that two people carry out together, for the tests of how."""

from collections.abc import Iterator

import pytest

from tests.compliance import desk


@pytest.fixture
def command() -> Iterator[None]:
    with desk.the_command():
        yield
