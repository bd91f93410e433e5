"""A gateway over HTTP: agents execute tools through it, people approve, policies come and go.

Endpoints are plain functions: FastAPI runs them on threads, and claw gives the interpreter back while it works. So a
client that goes away does not break off a call that has begun.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import uuid
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Annotated, Any, Literal

import claw
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse

from .tools import TOOLS
from .who import Caller, Person, Who

#: The longest body, in bytes.
MOST = 256 << 10

DATA = pathlib.Path(os.environ.get("GATEWAY_DATA", "data"))
POLICY = pathlib.Path(os.environ.get("GATEWAY_POLICY", pathlib.Path(__file__).parent.parent / "main.claw"))
WHO = pathlib.Path(os.environ.get("GATEWAY_WHO", "who.json"))


@contextlib.asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    DATA.mkdir(parents=True, exist_ok=True)
    app.state.who = Who(WHO)
    with claw.Engine(POLICY, state=DATA / "state.db", ledger=DATA / "ledger.db", audit=DATA / "audit", shared=True) as engine:
        app.state.engine = engine
        yield


app = FastAPI(title="gateway", lifespan=lifespan)


# What endpoints are given.


def engine_of(request: Request) -> claw.Engine:
    engine: claw.Engine = request.app.state.engine
    return engine


def caller_of(request: Request) -> Caller:
    who: Who = request.app.state.who
    return who.caller(request)


def person_of(request: Request) -> Person:
    who: Who = request.app.state.who
    return who.person(request)


def manager_of(request: Request) -> Person:
    person = person_of(request)
    if not person.manages:
        raise HTTPException(403, "this person does not manage policies")
    return person


async def read_body(request: Request) -> dict[str, Any]:
    """The body, within bounds; numbers stay what they were."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MOST:
            raise HTTPException(413, f"a body has {MOST} bytes at most")
    try:
        read = json.loads(body, parse_float=Decimal, object_pairs_hook=no_key_twice)
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, "the body is no JSON") from error
    if not isinstance(read, dict):
        raise HTTPException(400, "the body is no JSON object")
    return read


def no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) < len(pairs):
        raise ValueError("a key stands there twice")
    return read


def text(body: dict[str, Any], key: str, default: str | None = None) -> str:
    value = body.get(key, default)
    if not isinstance(value, str) or not 0 < len(value) <= 256:
        raise HTTPException(400, f"`{key}` must be a text of 1 to 256 characters")
    return value


# The caller before the body: nobody unknown is read from.
TheCaller = Annotated[Caller, Depends(caller_of)]
ThePerson = Annotated[Person, Depends(person_of)]
TheManager = Annotated[Person, Depends(manager_of)]
TheEngine = Annotated[claw.Engine, Depends(engine_of)]
Body = Annotated[dict[str, Any], Depends(read_body)]


# Tools.


@app.post("/execute")
def execute(caller: TheCaller, engine: TheEngine, request: Request, body: Body) -> JSONResponse:
    """Executes a tool: `{"tool": …, "args": {…}, "call_id": …}`.

    The same `call_id` is how a call that waited for approval is tried again.
    """
    call_id = text(body, "call_id", str(uuid.uuid4()))
    tool = text(body, "tool")
    call = engine.begin({
        # One caller's calls and sessions can't be named by another.
        "call_id": f"{caller.name}:{call_id}",
        "session": f"{caller.name}:{request.headers.get('x-session', 'default')}",
        "tenant": caller.tenant,
        "environment": caller.environment,
        "agent": caller.agent,
        "user": caller.user,
        "tool": tool,
        "args": body.get("args", {}),
    })
    if call.needs_approval:
        asked = [{"id": asking.id, "approval": asking.approval, "expires_at": asking.expires_at.isoformat()} for asking in call.ask()]
        return answer(202, call_id, "pending_approval", message=str(call), approvals=asked)
    if not call.allowed:
        return answer(403, call_id, "error", reason=call.decision.reason, message=str(call))
    if call.decision.replayed:
        return answer(409, call_id, "error", reason="in_progress", message="a call of this id is being executed")
    try:
        with call:
            result = TOOLS[tool](**(call.args or {}))
            call.settle("ok", json.dumps(result))
    except claw.ClawError:
        # The tool has run; what is not known is whether that could be written down.
        return answer(500, call_id, "error", reason="not_settled", message="the result could not be recorded")
    except Exception as error:  # Whatever a tool raises is its answer.
        return answer(502, call_id, "error", reason="tool_failed", message=str(error))
    return answer(200, call_id, "success", result=result)


