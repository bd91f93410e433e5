"""The application as a process, asked over HTTP."""

from __future__ import annotations

import concurrent.futures
import json
import os
import pathlib
import re
import signal
import subprocess
import sys

import httpx
import pytest

HERE = pathlib.Path(__file__).parent.parent
sys.path.insert(0, str(HERE))

from gateway.who import digest  # noqa: E402


class Gateway:
    """A running gateway."""

    def __init__(self, data: pathlib.Path) -> None:
        self.data = data
        who = {
            "callers": [
                {"token_sha256": digest("desk-token"), "name": "desk", "environment": "prod",
                 "agent": {"id": "desk-bot", "roles": ["support"], "owner": "olga"}},
                {"token_sha256": digest("idle-token"), "name": "idle", "environment": "prod",
                 "agent": {"id": "idle-bot", "roles": []}},
                {"token_sha256": digest("acme-token"), "name": "acme", "environment": "prod", "tenant": "acme",
                 "agent": {"id": "acme-bot", "roles": ["support"]}},
            ],
            "people": [
                {"token_sha256": digest("sam-token"), "name": "sam", "roles": ["lead"], "manages": True},
                {"token_sha256": digest("olga-token"), "name": "olga", "roles": ["lead"]},
                {"token_sha256": digest("eve-token"), "name": "eve", "roles": []},
                {"token_sha256": digest("adam-token"), "name": "adam", "roles": ["lead"], "tenant": "acme"},
            ],
        }
        (data / "who.json").write_text(json.dumps(who))
        self.start()

    def start(self) -> None:
        environment = {**os.environ, "GATEWAY_DATA": str(self.data / "data"), "GATEWAY_WHO": str(self.data / "who.json")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "gateway.app:app", "--port", "0"],
            cwd=HERE, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
        )
        assert self.process.stderr is not None
        log = []
        for line in self.process.stderr:
            log.append(line)
            found = re.search(r"running on (http://\S+)", line)
            if found:
                self.url = found.group(1)
                # Nobody reads on; the pipe must not fill up.
                concurrent.futures.ThreadPoolExecutor(1).submit(self.process.stderr.read)
                return
        raise AssertionError("it did not start:\n" + "".join(log))

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def client(self, who: str | None, **headers: str) -> httpx.Client:
        if who is not None:
            headers["Authorization"] = f"Bearer {who}-token"
        return httpx.Client(base_url=self.url, headers=headers, timeout=60)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    running = Gateway(tmp_path_factory.mktemp("gateway"))
    yield running
    assert running.stop() in (0, -signal.SIGTERM)


@pytest.fixture
def session(request):
    """A name that no other test has."""
    return request.node.name


def execute(client, tool, args, **more):
    return client.post("/execute", json={"tool": tool, "args": args, **more})


