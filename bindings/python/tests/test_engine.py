"""The engine: settling, approvals, reloads, stores, audit, and all that may fail."""

import datetime
import gc
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import time
import weakref

import pytest

import claw
from conftest import POLICY, ask

UTC = datetime.timezone.utc
START = datetime.datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


class Clock:
    def __init__(self):
        self.now = START

    def __call__(self):
        return self.now

    def pass_by(self, **span):
        self.now += datetime.timedelta(**span)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def engine(bundle, clock):
    with claw.Engine(bundle, clock=clock) as engine:
        yield engine


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.01)


def test_begin_and_settle(engine):
    call = engine.begin(ask("get_order", {"id": "o"}))
    assert call and call.allowed and call.args == {"id": "o"} and call.id == "c-1" and not call.settled
    assert call.took >= datetime.timedelta(0) and call.policy_digest == engine.current().digest
    again = engine.begin(ask("get_order", {"id": "o"}))
    assert again.allowed and again.decision.replayed
    assert engine.settle(call, "ok", "the answer") == "settled"
    assert call.settle() == "already_settled"
    assert engine.begin(ask("get_order", {"id": "o"})).decision.reason == "duplicate_call"
    for how in ["done", "", "OK"]:
        with pytest.raises(ValueError):
            call.settle(how)
    with pytest.raises(TypeError):
        call.settle("ok", {"no": "bytes"})


def test_a_denied_call_has_nothing_to_execute(engine):
    call = engine.begin(ask("send_email", {"to": ["x@evil.example"], "subject": "s"}))
    assert not call and call.args is None and call.decision.reason == "rule"
    assert call.settle("ok") == "unknown_call"
    with pytest.raises(claw.Refused) as caught:
        call.ask()
    assert caught.value.code == "nothing_to_ask"


def test_limits_are_charged_and_given_back(engine, clock):
    def try_one(name):
        return engine.begin(ask("get_order", {"id": "o"}, name))

    calls = [try_one(f"c-{i}") for i in range(3)]
    assert all(calls)
    full = try_one("c-3")
    assert full.decision.reason == "limit" and full.decision.retry_after > datetime.timedelta(0)
    calls[0].settle("not_executed")
    assert try_one("c-4")
    clock.pass_by(minutes=2)
    assert try_one("c-5")


def test_the_block_settles(engine):
    request = ask("get_order", {"id": "o"})
    with engine.call(request) as call:
        assert call.args == {"id": "o"}
    assert call.settled and engine.begin(request).decision.reason == "duplicate_call"

    with pytest.raises(ZeroDivisionError):
        with engine.call(ask("get_order", {"id": "o"}, "c-2")) as call:
            1 / 0
    assert call.settled

    with engine.call(ask("get_order", {"id": "o"}, "c-3")) as call:
        call.settle("not_executed")
    assert engine.begin(ask("get_order", {"id": "o"}, "c-4")), "what was not executed was given back"


def test_the_block_is_not_entered_unless_allowed(engine):
    entered = []
    with pytest.raises(claw.Denied) as caught:
        with engine.call(ask("send_email", {"to": ["x@evil.example"], "subject": "s"})):
            entered.append(1)
    assert entered == [] and caught.value.decision.reason == "rule" and "mail may only" in str(caught.value)
    with pytest.raises(claw.ApprovalRequired) as caught:
        with engine.call(ask("refund", {"order": "o", "amount": 500})):
            entered.append(1)
    assert entered == [] and isinstance(caught.value, claw.NotAllowed)
    [asking] = caught.value.ask()
    assert asking.state == "open"


