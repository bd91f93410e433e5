"""Python objects as values of requests: exact, bounded, or refused."""

import collections
import datetime
import decimal
import enum
import json

import pytest

from conftest import ask

UTC = datetime.timezone.utc


def args_of(policy, tool, **args):
    return policy.prepare(ask(tool, args)).args


def test_a_dict_is_what_its_json_is(policy):
    note = {"a": [1, -1, 2**53 + 1, 2**63 - 1, -(2**63), 10**30, 0.1, 1e20, 1e-7, 5e-324, 1.5, True, None, "ä\u0000\U0001f600"]}
    for value in [note, [], {}, {"x": {"y": [[]]}}, "", 0.0, -0.0, 1.0]:
        request = ask("refund", {"order": "o", "amount": 1, "note": value})
        from_dict, from_json = policy.prepare(request), policy.prepare(json.dumps(request))
        assert from_dict.digest == from_json.digest is not None
        assert policy.prepare(json.dumps(request).encode()).digest == from_dict.digest
        assert policy.prepare(bytearray(json.dumps(request), "utf-8")).digest == from_dict.digest


def test_tuples_and_subclasses(policy):
    class Kind(str, enum.Enum):
        ORDER = "o-1"

    class Count(enum.IntEnum):
        TWO = 2

    plain = policy.prepare(ask("refund", {"order": "o-1", "amount": 2, "count": 2, "note": [1, 2]}))
    rich = collections.OrderedDict(order=Kind.ORDER, amount=Count.TWO, count=Count.TWO, note=(1, 2))
    assert policy.prepare(ask("refund", rich)).digest == plain.digest


def test_numbers_keep_their_value(policy):
    D = decimal.Decimal
    for given, canonical in [
        (D("12.30"), 12.3), (D("1E+2"), 100), (D("-0.00"), 0), (12.3, 12.3), (D("0.1"), 0.1), (5, 5),
        (D("1234567890.12345678901234"), D("1234567890.12345678901234")), (1e15, 10**15),
    ]:
        got = args_of(policy, "refund", order="o", amount=given)["amount"]
        assert got == canonical and type(got) is type(canonical), given
    assert args_of(policy, "refund", order="o", amount=1, count=2**63 - 1)["count"] == 2**63 - 1
    assert args_of(policy, "refund", order="o", amount=1, note=10**30)["note"] == 10**30


def test_numbers_that_do_not_fit_are_denied(policy):
    for count in [2**63, -(2**63) - 1, 1.5, decimal.Decimal("0.5"), True, "1"]:
        decision = policy.decide(ask("refund", {"order": "o", "amount": 1, "count": count}))
        assert (decision.outcome, decision.reason, decision.pointer) == ("deny", "invalid_request", "/args/count")


@pytest.mark.parametrize(
    "number",
    [float("nan"), float("inf"), float("-inf"), decimal.Decimal("NaN"), decimal.Decimal("-Infinity"), decimal.Decimal("sNaN")],
)
def test_what_is_no_number_is_denied(policy, number):
    for note in [number, [1, {"deep": number}]]:
        decision = policy.decide(ask("refund", {"order": "o", "amount": 1, "note": note}))
        assert (decision.outcome, decision.reason) == ("deny", "invalid_request")
        assert decision.pointer.startswith("/args/note") and decision.call_id == "c-1"
    assert policy.decide(json.dumps(ask("refund", {"order": "o", "amount": float("nan")}))).reason == "invalid_request"


def test_long_numbers_are_denied_quickly(policy):
    for number in [10**400, -(10**100_000), decimal.Decimal("1e999999"), decimal.Decimal("1e-999999")]:
        decision = policy.decide(ask("refund", {"order": "o", "amount": 1, "note": number}))
        assert (decision.outcome, decision.reason) == ("deny", "limits_exceeded")


