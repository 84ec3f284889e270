# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""estate_baseline: made once and whole, for the operator's eyes only, and seen to be unchanged ever after."""

from __future__ import annotations

import hashlib
import json
import stat
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.performer import NoShell
from ansible_collections.lync.xmpp_migration.plugins.module_utils._servers import baseline as _baseline
from ansible_collections.lync.xmpp_migration.plugins.modules import estate_baseline as module
from ansible_collections.lync.xmpp_migration.tests.unit.doubles import Bench, Estate, ServerError
from ansible_collections.lync.xmpp_migration.tests.unit.lab_bench import LabBench
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.lync_people import (
    NEW,
    OLD,
    hybrid,
    sip,
    undocumented,
    user,
)

CONFIGURATION, LOCATION = (f"{_baseline._PREFIX}-{name}" for name in _baseline.EXPORTS)
BIG = bytes(range(256)) * 5000
URL = {
    "Identity": "Global",
    "SimpleUrl.Component": ["meet"],
    "SimpleUrl.Domain": ["contoso.test"],
    "SimpleUrl.ActiveUrl": ["https://meet.contoso.test"],
    "SimpleUrl.SimpleUrlEntry.Url": ["https://meet.contoso.test"],
}


def make(directory, location=OLD + r"\rtc"):
    estate = Estate(
        user=[user(1), user(2, NEW), user(3), hybrid("cloud"), user("off", Enabled=False)],
        simple_url_configuration=[URL],
    )
    bench = Bench(directory, estate)
    bench.location = location
    for shell in bench.hosts.values():
        shell.own["stored_certificate"] = {
            "aa": {"Thumbprint": "AA", "Subject": f"CN={shell.scope}", "HasPrivateKey": True, "RawData": [1, 2]}
        }
        shell.own["certificate_use"] = {"default": {"Use": "Default", "Thumbprint": "AA"}}
        shell.handlers.update(
            {
                "Get-Item": _item,
                "Remove-Item": lambda s, p: s.files.pop(p["LiteralPath"].lower(), None) and None,
                "Export-CsConfiguration": _export(BIG),
                "Export-CsLisConfiguration": _export(b"lis"),
                "Get-CsConfigurationStoreLocation": lambda _s, _p: (
                    [{"BackEndServer": bench.location}] if bench.location else []
                ),
            }
        )
    return bench


def _item(shell: Any, parameters: Any) -> list[dict[str, Any]]:
    path = parameters["LiteralPath"]
    return [{"FullName": path}] if path.lower() in shell.files else []


def _export(content: bytes) -> Any:
    def export(shell: Any, parameters: Any) -> None:
        if parameters["FileName"].lower() in shell.files:
            raise ServerError("FileExists")
        shell.files[parameters["FileName"].lower()] = content

    return export


@pytest.fixture(name="bench")
def _bench(tmp_path):
    return make(tmp_path)


def folder(bench):
    return bench.state_dir / "baseline"


def summary(bench):
    return json.loads((folder(bench) / "baseline.json").read_text())


def names(bench):
    return [name for name, _ in bench.writes]


def test_made_once_and_kept(bench):
    result = bench.run(module, {"hosts": ["edge2013"]})
    assert result["changed"] is True
    assert names(bench) == ["Export-CsConfiguration", "Export-CsLisConfiguration", "Remove-Item", "Remove-Item"]
    assert bench.writes[0][1] == {"FileName": CONFIGURATION, "Force": True}
    assert bench.writes[1][1] == {"FileName": LOCATION}
    assert bench.hosts["fe2013"].files == {}
    assert (folder(bench) / "configuration.zip").read_bytes() == BIG
    assert result["baseline"]["files"]["configuration.zip"] == hashlib.sha256(BIG).hexdigest()
    assert result["baseline"]["users"] == {OLD: 2, NEW: 1}
    assert undocumented(module, result) == []
    record = summary(bench)
    assert (
        record["users"] == {OLD: [sip(1), sip(3)], NEW: [sip(2)]}
        and record["central_management_store"] == OLD + r"\rtc"
    )
    assert record["simple_urls"]["Global"][0]["ActiveUrl"] == "https://meet.contoso.test"
    assert set(record["certificates"]) == {"fe2013", "edge2013"}
    assert record["certificates"]["fe2013"]["assigned"] == [{"Use": "Default", "Thumbprint": "AA"}]
    assert "RawData" not in record["certificates"]["fe2013"]["stored"][0]
    count = len(bench.hosts["fe2013"].transcript)
    again = bench.run(module, {}, run="run-2")
    assert again["changed"] is False and again["baseline"] == result["baseline"]
    assert len(bench.hosts["fe2013"].transcript) == count  # nobody is asked
    assert undocumented(module, again) == []


def test_only_the_operator_can_read_it(bench):
    bench.run(module, {})
    assert stat.S_IMODE(folder(bench).stat().st_mode) == 0o700
    assert {stat.S_IMODE(one.stat().st_mode) for one in folder(bench).iterdir()} == {0o600}
    assert {one.name for one in folder(bench).iterdir()} == {*_baseline.EXPORTS, "baseline.json"}


def test_the_evidence_has_the_digest_and_no_names(bench):
    bench.run(module, {})
    (evidence,) = [one for one in bench.journal() if one["kind"] == "evidence"]
    assert evidence["fact"] == "baseline" and evidence["member"] == "organisation"
    text = (folder(bench) / "baseline.json").read_bytes()
    assert evidence["digest"] == hashlib.sha256(text).hexdigest() and sip(1) not in json.dumps(evidence)


