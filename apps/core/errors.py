"""The root of errors that callers are told about. The errors themselves live beside what raises them."""

import re
from typing import Any, ClassVar

_KEBAB_CASE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")

DOMAIN_ERRORS: dict[str, type["DomainError"]] = {}


class DomainError(Exception):
    """
    A refusal with a stable name, turned into an RFC 9457 problem document.

    Subclasses set ``code`` (kebab-case, unique, never renamed), ``title`` and ``status``; their
    docstring is what the problem's public page says. ``extensions`` become members of the document.
    """

    code: ClassVar[str] = "domain-error"
    title: ClassVar[str] = "The request was refused"
    status: ClassVar[int] = 400

    def __init__(self, detail: str = "", *, extensions: dict[str, Any] | None = None) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.extensions = extensions or {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "code" not in cls.__dict__:
            return
        if not _KEBAB_CASE.fullmatch(cls.code):
            raise TypeError(f"{cls.__qualname__}.code {cls.code!r} is not kebab-case")
        known = DOMAIN_ERRORS.setdefault(cls.code, cls)
        if (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
            raise TypeError(f"{cls.__qualname__} and {known.__qualname__} share the code {cls.code!r}")

    def headers(self) -> dict[str, str]:
        """Response headers that go with this refusal."""
        return {}
