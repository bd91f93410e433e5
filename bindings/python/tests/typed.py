"""Checked by mypy in strict mode, and not run: what the types promise."""

from __future__ import annotations

import pathlib
from datetime import datetime, timezone

import claw


def policies() -> str:
    bundle: claw.Bundle = claw.compile("package p\n", files={"x.claw": "", "y.json": b"[]"})
    policy = claw.Policy(bytes(bundle), enforces=["timeout"], limits={"bytes": 1})
    again = claw.Policy.from_file(pathlib.Path("p.claw"))
    decision = policy.decide({"tool": "x", "args": {"n": 1}})
    prepared = again.prepare(b"{}")
    many = policy.decide_batch([prepared, "{}", {}])
    if many[0].outcome == "allow" and decision:
        return decision.applied[0]["clause"]
    tools = [name for server, name in policy.callable({"id": "b"}, environment="prod") if server is None]
    return tools[0] + str(bundle.warnings[0].line + 1)


def engines(engine: claw.Engine) -> None:
    try:
        with engine.call({"call_id": "c"}) as call:
            if call.args is not None:
                call.settle("ok", str(call.args["x"]))
    except claw.ApprovalRequired as required:
        for asking in required.ask():
            voted = engine.vote(asking, "sam", "grant", roles=["sre"], note=None)
            late: bool = voted.expires_at < datetime.now(timezone.utc)
            print(late, voted.to_dict()["state"])
    except claw.Denied as denied:
        print(denied.decision.reason.upper())
    except claw.EngineError as error:
        print(error.code)
    version = engine.load(pathlib.Path("x.clawb"), tenant=None)
    previous = engine.roll_back(to=version.digest)
    print(previous.sequence + 1, engine.settle_by_id("c", "error"))


def mistakes(engine: claw.Engine, call: claw.Call) -> None:
    call.settle("done")  # type: ignore[arg-type]
    engine.vote("id", "sam", "yes")  # type: ignore[arg-type]
    engine.begin(3)  # type: ignore[arg-type]
    call.args["x"]  # type: ignore[index]
