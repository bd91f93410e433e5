from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from os import PathLike
from types import TracebackType
from typing import Any, Literal, TypedDict, final

from typing_extensions import NotRequired, Self

__all__ = [
    "Asking",
    "Bundle",
    "Call",
    "Decision",
    "Diagnostic",
    "Engine",
    "Policy",
    "Request",
    "Version",
    "Watch",
    "__version__",
    "_bench",
    "compile",
]

__version__: str

#: A request: a dict, or JSON in a text.
_Request = dict[str, Any] | str | bytes | bytearray
#: The path of a file.
_Path = str | PathLike[str]
#: How a call has ended.
_How = Literal["ok", "error", "not_executed"]
#: What settling did.
_Settled = Literal["settled", "already_settled", "unknown_call"]

class _Applied(TypedDict):
    clause: str
    kind: NotRequired[str]
    effect: str
    tier: NotRequired[str]
    approvals: NotRequired[list[str]]
    constraint: NotRequired[str]
    label: NotRequired[str]
    message: NotRequired[str]
    suggest: NotRequired[str]
    unknown: NotRequired[list[str]]
    file: str
    line: int
    column: int

class _Line(TypedDict):
    n: int
    roles: list[str]

class _Approval(TypedDict):
    id: str
    digest: str
    by: list[_Line]
    expires_s: int
    expires_ms: NotRequired[int]
    reuse_s: int
    reuse_ms: NotRequired[int]
    note_required: bool
    by_user: bool
    required_by: list[str]

def compile(
    source: str | PathLike[str],
    *,
    files: Mapping[str, str | bytes] | None = None,
    name: str = "main.claw",
    prove: bool = True,
) -> Bundle:
    """Compiles a policy. A str is its text; a path names a policy file, a folder with one, or a bundle.

    `files` are those that a text uses, by name. `name` is what the text is called in findings and decisions. Without
    `prove`, what takes a look at all requests (such as invariants) is not checked. Raises `CompileError`.
    """

@final
class Bundle:
    """A compiled policy: bytes that any gateway loads. `bytes(bundle)` are what `clawc build` writes."""

    def __new__(cls, data: Bundle | bytes | bytearray) -> Self: ...
    def save(self, path: _Path) -> None:
        """Writes the bundle to a file, which is replaced at once."""
    @property
    def package(self) -> str:
        """The package of the root module."""
    @property
    def digest(self) -> str:
        """Names exactly this policy."""
    @property
    def warnings(self) -> list[Diagnostic]:
        """What in the policy is probably not meant; empty for a bundle that was not compiled here."""
    def __bytes__(self) -> bytes: ...
    def __len__(self) -> int: ...

@final
class Diagnostic:
    """What the compiler found in a policy."""

    @property
    def code(self) -> str:
        """Its stable code, such as `"E0101"`."""
    @property
    def severity(self) -> Literal["error", "warning"]: ...
    @property
    def message(self) -> str:
        """What is wrong."""
    @property
    def file(self) -> str:
        """In which file."""
    @property
    def line(self) -> int:
        """From 1."""
    @property
    def column(self) -> int:
        """From 1, in characters."""
    @property
    def help(self) -> str | None:
        """How to go on."""
    @property
    def notes(self) -> list[str]:
        """Background: why this is so."""
    @property
    def rendered(self) -> str:
        """All of it with the lines that it is about."""

