# Everyday commands. `just` alone lists them.

_default:
    @just --list

# the README's test command
test:
    cargo test --workspace

# formatting, lints, tests: what must pass before a change is handed in
ready: fmt-check lint test policies

# format the Rust sources and the example policies
fmt:
    cargo fmt --all
    cargo run -q -p clawc -- fmt examples

fmt-check:
    cargo fmt --all --check
    cargo run -q -p clawc -- fmt --check examples

lint:
    cargo clippy --workspace --all-targets -- -D warnings

# check and test every example as a user would
policies:
    for d in examples/*/; do cargo run -q -p clawc -- check --certify --deny warnings "$d" && cargo run -q -p clawc -- test "$d" || exit 1; done

# licences, bans and sources of dependencies (needs cargo-deny)
deny:
    cargo deny check licenses bans sources

# compare bundles with the reference interpreter at length: `just laws 20000000`
laws decisions="2000000":
    CLAW_DECISIONS={{decisions}} cargo test --release -p claw-tests --test properties -- --nocapture
    # Random cases that no run before has tried.
    PROPTEST_RNG_SEED=$(date +%s) PROPTEST_CASES=10000 CLAW_BASH_CASES=5000 cargo test --workspace

# compare the prover with all requests of small policies, at length: `just questions 500000`
questions count="50000":
    CLAW_QUESTIONS={{count}} cargo test --release -p claw-tests --test proof -- --nocapture

# the benchmarks; see benches/README.md
bench:
    cd benches && cargo bench

# claw beside other engines and hand-written code; the first build takes minutes
peers out="target/peers":
    cd benches/peers && cargo run --release --locked -- --out {{justfile_directory()}}/{{out}}

# instructions per decision beside the recorded ones (needs valgrind); `just counts --record` records them
counts *args:
    benches/counts.sh {{args}}

# fuzz a target (command, sql, decode) for some seconds; needs nightly Rust and cargo-fuzz: `just fuzz sql 600`
fuzz target="command" seconds="120":
    cd fuzz && cargo +nightly fuzz run -s none {{target}} -- -dict=dictionaries/{{target}}.dict -max_len=4096 -max_total_time={{seconds}} -timeout=5 -rss_limit_mb=1024

# the documentation as a book, in target/book
book:
    command -v mdbook >/dev/null || cargo install mdbook --locked
    mdbook build docs

# real editors against the language server; those that are not installed are skipped
editors:
    tests/editors/run.sh

# the gateway with real servers, clients, browsers and agents; what can't be installed is skipped
e2e:
    cargo build -q -p claw-gateway -p clawc
    gateway/e2e/run.sh
    gateway/e2e/service/run.sh
    gateway/e2e/hooks/run.sh

# the Python wheel, in bindings/python/dist
wheel:
    bindings/python/build.sh

# the Python wheel, tested in an environment of its own
python:
    CLAW_PROFILE=dev bindings/python/test.sh

# the VS Code extension, as editors/vscode/claw.vsix
vscode:
    editors/vscode/package.sh

# the Python package: its wheel, in bindings/python/dist
wheel:
    bindings/python/build.sh

# the Python package and the FastAPI example, tested through the wheel
python:
    bindings/python/test.sh
