"""The desk and the case page: who sees which cases, who may press what, and that nothing grows with the rows."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from apps.backoffice.models import PersonalDataRead
from apps.backoffice.roles import ROLES
from apps.compliance.cases.claims import claim_case
from apps.compliance.models import ApprovalRequest, Blueprint, Case, Evidence, SavedView
from apps.compliance.queues import work_permission
from apps.core import clock
from apps.players.models import Player
from apps.safer_play.models import Limit
from tests.factories.cases import NARRATIVE, case_of, colleague, hit, tick_all
from tests.factories.games import make_player
from tests.harness.queries import statements_of

DESK = "/admin/compliance/desk/"
LIST = "/admin/compliance/case/"
SELECTS = re.compile(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', re.DOTALL)


@pytest.fixture
def player(db: None) -> Player:
    return make_player(cash="100")


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(case: Case) -> str:
    return reverse("admin:compliance_case_change", args=[case.pk])


def press(client: Client, case: Case, button: str, **terms: Any) -> list[str]:
    reply = client.post(reverse(f"admin:compliance_case_{button}", args=[case.pk]), terms, follow=True)
    return [str(message) for message in reply.context["messages"]]


def cases_of_every_queue(player: Player) -> list[Case]:
    return [case_of(hit(player, blueprint=code, now=clock.now())) for code in Blueprint.Code.values]


@pytest.mark.parametrize("role", [*(role.name for role in ROLES), "superuser"])
def test_everybody_sees_the_cases_of_their_queues_and_no_others(role: str, player: Player) -> None:
    cases = cases_of_every_queue(player)
    user = User.objects.create_superuser("root") if role == "superuser" else colleague(role, brand=player.brand)
    client = browser(user)
    reads_all = user.has_perm("compliance.read_all_cases")
    for case in cases:
        expected = reads_all or user.has_perm(work_permission(case.blueprint_code))
        assert (client.get(page(case)).status_code == 200) == expected, case.blueprint_code
    if user.has_perm("compliance.view_case"):
        listed = client.get(LIST).context["cl"].result_list
        assert {case.pk for case in listed} == {
            case.pk for case in cases if reads_all or user.has_perm(work_permission(case.blueprint_code))
        }
        assert client.get(DESK).status_code == 200
    else:
        assert client.get(LIST).status_code == 403
        assert client.get(DESK).status_code == 403
        assert client.post(DESK + "next/").status_code == 403


def test_every_queue_has_a_role_that_works_it(player: Player) -> None:
    people = [colleague(role.name, brand=player.brand) for role in ROLES]
    for code in Blueprint.Code.values:
        assert [person for person in people if person.has_perm(work_permission(code))], code


def test_an_escalated_case_leaves_the_desk_of_whoever_escalated_it(player: Player) -> None:
    case = case_of(hit(player, now=clock.now()))
    analyst, mlro = colleague("compliance_analyst", brand=player.brand), colleague("mlro", brand=player.brand)
    client = browser(analyst)
    assert press(client, case, "claim") == [f"{case.reference} is yours."]
    assert press(client, case, "escalate", note="Looks like structuring") == [f"{case.reference} was handed up."]
    assert client.get(page(case)).status_code == 302
    assert client.get(LIST + "?desk=all").context["cl"].result_list.count() == 0
    assert browser(mlro).get(page(case)).status_code == 200


def test_another_brands_cases_do_not_exist(player: Player) -> None:
    case = case_of(hit(player, now=clock.now()))
    client = browser(colleague("mlro"))
    assert client.get(page(case)).status_code == 302
    assert client.post(reverse("admin:compliance_case_claim", args=[case.pk])).status_code == 404
    client.post(DESK + "next/")
    case.refresh_from_db(fields=["holder"])
    assert case.holder is None


def test_t1_a_posted_transition_moves_nothing(player: Player) -> None:
    case = case_of(hit(player, now=clock.now()))
    for client in (browser(User.objects.create_superuser("root")), browser(colleague("mlro", brand=player.brand))):
        assert "_fsm_transition_to" not in client.get(page(case)).content.decode()
        for terms in ({"_fsm_transition_to": "resolve"}, {"state": "resolved", "_save": "1"}):
            assert client.post(page(case), terms).status_code == 403
    assert list(Case.objects.values_list("state", "resolution")) == [("open", "")]
    assert list(case.events.values_list("kind", flat=True)) == ["opened"]


def test_a_case_is_worked_from_claim_to_close_with_two_people(player: Player) -> None:
    case = case_of(hit(player, now=clock.now()))
    first, second = colleague("mlro", brand=player.brand), colleague("investigator", brand=player.brand)
    mine, theirs = browser(first), browser(second)
    mine.post(DESK + "next/")
    terms = {"effect": "restrict", "restrict__restrictions": ["withdrawal", "deposit"], "reason_code": "source_unknown"}
    terms = {**terms, "reason_code": "source-unknown", "note": "No source of funds"}
    assert press(mine, case, "decide", **terms) == ["Decided and carried out."]
    player.refresh_from_db()
    assert (player.status, sorted(player.restrictions)) == ("restricted", ["deposit", "withdrawal"])
    for point in case.blueprint.checklist:
        press(mine, case, "tick", point=point["code"], done="on")
    close = {"resolution": "confirmed", "reason_codes": ["source-unknown"], "narrative": NARRATIVE}
    assert f'minlength="{case.blueprint.min_narrative}"' in mine.get(page(case)).content.decode()
    assert press(mine, case, "close", **{**close, "narrative": "Too short."}) == []
    assert "release it first" in press(mine, case, "close", **close)[0]
    unlock = {"effect": "unlock", "reason_code": "explained", "note": "Payslips came"}
    assert press(mine, case, "decide", **unlock)[0].startswith("Asked for.")
    asked = ApprovalRequest.objects.get()
    mine.post(f"{DESK}second/{asked.pk}/", {"approve": "1", "reason": "I agree with myself"})
    player.refresh_from_db()
    assert player.status == "restricted"
    theirs.post(f"{DESK}second/{asked.pk}/", {"approve": "1", "reason": "Payslips seen"})
    player.refresh_from_db()
    assert player.status == "active"
    assert press(mine, case, "close", **close)[-1].startswith("Asked for.")
    closing = ApprovalRequest.objects.exclude(pk=asked.pk).get()
    theirs.post(f"{DESK}second/{closing.pk}/", {"approve": "1", "reason": "Read the case"})
    case = Case.objects.get(pk=case.pk)
    assert (case.state, case.resolution, case.holder) == ("resolved", "confirmed", None)
    assert [event.kind for event in case.events.all()][-2:] == ["close-asked", "resolved"]


def test_a_limit_on_a_single_stake_is_set_from_the_page_as_it_offers_it(player: Player) -> None:
    case = case_of(hit(player, blueprint="harm", now=clock.now()))
    officer = browser(colleague("rg_officer", brand=player.brand))
    officer.post(DESK + "next/")
    shown = officer.get(page(case)).content.decode()
    selects = {name: re.findall(r'<option value="([^"]*)"', body) for name, body in SELECTS.findall(shown)}
    # What a browser sends of a field that nobody touched is its first option.
    untouched = {name: options[0] for name, options in selects.items() if name.startswith("set_limit__")}
    assert untouched == {"set_limit__kind": "", "set_limit__period": ""}
    terms = {"effect": "set_limit", "reason_code": "limit-agreed", "note": "Agreed by telephone", **untouched}
    assert press(officer, case, "decide", **terms, set_limit__amount="2") == [
        "What is limited: This field is required."
    ]
    terms["set_limit__kind"] = "stake"
    assert press(officer, case, "decide", **terms, set_limit__amount="2") == ["Decided and carried out."]
    limit = Limit.objects.get()
    assert (limit.kind, limit.period, limit.set_by, limit.size) == ("stake", "", "operator", 2_000_000)


@pytest.mark.parametrize("button", ["decide", "close", "tick", "wait", "escalate", "put-aside", "annotate", "pin"])
def test_whoever_only_reads_presses_nothing(button: str, player: Player) -> None:
    case = case_of(hit(player, now=clock.now()))
    client = browser(colleague("auditor", brand=player.brand))
    terms = {
        "effect": "suspend", "reason_code": "other", "note": "Because I can", "what": "Payslip", "point": "pattern",
        "resolution": "confirmed", "reason_codes": ["other"], "narrative": NARRATIVE, "kind": "transaction",
        "reference": "01930000-0000-7000-8000-000000000000", "until": "2030-01-01T00:00",
    }  # fmt: skip
    client.post(reverse(f"admin:compliance_case_{button}", args=[case.pk]), terms)
    assert client.get(page(case)).context["staff_actions"] == []
    assert list(case.events.values_list("kind", flat=True)) == ["opened"]
    assert Player.objects.get().status == "active"


def test_a_view_is_kept_and_forgotten_by_its_owner_only(player: Player) -> None:
    mine = browser(colleague("mlro", brand=player.brand))
    other = browser(colleague("rg_officer", brand=player.brand))
    mine.post(DESK + "views/", {"name": "Hot", "query": "desk=risk&severity__exact=critical"})
    kept = SavedView.objects.get()
    assert "Hot" in mine.get(LIST).content.decode()
    assert "Hot" not in other.get(LIST).content.decode()
    assert mine.get(f"{LIST}?{kept.query}").status_code == 200
    other.post(f"{DESK}views/{kept.pk}/forget/")
    assert SavedView.objects.exists()
    mine.post(f"{DESK}views/{kept.pk}/forget/")
    assert not SavedView.objects.exists()


def test_evidence_is_given_out_by_post_only_and_the_look_is_recorded(
    player: Player, settings: Any, tmp_path: Any
) -> None:
    settings.EVIDENCE_DIR = tmp_path
    case = case_of(hit(player, now=clock.now()))
    mlro = colleague("mlro", brand=player.brand)
    claim_case(case_id=case.pk, actor=mlro, now=clock.now())
    client = browser(mlro)
    from django.core.files.uploadedfile import SimpleUploadedFile  # noqa: PLC0415 - only here

    file = SimpleUploadedFile("../../pay slip.pdf", b"%PDF-1.7 payslip", content_type="application/pdf")
    client.post(reverse("admin:compliance_case_upload", args=[case.pk]), {"file": file, "title": "Payslip of October"})
    piece = Evidence.objects.get()
    address = reverse("admin:compliance_evidence_read", args=[piece.public_id])
    assert client.get(address).status_code == 405
    reply = client.post(address)
    assert reply.content == b"%PDF-1.7 payslip"
    assert reply["Content-Disposition"].startswith("attachment;")
    assert case.events.filter(kind="evidence-read", actor=mlro).count() == 1
    assert browser(colleague("rg_officer", brand=player.brand)).post(address).status_code == 404
    assert browser(colleague("support", brand=player.brand)).post(address).status_code == 403


def test_the_case_page_takes_fifteen_queries_however_much_hangs_on_it(player: Player) -> None:
    mlro = colleague("mlro", brand=player.brand)
    case = case_of(hit(player, now=clock.now()))
    claim_case(case_id=case.pk, actor=mlro, now=clock.now())
    client = browser(mlro)
    client.get(page(case))
    before = statements_of(client, page(case))
    assert len(before) <= 15, "\n".join(before)
    for number in range(5):
        hit(player, dedupe_key=f"AML-{number}", rule_id=f"AML-{number}", now=clock.now())
        hit(player, blueprint="fraud", dedupe_key=f"F-{number}", now=clock.now())
    tick_all(case_of(hit(player, now=clock.now())), mlro, now=clock.now())
    assert len(statements_of(client, page(case))) == len(before)


def test_lists_take_a_constant_number_of_queries(player: Player) -> None:
    mlro = colleague("mlro", brand=player.brand)
    client = browser(mlro)
    addresses = [LIST, DESK, DESK + "hand-out/?queue=aml", DESK + "figures/"]
    hit(player, now=clock.now())
    for address in addresses:
        client.get(address)
    before = {address: len(statements_of(client, address)) for address in addresses}
    for number in range(6):
        other = make_player(f"player{number}")
        raised = hit(other, severity="critical", now=clock.now())
        if number % 2:
            claim_case(case_id=raised.case_id, actor=mlro, now=clock.now())
    assert {address: len(statements_of(client, address)) for address in addresses} == before
    assert max(before.values()) <= 20, before


def test_personal_data_are_shown_on_the_case_page_with_a_purpose_and_the_look_names_the_case(player: Player) -> None:
    Player.objects.filter(pk=player.pk).update(email="zqmail@zq-canary.example")
    case = case_of(hit(player))
    page = reverse("admin:compliance_case_change", args=[case.pk])
    button = reverse("backoffice:show-in-case", args=[case.pk])
    wanted = {"fields_wanted": ["email"], "purpose": "Compare with the bank's letter"}
    analyst, other = Client(), Client()
    analyst.force_login(colleague("compliance_analyst", brand=player.brand))
    assert 'data-test="personal"' not in analyst.get(page).content.decode()  # may not unmask
    assert analyst.post(button, wanted).status_code == 403
    officer = colleague("investigator", brand=player.brand)
    client = Client()
    client.force_login(officer)
    assert client.get(button).status_code == 405
    assert "zqmail" not in client.get(page).content.decode()
    client.post(button, {**wanted, "purpose": "so"})
    assert not PersonalDataRead.objects.exists()
    assert client.post(button, wanted).status_code == 302
    assert "zqmail@zq-canary.example" in client.get(page).content.decode()
    look = PersonalDataRead.objects.get()
    assert (look.user, look.player, look.fields, look.case_id) == (officer, player, ["email"], case.pk)
    other.force_login(colleague("kyc_agent", brand=player.brand))  # not of this queue: there is no such case
    assert other.post(button, wanted).status_code == 404
    assert PersonalDataRead.objects.count() == 1
