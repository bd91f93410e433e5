"""The tools behind the gateway: stand-ins for a shop's systems."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

ORDERS = {"o-1": {"id": "o-1", "customer": "eva@acme.com", "total": "620.00"}}

#: What the tools did, for whoever wants to look.
done: list[tuple[str, dict[str, Any]]] = []


class ToolFailed(Exception):
    """A tool could not do what it was asked."""


def get_order(id: str) -> dict[str, Any]:
    if id not in ORDERS:
        raise ToolFailed(f"there is no order `{id}`")
    return ORDERS[id]


def send_email(to: list[str], subject: str, body: str) -> dict[str, Any]:
    done.append(("send_email", {"to": to, "subject": subject}))
    return {"sent": len(to)}


def refund(order: str, amount: int | float | Decimal) -> dict[str, Any]:
    get_order(order)
    done.append(("refund", {"order": order, "amount": str(amount)}))
    return {"refunded": str(amount)}


TOOLS: dict[str, Callable[..., dict[str, Any]]] = {"get_order": get_order, "send_email": send_email, "refund": refund}