def answer(code: int, call_id: str, status: str, **more: Any) -> JSONResponse:
    return JSONResponse({"status": status, "call_id": call_id, **more}, code)


@app.get("/tools")
def tools(caller: TheCaller, engine: TheEngine) -> dict[str, Any]:
    """The tools that this caller could be allowed to call."""
    able = engine.callable(caller.agent, caller.user, environment=caller.environment, tenant=caller.tenant)
    return {"tools": sorted(name for _, name in able if name in TOOLS)}


# Approvals.


@app.get("/approvals")
def approvals(person: ThePerson, engine: TheEngine) -> dict[str, Any]:
    """What waits for votes."""
    return {"approvals": [asking.to_dict() for asking in engine.askings(person.tenant)]}


@app.get("/approvals/{id}")
def approval(id: str, person: ThePerson, engine: TheEngine) -> dict[str, Any]:
    """One of them, whatever became of it."""
    return engine.asking(id, tenant=person.tenant).to_dict()


@app.post("/approvals/{id}/votes")
def vote(id: str, person: ThePerson, engine: TheEngine, body: Body) -> dict[str, Any]:
    """Votes: `{"verdict": "grant" | "refuse", "note": …}`."""
    note = text(body, "note") if "note" in body else None
    if body.get("verdict") not in ("grant", "refuse"):
        raise HTTPException(400, "`verdict` is `grant` or `refuse`")
    verdict: Literal["grant", "refuse"] = "grant" if body["verdict"] == "grant" else "refuse"
    return engine.vote(id, person.name, verdict, roles=person.roles, note=note, tenant=person.tenant).to_dict()


# Policies.


@app.get("/policies")
def policies(person: TheManager, engine: TheEngine) -> dict[str, Any]:
    """The policy in force, and those that can be gone back to."""
    current = engine.current()
    return {"current": current and described(current), "history": [described(version) for version in engine.history()]}


@app.post("/policies", status_code=201)
def add_policy(person: TheManager, engine: TheEngine, body: Body) -> dict[str, Any]:
    """Puts a policy in force: `{"source": …}`. One that has errors leaves in force what was."""
    source = body.get("source")
    if not isinstance(source, str):
        raise HTTPException(400, "`source` must be the text of a policy")
    bundle = claw.compile(source)
    version = engine.load(bundle)
    return {**described(version), "warnings": [finding.rendered for finding in bundle.warnings]}


@app.post("/policies/roll-back")
def roll_back(person: TheManager, engine: TheEngine, body: Body) -> dict[str, Any]:
    """Goes back to the policy before, or to the one of a digest: `{"to": …}`."""
    to = text(body, "to") if "to" in body else None
    return described(engine.roll_back(to=to))


def described(version: claw.Version) -> dict[str, Any]:
    return {"package": version.package, "digest": version.digest, "since": version.at and version.at.isoformat()}


@app.get("/health")
def health(engine: TheEngine) -> dict[str, Any]:
    """Whether calls can be decided."""
    if engine.current() is None:
        raise HTTPException(503, "there is no policy")
    return {"status": "ok"}


# What claw raises, as answers.


@app.exception_handler(claw.CompileError)
def not_compiled(request: Request, error: claw.CompileError) -> JSONResponse:
    findings = [
        {"code": one.code, "message": one.message, "line": one.line, "column": one.column, "help": one.help}
        for one in error.diagnostics
    ]
    return JSONResponse({"detail": "the policy has errors", "findings": findings}, 422)


@app.exception_handler(claw.LoadError)
def not_loaded(request: Request, error: claw.LoadError) -> JSONResponse:
    return JSONResponse({"detail": str(error), "kind": error.kind}, 409)


@app.exception_handler(claw.Refused)
def refused(request: Request, error: claw.Refused) -> JSONResponse:
    # Another tenant's asking is none that this one could know of.
    hidden = error.code in ("not_found", "other_tenant")
    code = 404 if hidden else 503 if error.code == "unavailable" else 409
    detail = "there is no such request for approval" if hidden else str(error)
    return JSONResponse({"detail": detail, "reason": "not_found" if hidden else error.code}, code)


@app.exception_handler(claw.EngineError)
def failed(request: Request, error: claw.EngineError) -> JSONResponse:
    return JSONResponse({"detail": str(error), "reason": error.code}, 503)


@app.exception_handler(ValueError)
def wrong_value(request: Request, error: ValueError) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, 400)