@final
class Policy:
    """A compiled policy, ready to decide. It never changes; any number of threads may use it."""

    def __new__(
        cls,
        bundle: Bundle | bytes | bytearray,
        *,
        enforces: Sequence[str] = ...,
        limits: dict[str, int] | None = None,
    ) -> Self: ...
    @staticmethod
    def from_source(
        source: str,
        *,
        files: Mapping[str, str | bytes] | None = None,
        enforces: Sequence[str] = ...,
        limits: dict[str, int] | None = None,
    ) -> Policy:
        """Compiles a policy from its text. `files` are those that it uses, by name."""
    @staticmethod
    def from_file(path: _Path, *, enforces: Sequence[str] = ..., limits: dict[str, int] | None = None) -> Policy:
        """Reads a bundle, or compiles a policy file or the policy of a folder."""
    def prepare(self, request: _Request) -> Request:
        """Reads and checks a request once, for many decisions on it."""
    def decide(self, request: _Request | Request, *, first_call: bool = False) -> Decision:
        """Decides. Never fails for what is in a request: a malformed one is denied.

        Nothing is known of other calls, so limits, labels and `prior` of a session are unknown and deny. With
        `first_call` the call is decided as the first one of the session that the request names.
        """
    def decide_batch(self, requests: Iterable[_Request | Request], *, first_call: bool = False) -> list[Decision]:
        """Decides many, while other threads run. The answers are in the order of the requests."""
    def callable(
        self, agent: dict[str, Any], user: dict[str, Any] | None = None, *, environment: str
    ) -> list[tuple[str | None, str]]:
        """The tools that some grant could cover for this caller, as pairs of server (or `None`) and name."""
    @property
    def digest(self) -> str:
        """Names exactly this policy."""
    @property
    def package(self) -> str:
        """The package of the root module."""
    @property
    def modules(self) -> dict[str, str]:
        """All modules, with the digests of their texts."""

@final
class Request:
    """A request that a policy has read and checked: deciding on it is fast. Made by `Policy.prepare`, and good for that
    policy. One that is malformed is kept, too: every decision on it is its denial."""

    @property
    def denial(self) -> Decision | None:
        """The denial, if the request is malformed or does not fit the policy."""
    @property
    def call_id(self) -> str | None:
        """The host's name for the call."""
    @property
    def digest(self) -> str | None:
        """Names what is judged. `None` for a malformed request."""
    @property
    def args(self) -> dict[str, Any] | None:
        """The canonical arguments. `None` for a malformed request."""

@final
class Decision:
    """What may be done with a call, and why. True in a condition exactly if the call is allowed."""

    @property
    def outcome(self) -> Literal["allow", "require_approval", "deny"]: ...
    @property
    def allowed(self) -> bool:
        """May the call be executed now?"""
    @property
    def needs_approval(self) -> bool:
        """Must people agree first?"""
    @property
    def reason(self) -> str:
        """Why: one of a closed list of words, such as `"granted"` or `"rule"`."""
    @property
    def call_id(self) -> str | None:
        """The host's name for the call."""
    @property
    def message(self) -> str | None:
        """What is wrong with the request, where no clause says it."""
    @property
    def pointer(self) -> str | None:
        """Where in the request `message` applies, as a JSON pointer."""
    @property
    def tier(self) -> str | None:
        """The call's tier."""
    @property
    def environment(self) -> str | None:
        """The request's environment."""
    @property
    def args(self) -> dict[str, Any] | None:
        """The canonical arguments: what was judged. `None` where the request was not understood."""
    @property
    def commands(self) -> list[dict[str, Any]]:
        """How the commands among the arguments are read."""
    @property
    def applied(self) -> list[_Applied]:
        """Every clause that applied, in the policy's order."""
    @property
    def approvals(self) -> list[_Approval]:
        """The approvals that are required and outstanding."""
    @property
    def constraints(self) -> dict[str, Any]:
        """What the host has to enforce when it executes the call."""
    @property
    def marks(self) -> list[str]:
        """Labels that the session carries once the call was allowed."""
    @property
    def retry_after(self) -> timedelta | None:
        """How long until a limit that denies has room again."""
    @property
    def shadow(self) -> list[_Applied]:
        """What hints and candidates would have done."""
    @property
    def replayed(self) -> bool:
        """Was the same call allowed before under this id, and is not settled yet?"""
    @property
    def request_digest(self) -> str | None:
        """Names what was judged. `None` where the request was not understood."""
    @property
    def package(self) -> str:
        """The policy's package; empty if there was no policy."""
    @property
    def policy_digest(self) -> str:
        """The policy's digest."""
    def to_dict(self) -> dict[str, Any]:
        """The whole decision as it goes over the wire."""
    def to_json(self) -> str:
        """The whole decision as one line of JSON."""
    def __bool__(self) -> bool: ...

