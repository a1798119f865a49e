"""The API description names what the plumbing adds to each operation."""

from typing import Any

import pytest
from django.urls import path
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema

from apps.core.api.schema import add_problem_responses
from apps.core.idempotency import idempotent
from tests.core import views


class DescribedView(views.GroupView):
    """A money-moving operation, described."""

    @extend_schema(request=views.Payment, responses=views.Payment)
    @idempotent()
    def post(self, request: Any) -> Any:
        """Pay."""


@pytest.fixture
def description() -> dict[str, Any]:
    patterns = [path("api/v1/pay", DescribedView.as_view()), path("api/v1/keys", views.ListView.as_view())]
    schema = SchemaGenerator(patterns=patterns).get_schema(public=True)
    return add_problem_responses(schema)


def test_money_is_one_component(description: dict[str, Any]) -> None:
    components = description["components"]["schemas"]
    assert components["Money"]["required"] == ["amount", "currency"]
    assert components["Money"]["properties"]["amount"]["pattern"] == "^-?(0|[1-9][0-9]*)(\\.[0-9]+)?$"
    assert components["Leg"]["properties"]["amount"] == {"$ref": "#/components/schemas/Money"}


def test_an_idempotent_operation_takes_its_header(description: dict[str, Any]) -> None:
    (parameter,) = description["paths"]["/api/v1/pay"]["post"]["parameters"]
    assert (parameter["in"], parameter["name"], parameter["required"]) == ("header", "Idempotency-Key", True)


def test_a_list_has_its_parameters_and_links(description: dict[str, Any]) -> None:
    operation = description["paths"]["/api/v1/keys"]["get"]
    limit = next(parameter for parameter in operation["parameters"] if parameter["name"] == "limit")
    assert limit["schema"] == {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}
    answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
    page = description["components"]["schemas"][answer["$ref"].rsplit("/", 1)[1]]
    assert page["required"] == ["results", "next", "previous"]


def test_every_operation_may_answer_with_a_problem(description: dict[str, Any]) -> None:
    for operations in description["paths"].values():
        for operation in operations.values():
            content = operation["responses"]["default"]["content"]
            assert content == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    assert "errors" in description["components"]["schemas"]["Problem"]["properties"]