def test_approvals(engine, clock):
    request = ask("refund", {"order": "o", "amount": 500})
    call = engine.begin(request)
    assert call.needs_approval and call.args is None
    [asking] = engine.ask(call)
    assert (asking.approval, asking.state, asking.tenant) == ("on_call", "open", None)
    assert asking.request_digest == call.decision.request_digest and asking.opened_at == START
    assert asking.expires_at == START + datetime.timedelta(minutes=15)
    assert "500" in asking.text and str(asking) == asking.text and asking.to_dict()["state"] == "open"
    assert [one.id for one in engine.askings()] == [asking.id]

    def refused(code, *args, **more):
        with pytest.raises(claw.Refused) as caught:
            engine.vote(*args, **more)
        assert caught.value.code == code

    refused("wrong_role", asking, "eve", "grant")
    refused("own_request", asking, "olga", "grant", roles=["sre"])
    refused("other_tenant", asking, "sam", "grant", roles=["sre"], tenant="acme")
    refused("not_found", "sha256:" + "0" * 64, "sam", "grant", roles=["sre"])
    with pytest.raises(ValueError):
        engine.vote(asking, "sam", "yes", roles=["sre"])
    with pytest.raises(ValueError):
        engine.vote("no id", "sam", "grant", roles=["sre"])
    with pytest.raises(TypeError):
        engine.vote(3, "sam", "grant")

    assert not engine.begin(request)
    assert engine.preview(request).needs_approval
    granted = engine.vote(asking.id, "sam", "grant", roles=["sre"], note="ok")
    assert granted.state == "granted" and engine.asking(asking).state == "granted" and engine.askings() == []
    assert engine.preview(request).allowed

    changed = engine.begin(ask("refund", {"order": "o", "amount": 501}))
    assert changed.needs_approval, "an approval is for the arguments that people saw"
    with engine.call(request) as call:
        assert call.args == {"order": "o", "amount": 500}
    assert engine.asking(asking.id).state == "consumed"
    assert engine.begin(ask("refund", {"order": "o", "amount": 500}, "c-2")).needs_approval, "it is good for one use"


def test_a_refusal_stands(engine):
    request = ask("refund", {"order": "o", "amount": 500})
    [asking] = engine.begin(request).ask()
    assert engine.vote(asking, "sam", "refuse", roles=["sre"], note="no").state == "refused"
    assert engine.begin(request).decision.reason == "approval_refused"


def test_an_approval_expires(engine, clock):
    request = ask("refund", {"order": "o", "amount": 500})
    [asking] = engine.begin(request).ask()
    clock.pass_by(minutes=16)
    with pytest.raises(claw.Refused) as caught:
        engine.vote(asking, "sam", "grant", roles=["sre"])
    assert caught.value.code == "expired" and engine.asking(asking).state == "expired"
    assert engine.begin(request).needs_approval
    clock.pass_by(days=2)
    assert engine.forget_askings(START + datetime.timedelta(days=1)) == 1


def test_requests_bring_no_approvals_of_their_own(engine):
    request = ask("refund", {"order": "o", "amount": 500})
    digest = engine.begin(request).decision.request_digest
    approvals = [{
        "approval": "on_call", "approval_digest": digest, "request_digest": digest, "clauses": [],
        "asked_at": "2026-03-02T10:00:00Z",
        "votes": [{"person": "sam", "roles": ["sre"], "verdict": "grant", "at": "2026-03-02T10:00:00Z"}],
    }]
    assert engine.begin({**request, "approvals": approvals}).decision.reason == "invalid_request"


def test_tenants(bundle):
    engine = claw.Engine()
    assert engine.begin(ask("get_order", {"id": "o"})).decision.reason == "no_policy"
    engine.load(bundle, tenant="acme")
    assert engine.begin(ask("get_order", {"id": "o"}, tenant="acme"))
    assert engine.begin(ask("get_order", {"id": "o"}, tenant="other")).decision.reason == "no_policy"
    assert engine.tenants() == ["acme"] and engine.current() is None
    agent = {"id": "bot", "roles": ["support"]}
    assert len(engine.callable(agent, environment="prod", tenant="acme")) == 4
    assert engine.callable(agent, environment="prod", tenant="other") == []
    engine.withdraw(tenant="acme")
    assert engine.begin(ask("get_order", {"id": "o"}, "c-2", tenant="acme")).decision.reason == "no_policy"
    shared = claw.Engine(bundle, shared=True)
    assert shared.begin(ask("get_order", {"id": "o"}, tenant="anyone"))
    with pytest.raises(claw.LoadError) as caught:
        shared.load(bundle, tenant="acme")
    assert caught.value.kind == "shared"


