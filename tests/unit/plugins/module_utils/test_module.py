# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module is made of."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.module_utils import basic
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine import module as _module
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import (
    UNKNOWN,
    Change,
    Cmdlet,
    Date,
    Evidence,
    Secret,
)
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import (
    CmdletFailed,
    InvalidInput,
    Mismatch,
    RemoteError,
)
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import (
    Report,
    Task,
    execute,
    outcome,
    perform,
    same_value,
)
from ansible_collections.lync.xmpp_migration.tests.unit.doubles import Bench, Estate, FakeShell


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, Estate())


def task(bench: Bench, params: dict[str, Any] | None = None, *, check: bool = False) -> Task:
    context = bench.context(check=check)
    return Task(params or {}, context, bench.connect(context))


# --- reports


def test_a_report_becomes_a_result() -> None:
    report = Report(True, {"thing": {"a": 1}}, {"a": 0}, {"a": 1}, evidence=[Evidence("f", "m", value={"n": 1})])
    assert report.to_result() == {
        "thing": {"a": 1},
        "changed": True,
        "diff": {"before": {"a": 0}, "after": {"a": 1}},
        "calls": [],
        "evidence": [{"fact": "f", "member": "m", "digest": "", "value": {"n": 1}}],
    }
    assert "diff" not in Report(False).to_result()


def test_values_that_json_lacks_are_readable_and_secrets_are_not() -> None:
    from datetime import UTC, datetime

    value = {"a": UNKNOWN, "b": Secret("CANARY"), "c": [Date(datetime(2026, 1, 1, tzinfo=UTC))], "d": "\ud800"}
    shown = Report(False, {"x": value}).to_result()["x"]
    assert shown["a"].startswith("(not known") and shown["b"] == "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
    assert shown["c"] == ["2026-01-01T00:00:00+00:00"] and shown["d"] == "\ufffd"


@pytest.mark.parametrize("name", ["ansible_facts", "failed", "msg", "changed", "invocation", "_ansible_no_log"])
def test_no_module_returns_what_is_cores(name: str) -> None:
    with pytest.raises(ValueError, match="returned"):
        Report(False, {name: 1}).to_result()


# --- outcomes


def test_calls_and_warnings_of_all_sessions_are_in_the_result(bench: Bench) -> None:
    def run(task: Task) -> Report:
        for host in ("fe2013", "edge2013"):
            task.session_for(host).change(Change(Cmdlet("New-CsAllowedDomain", {"Identity": f"{host}.test"}), host))
        task.warn("mind this")
        task.warn("mind this")
        return Report(True, warnings=["and that"])

    result = outcome(run, task(bench))
    assert [one["parameters"]["Identity"] for one in result["calls"]] == ["fe2013.test", "edge2013.test"]
    assert result["warnings"] == ["and that", "mind this"]


def test_an_error_is_one_sentence_with_its_kind_and_the_calls_so_far(bench: Bench) -> None:
    def run(task: Task) -> Report:
        task.session.change(Change(Cmdlet("New-CsAllowedDomain", {"Identity": "a.test"}), "a"))
        raise CmdletFailed("It failed.", (RemoteError("X,Y", exceptions=()),), {"cmdlet": "Set-X"})

    result = outcome(run, task(bench))
    assert result["failed"] and result["msg"] == "It failed." and result["error"]["kind"] == "cmdlet_failed"
    assert result["error"]["errors"][0]["id"] == "X,Y" and result["calls"][0]["cmdlet"] == "New-CsAllowedDomain"


def test_a_defect_of_ours_is_not_dressed_up(bench: Bench) -> None:
    def run(task: Task) -> Report:
        raise KeyError("oops")

    with pytest.raises(KeyError):
        outcome(run, task(bench))


def test_options_are_validated_as_ansible_does_it(bench: Bench) -> None:
    spec = {"a": {"type": "int", "required": True}, "b": {"choices": ["x"]}, "c": {"type": "bool", "default": True}}

    def run(task: Task) -> Report:
        return Report(False, {"params": task.params})

    context = bench.context()
    assert perform(spec, run, {"a": "7"}, context)["params"] == {"a": 7, "b": None, "c": True}
    for bad in ({}, {"a": "x"}, {"a": 1, "b": "y"}, {"a": 1, "z": 1}):
        assert perform(spec, run, bad, context)["failed"]
    assert perform(spec, run, {"a": 1}, context, required_if=[("a", 1, ("b",))])["failed"]