def test_it_is_never_made_anew_over_what_was(bench):
    bench.run(module, {})
    bench.estate.put("user", user(1, NEW))
    bench.run(module, {}, run="run-2")
    assert summary(bench)["users"][OLD] == [sip(1), sip(3)]


@pytest.mark.parametrize("file", ["configuration.zip", "location_information.zip", "baseline.json"])
def test_a_changed_byte_is_found(bench, file):
    bench.run(module, {})
    path = folder(bench) / file
    path.write_bytes(
        path.read_bytes().replace(b"{", b"", 1) if file.endswith("json") else path.read_bytes()[:-1] + b"?"
    )
    result = bench.run(module, {})
    assert result["error"]["kind"] == "state" and f"{path} is not what was written" in result["msg"]


def test_a_missing_file_is_found(bench):
    bench.run(module, {})
    (folder(bench) / "configuration.zip").unlink()
    assert bench.run(module, {})["error"]["kind"] == "state"


def test_a_folder_that_others_can_enter_is_refused(bench):
    bench.run(module, {})
    folder(bench).chmod(0o755)
    assert "closed to everybody else" in bench.run(module, {})["msg"]


def test_an_interrupted_one_is_made_anew(bench, monkeypatch):
    write = _baseline.write_whole

    def killed(directory, file, content):
        if file == "baseline.json":
            raise KeyboardInterrupt
        write(directory, file, content)

    monkeypatch.setattr(_baseline, "write_whole", killed)
    with pytest.raises(KeyboardInterrupt):
        bench.run(module, {})
    monkeypatch.undo()
    bench.hosts["fe2013"].files[CONFIGURATION.lower()] = b"left by a killed run"
    assert bench.run(module, {})["changed"] is True and (folder(bench) / "configuration.zip").read_bytes() == BIG


def test_an_export_that_fails_leaves_nothing(bench):
    bench.hosts["fe2013"].failures["Export-CsLisConfiguration"] = ServerError("ProcessingFailed")
    result = bench.run(module, {})
    assert result["failed"] and "exported location information" in result["msg"]
    assert bench.hosts["fe2013"].files == {} and not (folder(bench) / "baseline.json").exists()
    assert [one for one in bench.journal() if one["kind"] == "evidence"] == []


def test_office_communications_server_has_nothing_to_export(tmp_path):
    bench = make(tmp_path, location=None)
    result = bench.run(module, {"source": "ocs_2007_r2"})
    assert result["changed"] is True and result["baseline"]["central_management_store"] is None
    assert bench.writes == [] and result["baseline"]["users"] == {} and result["baseline"]["files"] == {}
    assert not any(name == "Get-CsUser" for name, _ in bench.hosts["fe2013"].transcript)
    assert undocumented(module, result) == []
    bench.location = NEW + r"\rtc"  # made by the migration: the record stays what it was
    assert bench.run(module, {"source": "ocs_2007_r2"})["changed"] is False


def test_lync_server_2010_has_a_store(tmp_path):
    bench = make(tmp_path, location=None)
    result = bench.run(module, {})
    assert result["error"]["kind"] == "not_ready" and "names no Central Management store" in result["msg"]
    assert not (folder(bench) / "baseline.json").exists()


def test_a_dry_run_exports_nothing(bench):
    result = bench.run(module, {}, check=True)
    assert result["changed"] is True and bench.writes == [] and not folder(bench).exists()
    assert result["baseline"]["files"] == dict.fromkeys(_baseline.EXPORTS)
    planned = [one["call"]["name"] for one in bench.plan() if one["kind"] == "intent"]
    bench.run(module, {})
    made = [one["call"]["name"] for one in bench.journal() if one["kind"] == "intent"]
    assert planned == made
    assert bench.run(module, {}, check=True, run="run-2")["changed"] is False


def test_a_second_dry_run_sees_the_plan(bench):
    bench.run(module, {}, check=True)
    assert bench.run(module, {}, check=True)["changed"] is False
    assert bench.run(module, {}, check=True, run="run-2")["changed"] is True


def test_a_dry_run_on_hosts_without_tools(tmp_path):
    bench = make(tmp_path)
    bench.hosts["fe2013"].tools = False
    bench.hosts["fe2013"].handlers.clear()
    hosts: dict[str, Any] = bench.hosts
    for host in ("fe2013", "name"):
        hosts.setdefault("name", NoShell("name"))
        planned = bench.run(module, {}, host=host, check=True, run=f"run-{host}")
        assert planned["changed"] is True
        calls = [one["call"]["name"] for one in bench.plan(f"run-{host}") if one["kind"] == "intent"]
        assert calls[:2] == ["Export-CsConfiguration", "Export-CsLisConfiguration"]
    assert bench.run(module, {"source": "ocs_2007_r2"}, check=True, run="run-ocs")["calls"] == []


def test_against_the_lab_of_lync_server_2010(tmp_path):
    lab = LabBench(tmp_path)
    result = lab.done(module, {})
    assert result["changed"] is True and set(result["baseline"]["files"]) == set(_baseline.EXPORTS)
    homed = [one for one in lab.world.ad if one.counts]
    assert result["baseline"]["users"] == {"pool2010.contoso.test": len(homed)} and homed
    assert lab.done(module, {})["changed"] is False
    assert not [path for host, path in lab.world.files if "baseline" in path]