def test_reload_and_roll_back(engine):
    first = engine.current()
    assert first.package == "shop" and first.at == START and first.signer is None and first.source == "memory"
    second = engine.load(POLICY + "\nrule stop { on any deny \"no\" }\n")
    assert engine.begin(ask("get_order", {"id": "o"})).decision.reason == "rule"
    assert second.sequence > first.sequence and [version.digest for version in engine.history()] == [first.digest]
    assert engine.roll_back().digest == first.digest
    assert engine.roll_back(to=second.digest).digest == second.digest
    with pytest.raises(claw.LoadError) as caught:
        engine.roll_back(to="sha256:" + "0" * 64)
    assert caught.value.kind == "not_kept"
    with pytest.raises(ValueError):
        engine.roll_back(to="x")
    with pytest.raises(claw.CompileError):
        engine.load("package p\nnonsense\n")
    with pytest.raises(claw.LoadError):
        engine.load(b"nonsense")
    assert engine.current().digest == second.digest


def test_a_watched_file(bundle, tmp_path):
    file = tmp_path / "policy.clawb"
    bundle.save(file)
    with claw.Engine() as engine:
        watch = engine.watch(file, quiet=0.02, compare=0.1)
        until(lambda: engine.current() is not None)
        other = claw.compile(POLICY + "\nrule stop { on any deny \"no\" }\n")
        other.save(file)
        until(lambda: engine.current().digest == other.digest)
        file.write_bytes(b"nonsense")
        time.sleep(0.3)
        assert engine.current().digest == other.digest
        watch.stop()
        watch.stop()
        assert watch.problem is None
        with pytest.raises(ValueError):
            engine.watch(file, quiet=-1)


def test_reloads_under_load(bundle):
    """Each call is decided wholly by one policy or the other."""
    strict = claw.compile(POLICY + "\nrule stop { on refund deny \"no\" }\n")
    engine = claw.Engine(bundle)
    stop, wrong, counts = threading.Event(), [], {"allow": 0, "deny": 0}

    def calls(name):
        number = 0
        while not stop.is_set():
            number += 1
            call = engine.begin(ask("refund", {"order": "o", "amount": 5}, f"{name}-{number}", session=name))
            expected = bundle.digest if call.allowed else strict.digest
            counts[call.decision.outcome] += 1
            if call.policy_digest != expected or call.decision.policy_digest != expected:
                wrong.append(str(call))
            if call:
                call.settle()

    threads = [threading.Thread(target=calls, args=(f"t{i}",)) for i in range(4)]
    [thread.start() for thread in threads]
    for turn in range(60):
        engine.load(strict if turn % 2 == 0 else bundle)
    until(lambda: all(counts.values()) or not engine.load(strict if counts["allow"] else bundle))
    stop.set()
    [thread.join() for thread in threads]
    assert wrong == []


@pytest.mark.parametrize("where", ["memory", "file"])
def test_stores(bundle, tmp_path, where):
    places = {} if where == "memory" else {"state": tmp_path / "state.db", "ledger": str(tmp_path / "ledger.db")}
    request = ask("refund", {"order": "o", "amount": 500})
    with claw.Engine(bundle, **places) as engine:
        [asking] = engine.begin(request).ask()
        call = engine.begin(ask("get_order", {"id": "o"}, "c-9"))
        assert call
    with claw.Engine(bundle, **places) as engine:
        if where == "memory":
            assert engine.askings() == []
            assert engine.settle_by_id("c-9", "ok", session="s-1") == "unknown_call"
        else:
            assert [one.id for one in engine.askings()] == [asking.id]
            assert engine.settle_by_id("c-9", "ok", session="other") == "unknown_call"
            assert engine.settle_by_id("c-9", "ok", session="s-1", result=b"r") == "settled"


