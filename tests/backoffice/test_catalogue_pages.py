"""Pages of the catalogue: changes decided together, the calendar, a brand's lobby, studios with a preview."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.brands.models import Brand
from apps.core import clock
from apps.integrations.models import Integration
from apps.players.models import Player
from apps.providers.catalogue_models import CatalogueChange, CatalogueSync
from apps.providers.models import BrandGame, Game, GameCertificate, RtpVariant, Studio
from tests.backoffice.conftest import Login
from tests.contracts.family import Vendor
from tests.factories.games import frontend_of, make_game
from tests.factories.integrations import make_brand
from tests.harness.queries import statements_of

REASON = "agreed with the studio"


@pytest.fixture
def ops(login: Login) -> Client:
    client = login("game_ops")
    client.get("/admin/")
    return client


def proposed(integration: Integration, game: Game | None, number: int = 0, **fields: Any) -> CatalogueChange:
    sync, _ = CatalogueSync.objects.get_or_create(integration=integration, defaults={"requested_at": clock.now()})
    facts: dict[str, Any] = {
        "sync": sync, "integration": integration, "game": game, "code": game.code if game else f"new-{number}",
        "title": game.title if game else f"New {number}", "kind": "changed", "found_at": clock.now(),
    }  # fmt: skip
    return CatalogueChange.objects.create(**(facts | fields))


def why(row: Any) -> str:
    """The reason that the history keeps of the newest version."""
    return str(row.history.latest().history_change_reason)


def lobby(player: Player) -> list[tuple[str, str]]:
    games = frontend_of(player).get("/api/v1/games").json()["results"]
    return [(game["title"], game["category"]) for game in games]


def test_safe_changes_are_decided_together_and_others_are_not_offered(
    ops: Client, caleta: Integration, game: Game, player: Player, login: Login
) -> None:
    title = proposed(caleta, game, field="title", before=game.title, after="Dragon <b>Rising</b>")
    said = {"title": "New 1", "studio": "Pinewood", "category": "slot", "thumbnail_url": "javascript:alert(1)"}
    new = proposed(caleta, None, 1, kind="added", after=dict.fromkeys(_FACTS) | said)
    rtp = proposed(caleta, game, field="rtp", before=[], after=9400)
    address = reverse("backoffice:decide-changes")
    page = ops.get(address).content.decode()
    assert "Dragon &lt;b&gt;Rising&lt;/b&gt;" in page
    assert ("javascript:" in page, f'value="{rtp.pk}"' in page) == (False, False)
    form = {"change": [title.pk, rtp.pk], "decision": "accept", "reason": REASON}
    assert ops.post(address, form).status_code == 400  # one of them is not offered here
    assert ops.post(address, form | {"change": [title.pk, new.pk], "reason": ""}).status_code == 400
    assert not CatalogueChange.objects.exclude(state="proposed").exists()
    assert ops.post(address, form | {"change": [title.pk, new.pk]}).status_code == 302
    assert sorted(CatalogueChange.objects.values_list("state", flat=True)) == ["accepted", "accepted", "proposed"]
    assert lobby(player) == [("Dragon <b>Rising</b>", "slot")]
    assert (Game.objects.get(code="new-1").is_enabled, Game.objects.get(code="new-1").thumbnail_url) == (
        False,
        "javascript:alert(1)",
    )
    assert login("auditor").post(address, form).status_code == 403


_FACTS = (
    "title", "studio", "category", "platforms", "currencies", "features", "volatility", "has_demo", "has_free_rounds",
    "blocked_countries", "certifications", "thumbnail_url", "released_on", "rtp_basis_points",
)  # fmt: skip


def test_lists_of_changes_and_runs_cost_the_same_however_long(ops: Client, caleta: Integration, game: Game) -> None:
    pages = [
        reverse("admin:providers_cataloguechange_changelist"), reverse("admin:providers_cataloguesync_changelist"),
        reverse("backoffice:decide-changes"), reverse("backoffice:game-calendar"),
        reverse("backoffice:lobby", args=["aurora"]), reverse("admin:providers_game_changelist"),
    ]  # fmt: skip
    for number in range(2):
        proposed(caleta, None, number, kind="added", after={"studio": "Pinewood"})
    few = {page: len(statements_of(ops, page)) for page in pages}
    for number in range(2, 30):
        proposed(caleta, None, number, kind="added", after={"studio": "Pinewood"})
        make_game(f"g-{number}", title=f"Game {number}", released_on=clock.now().date())
    assert {page: len(statements_of(ops, page)) for page in pages} == few


def test_a_list_is_fetched_by_a_button_that_only_game_operations_may_press(
    ops: Client, caleta: Integration, login: Login
) -> None:
    address = reverse("admin:providers_cataloguesync_fetch")
    assert ops.post(address, {"integration": caleta.pk}).status_code == 302
    assert CatalogueSync.objects.get().state == "waiting"
    told = ops.post(address, {"integration": caleta.pk}, follow=True).content.decode()
    assert "is being fetched already" in told
    assert ops.get(address).status_code == 405
    borealis = make_brand("borealis")
    other = Integration.objects.create(slug="other", vendor="caleta", kind="games", brand_code=borealis.code)
    assert ops.post(address, {"integration": other.pk}).status_code == 403
    assert login("auditor").post(address, {"integration": caleta.pk}).status_code == 403
    assert CatalogueSync.objects.count() == 1


def test_the_calendar_shows_releases_withdrawals_announcements_and_ends(
    ops: Client, caleta: Integration, game: Game, brand: Brand
) -> None:
    today = clock.now().date()
    make_game("out", title="Out Today", released_on=today)
    make_game("gone", title="Gone Today", withdrawn_on=today)
    Game.objects.filter(pk=game.pk).update(needs_certificate=True)
    GameCertificate.objects.create(
        game=game, jurisdiction_id="MT", laboratory="Lab", reference="1", valid_from=today, valid_to=today
    )
    proposed(caleta, None, 1, kind="added", after={"released_on": today.isoformat()})
    page = re.sub(r"\s+", " ", ops.get(reverse("backoffice:game-calendar")).content.decode())
    for words in (
        "release: Out Today",
        "withdrawal: Gone Today",
        "certificate ends: Dragon Rising in MT",
        "announced: New 1",
    ):
        assert words in page, words
    for odd in ("2026-13", "0001-01", "9999-12", "x"):
        assert ops.get(reverse("backoffice:game-calendar"), {"month": odd}).status_code == 200
    home = ops.get("/admin/").content.decode()
    assert "certificates that end within 60 days" in home


def test_a_lobby_is_arranged_and_never_over_a_colleagues_work(
    ops: Client, player: Player, game: Game, brand: Brand, login: Login
) -> None:
    ice, fire = make_game("ice", title="Ice"), make_game("fire", title="Fire")
    address = reverse("backoffice:lobby", args=["aurora"])

    def seen() -> str:
        return str(ops.get(address).context["form"].initial["seen"])

    first = {
        "seen": seen(), "reason": REASON, f"place-{ice.pk}": "1", f"place-{game.pk}": "2", f"place-{fire.pk}": "",
        f"category-{ice.pk}": " winter ", f"category-{game.pk}": "",
    }  # fmt: skip
    assert lobby(player) == [("Dragon Rising", "slot"), ("Fire", "slot"), ("Ice", "slot")]
    assert ops.post(address, first).status_code == 302
    assert lobby(player) == [("Ice", "winter"), ("Dragon Rising", "slot"), ("Fire", "slot")]
    assert {why(each) for each in BrandGame.objects.all()} == {REASON}
    stale = ops.post(address, first | {f"place-{ice.pk}": "9"})
    assert (stale.status_code, "has changed meanwhile" in stale.content.decode()) == (400, True)
    for wrong in ("0", "-1", "first", "9" * 30):
        assert ops.post(address, first | {"seen": seen(), f"place-{ice.pk}": wrong}).status_code == 400
    assert ops.post(address, first | {"seen": seen(), f"category-{ice.pk}": "x" * 41}).status_code == 400
    assert lobby(player)[0] == ("Ice", "winter")
    back = {"seen": seen(), "reason": REASON, f"place-{ice.pk}": "", f"place-{game.pk}": "1"}
    assert ops.post(address, back).status_code == 302
    assert lobby(player) == [("Dragon Rising", "slot"), ("Fire", "slot"), ("Ice", "winter")]
    make_brand("borealis")
    assert ops.get(reverse("backoffice:lobby", args=["borealis"])).status_code == 404
    assert login("auditor").post(address, first | {"seen": seen()}).status_code == 403


def test_a_studio_is_restricted_after_its_effect_was_seen(
    ops: Client, vendor: Vendor, player: Player, game: Game, brand: Brand, login: Login
) -> None:
    address = reverse("backoffice:studio-step", args=[game.studio_id])
    wanted = {"standing": "on", "countries": "mt; SE"}
    preview = ops.post(address, wanted)
    effect = preview.context["effect"]
    assert (effect.games, effect.newly_blocked, effect.opened) == (1, ("MT", "SE"), ())
    assert (effect.brands, effect.seated) == (("Aurora",), (("Aurora", 1),))
    assert lobby(player) == [("Dragon Rising", "slot")]  # nothing has happened
    sure = wanted | {"confirm": "1", "seen": preview.context["confirm"].initial["seen"], "reason": REASON}
    make_game("late", title="Late")
    late = ops.post(address, sure)
    assert (late.status_code, "has changed meanwhile" in late.content.decode()) == (400, True)
    sure["seen"] = ops.post(address, wanted).context["confirm"].initial["seen"]
    assert ops.post(address, sure).status_code == 302
    assert (lobby(player), Studio.objects.get().blocked_countries) == ([], ["MT", "SE"])
    assert ops.post(address, {"standing": "on", "countries": "Malta"}).status_code == 400
    assert login("auditor").post(address, sure).status_code == 403


def test_a_studio_is_removed_and_added_again_with_its_games(
    ops: Client, vendor: Vendor, player: Player, game: Game
) -> None:
    off = make_game("off", title="Off", is_enabled=False)
    make_game("gone", title="Gone", is_enabled=False, withdrawn_on=clock.now().date())
    address = reverse("backoffice:studio-step", args=[game.studio_id])

    def do(standing: str) -> Any:
        preview = ops.post(address, {"standing": standing, "countries": ""})
        sure = {"confirm": "1", "seen": preview.context["confirm"].initial["seen"], "reason": REASON}
        assert ops.post(address, {"standing": standing, "countries": ""} | sure).status_code == 302
        return preview.context["effect"]

    assert do("off").seated_total == 1
    assert (lobby(player), vendor.bet(100_000, game_code=game.code)["status"] == "RS_OK") == ([], False)
    assert do("with_games").switched_on == 1
    assert [title for title, _ in lobby(player)] == ["Dragon Rising", "Off"]
    assert why(off) == REASON


def test_staff_choose_variants_record_certificates_and_plan_withdrawals(
    ops: Client, player: Player, game: Game, brand: Brand
) -> None:
    Game.objects.filter(pk=game.pk).update(needs_certificate=True)
    high = RtpVariant.objects.create(game=game, code="rtp-9600", rtp_basis_points=9600, is_default=True)
    low = RtpVariant.objects.create(game=game, code="rtp-9400", rtp_basis_points=9400)
    today = clock.now().date()

    def press(name: str, **data: Any) -> None:
        address = reverse(f"admin:providers_game_{name}", args=[game.pk])
        assert ops.post(address, {"reason": REASON, **data}).status_code == 302, name

    assert lobby(player) == []
    certificate = {"jurisdiction": "MT", "laboratory": "Lab", "reference": "A-1", "valid_from": today.isoformat()}
    press("certify", **certificate, variant=high.pk)
    assert lobby(player) == [("Dragon Rising", "slot")]
    press("choose-rtp", brand=brand.pk, variant=low.pk)
    assert lobby(player) == []  # that variant is not certified here
    press("certify", **certificate, variant=low.pk)
    rtps = [each["rtp"] for each in frontend_of(player).get("/api/v1/games").json()["results"]]
    assert rtps == ["94.00"]
    elsewhere = make_brand("borealis")
    BrandGame.objects.create(brand=elsewhere, game=game, variant=low)
    page = ops.get(reverse("admin:providers_game_change", args=[game.pk])).content.decode()
    assert re.search(r"rtp-9400</td>.*?Aurora", page, re.DOTALL)
    assert elsewhere.name not in page  # what other brands play is not for those who do not serve them
    press("plan-end", day=(today + timedelta(days=1)).isoformat())
    assert lobby(player) != []
    clock.advance(timedelta(days=2).total_seconds())
    assert lobby(player) == []
    press("plan-end", day="")
    assert lobby(player) != []


def test_the_page_of_a_run_shows_what_of_the_list_could_not_be_read(ops: Client, caleta: Integration) -> None:
    entry = {"code": "", "problem": "Object missing required field `name`", "raw": '{"game_code":"<b>one</b>"}'}
    sync = CatalogueSync.objects.create(
        integration=caleta, requested_at=clock.now(), state="done", games=7, unread=52, unread_entries=[entry] * 50
    )
    page = ops.get(reverse("admin:providers_cataloguesync_change", args=[sync.pk])).content.decode()
    assert "52 entries of the list could not be read" in page
    assert "{&quot;game_code&quot;:&quot;&lt;b&gt;one&lt;/b&gt;&quot;}" in page
    assert "The first 50 are shown" in page
    address = reverse("admin:providers_cataloguesync_changelist")
    assert not any("unread_entries" in statement for statement in statements_of(ops, address))