@final
class Engine:
    """Policy, past calls, approvals and audit as one thing that is asked before each tool call. Any number of threads may
    use one.

    `policy` is whatever `load` takes. `state` keeps past calls: `"memory"`, the path of a SQLite file, or `redis://…`.
    `ledger` keeps approvals: `"memory"`, a path, or `postgres://…`. `audit` is a folder or `postgres://…`; without it nothing
    is recorded. `trust` are public keys, texts or paths: with it only bundles that one of them signed are accepted, and
    with an empty list none. `modules` must be part of every policy: packages with the digests of their texts. `shared`: one
    policy decides for all tenants. `keep`: how many earlier policies can be rolled back to. `enforces`: constraints that
    the host enforces. `limits`: bounds on requests, by name. `externs`: functions that policies ask, by name; each gets its
    arguments as JSON has them, and what it raises, answers wrongly or too late is unknown. `clock` answers with an aware
    datetime.
    """

    def __new__(
        cls,
        policy: Bundle | bytes | bytearray | str | PathLike[str] | None = None,
        *,
        state: _Path | None = None,
        ledger: _Path | None = None,
        audit: _Path | None = None,
        trust: Sequence[_Path] | None = None,
        modules: Mapping[str, str] | None = None,
        shared: bool = False,
        keep: int = 8,
        enforces: Sequence[str] = ...,
        limits: dict[str, int] | None = None,
        externs: Mapping[str, Callable[..., Any]] | None = None,
        clock: Callable[[], datetime] | None = None,
    ) -> Self: ...
    def begin(self, request: _Request) -> Call:
        """Decides a call and, if it is allowed, reserves what it needs, takes its approvals, and records it. Never fails for
        what is in a request. Settle the call if it is allowed."""
    def call(self, request: _Request) -> Call:
        """As `begin`, for a `with` block that executes the call: raises `Denied` or `ApprovalRequired` unless it is allowed,
        and settles it at the end."""
    def preview(self, request: _Request) -> Decision:
        """What `begin` would answer now to a call with a new id. Reserves and records nothing."""
    def settle(self, call: Call, how: _How = "ok", result: bytes | str | None = None) -> _Settled:
        """Records how a call has ended; see `Call.settle`."""
    def settle_by_id(
        self,
        call_id: str,
        how: _How,
        *,
        tenant: str | None = None,
        session: str | None = None,
        parent_session: str | None = None,
        result: bytes | str | None = None,
    ) -> _Settled:
        """The same for a host that was started anew and has no `Call` any more: by the names of the call."""
    def ask(self, call: Call) -> list[Asking]:
        """Asks for the approvals that a call waits for. Asking again gives the same askings, with the votes so far."""
    def vote(
        self,
        asking: Asking | str,
        person: str,
        verdict: Literal["grant", "refuse"],
        *,
        roles: Sequence[str] = ...,
        note: str | None = None,
        tenant: str | None = None,
    ) -> Asking:
        """Records a person's vote. Who they are and which roles they hold is the host's word."""
    def asking(self, id: Asking | str, *, tenant: str | None = None) -> Asking:
        """One asking of this tenant."""
    def askings(self, tenant: str | None = None, *, after: Asking | None = None) -> list[Asking]:
        """The tenant's askings that await votes, oldest first, 200 at most; `after` is the last one of the page before."""
    def load(
        self,
        policy: Bundle | bytes | bytearray | str | PathLike[str],
        *,
        tenant: str | None = None,
        signature: str | None = None,
    ) -> Version:
        """Puts a policy in force: a `Bundle` or its bytes, the text of a policy, or the path of a bundle, a policy or a
        folder. A decision is wholly by the old policy or wholly by the new one. What can't be accepted leaves in force what
        was."""
    def load_file(self, path: _Path, *, tenant: str | None = None) -> Version:
        """Puts the bundle in a file in force, with the signature beside it."""
    def roll_back(self, *, tenant: str | None = None, to: str | None = None) -> Version:
        """Puts an earlier policy in force again: the one before, or the one of this digest."""
    def withdraw(self, *, tenant: str | None = None) -> None:
        """Takes a tenant's policy and its history away: every call of it is denied from now on."""
    def current(self, *, tenant: str | None = None) -> Version | None:
        """The policy in force for calls of this tenant."""
    def history(self, *, tenant: str | None = None) -> list[Version]:
        """What was in force before and can be rolled back to, the latest first."""
    def tenants(self) -> list[str | None]:
        """Tenants that have a policy of their own; `None` stands for calls without one."""
    def watch(self, path: _Path, *, tenant: str | None = None, quiet: float = 0.2, compare: float = 5.0) -> Watch:
        """Loads a bundle now and again whenever its file changes, until the watch is stopped or the engine is closed."""
    def callable(
        self,
        agent: dict[str, Any],
        user: dict[str, Any] | None = None,
        *,
        environment: str,
        tenant: str | None = None,
    ) -> list[tuple[str | None, str]]:
        """The tools that some grant could cover for this caller; see `Policy.callable`."""
    def forget_askings(self, before: datetime) -> int:
        """Drops askings that expired before this moment; how many."""
    def close(self) -> None:
        """Ends watches, closes the audit log and lets go of the stores, as soon as what is under way is done. Whatever is
        asked afterwards raises `Closed`: settle calls before."""
    @property
    def closed(self) -> bool:
        """Whether it was closed."""
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> Literal[False]: ...

