"""Decisions: the same as those of `clawc`, whichever way the request comes."""

import functools
import gc
import json
import os
import pathlib
import subprocess
import tempfile
import threading

import pytest

import claw
from conftest import EXAMPLES, POLICY, ask

CASES = sorted(
    path
    for path in EXAMPLES.glob("*/requests/*.json*")
    if ".expected." not in path.name
)


@functools.cache
def compiled(example):
    """An example as the package compiles it, and as `clawc` does."""
    file = pathlib.Path(tempfile.mkdtemp()) / "built.clawb"
    subprocess.run([os.environ["CLAWC"], "build", example, "-o", file], check=True, capture_output=True)
    return claw.compile(example), file


def clawc(example, *args):
    """What `clawc eval` answers, one decision on each line."""
    command = [os.environ["CLAWC"], "eval", compiled(example)[1], "--format", "json", *args]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [json.loads(line, parse_float=str) for line in out.splitlines()]


def lines(path):
    text = path.read_text()
    return [line for line in text.splitlines() if line.strip()] if path.suffix == ".jsonl" else [text]


def exact(decision):
    return json.loads(decision.to_json(), parse_float=str)


def test_there_are_examples():
    assert len(CASES) > 40


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parts[-3]}/{path.stem}")
def test_the_examples_are_decided_as_clawc_does(path):
    example = path.parent.parent
    policy = claw.Policy(compiled(example)[0])
    texts = lines(path)
    option = "--requests" if path.suffix == ".jsonl" else "--request"
    for text, expected in zip(texts, clawc(example, option, path), strict=True):
        for request in [text, text.encode(), json.loads(text)]:
            assert exact(policy.decide(request, first_call=True)) == expected
            assert exact(policy.decide(policy.prepare(request), first_call=True)) == expected
        assert [exact(one) for one in policy.decide_batch([text, json.loads(text)], first_call=True)] == [expected] * 2


@pytest.mark.parametrize("path", [path for path in CASES if path.suffix == ".jsonl"], ids=lambda path: path.stem)
def test_sequences_are_decided_as_clawc_does(path):
    example = path.parent.parent
    engine = claw.Engine(compiled(example)[0], shared=True)
    expected = clawc(example, "--requests", path, "--session")
    for number, (text, answer) in enumerate(zip(lines(path), expected, strict=True), 1):
        request = json.loads(text)
        request.setdefault("call_id", f"line {number}")
        request.setdefault("session", "eval")
        with engine.begin(request) as call:
            assert exact(call.decision) == answer
        assert call.settled == (answer["decision"] == "allow")


def test_attributes(policy):
    decision = policy.decide(ask("send_email", {"to": ["x@evil.example"], "subject": "s"}))
    assert (decision.outcome, decision.allowed, bool(decision), decision.reason) == ("deny", False, False, "rule")
    assert decision.needs_approval is False
    [clause] = [clause for clause in decision.applied if clause["effect"] == "deny"]
    assert clause["clause"] == "shop.inside" and clause["suggest"] == "ask for an address at acme.com"
    assert decision.tier == "low" and decision.environment == "prod" and decision.call_id == "c-1"
    assert decision.package == "shop" and decision.policy_digest == policy.digest
    assert decision.args == {"to": ["x@evil.example"], "subject": "s"}
    assert decision.marks == [] and decision.constraints == {} and decision.commands == [] and decision.shadow == []
    assert decision.retry_after is None and decision.replayed is False and decision.message is None
    assert decision.request_digest.startswith("sha256:")
    assert decision.to_dict() == json.loads(decision.to_json())
    assert "shop.inside" in str(decision) and "mail may only go to" in str(decision) and "deny" in repr(decision)
    decision.applied.clear()
    assert decision.applied != []


def test_an_allowed_call_is_true(policy):
    request = ask("send_email", {"to": ["eva@acme.com"], "subject": "s"})
    assert policy.decide(request).needs_approval, "nobody knows what the session has seen"
    decision = policy.decide(request, first_call=True)
    assert decision.outcome == "allow" and decision
    assert str(decision).startswith("allow (granted)")


def test_approvals_are_listed(policy):
    decision = policy.decide(ask("refund", {"order": "o", "amount": 500}))
    assert (decision.outcome, decision.needs_approval, bool(decision)) == ("require_approval", True, False)
    [approval] = decision.approvals
    assert approval["id"] == "on_call" and approval["by"] == [{"n": 1, "roles": ["sre"]}]