def test_redis(bundle, tmp_path):
    server = shutil.which("redis-server")
    if server is None:
        pytest.skip("skipped: redis-server is not installed")
    socket = tmp_path / "redis.sock"
    process = subprocess.Popen(
        [server, "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(tmp_path)],
        stdout=subprocess.DEVNULL,
    )
    try:
        until(socket.exists)
        first = claw.Engine(bundle, state=f"redis+unix://{socket}")
        second = claw.Engine(bundle, state=f"redis+unix://{socket}")
        outcomes = [engine.begin(ask("get_order", {"id": "o"}, f"c-{i}")).allowed for i, engine in enumerate([first, second] * 2)]
        assert outcomes == [True, True, True, False]
        call = first.begin(ask("refund", {"order": "o", "amount": 5}, "c-9"))
    finally:
        process.terminate()
        process.wait()
    with pytest.raises(claw.StateUnavailable):
        call.settle()
    assert first.begin(ask("get_order", {"id": "o"}, "c-10")).decision.outcome == "deny"


@pytest.fixture
def postgres():
    """The address of a server in a folder of its own, without TCP."""
    programs = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not programs:
        pytest.skip("skipped: PostgreSQL is not installed")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="claw"))
    # It refuses to run as root.
    other = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.getuid() == 0 else {}
    if other:
        shutil.chown(folder, "nobody")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder, **other}
    subprocess.run([programs[-1], "-D", folder / "db", "-A", "trust", "-U", "claw", "--no-sync"], check=True, **quiet)
    command = [programs[-1].with_name("postgres"), "-D", folder / "db", "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off"]
    server = subprocess.Popen(command, **quiet)
    try:
        until(lambda: subprocess.run([programs[-1].with_name("pg_isready"), "-h", folder, "-q"]).returncode == 0)
        yield f"postgresql:///postgres?host={folder}&user=claw", server
    finally:
        server.kill()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def test_postgres(bundle, postgres):
    address, server = postgres
    request = ask("refund", {"order": "o", "amount": 500})
    with claw.Engine(bundle, ledger=address, audit=address) as engine:
        [asking] = engine.begin(request).ask()
    engine = claw.Engine(bundle, ledger=address, audit=address)
    assert engine.vote(asking.id, "sam", "grant", roles=["sre"]).state == "granted"
    with pytest.raises(claw.AuditUnavailable):
        claw.Engine(bundle, audit=address)
    with engine.call(request) as call:
        assert call.args == {"order": "o", "amount": 500}
    server.kill()
    server.wait()
    assert engine.begin(ask("get_order", {"id": "o"}, "c-2")).decision.reason == "audit_unavailable"
    with pytest.raises(claw.EngineError):
        engine.askings()
    with pytest.raises(claw.AuditUnavailable):
        engine.close()
    assert engine.closed


def test_places_that_do_not_exist(bundle, tmp_path):
    with pytest.raises(claw.StateUnavailable):
        claw.Engine(bundle, state=tmp_path / "no" / "state.db")
    with pytest.raises(claw.Refused):
        claw.Engine(bundle, ledger=tmp_path / "no" / "ledger.db")
    (tmp_path / "file").write_text("")
    with pytest.raises(claw.AuditUnavailable):
        claw.Engine(bundle, audit=tmp_path / "file")
    with pytest.raises(claw.StateUnavailable):
        claw.Engine(bundle, state="redis+unix:///no/such.sock")
    for wrong in [{"state": "postgres://h/d"}, {"ledger": "redis://h"}, {"audit": "memory"}, {"audit": "redis://h"},
                  {"ledger": "postgres://host:port/d"}]:
        with pytest.raises(ValueError):
            claw.Engine(bundle, **wrong)
    with pytest.raises(TypeError):
        claw.Engine(bundle, state=3)


