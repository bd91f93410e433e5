"""Who calls and who votes, known by tokens.

A file names them; it holds digests of tokens and no token. What a caller is (agent, user, environment, tenant) stands
there and is never taken from a request: a request is written by a model.
"""

from __future__ import annotations

import hashlib
import json
import pathlib
import secrets
import sys
from dataclasses import dataclass, field
from typing import Any, TypeVar

from fastapi import HTTPException, Request


@dataclass(frozen=True)
class Caller:
    """An agent's harness."""

    name: str
    environment: str
    agent: dict[str, Any]
    user: dict[str, Any] | None = None
    tenant: str | None = None


@dataclass(frozen=True)
class Person:
    """Someone who votes; with `manages`, also someone who changes policies."""

    name: str
    roles: list[str] = field(default_factory=list)
    tenant: str | None = None
    manages: bool = False


Someone = TypeVar("Someone", Caller, Person)


class Who:
    """Everyone, by the digests of their tokens."""

    def __init__(self, file: pathlib.Path) -> None:
        known = json.loads(file.read_text())
        self._callers = {one.pop("token_sha256"): Caller(**one) for one in known.get("callers", [])}
        self._people = {one.pop("token_sha256"): Person(**one) for one in known.get("people", [])}

    def caller(self, request: Request) -> Caller:
        return self._find(self._callers, request)

    def person(self, request: Request) -> Person:
        return self._find(self._people, request)

    @staticmethod
    def _find(known: dict[str, Someone], request: Request) -> Someone:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        # Found by its digest: how long that takes says nothing about the token.
        found = known.get(digest(token)) if scheme.lower() == "bearer" else None
        if found is None:
            raise HTTPException(401, "a token is needed", {"WWW-Authenticate": "Bearer"})
        return found


def digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


if __name__ == "__main__":
    token = secrets.token_urlsafe(32)
    print(f"token, shown once: {token}", file=sys.stderr)
    print(digest(token))
