"""Handing work to Celery. The rows are the outbox: what is lost on the way, a sweeper of the app finds."""

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

log = structlog.get_logger(__name__)


def enqueue_on_commit(task: str, **arguments: str | int) -> None:
    """Start a task once the current transaction has committed; a broker that is away does no harm."""

    def send() -> None:
        try:
            current_app.send_task(task, kwargs=arguments)
        except (OperationalError, OSError) as error:
            log.warning("task_not_queued", task=task, error=str(error))

    transaction.on_commit(send)