def test_audit(bundle, tmp_path):
    folder = tmp_path / "audit"
    with claw.Engine(bundle, audit=folder) as engine:
        with engine.call(ask("get_order", {"id": "o"})):
            pass
        engine.begin({"call_id": "c-2", "environment": float("nan")})
        engine.begin("{")
        [asking] = engine.begin(ask("refund", {"order": "o", "amount": 500}, "c-3")).ask()
        engine.vote(asking, "sam", "grant", roles=["sre"])
        call = engine.begin(ask("get_order", {"id": "o"}, "c-4"))
        with pytest.raises(claw.CompileError):
            engine.load("nonsense")
    done = subprocess.run([os.environ["CLAWC"], "audit", "verify", folder], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    records = [json.loads(line) for file in sorted(folder.glob("*.jsonl*")) for line in file.read_text().splitlines()]
    text = json.dumps(records)
    assert all(word in text for word in ["reload", "decision", "result", "ask", "vote", "invalid_request", "refused"])
    with pytest.raises(claw.Closed):
        call.settle()


def test_a_log_that_fails_denies(bundle, tmp_path):
    folder = tmp_path / "audit"
    engine = claw.Engine(bundle, audit=folder)
    with pytest.raises(claw.AuditUnavailable):
        claw.Engine(bundle, audit=folder)
    assert engine.begin(ask("get_order", {"id": "o"}))


def test_signatures(bundle, tmp_path):
    clawc = os.environ["CLAWC"]
    subprocess.run([clawc, "keygen", "--no-password", "-o", tmp_path / "a"], check=True, capture_output=True)
    subprocess.run([clawc, "keygen", "--no-password", "-o", tmp_path / "b"], check=True, capture_output=True)
    (tmp_path / "shop.claw").write_text(POLICY)
    built = tmp_path / "shop.clawb"
    subprocess.run([clawc, "build", tmp_path / "shop.claw", "-o", built, "--sign", tmp_path / "a.key"], check=True,
                   capture_output=True)
    signature = (tmp_path / "shop.clawb.minisig").read_text()
    public = {name: next(path for path in tmp_path.glob(f"{name}*.pub")) for name in "ab"}
    with claw.Engine(built, trust=[public["a"]]) as engine:
        assert engine.current().signer and engine.current().source == str(built)
        assert engine.load(built.read_bytes(), signature=signature).signer
        for bad in [lambda: engine.load(built.read_bytes()), lambda: engine.load(POLICY), lambda: engine.load(bundle)]:
            with pytest.raises(claw.LoadError) as caught:
                bad()
            assert caught.value.kind == "unsigned"
        with pytest.raises(claw.LoadError):
            engine.load(built.read_bytes() + b"x", signature=signature)
        with pytest.raises(claw.LoadError):
            engine.load(built.read_bytes(), signature="nonsense")
    with claw.Engine(built, trust=[public["a"].read_text()]) as engine:
        assert engine.current()
    for keys in [[public["b"]], []]:
        with pytest.raises(claw.LoadError):
            claw.Engine(built, trust=keys)
    with pytest.raises(ValueError, match="public key"):
        claw.Engine(built, trust=["nonsense"])
    with pytest.raises(claw.LoadError) as caught:
        claw.Engine(built, modules={"company": "sha256:" + "0" * 64})
    assert caught.value.kind == "missing_module"


def test_a_closed_engine(bundle):
    engine = claw.Engine(bundle)
    call = engine.begin(ask("get_order", {"id": "o"}))
    engine.close()
    engine.close()
    assert engine.closed and "closed" in repr(engine)
    for use in [
        lambda: engine.begin(ask("get_order", {"id": "o"})), lambda: engine.call({}), lambda: engine.preview({}),
        lambda: engine.load(bundle), lambda: engine.load_file("x"), lambda: engine.roll_back(), lambda: engine.askings(),
        lambda: engine.asking("x"), lambda: engine.vote("x", "p", "grant"), lambda: engine.current(), lambda: engine.history(),
        lambda: engine.tenants(), lambda: engine.watch("x"), lambda: engine.withdraw(), lambda: engine.ask(call),
        lambda: engine.callable({}, environment="x"), lambda: engine.settle_by_id("x", "ok"),
    ]:
        with pytest.raises(claw.Closed) as caught:
            use()
        assert isinstance(caught.value, claw.EngineError) and caught.value.code == "closed"
    with pytest.raises(claw.Closed):
        call.settle()


def test_a_closed_engine_lets_go(bundle, tmp_path):
    places = {"state": tmp_path / "state.db", "ledger": tmp_path / "ledger.db", "audit": tmp_path / "audit"}
    engines = []
    for number in range(3):
        engines.append(claw.Engine(bundle, **places))
        with engines[-1].call(ask("refund", {"order": "o", "amount": 5}, f"c-{number}")):
            pass
        engines[-1].close()


def test_malformed_requests_are_denied(engine):
    for wrong in [{}, "{", b"\xff", ask("get_order", {"id": float("nan")}), {"agent": 1}]:
        assert engine.begin(wrong).decision.reason == "invalid_request"
        assert engine.preview(wrong).reason == "invalid_request"
    assert engine.begin(ask("get_order", {"id": "x" * 300_000})).decision.reason == "limits_exceeded"
    prepared = claw.Policy.from_source(POLICY).prepare(ask("get_order", {"id": "o"}))
    for wrong in [None, 3, prepared, ask("get_order", {"id": object()})]:
        with pytest.raises(TypeError):
            engine.begin(wrong)


@pytest.mark.parametrize("answer", [lambda: None, lambda: 1 / 0, lambda: datetime.datetime(2026, 1, 1), lambda: "2026", gc.collect])
def test_a_clock_that_fails_grants_nothing(bundle, answer):
    engine = claw.Engine(bundle, clock=answer)
    assert engine.begin(ask("get_order", {"id": "o"})).decision.reason == "limit_unavailable"
    with pytest.raises(claw.EngineError):
        engine.askings()


def test_callbacks_under_threads(bundle):
    """The clock is Python: deciding gives the interpreter back, so nothing waits for itself."""
    class Busy:
        def __call__(self):
            gc.collect(0)
            return datetime.datetime.now(UTC)

    engine = claw.Engine(bundle, clock=Busy())

    def run(name):
        for number in range(50):
            with engine.begin(ask("refund", {"order": "o", "amount": 5}, f"{name}-{number}", session=name)) as call:
                assert call

    threads = [threading.Thread(target=run, args=(f"t{i}",)) for i in range(8)]
    [thread.start() for thread in threads]
    [thread.join(120) for thread in threads]
    assert not any(thread.is_alive() for thread in threads)


WEB = """
package web
environments prod
roles support
extern reputation(h: host) -> int { timeout 500ms }
tool web_fetch(url: url)
grant web_fetch to support
rule known { on web_fetch  when reputation(args.url.host) < 20  deny "{args.url.host} is not to be visited" }
"""


def test_functions_of_the_host():
    asked = []

    def reputation(host):
        asked.append(host)
        return {"good.example": 90, "bad.example": 3, "odd.example": "much", "none.example": None}[host]

    engine = claw.Engine(WEB, externs={"reputation": reputation})

    def fetch(host, name):
        return engine.begin(ask("web_fetch", {"url": f"https://{host}/"}, name)).decision

    assert fetch("good.example", "c-1")
    for host in ["bad.example", "odd.example", "none.example", "raises.example"]:
        assert fetch(host, host).reason == "rule"
    assert asked[0] == "good.example" and "raises.example" in asked
    assert not claw.Engine(WEB).begin(ask("web_fetch", {"url": "https://good.example/"})), "nobody was asked"
    assert not claw.Policy.from_source(WEB).decide(ask("web_fetch", {"url": "https://good.example/"}))
    with pytest.raises(TypeError, match="reputation"):
        claw.Engine(WEB, externs={"reputation": 3})


def test_a_function_that_hangs_is_not_waited_for():
    release = threading.Event()
    engine = claw.Engine(WEB, externs={"reputation": lambda host: release.wait(60) and 90})
    try:
        assert engine.begin(ask("web_fetch", {"url": "https://good.example/"})).decision.reason == "rule"
    finally:
        release.set()


def test_what_is_not_used_any_more_goes_away(bundle, tmp_path):
    bundle.save(tmp_path / "policy.clawb")

    class Marked:
        def __call__(self):
            return START

    clock = Marked()
    gone = weakref.ref(clock)
    engine = claw.Engine(bundle, clock=clock)
    engine.watch(tmp_path / "policy.clawb")
    call = engine.begin(ask("get_order", {"id": "o"}))
    del clock, engine
    assert gone() is not None and call.settle() == "settled"
    del call
    # What native threads let go of is freed when the interpreter next enters native code.
    until(lambda: bool(repr(bundle)) and gc.collect() >= 0 and gone() is None)


def test_a_session_remembers(engine):
    with engine.call(ask("web_fetch", {"url": "https://acme.com/"})) as call:
        assert call.decision.marks == ["untrusted"]
    mail = ask("send_email", {"to": ["eva@acme.com"], "subject": "s"}, "c-2")
    assert engine.begin(mail).needs_approval
    assert engine.begin({**mail, "session": "s-2"})
    assert engine.begin({**mail, "session": "s-3", "parent_session": "s-1"}).needs_approval
