"""One id follows a request into its log lines, its tasks and its answer."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from celery import Celery, Task
from celery.app.trace import trace_task
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.test import Client, RequestFactory

from apps.core import request_context_celery
from apps.core.ids import uuid7
from apps.core.request_context import (
    RequestContextMiddleware,
    add_request_context,
    current_actor,
    current_request_context,
    current_request_id,
    request_context,
    set_actor,
)


@pytest.mark.urls("tests.core.urls")
def test_each_request_has_its_own_id_and_actor_and_leaves_none_behind() -> None:
    responses = [Client().get("/api/private", headers={"X-Actor": f"player:{n}"}) for n in range(2)]
    for number, response in enumerate(responses):
        assert response.json() == {"actor": f"player:{number}", "request_id": response["X-Request-Id"]}
        assert UUID(response["X-Request-Id"]).version == 7
    assert responses[0]["X-Request-Id"] != responses[1]["X-Request-Id"]
    assert current_request_context() is None


@pytest.mark.urls("tests.core.urls")
def test_a_callers_own_request_id_is_not_believed() -> None:
    theirs = str(uuid7())
    response = Client().get("/api/private", headers={"X-Actor": "player:1", "X-Request-Id": theirs})
    assert response["X-Request-Id"] != theirs


def test_the_middleware_serves_asynchronous_stacks_too() -> None:
    seen: list[UUID | None] = []

    async def view(request: HttpRequest) -> HttpResponseBase:
        seen.append(current_request_id())
        return HttpResponse()

    async def call() -> Any:
        return await RequestContextMiddleware(view)(RequestFactory().get("/"))  # type: ignore[misc]

    response = asyncio.run(call())
    assert response["X-Request-Id"] == str(seen[0])
    assert current_request_id() is None


def test_contexts_nest_and_end() -> None:
    with request_context(actor="user:1") as outer:
        with request_context(outer.request_id, actor="task:x"):
            assert (current_request_id(), current_actor()) == (outer.request_id, "task:x")
        set_actor("user:2")
        assert current_actor() == "user:2"
    set_actor("nobody")
    assert (current_request_id(), current_actor()) == (None, None)


def test_log_lines_carry_the_id_and_the_actor() -> None:
    with request_context(actor="user:1") as context:
        assert add_request_context(None, "info", {"event": "x"}) == {
            "event": "x",
            "request_id": str(context.request_id),
            "actor": "user:1",
        }
    assert add_request_context(None, "info", {"event": "x"}) == {"event": "x"}


@pytest.fixture
def task() -> Task[..., Any]:
    """A task of an application of its own, over Celery's in-memory broker."""
    app = Celery("test", broker="memory://", set_as_current=False)
    request_context_celery.connect()

    @app.task(name="test.who")
    def who() -> tuple[str, str | None]:
        return str(current_request_id()), current_actor()

    return who


def run_as_worker(task: Task[..., Any]) -> tuple[str, str | None]:
    """Take the one queued message and run it as a worker does: with its headers, between the signals."""
    with task.app.connection_for_read() as broker:
        queue = task.app.amqp.queues[task.app.conf.task_default_queue](broker.channel())
        message = queue.get(no_ack=True)
    assert message is not None
    request_id, actor = trace_task(task, message.headers["id"], (), {}, request=message.headers, app=task.app).retval
    return request_id, actor


def test_a_task_runs_under_the_request_that_queued_it(task: Task[..., Any]) -> None:
    with request_context() as context:
        task.delay()
    assert run_as_worker(task) == (str(context.request_id), "task:test.who")
    assert current_request_context() is None


def test_a_task_nobody_requested_gets_an_id_of_its_own(task: Task[..., Any]) -> None:
    task.delay()
    request_id, actor = run_as_worker(task)
    assert UUID(request_id).version == 7
    assert actor == "task:test.who"


def test_a_damaged_id_does_not_stop_the_task(task: Task[..., Any]) -> None:
    task.apply_async(headers={request_context_celery.HEADER: "nonsense"})
    request_id, _ = run_as_worker(task)
    assert UUID(request_id).version == 7
