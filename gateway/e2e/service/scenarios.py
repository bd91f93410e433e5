"""A gateway, asked by clients that know nothing of claw."""

import asyncio
import hashlib
import json
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import apparitor.client
import apparitor.config
import apparitor.models as authzen
import decern
import jsonschema
import openapi_spec_validator
from prometheus_client.openmetrics import parser

TOKEN = "a-token-of-the-test"
POLICY = """
package docs
environments prod
tiers        low < high
roles        reader, sre

tool can_read(type: string, id: string)
tool search(query: string) on server "wiki"
tool erase(id: string)
approval boss { by 1 of sre  expires 15m }
grant any to reader
classify { low on can_read, search  high on erase }
matrix {
  tier | prod
  low  | allow
  high | boss
}
rule drafts_are_private {
  on   can_read
  when args.id == "draft"
  deny "{args.id} is not finished"
}
"""
CONFIG = f"""
environment = "prod"
[http]
listen = "127.0.0.1:0"
[policy]
path = "main.claw"
[[caller]]
name = "host"
token_sha256 = "{hashlib.sha256(TOKEN.encode()).hexdigest()}"
may = ["decide"]
agent = {{ id = "bot", roles = ["reader"] }}
[[person]]
name = "olga"
token_sha256 = "{hashlib.sha256(b"olga").hexdigest()}"
roles = ["sre"]
"""
READER = {"type": "agent", "id": "bot", "properties": {"roles": ["reader"]}}


def ask(url, body=None):
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {TOKEN}"})
    if body is not None:
        request.add_header("Content-Type", "application/json")
        request.data = json.dumps(body).encode()
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def decern_client(url):
    """One evaluation after the other."""
    client = decern.Client(url, token=TOKEN)
    document = lambda id: {"type": "document", "id": id}
    assert client.evaluate(READER, "can_read", document("1")).allowed
    denied = client.evaluate(READER, "can_read", document("draft"))
    assert not denied.allowed and denied.context["message"] == "draft is not finished", denied
    assert not client.evaluate({"type": "agent", "id": "nobody"}, "can_read", document("1")).allowed
    waits = client.evaluate(READER, "call", {"type": "tool", "id": "erase", "properties": {"arguments": {"id": "1"}}})
    assert not waits.allowed and waits.context["claw"]["decision"] == "require_approval", waits
    for stranger, status in [(decern.Client(url), 401), (decern.Client(url, token="nonsense"), 401)]:
        try:
            stranger.evaluate(READER, "can_read", document("1"))
            raise AssertionError("a stranger got in")
        except decern.DecernError as error:
            assert error.status_code == status, error


def apparitor_client(url):
    """Calls of tools, as a firewall for agents asks for them, and batches."""
    config = apparitor.config.ScannerConfig(
        pdp_url=url, allow_insecure_pdp=True, default_headers={"Authorization": f"Bearer {TOKEN}"},
        request_budget_s=60, connect_timeout_s=60, read_timeout_s=60,
    )
    subject = authzen.Subject(**READER)
    search = lambda arguments: authzen.Resource(
        type="tool", id="search", properties={"server": "wiki", "arguments": arguments})
    execute = authzen.Action(name=config.action_name)

    async def talk():
        async with apparitor.client.AuthZENClient(config) as client:
            one = lambda arguments: client.evaluate(
                authzen.EvaluationRequest(subject=subject, action=execute, resource=search(arguments)))
            assert (await one({"query": "claw"})).decision
            assert not (await one({"query": "claw", "more": 1})).decision
            items = [authzen.EvaluationItem(resource=authzen.Resource(type="document", id=id)) for id in ["1", "draft", "2"]]
            for semantic, expected in [
                ("execute_all", [True, False, True]),
                ("deny_on_first_deny", [True, False]),
                ("permit_on_first_permit", [True]),
            ]:
                answer = await client.evaluate_batch(authzen.BatchEvaluationRequest(
                    subject=subject, action=authzen.Action(name="can_read"), evaluations=items,
                    options=authzen.EvaluationsOptions(evaluations_semantic=semantic)))
                assert [one.decision for one in answer.evaluations] == expected, (semantic, answer)

    asyncio.run(talk())


def openapi(url):
    """The description is valid, and so are requests and answers by it."""
    description = json.loads(ask(f"{url}/openapi.json")[1])
    openapi_spec_validator.validate(description)

    def valid(value, schema):
        reference = {"$ref": f"#/components/schemas/{schema}", "components": description["components"]}
        jsonschema.validate(value, reference, cls=jsonschema.Draft202012Validator)

    request = {"call_id": "c-1", "session": "s-1", "environment": "prod", "tool": "erase", "args": {"id": "1"},
               "agent": {"id": "bot", "roles": ["reader"]}}
    valid(request, "Request")
    for path, body, schema in [
        ("/v1/decide", request, "Decision"),
        ("/v1/begin", request, "Decision"),
        ("/v1/ask", request, "Asked"),
        ("/v1/batch", {"requests": [request, request]}, "Decisions"),
        ("/v1/callable", {key: request[key] for key in ["environment", "agent"]}, "Callable"),
        ("/v1/settle", {"call_id": "c-1", "session": "s-1", "outcome": "ok"}, "Settled"),
        ("/v1/decide", {**request, "unheard_of": 1}, "Decision"),
        ("/v1/settle", {}, "Problem"),
        ("/access/v1/evaluation", {"subject": READER, "action": {"name": "can_read"}, "resource": {"type": "d", "id": "1"}},
         "Evaluated"),
        ("/access/v1/evaluations", {"evaluations": [{}]}, "AllEvaluated"),
        ("/.well-known/authzen-configuration", None, "AuthZenConfiguration"),
    ]:
        status, answer = ask(url + path, body)
        valid(json.loads(answer), schema)
        assert status < 500, (path, status, answer)


def prometheus(url):
    """What Prometheus' own parser reads."""
    status, text = ask(f"{url}/metrics")
    families = {family.name: family for family in parser.text_string_to_metric_families(text)}
    assert status == 200 and "claw_decisions" in families, families.keys()
    pending = [sample.value for sample in families["claw_approvals_pending"].samples]
    assert pending == [1.0], pending
    reasons = {sample.labels["reason"] for sample in families["claw_decisions"].samples}
    assert "matrix" in reasons and "invalid_request" not in reasons, reasons


def main():
    binary = str(pathlib.Path(sys.argv[1]).resolve())
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "main.claw").write_text(POLICY)
        (folder / "claw-gateway.toml").write_text(CONFIG)
        log = (folder / "log").open("w")
        gateway = subprocess.Popen([binary, "run"], cwd=folder, stderr=log, stdout=log)
        failed = False
        try:
            url = None
            began = time.monotonic()
            while url is None:
                found = re.search(r"listening on (http://[0-9.:]+)", (folder / "log").read_text())
                url = found and found.group(1)
                assert gateway.poll() is None and time.monotonic() - began < 60, (folder / "log").read_text()
                time.sleep(0.05)
            for scenario in [decern_client, apparitor_client, openapi, prometheus]:
                try:
                    scenario(url)
                    print(f"ok      {scenario.__name__}")
                except Exception as error:
                    failed = True
                    print(f"FAILED  {scenario.__name__}: {type(error).__name__}: {error}")
        finally:
            gateway.send_signal(signal.SIGTERM)
            failed |= gateway.wait(60) != 0
    sys.exit(failed)


main()