def test_health(gateway):
    answer = gateway.client(None).get("/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_success_and_error(gateway, session):
    desk = gateway.client("desk", **{"X-Session": session})
    answer = execute(desk, "get_order", {"id": "o-1"})
    assert answer.status_code == 200 and answer.json()["status"] == "success"
    assert answer.json()["result"]["customer"] == "eva@acme.com"
    failed = execute(desk, "get_order", {"id": "o-2"})
    assert (failed.status_code, failed.json()["status"], failed.json()["reason"]) == (502, "error", "tool_failed")


@pytest.mark.parametrize(
    "tool, args, reason",
    [
        ("send_email", {"to": ["x@evil.example"], "subject": "s", "body": "b"}, "rule"),
        ("refund", {"order": "o-1", "amount": 5}, "rule"),
        ("drop_tables", {}, "unknown_tool"),
        ("get_order", {"id": 1}, "invalid_request"),
        ("get_order", {"id": "o-1", "more": 1}, "invalid_request"),
        ("get_order", [], "invalid_request"),
        ("get_order", {"id": "x" * 300_000}, None),
    ],
)
def test_what_is_not_granted_is_not_executed(gateway, session, tool, args, reason):
    answer = execute(gateway.client("desk", **{"X-Session": session}), tool, args)
    if reason is None:
        assert answer.status_code == 413
    else:
        assert (answer.status_code, answer.json()["status"], answer.json()["reason"]) == (403, "error", reason)
        assert answer.json()["message"]


def test_what_the_model_writes_is_not_believed(gateway, session):
    idle = gateway.client("idle", **{"X-Session": session})
    sly = {"agent": {"id": "desk-bot", "roles": ["support"]}, "environment": "dev", "tenant": "acme", "approvals": []}
    answer = execute(idle, "get_order", {"id": "o-1"}, **sly)
    assert (answer.status_code, answer.json()["reason"]) == (403, "not_granted")


def test_an_approval(gateway, session):
    desk = gateway.client("desk", **{"X-Session": session})
    people = {name: gateway.client(name) for name in ["sam", "olga", "eve", "adam"]}
    assert execute(desk, "get_order", {"id": "o-1"}).status_code == 200
    refund = {"call_id": "r-1", "tool": "refund", "args": {"order": "o-1", "amount": 499.95}}

    waiting = desk.post("/execute", json=refund)
    assert (waiting.status_code, waiting.json()["status"]) == (202, "pending_approval")
    [asked] = waiting.json()["approvals"]
    assert desk.post("/execute", json=refund).json()["approvals"] == [asked], "people are not asked twice"
    path = f"/approvals/{asked['id']}"
    assert asked["id"] in [one["id"] for one in people["sam"].get("/approvals").json()["approvals"]]
    assert "499.95" in json.dumps(people["sam"].get(path).json()["shown"])

    def vote(name, **body):
        answer = people[name].post(f"{path}/votes", json={"verdict": "grant", **body})
        return answer.status_code, answer.json().get("reason", answer.json().get("state"))

    assert vote("eve") == (409, "wrong_role")
    assert vote("olga") == (409, "own_request")
    assert vote("adam") == (404, "not_found") and people["adam"].get(path).status_code == 404
    assert vote("sam", verdict="yes")[0] == 400
    assert desk.post(f"{path}/votes", json={"verdict": "grant"}).status_code == 401, "agents do not vote"
    assert desk.post("/execute", json=refund).status_code == 202
    assert vote("sam", note="fine") == (200, "granted")
    assert vote("sam") == (409, "already_voted")

    more = {**refund, "call_id": "r-2", "args": {"order": "o-1", "amount": 4999.95}}
    assert desk.post("/execute", json=more).status_code == 202, "nobody was shown this amount"
    done = desk.post("/execute", json=refund)
    assert done.status_code == 200 and done.json()["result"] == {"refunded": "499.95"}
    assert people["sam"].get(path).json()["state"] == "consumed"
    again = desk.post("/execute", json=refund)
    assert (again.status_code, again.json()["reason"]) == (403, "duplicate_call")
    assert desk.post("/execute", json={**refund, "call_id": "r-3"}).status_code == 202, "it was good for one use"


def test_a_refusal(gateway, session):
    desk, sam = gateway.client("desk", **{"X-Session": session}), gateway.client("sam")
    execute(desk, "get_order", {"id": "o-1"})
    refund = {"call_id": "n-1", "tool": "refund", "args": {"order": "o-1", "amount": 300}}
    [asked] = desk.post("/execute", json=refund).json()["approvals"]
    assert sam.post(f"/approvals/{asked['id']}/votes", json={"verdict": "refuse"}).json()["state"] == "refused"
    assert desk.post("/execute", json=refund).json()["reason"] == "approval_refused"


def test_callers_do_not_see_each_other(gateway, session):
    desk = gateway.client("desk", **{"X-Session": session})
    acme = gateway.client("acme", **{"X-Session": session})
    assert execute(desk, "get_order", {"id": "o-1"}, call_id="same").status_code == 200
    assert execute(acme, "refund", {"order": "o-1", "amount": 5}, call_id="same").json()["reason"] == "rule"
    assert execute(acme, "get_order", {"id": "o-1"}, call_id="same").status_code == 200
    assert acme.get("/tools").json() == {"tools": ["get_order", "refund", "send_email"]}
    assert gateway.client("idle").get("/tools").json() == {"tools": []}


def test_nobody_gets_in_without_a_token(gateway):
    for headers in [{}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic desk-token"}, {"Authorization": "Bearer"},
                    {"Authorization": "Bearer sam-token"}]:
        client = httpx.Client(base_url=gateway.url, headers=headers, timeout=60)
        assert execute(client, "get_order", {"id": "o-1"}).status_code == 401
        assert client.get("/tools").status_code == 401
        if "sam" not in str(headers):
            for path in ["/approvals", "/approvals/x", "/policies"]:
                assert client.get(path).status_code == 401
            for path in ["/approvals/x/votes", "/policies", "/policies/roll-back"]:
                assert client.post(path, json={}).status_code == 401
    olga = gateway.client("olga")
    assert olga.get("/policies").status_code == 403 and olga.post("/policies", json={"source": ""}).status_code == 403
    assert olga.post("/policies/roll-back", json={}).status_code == 403


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"tool": "get_order", "tool": "refund"}', b"\xff", b"[" * 100_000, b'{"tool": 1}',
                                  b'{"tool": ""}', b'{"tool": "get_order", "call_id": ""}'])
