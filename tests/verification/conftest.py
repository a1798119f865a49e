"""Vendors on loopback, each with a player; staff of every role."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Group, User
from django.test import Client

from apps.backoffice.roles import sync_roles
from apps.brands.models import StaffScope
from tests.factories.integrations import make_brand
from tests.verification.vendors import START, VENDORS, Onfido, Sumsub, Vendor, open_api

Login = Callable[[str], Client]


@pytest.fixture(autouse=True)
def _documents(settings: Any, tmp_path: Path) -> None:
    settings.DOCUMENTS_DIR = str(tmp_path / "documents")


@pytest.fixture
def after_start() -> Iterator[None]:
    """An hour after the vendors' stories begin, so that what they decide lies in the past."""
    with time_machine.travel(START.replace(hour=10), tick=True):
        yield


@pytest.fixture(params=sorted(VENDORS))
def vendor(request: pytest.FixtureRequest, db: None, client: Client, after_start: None) -> Iterator[Vendor]:
    """Either vendor, connected, with a player who was sent to it."""
    kind = VENDORS[request.param]
    with open_api(kind.respond) as api:
        made = kind(api, client)
        made.begin()
        yield made


@pytest.fixture
def onfido(db: None, client: Client, after_start: None) -> Iterator[Onfido]:
    with open_api(Onfido.respond) as api:
        made = Onfido(api, client)
        made.begin()
        yield made


@pytest.fixture
def sumsub(db: None, client: Client, after_start: None) -> Iterator[Sumsub]:
    with open_api(Sumsub.respond) as api:
        made = Sumsub(api, client)
        made.begin()
        yield made


@pytest.fixture
def login(db: None) -> Login:
    """Log somebody of a role in."""

    def _login(role: str) -> Client:
        sync_roles()
        user, made = User.objects.get_or_create(username=f"of-{role}", is_staff=True)
        if made:
            user.groups.set([Group.objects.get(name=role)])
            StaffScope.objects.create(user=user, brand=make_brand())
        client = Client()
        client.force_login(user)
        return client

    return _login
