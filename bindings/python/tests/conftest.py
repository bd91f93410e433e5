"""What the tests share."""

import os
import pathlib

import pytest

import claw

POLICY = """
package shop

tiers        low < high
environments dev, prod
roles        support, sre
labels       untrusted
context { ticket?: string }

tool get_order(id: string)
tool send_email(to: list<email>, subject: string, at?: time, day?: date)
tool refund(order: string, amount: decimal, count?: int, note?: json)
tool web_fetch(url: url)

grant any to support

approval on_call { by 1 of sre  expires 15m }

classify {
  low  on any
  high on refund when args.amount > 100.00
}

matrix {
  tier | dev   | prod
  low  | allow | allow
  high | allow | on_call
}

rule inside {
  on      send_email
  when    any(a in args.to: not (a.domain under ["acme.com"]))
  deny    "mail may only go to acme.com, not to {args.to}"
  suggest "ask for an address at acme.com"
}

rule web { on web_fetch  mark untrusted }

rule careful {
  on      send_email
  when    untrusted in session.labels
  require on_call
}

limit few { on get_order  max 3 per 1m  each session }
"""

EXAMPLES = pathlib.Path(os.environ["CLAW_EXAMPLES"])


@pytest.fixture(scope="session")
def bundle() -> claw.Bundle:
    return claw.compile(POLICY)


@pytest.fixture(scope="session")
def policy(bundle: claw.Bundle) -> claw.Policy:
    return claw.Policy(bundle)


def ask(tool: str, args: dict, call_id: str = "c-1", **more: object) -> dict:
    """A request that the policy understands."""
    request = {
        "call_id": call_id,
        "session": "s-1",
        "environment": "prod",
        "agent": {"id": "bot", "roles": ["support"], "owner": "olga"},
        "tool": tool,
        "args": args,
    }
    request.update(more)
    return request
