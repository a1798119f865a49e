"""Carries the request id from the code that queues a task into the worker that runs it."""

from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

from celery.signals import before_task_publish, task_postrun, task_prerun

from apps.core.request_context import RequestContext, current_request_id, request_context

HEADER = "request_id"

# Contexts entered by running tasks, by task id: one a thread at a time, ended by task_postrun.
_entered: dict[str, AbstractContextManager[RequestContext]] = {}


def _publish(headers: dict[str, Any] | None = None, **_: Any) -> None:
    request_id = current_request_id()
    if headers is not None and request_id is not None:
        headers.setdefault(HEADER, str(request_id))


def _begin(task_id: str, task: Any, **_: Any) -> None:
    carried = getattr(task.request, HEADER, None)
    try:
        request_id = UUID(carried) if carried else None
    except (ValueError, TypeError, AttributeError):
        request_id = None
    context = request_context(request_id, actor=f"task:{task.name}")
    context.__enter__()
    _entered[task_id] = context


def _end(task_id: str, **_: Any) -> None:
    context = _entered.pop(task_id, None)
    if context is not None:
        context.__exit__(None, None, None)


def connect() -> None:
    """Hook into Celery's publishing and running; safe to call more than once."""
    before_task_publish.connect(_publish, weak=False, dispatch_uid="apps.core.request_context.publish")
    task_prerun.connect(_begin, weak=False, dispatch_uid="apps.core.request_context.begin")
    task_postrun.connect(_end, weak=False, dispatch_uid="apps.core.request_context.end")