# --- tasks


def test_a_task_knows_its_run(bench: Bench) -> None:
    bench.prove("users_homed")
    one = task(bench, {"x": 1}, check=True)
    assert one.check_mode and one.params == {"x": 1} and one.session is one.session_for("fe2013")
    assert one.facts.finding("users_homed", "organisation").status in ("fresh", "old")
    assert one.journal.run == "run-1"


def test_a_module_without_a_windows_host_has_a_shell_of_its_own(bench: Bench) -> None:
    shell = FakeShell(bench.estate, "ns1")
    shell.handlers["dns.update"] = lambda host, parameters: []
    one = task(bench)
    one.local(shell).change(Change(Cmdlet("dns.update", {"zone": "contoso.test"}), "zone contoso.test"))
    assert shell.transcript == [("dns.update", {"zone": "contoso.test"})]
    assert [entry["kind"] for entry in bench.journal()] == ["intent", "outcome"] and len(one.calls) == 1


def test_verify_compares_what_was_declared_with_what_was_read(bench: Bench) -> None:
    task(bench).verify(
        "site A", {"Route": "EdgeServer:E", "New": UNKNOWN, "L": ["b", "A"]}, {"Route": "edgeserver:e", "L": ["a", "B"]}
    )
    with pytest.raises(
        Mismatch, match="site A was changed without an error, but read again Route is None instead of 'x'"
    ):
        task(bench).verify("site A", {"Route": "x"}, {})
    task(bench, check=True).verify("site A", {"Route": "x"}, {})


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (None, "", True),
        ([], None, True),
        ("a", "A", True),
        (5269, "5269", True),
        (True, "True", False),
        (0, None, False),
    ],
)
def test_values_are_compared_as_lync_does(one: Any, other: Any, same: bool) -> None:
    assert same_value(one, other) is same


# --- the process


SPEC = {"name": {"type": "str"}, "password": {"type": "str", "no_log": True}}


def main(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], anywhere: bool, **args: Any
) -> dict[str, Any]:
    arguments = {"ANSIBLE_MODULE_ARGS": {"_ansible_check_mode": args.pop("check", False), **args}}
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps(arguments).encode())
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO()))
    with pytest.raises(SystemExit):
        execute(SPEC, echo, anywhere=anywhere)
    result: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return result


def echo(task: Task) -> Report:
    if task.params["name"] == "bad":
        raise InvalidInput(f"bad {task.params['password']}")
    return Report(True, {"name": task.params["name"], "check": task.check_mode}, warnings=["careful"])


def test_a_modules_main_ends_with_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    warned: list[str] = []
    monkeypatch.setattr(basic.AnsibleModule, "warn", lambda module, text: warned.append(text))
    result = main(monkeypatch, capsys, True, name="{{ x }}", check=True)
    assert result["changed"] and result["name"] == "{{ x }}" and result["check"] is True
    assert warned == ["careful"]


def test_without_an_action_plugin_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    result = main(monkeypatch, capsys, False, name="x")
    assert result["failed"] and "action plugin" in result["msg"] and result["error"] == {"kind": "state"}


def test_a_failure_keeps_secrets_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], bench: Bench
) -> None:
    given = {"name": "bad", "password": "CANARY-pw"}
    result = main(monkeypatch, capsys, True, **given)
    assert result["failed"] and "CANARY" not in json.dumps(result)
    assert "CANARY" not in json.dumps(perform(SPEC, echo, given, bench.context()))


def test_in_the_worker_a_result_says_what_it_was_called_with(bench: Bench) -> None:
    given = {"name": "x", "password": "CANARY-pw"}
    result = perform(SPEC, echo, given, bench.context())
    assert result["invocation"]["module_args"]["name"] == "x" and result["warnings"] == ["careful"]
    assert "CANARY" not in json.dumps(result)
    misspelt = perform(SPEC, echo, {"nmae": "x"}, bench.context(module="xmpp_partner"))
    assert misspelt["failed"] and "Unsupported parameters for (xmpp_partner) module: nmae" in misspelt["msg"]


def test_only_one_place_ends_a_module() -> None:
    plugins = Path(_module.__file__).parents[2]
    ending = [
        path.name
        for path in (*plugins.glob("modules/*.py"), *plugins.glob("module_utils/*/*.py"))
        if "exit_json(" in path.read_text(encoding="utf-8") or "fail_json(" in path.read_text(encoding="utf-8")
    ]
    assert ending == ["module.py"]
