#!/usr/bin/env python3
"""What a decision costs in Python, beside the same decision in Rust, measured in one process.

`python bench.py [FOLDER_OF_A_POLICY REQUEST.json]`; needs the wheel that `build.sh` builds. Times are medians of runs.
"""

from __future__ import annotations

import json
import os
import pathlib
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable

import claw
from claw._claw import _bench

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "examples" / "support-bot"


def per_call(call: Callable[[], object], times: int = 20_000, runs: int = 9) -> float:
    """Nanoseconds for one call."""
    took = []
    for _ in range(runs):
        began = time.perf_counter_ns()
        for _ in range(times):
            call()
        took.append((time.perf_counter_ns() - began) / times)
    return statistics.median(took)


def in_rust(policy: claw.Policy, request: bytes, what: str) -> float:
    return statistics.median(_bench(policy, request, what, 20_000) for _ in range(9))


def per_second(work: Callable[[int], None], threads: int, units: int) -> float:
    """How many units a second so many threads do together; each of them does `work(units)`."""
    ready = threading.Barrier(threads + 1)

    def run() -> None:
        ready.wait()
        work(units)

    started = [threading.Thread(target=run) for _ in range(threads)]
    [thread.start() for thread in started]
    ready.wait()
    began = time.perf_counter()
    [thread.join() for thread in started]
    return threads * units / (time.perf_counter() - began)


def single(policy: claw.Policy, text: bytes) -> None:
    request = json.loads(text)
    prepared = policy.prepare(request)
    empty = per_call(lambda: None)
    print(f"{'one call, ns':38}{'Python':>10}{'Rust':>10}{'more':>10}")
    for name, call, rust in [
        ("prepared: outcome", lambda: policy.decide(prepared).outcome, "prepared"),
        ("prepared: every clause (applied)", lambda: policy.decide(prepared).applied, "explained"),
        ("dict: outcome", lambda: policy.decide(request).outcome, "json"),
        ("JSON bytes: outcome", lambda: policy.decide(text).outcome, "json"),
    ]:
        # The loop and the function around the call are Python's own.
        python, native = per_call(call) - empty, in_rust(policy, text, rust)
        print(f"{name:38}{python:10.0f}{native:10.0f}{python - native:10.0f}")
    batch = [prepared] * 1000
    print(f"{'prepared, in batches of 1000':38}{per_call(lambda: policy.decide_batch(batch), 50) / 1000:10.0f}")


def threads(policy: claw.Policy, text: bytes) -> None:
    request = json.loads(text)
    prepared = policy.prepare(request)
    batch, texts = [prepared] * 500, [text] * 500

    def repeat(call: Callable[[], object]) -> Callable[[int], None]:
        def work(units: int) -> None:
            for _ in range(units):
                call()
        return work

    def begin(engine: claw.Engine) -> Callable[[int], None]:
        def work(units: int) -> None:
            name = str(threading.get_ident())
            for number in range(units):
                call = engine.begin({**request, "call_id": f"{name}-{number}-{time.perf_counter_ns()}", "session": name, "time": None})
                call.settle("not_executed")
        return work

    print(f"\n{'calls a second':38}" + "".join(f"{count:>7} thr" for count in (1, 2, 4, 8)))
    with tempfile.TemporaryDirectory() as folder:
        bundle = claw.compile(EXAMPLE)
        engines = {"engine, in memory": claw.Engine(bundle), "engine, audit synced to disk": claw.Engine(bundle, audit=f"{folder}/a")}
        for name, work, units, each in [
            ("prepared, one by one", repeat(lambda: policy.decide(prepared)), 40_000, 1),
            ("prepared, in batches of 500", repeat(lambda: policy.decide_batch(batch)), 100, 500),
            ("JSON bytes, in batches of 500", repeat(lambda: policy.decide_batch(texts)), 16, 500),
            *((name, begin(engine), 1_000, 1) for name, engine in engines.items()),
        ]:
            rates = [per_second(work, count, max(units // count, 1)) * each for count in (1, 2, 4, 8)]
            print(f"{name:38}" + "".join(f"{rate:11,.0f}" for rate in rates))


def main() -> None:
    folder, file = sys.argv[1:3] if len(sys.argv) > 2 else (EXAMPLE, EXAMPLE / "requests" / "mail-to-colleague.json")
    policy, text = claw.Policy.from_file(folder), pathlib.Path(file).read_bytes()
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} processors, {policy!r}\n")
    single(policy, text)
    threads(policy, text)


if __name__ == "__main__":
    main()