@final
class Watch:
    """A file that is being watched."""

    def stop(self) -> None:
        """Ends it; a reload that is under way is finished first."""
    @property
    def problem(self) -> str | None:
        """Why changes are only found by comparing contents, if so."""

@final
class Call:
    """A call that was decided. If it is allowed, execute it with `args` and settle it; in a `with` block it settles itself:
    as `ok`, or as `error` if the block raises."""

    @property
    def decision(self) -> Decision:
        """The answer."""
    @property
    def allowed(self) -> bool:
        """May the call be executed now?"""
    @property
    def needs_approval(self) -> bool:
        """Must people agree first?"""
    @property
    def args(self) -> dict[str, Any] | None:
        """The arguments to dispatch: the canonical ones, which were judged. `None` unless the call is allowed."""
    @property
    def id(self) -> str | None:
        """The host's name for the call."""
    @property
    def policy_digest(self) -> str | None:
        """The digest of the policy that decided; `None` where there was none."""
    @property
    def took(self) -> timedelta:
        """How long deciding took."""
    @property
    def settled(self) -> bool:
        """Whether `settle` was called and did not raise."""
    def settle(self, how: _How = "ok", result: bytes | str | None = None) -> _Settled:
        """Records how the call has ended. `result` is what the tool answered: the audit log keeps its digest."""
    def ask(self) -> list[Asking]:
        """Asks for the approvals that the call waits for."""
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> Literal[False]: ...
    def __bool__(self) -> bool: ...

@final
class Asking:
    """A request for an approval with everything that became of it. A picture of one moment: ask the engine again for
    news."""

    @property
    def id(self) -> str:
        """Its name: for `Engine.vote` and `Engine.asking`."""
    @property
    def state(self) -> Literal["open", "granted", "refused", "expired", "consumed"]: ...
    @property
    def approval(self) -> str:
        """The approval's name."""
    @property
    def tenant(self) -> str | None:
        """Whose it is."""
    @property
    def request_digest(self) -> str:
        """Names the request that is asked about."""
    @property
    def clauses(self) -> list[str]:
        """The clauses that require the approval."""
    @property
    def opened_at(self) -> datetime:
        """When it was first asked for."""
    @property
    def expires_at(self) -> datetime:
        """The last moment at which it may be used."""
    @property
    def text(self) -> str:
        """Everything that a voter must be shown, as text."""
    def to_dict(self) -> dict[str, Any]:
        """For an approver's page: what is asked, where it stands, who voted how. Every text in it is harmless, also as
        Markdown or HTML."""

@final
class Version:
    """A policy that is, or was, in force."""

    @property
    def digest(self) -> str:
        """Names exactly this policy."""
    @property
    def package(self) -> str:
        """The package of the root module."""
    @property
    def signer(self) -> str | None:
        """Whose signature was verified; `None` where none is demanded."""
    @property
    def source(self) -> str:
        """Where it came from."""
    @property
    def at(self) -> datetime | None:
        """When it came into force."""
    @property
    def sequence(self) -> int:
        """Ascends from version to version, with gaps."""

def _bench(policy: Policy, request: bytes, what: str, times: int) -> float: ...