def test_times(policy):
    berlin = datetime.timezone(datetime.timedelta(hours=1))
    at = datetime.datetime(2026, 3, 2, 10, 0, 0, 500_000, tzinfo=berlin)
    got = args_of(policy, "send_email", to=["a@acme.com"], subject="s", at=at, day=datetime.date(2026, 3, 2))
    assert got["at"] == args_of(policy, "send_email", to=["a@acme.com"], subject="s", at=at.astimezone(UTC))["at"]
    assert got["day"] == "2026-03-02"
    assert policy.prepare(ask("get_order", {"id": "o"}, time=at)).denial is None
    with pytest.raises(TypeError, match="/args/at: .*time zone"):
        policy.decide(ask("send_email", {"to": [], "subject": "s", "at": datetime.datetime(2026, 3, 2)}))


@pytest.mark.parametrize(
    "thing", [object(), {1, 2}, frozenset(), b"bytes", 1j, datetime.timedelta(1), range(3), lambda: 1, {1: 2}, {b"k": 1}, ...]
)
def test_what_only_a_programmer_gets_wrong_raises(policy, thing):
    with pytest.raises(TypeError, match="/args/note"):
        policy.decide(ask("refund", {"order": "o", "amount": 1, "note": thing}))


def test_keys_are_plain_strings(policy):
    class Sly(str):
        __hash__ = object.__hash__

        def __eq__(self, other):
            return self is other

    with pytest.raises(TypeError, match="keys"):
        policy.decide(ask("refund", {Sly("amount"): 1, Sly("amount"): 2, "order": "o"}))


def test_half_a_character_is_denied(policy):
    for args in [{"id": "\ud800"}, {"id": "o", "\udfff": 1}]:
        assert policy.decide(ask("get_order", args)).reason == "invalid_request"
    assert policy.decide("\ud800").reason == "invalid_request"


def test_bounds(policy):
    loop: list = []
    loop.append(loop)
    deep: object = 1
    for _ in range(100_000):
        deep = [deep]
    for note in [loop, deep, "x" * 300_000, list(range(20_000)), {str(i): 0 for i in range(20_000)}, [[0] * 9_000] * 9,
                 ["x" * 200_000] * 9]:
        decision = policy.decide(ask("refund", {"order": "o", "amount": 1, "note": note}))
        assert (decision.outcome, decision.reason) == ("deny", "limits_exceeded")


def test_bounds_are_the_hosts(bundle):
    import claw

    strict = claw.Policy(bundle, limits={"string": 10})
    assert strict.decide(ask("get_order", {"id": "x" * 50})).reason == "limits_exceeded"
    lax = claw.Policy(bundle, limits={"string": 1 << 20, "bytes": 4 << 20})
    assert lax.prepare(ask("get_order", {"id": "x" * 900_000})).denial is None
    for wrong in [{"nothing": 1}, {"depth": 1000}]:
        with pytest.raises(ValueError):
            claw.Policy(bundle, limits=wrong)


def test_what_mutates_while_it_is_read(policy):
    """Objects whose conversion runs code that changes the containers."""
    args: dict = {"order": "o", "amount": 1}

    class Zone(datetime.tzinfo):
        def utcoffset(self, when):
            args.clear()
            args.update({str(i): i for i in range(1000)})
            note.clear()
            return datetime.timedelta(0)

    note = [datetime.datetime(2026, 1, 1, tzinfo=Zone()), 1, 2]
    args["note"] = note
    request = policy.prepare(ask("refund", args))
    # What was there when it was looked at; in any case an answer and no crash.
    assert request.denial is None or request.denial.outcome == "deny"


def test_malformed_requests_are_denied(policy):
    good = ask("get_order", {"id": "o"})
    for wrong in [
        {}, {**good, "enviroment": "prod"}, {**good, "agent": []}, {**good, "tool": 1}, {**good, "time": "now"},
        {**good, "environment": None}, {**good, "args": []}, {**good, "labels": ["no-such"]}, "", "{", b"\xff", "[]", "null",
        '{"a": 1, "a": 2}',
    ]:
        decision = policy.decide(wrong)
        assert decision.outcome == "deny" and decision.reason == "invalid_request", wrong
        assert decision.message and not decision and decision.request_digest is None
        assert policy.prepare(wrong).denial.to_dict() == decision.to_dict()
    for wrong in [None, 1, [], object()]:
        with pytest.raises(TypeError, match="a request is a dict"):
            policy.decide(wrong)
