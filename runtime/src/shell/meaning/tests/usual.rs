//! What agents run all day is understood, or it would be asked about all day.

use super::{read, shown};

#[test]
fn is_understood() {
    let usual = [
        "cd /repo && git status --short && git diff --stat",
        "ls -la src/ | head -20",
        "grep -rn \"foo\" --include='*.rs' src | grep -v test | sort | uniq -c | sort -rn | head",
        "find . -name '*.py' -not -path './node_modules/*' | xargs grep -l 'import os' 2>/dev/null",
        "cargo test --workspace 2>&1 | tail -50",
        "npm ci && npm run build",
        "python -m pytest tests/ -x -q --tb=short",
        "sed -i 's/foo/bar/g' src/main.rs",
        "sed -n '10,20p' src/main.rs",
        "cat > /tmp/x.py <<'EOF'\nimport os\nprint(os.getcwd())\nEOF\npython /tmp/x.py",
        "for f in *.txt; do echo \"$f\"; wc -l < \"$f\"; done",
        "while read -r line; do echo \"$line\"; done < file.txt",
        "if [ -f package.json ]; then npm test; else echo none; fi",
        "git add -A && git commit -m \"fix: handle [x] `foo`\"",
        "git commit -m \"$(cat <<'EOF'\nFix bug\n\nDetails (here).\nEOF\n)\"",
        "curl -sSL https://example.com/api | jq '.items[] | .name'",
        "docker compose up -d --build",
        "kubectl get pods -n prod -o json | jq -r '.items[].metadata.name'",
        "export NODE_ENV=test; npx jest --ci",
        "timeout 60 cargo build --release || echo failed",
        "ps aux | grep node | awk '{print $2}' | xargs kill -9",
        "du -sh * | sort -h",
        "tar -xzf a.tar.gz -C /tmp/out",
        "mkdir -p a/b && touch a/b/c.txt",
        "git log --oneline -n 5 | cat",
        "DEBUG=1 ./run.sh --port 3000 &",
        "git --no-pager log -p -1",
        "rg -n 'TODO' -g '*.ts'",
        "awk -F, 'NR>1 {s+=$3} END {print s}' data.csv",
        "set -euo pipefail; cd \"$(git rev-parse --show-toplevel)\"; make lint",
        "psql \"$DATABASE_URL\" -c 'select 1'",
        "perl -pi -e 's/a/b/' *.txt",
        "command -v rustc >/dev/null 2>&1 && rustc --version",
        "nohup python server.py > out.log 2>&1 &",
        "echo \"PATH=$PATH\"",
        "ssh -i key.pem ubuntu@1.2.3.4 'sudo systemctl restart app'",
        "gh pr create --title 'x' --body 'y'",
        "env | sort",
        "diff <(sort a) <(sort b)",
        "find . -type f -exec chmod 644 {} +",
        "x=$((1+2)); echo $x",
        "trap 'rm -f \"$tmp\"' EXIT; tmp=$(mktemp)",
        "git -c color.ui=always diff | less -R",
        "time make",
        "cp -r src/{a,b} dst/",
        "echo $'a\\tb'",
    ];
    for text in usual {
        assert!(read(text).opaque.is_empty(), "{text}\n{}", shown(text));
    }
}
