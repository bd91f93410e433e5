"""Policies for what software agents may do: compile, decide, ask people, reload.

>>> import claw
>>> policy = claw.Policy.from_source('''
... package demo
... environments prod
... roles support
... tool get_order(id: string)
... grant any to support
... ''')
>>> decision = policy.decide({
...     "environment": "prod", "agent": {"id": "bot", "roles": ["support"]},
...     "tool": "get_order", "args": {"id": "o-1"},
... })
>>> decision.outcome
'allow'

`Policy` decides without a past. `Engine` is what a gateway needs: limits, history, approvals, audit, reloads.
Whatever is in a request, the answer is a decision; exceptions are for what the host gets wrong.
"""

from ._claw import (
    Asking,
    Bundle,
    Call,
    Decision,
    Diagnostic,
    Engine,
    Policy,
    Request,
    Version,
    Watch,
    __version__,
    compile,
)
from ._errors import (
    ApprovalRequired,
    AuditUnavailable,
    ClawError,
    Closed,
    CompileError,
    Denied,
    EngineError,
    LoadError,
    NotAllowed,
    Refused,
    StateUnavailable,
)

__all__ = [
    "ApprovalRequired",
    "Asking",
    "AuditUnavailable",
    "Bundle",
    "Call",
    "ClawError",
    "Closed",
    "CompileError",
    "Decision",
    "Denied",
    "Diagnostic",
    "Engine",
    "EngineError",
    "LoadError",
    "NotAllowed",
    "Policy",
    "Refused",
    "Request",
    "StateUnavailable",
    "Version",
    "Watch",
    "__version__",
    "compile",
]
