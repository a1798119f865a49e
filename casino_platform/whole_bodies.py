"""Reads request bodies to their end before Django sees them, those without a length too."""

from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class WholeBodies:
    """
    Stands before a WSGI application and reads the body for it.

    Django takes a body that comes in chunks, without a Content-Length, for empty. And where an answer needs no body
    (401, 404), an unread one makes the server close the connection under the client's next request.
    """

    def __init__(self, application: Application, *, limit: int) -> None:
        """
        Stand before an application.

        :param limit: bytes; of a longer body only so much is read that the application sees it is too long
        """
        self._application = application
        self._limit = limit

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Read the body, then let the application answer."""
        is_in_chunks = "HTTP_TRANSFER_ENCODING" in environ
        if is_in_chunks or environ.get("CONTENT_LENGTH"):
            body = environ["wsgi.input"].read(self._limit + 1)
            environ["wsgi.input"] = BytesIO(body)
            if is_in_chunks:
                environ["CONTENT_LENGTH"] = str(len(body))
        return self._application(environ, start_response)
