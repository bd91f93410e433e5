"""What goes wrong other than a denial, as one family of exceptions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Sequence

if TYPE_CHECKING:
    from ._claw import Asking, Call, Decision, Diagnostic


class ClawError(Exception):
    """Whatever claw raises, but for wrong types and values of arguments and for files that can't be read."""


class CompileError(ClawError):
    """The policy has errors."""

    def __init__(self, message: str, diagnostics: Sequence[Diagnostic] = ()) -> None:
        super().__init__(message)
        #: What was found, in the order of the text.
        self.diagnostics: list[Diagnostic] = list(diagnostics)


class LoadError(ClawError):
    """A bundle is not accepted. What was in force stays."""

    def __init__(self, message: str, kind: str = "bad_bundle") -> None:
        super().__init__(message)
        #: One word for programs, such as ``"unsigned"``.
        self.kind = kind


class NotAllowed(ClawError):
    """The call of a ``with engine.call(…)`` block may not be executed, and was not."""

    def __init__(self, message: str, call: Call) -> None:
        super().__init__(message)
        #: The call.
        self.call = call

    @property
    def decision(self) -> Decision:
        """The answer."""
        return self.call.decision


class Denied(NotAllowed):
    """The call is denied."""


class ApprovalRequired(NotAllowed):
    """People must agree first."""

    def ask(self) -> list[Asking]:
        """Asks them."""
        return self.call.ask()


class EngineError(ClawError):
    """A step other than a decision failed."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        #: One word for programs.
        self.code = code


class Refused(EngineError):
    """The ledger of approvals refuses, and says why: ``"wrong_role"``, ``"already_voted"``, ``"expired"``, …"""


class StateUnavailable(EngineError):
    """The store of past calls failed. Whether the call is settled is unknown; settling may be repeated."""

    def __init__(self, message: str, code: str = "state_unavailable") -> None:
        super().__init__(message, code)


class AuditUnavailable(EngineError):
    """It happened, and could not be written to the audit log."""

    def __init__(self, message: str, code: str = "audit_unavailable") -> None:
        super().__init__(message, code)


class Closed(EngineError):
    """The engine was closed."""

    def __init__(self, message: str, code: str = "closed") -> None:
        super().__init__(message, code)
