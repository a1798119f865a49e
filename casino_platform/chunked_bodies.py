"""Bodies that come in chunks, without a length: HTTP allows them, and Django takes what has no length for empty."""

from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class ChunkedBodies:
    """Stands before a WSGI application and measures such bodies; the server knows where they end."""

    def __init__(self, application: Application, *, limit: int) -> None:
        """
        Stand before an application.

        :param limit: bytes; of a longer body only so much is read that the application sees it is too long
        """
        self._application = application
        self._limit = limit

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Read a body in chunks, then let the application answer."""
        if "HTTP_TRANSFER_ENCODING" in environ:
            body = environ["wsgi.input"].read(self._limit + 1)
            environ["wsgi.input"] = BytesIO(body)
            environ["CONTENT_LENGTH"] = str(len(body))
        return self._application(environ, start_response)