def test_bodies_that_are_none(gateway, body):
    assert gateway.client("desk").post("/execute", content=body).status_code == 400


def test_approvals_that_are_none(gateway):
    sam = gateway.client("sam")
    assert sam.get("/approvals/nonsense").status_code == 400
    assert sam.get("/approvals/sha256:" + "0" * 64).status_code == 404
    assert sam.get("/approvals/..%2f..%2fpolicies").status_code in (400, 404)


def test_policies(gateway, session):
    sam, desk = gateway.client("sam"), gateway.client("desk", **{"X-Session": session})
    first = sam.get("/policies").json()["current"]
    assert first["package"] == "acme.help_desk" and first["digest"].startswith("sha256:")
    source = (HERE / "main.claw").read_text()

    bad = sam.post("/policies", json={"source": source.replace("support, lead", "lead")})
    assert bad.status_code == 422 and bad.json()["findings"][0]["line"] > 1
    assert sam.post("/policies", json={"source": 1}).status_code == 400
    assert sam.get("/policies").json()["current"]["digest"] == first["digest"]

    strict = source + '\nrule closed { on get_order deny "closed for today" }\n'
    strict = strict[: strict.index("\ntest ")] + strict[strict.index("\nrule closed"):]
    added = sam.post("/policies", json={"source": strict})
    assert added.status_code == 201 and added.json()["digest"] != first["digest"]
    denied = execute(desk, "get_order", {"id": "o-1"})
    assert denied.status_code == 403 and "closed for today" in denied.json()["message"]
    listed = sam.get("/policies").json()
    assert listed["current"]["digest"] == added.json()["digest"] and first["digest"] in [one["digest"] for one in listed["history"]]

    assert sam.post("/policies/roll-back", json={"to": "sha256:" + "0" * 64}).status_code == 409
    assert sam.post("/policies/roll-back", json={"to": "nonsense"}).status_code == 400
    assert sam.post("/policies/roll-back", json={}).json()["digest"] == first["digest"]
    assert execute(desk, "get_order", {"id": "o-1"}).status_code == 200


def test_many_at_once(gateway, session):
    """Threads of the server decide side by side, and the limit counts each call once."""
    desk = gateway.client("desk", **{"X-Session": session})
    mail = {"to": ["eva@acme.com"], "subject": "s", "body": "b"}
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: execute(desk, "send_email", mail).json(), range(40)))
    assert [answer["status"] for answer in answers].count("success") == 5
    assert {answer["reason"] for answer in answers if answer["status"] == "error"} == {"limit"}


def test_one_call_is_executed_once(gateway, session):
    desk = gateway.client("desk", **{"X-Session": session})
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: execute(desk, "get_order", {"id": "o-1"}, call_id="once"), range(32)))
    assert [answer.status_code for answer in answers].count(200) == 1
    assert {answer.json()["reason"] for answer in answers if answer.status_code != 200} <= {"in_progress", "duplicate_call"}


def test_a_restart_remembers(tmp_path):
    gateway = Gateway(tmp_path)
    try:
        desk = gateway.client("desk")
        assert execute(desk, "get_order", {"id": "o-1"}).status_code == 200
        refund = {"call_id": "r-1", "tool": "refund", "args": {"order": "o-1", "amount": 500}}
        [asked] = desk.post("/execute", json=refund).json()["approvals"]
        gateway.process.kill()
        gateway.process.wait()
        gateway.start()
        desk, sam = gateway.client("desk"), gateway.client("sam")
        assert sam.post(f"/approvals/{asked['id']}/votes", json={"verdict": "grant"}).json()["state"] == "granted"
        assert desk.post("/execute", json=refund).status_code == 200
    finally:
        gateway.stop()
    clawc = os.environ.get("CLAWC")
    if clawc:
        subprocess.run([clawc, "audit", "verify", tmp_path / "data" / "audit"], check=True, stdout=subprocess.DEVNULL)
