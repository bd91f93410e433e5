"""From text to bundle: findings, files, bytes."""

import os
import pathlib
import subprocess

import pytest

import claw
from conftest import EXAMPLES, POLICY


def test_equal_texts_give_equal_bundles(bundle):
    again = claw.compile(POLICY)
    assert bytes(again) == bytes(bundle) and len(bundle) == len(bytes(bundle))
    assert again.digest == bundle.digest and again.digest.startswith("sha256:")
    assert bundle.package == "shop" and {one.severity for one in bundle.warnings} <= {"warning"}


@pytest.mark.parametrize("example", sorted(path.name for path in EXAMPLES.iterdir() if (path / "main.claw").exists()))
def test_bundles_are_those_of_clawc(example, tmp_path):
    built = tmp_path / "built.clawb"
    subprocess.run([os.environ["CLAWC"], "build", EXAMPLES / example, "-o", built], check=True, capture_output=True)
    assert bytes(claw.compile(EXAMPLES / example)) == built.read_bytes()


def test_errors_say_where_and_how_to_go_on():
    with pytest.raises(claw.CompileError) as caught:
        claw.compile("package p\nenvironments prod\nroles a\ntool t(x: int)\ngrant any to b\n")
    error = caught.value
    assert isinstance(error, claw.ClawError)
    assert {finding.severity for finding in error.diagnostics} == {"error"}
    finding = error.diagnostics[-1]
    assert (finding.file, finding.line, finding.column) == ("main.claw", 5, 14)
    assert "`b`" in finding.message and finding.code.startswith("E")
    assert "grant any to b" in finding.rendered and finding.rendered in str(error)
    assert str(finding) == finding.rendered and finding.code in repr(finding)


def test_warnings_stay_with_the_bundle():
    bundle = claw.compile("package p\nenvironments prod\nroles a, unused\ntool t(x: int)\ngrant any to a\n")
    assert [finding.severity for finding in bundle.warnings] == ["warning"]
    assert bundle.warnings[0].help is None or isinstance(bundle.warnings[0].help, str)


def test_an_invariant_that_does_not_hold_is_an_error():
    text = "package p\nenvironments prod\nroles a\ntool t(x: int)\ngrant any to a\ninvariant \"never\" { on t never allow }\n"
    with pytest.raises(claw.CompileError):
        claw.compile(text)
    claw.compile(text, prove=False)


def test_files_by_name():
    text = 'package p\nuse "./lib/company.claw" as c\nlet names: set<string> from "names.json"\n' \
        "environments prod\nroles a\ntool t(x: string)\ngrant any to a\nrule r { on t  when args.x in names  deny \"no\" }\n"
    files = {"lib/company.claw": "package company\n", "./names.json": b'["x"]'}
    policy = claw.Policy.from_source(text, files=files)
    assert set(policy.modules) == {"p", "company"}
    request = {"environment": "prod", "agent": {"id": "b", "roles": ["a"]}, "tool": "t", "args": {"x": "x"}}
    assert policy.decide(request).outcome == "deny"
    with pytest.raises(claw.CompileError) as caught:
        claw.compile(text, files={"names.json": b"[1]"})
    assert len(caught.value.diagnostics) >= 1


def test_paths(tmp_path):
    (tmp_path / "shop.claw").write_text(POLICY)
    for path in [tmp_path / "shop.claw", tmp_path, os.fspath(tmp_path / "shop.claw")]:
        assert claw.Policy.from_file(path).package == "shop"
    assert claw.compile(tmp_path).digest == claw.compile(tmp_path / "shop.claw").digest
    (tmp_path / "other.claw").write_text("package other\n")
    with pytest.raises(ValueError, match="several policies"):
        claw.compile(tmp_path)
    with pytest.raises(FileNotFoundError, match="nothing.claw"):
        claw.compile(tmp_path / "nothing.claw")
    with pytest.raises(FileNotFoundError, match="no `.claw` file"):
        claw.compile((tmp_path / "empty").mkdir() or tmp_path / "empty")
    with pytest.raises(ValueError, match="pathlib.Path"):
        claw.compile("shop.claw")
    with pytest.raises(TypeError):
        claw.compile(3)
    with pytest.raises(ValueError, match="UTF-8"):
        (tmp_path / "bad.claw").write_bytes(b"package \xff\n")
        claw.compile(tmp_path / "bad.claw")


def test_saved_bundles_load(bundle, tmp_path):
    file = tmp_path / "shop.clawb"
    bundle.save(file)
    assert file.read_bytes() == bytes(bundle)
    assert claw.Policy.from_file(file).digest == bundle.digest
    assert claw.Bundle(file.read_bytes()).digest == bundle.digest
    assert [path.name for path in tmp_path.iterdir()] == ["shop.clawb"]
    with pytest.raises(OSError):
        bundle.save(tmp_path / "no" / "such" / "folder")


@pytest.mark.parametrize("spoil", [lambda b: b"", lambda b: b"x" * 100, lambda b: b[:-1], lambda b: b[:-1] + b"\0\0"])
def test_bad_bundles_are_refused(bundle, spoil):
    for make in [claw.Policy, claw.Bundle]:
        with pytest.raises(claw.LoadError) as caught:
            make(spoil(bytes(bundle)))
        assert caught.value.kind == "bad_bundle"
    with pytest.raises(TypeError):
        claw.Policy("text")


def test_a_flipped_bit_is_noticed(bundle):
    data = bytearray(bytes(bundle))
    data[len(data) // 2] ^= 1
    with pytest.raises(claw.LoadError):
        claw.Policy(data)
