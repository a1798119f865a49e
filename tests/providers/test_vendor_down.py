"""A vendor's server dies and comes back: what players get, what staff see, and that no other vendor is touched."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.integrations import exchange_log
from apps.integrations.connections import forget_connections
from apps.integrations.models import Exchange, Integration
from apps.integrations.watch import breaker
from apps.integrations.watch.incidents import CLOSES_AFTER, watch
from apps.integrations.watch.models import Breaker, Incident
from apps.players.models import Player
from apps.providers.models import GameSession
from tests.factories.games import frontend_of, make_game, make_player
from tests.factories.integrations import connect_game_vendor
from tests.factories.staff import make_staff
from tests.providers.vendor_server import launch_server

pytestmark = pytest.mark.django_db(transaction=True)


def connected(vendor: str, base_url: str) -> Integration:
    integration = connect_game_vendor(vendor, base_url=base_url)
    integration.options = {"operator_id": 4711}
    integration.save()
    make_game(f"{vendor}_game", vendor=vendor)
    forget_connections()
    return integration


def launch(player: Player, vendor: str) -> Any:
    terms = {"mode": "real", "platform": "mobile"}
    return frontend_of(player).post(f"/api/v1/games/{vendor}-game/launch", data=terms, content_type="application/json")


def sent_to(integration: Integration) -> int:
    assert exchange_log.flush()
    return Exchange.objects.filter(integration_id=integration.pk, direction="out").count()


def page_of(integration: Integration, staff: Client) -> str:
    return staff.get(reverse("admin:integrations_integration_change", args=[integration.pk])).text


def test_one_vendor_dies_and_comes_back_and_nobody_else_notices() -> None:
    staff = Client()
    with launch_server() as other:
        hub88 = connected("hub88", other.base_url)
        with launch_server() as server:
            caleta = connected("caleta", server.base_url)
            player = make_player(cash="10")
            staff.force_login(make_staff("ops", "integrations.view_integration", brands=(player.brand,)))
            assert launch(player, "caleta").status_code == 201

        # Nobody listens on its port any more.
        for _ in range(breaker.OPENS_AFTER):
            assert launch(player, "caleta").status_code == 502
        assert launch(player, "caleta").status_code == 502
        assert sent_to(caleta) == 1 + breaker.OPENS_AFTER  # the sixth was refused at once
        running = GameSession.objects.filter(game__vendor="caleta", ended_at=None)
        assert running.count() == 1  # the launch that succeeded
        (incident,) = watch(now=timezone.now())
        assert (incident.integration, incident.rule, incident.severity) == (caleta, "unreachable", "critical")
        shown = page_of(caleta, staff)
        assert "The breaker is open" in shown
        assert incident.summary in shown
        assert launch(player, "hub88").status_code == 201
        elsewhere = page_of(hub88, staff)
        assert "The breaker is open" not in elsewhere
        assert "It has not fallen short of its targets." in elsewhere

        with launch_server(urlsplit(server.base_url).port or 0):
            assert launch(player, "caleta").status_code == 502  # not before the probe is due
            Breaker.objects.filter(pk=caleta.pk).update(probe_at=timezone.now())
            assert launch(player, "caleta").status_code == 201
            assert launch(player, "caleta").status_code == 201
        watch(now=timezone.now())
        assert Incident.objects.get().closed_at is None  # he may flap
        watch(now=timezone.now() + CLOSES_AFTER)
        assert Incident.objects.get().closed_at is not None
        shown = page_of(caleta, staff)
        assert "The breaker is open" not in shown
        assert incident.summary in shown
