"""The developer portal: every page is there, links lead somewhere, and what it promises is what the code has."""

import re
from pathlib import Path

import jsonschema
import pytest
import yaml
from django.core.management import call_command
from django.test import Client

from apps.core.errors import DOMAIN_ERRORS
from apps.integrations.outgoing.catalogue import event_kinds
from casino_platform.developer_portal import GUIDES
from casino_platform.runtime.servers import PROJECT_DIR

PAGES = ["/api/docs", "/api/docs/reference", "/api/docs/events", *(f"/api/docs/{name}" for name, _ in GUIDES)]
_HREF = re.compile(r'href="([^"#]+)')


@pytest.mark.parametrize("page", PAGES)
def test_every_page_is_there_and_its_links_lead_somewhere(client: Client, page: str) -> None:
    response = client.get(page)
    assert response.status_code == 200
    text = response.content.decode()
    for link in _HREF.findall(text):
        if link.startswith(("/static/", "data:", "http")):
            continue
        target = link if link.startswith("/") else f"/api/docs/{link}"
        assert client.get(target).status_code == 200, f"{page} links to {link}"


def test_a_page_that_does_not_exist_is_not_found(client: Client) -> None:
    assert client.get("/api/docs/no-such-guide").status_code == 404
    assert client.get("/api/docs/events/player.flew.json").status_code == 404


def test_every_event_has_a_schema_that_can_be_fetched(client: Client) -> None:
    assert len(event_kinds()) >= 5
    for kind in event_kinds():
        schema = client.get(f"/api/docs/events/{kind.kind}.json").json()
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["properties"]["type"]["const"] == kind.kind


def test_every_problem_code_named_in_a_guide_exists() -> None:
    named = set()
    for name, _ in GUIDES:
        text = (PROJECT_DIR / "docs" / "api" / f"{name}.md").read_text()
        named |= set(re.findall(r"code `([a-z-]+)`|\"code\": \"([a-z-]+)\"", text))
    codes = {one or other for one, other in named}
    assert codes
    assert codes <= DOMAIN_ERRORS.keys()


def test_the_committed_openapi_document_is_what_the_code_answers(tmp_path: Path) -> None:
    """A change of the public API is seen in review: `make openapi` writes the document anew."""
    made = tmp_path / "openapi.yaml"
    call_command("spectacular", file=str(made), fail_on_warn=True, validate=True)
    committed = yaml.safe_load((PROJECT_DIR / "docs" / "api" / "openapi.yaml").read_text())
    assert committed == yaml.safe_load(made.read_text()), "run `make openapi` and look at the difference"