def test_lazy_and_whole_agree(policy):
    """The verdict comes first, the grounds when they are asked for."""
    for request in [ask("refund", {"order": "o", "amount": 500}), ask("get_order", {"id": "o"}), ask("none", {})]:
        first, second = policy.decide(request), policy.decide(request)
        verdict = (first.outcome, first.reason)
        whole = second.to_dict()
        assert verdict == (whole["decision"], whole["reason"]) == (second.outcome, second.reason)


def test_prepared_requests(policy):
    prepared = policy.prepare(ask("refund", {"order": "o", "amount": 5}))
    assert prepared.call_id == "c-1" and prepared.denial is None and prepared.args == {"order": "o", "amount": 5}
    assert policy.decide(prepared).request_digest == prepared.digest
    bad = policy.prepare({"call_id": "c-2"})
    assert bad.denial.reason == "invalid_request" and bad.digest is None and bad.args is None and bad.call_id == "c-2"
    assert policy.decide(bad).reason == "invalid_request"


def test_a_prepared_request_is_good_for_its_policy_only(policy):
    other = claw.Policy.from_source(POLICY + "\nrule more { on any deny \"no\" }\n")
    prepared = policy.prepare(ask("get_order", {"id": "o"}))
    decision = other.decide(prepared)
    assert (decision.outcome, decision.reason) == ("deny", "invalid_request")
    assert decision.to_dict()["decision"] == "deny"


def test_batches(policy):
    good = policy.prepare(ask("refund", {"order": "o", "amount": 5}))
    plain = json.dumps(ask("refund", {"order": "o", "amount": 5}))
    requests = [good, ask("none", {}), "{", good, plain, plain.encode(), bytearray(plain, "utf-8"), "\ud800", b"\xff"]
    expected = ["allow", "deny", "deny", "allow", "allow", "allow", "allow", "deny", "deny"]
    assert [one.outcome for one in policy.decide_batch(iter(requests))] == expected
    assert [policy.decide(one).to_dict() for one in requests] == [one.to_dict() for one in policy.decide_batch(requests)]
    assert policy.decide_batch([]) == []
    with pytest.raises(TypeError):
        policy.decide_batch([good, 3])
    with pytest.raises(TypeError):
        policy.decide_batch(3)


def test_constraints_that_nobody_enforces_deny():
    text = "package p\nenvironments prod\nroles a\ntool t(x: string)\ngrant any to a\nconstraints { timeout: duration = min }\n" \
        "rule r { on t  constrain timeout 30s }\n"
    bundle = claw.compile(text)
    request = {"environment": "prod", "agent": {"id": "b", "roles": ["a"]}, "tool": "t", "args": {"x": "1"}}
    assert claw.Policy(bundle).decide(request).reason == "unsupported_constraint"
    decision = claw.Policy(bundle, enforces=["timeout"]).decide(request)
    assert decision and decision.constraints == {"timeout": "30s"}


def test_callable(policy):
    tools = policy.callable({"id": "bot", "roles": ["support"]}, environment="prod")
    assert (None, "refund") in tools and len(tools) == 4
    assert policy.callable({"id": "bot"}, environment="prod") == []
    with pytest.raises(ValueError):
        policy.callable({"id": "bot", "roles": ["suport"]}, environment="prod")
    with pytest.raises(ValueError):
        policy.callable({}, environment="prod")


def test_many_threads_agree(policy):
    requests = [ask("refund", {"order": "o", "amount": amount}) for amount in (5, 500)]
    prepared = [policy.prepare(request) for request in requests]
    wrong = []

    def run():
        for _ in range(500):
            outcomes = [policy.decide(one).outcome for one in (*requests, *prepared)]
            if outcomes != ["allow", "require_approval"] * 2:
                wrong.append(outcomes)

    threads = [threading.Thread(target=run) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert wrong == []


def resident() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="needs /proc")
def test_memory_does_not_grow(policy):
    request = ask("refund", {"order": "o", "amount": 500.5, "note": [1, {"a": "b"}]})

    def work(times):
        for _ in range(times):
            decision = policy.decide(request)
            assert decision.applied and decision.args
            assert policy.decide({}).message

    work(2_000)
    gc.collect()
    before = resident()
    work(50_000)
    gc.collect()
    assert resident() - before < 8 << 20
