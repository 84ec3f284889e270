# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab as a process: what it opens, what it writes, what it leaves."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from ansible_collections.lync.xmpp_migration.lab.process import Process
from ansible_collections.lync.xmpp_migration.lab.wsman.endpoint import Endpoint
from ansible_collections.lync.xmpp_migration.tests.lab.conftest import LAB
from ansible_collections.lync.xmpp_migration.tests.lab.endpoint_support import Warm
from ansible_collections.lync.xmpp_migration.tests.unit.lab.standin_world import wait_for
from winrm.protocol import Protocol


@pytest.fixture(scope="module")
def running(lab):
    return lab("small", "--secret-prefix", "CANARY-")


def family(pid: int) -> set[int]:
    """A process and its descendants."""
    found = {pid}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) in found or int(fields[1]) == pid:
            found.add(int(path.parent.name))
    return found


def connect(running, host: str = "fe", **options) -> Protocol:
    place = Path(running.inventory)
    inventory = yaml.safe_load(place.read_text())["all"]["hosts"][host]
    inventory |= yaml.safe_load((place.parent / "host_vars" / host / "credentials.yml").read_text())
    settings = {
        "endpoint": f"https://{inventory['ansible_host']}:{inventory['ansible_port']}/wsman",
        "transport": inventory["ansible_winrm_transport"],
        "username": inventory["ansible_user"],
        "password": inventory["ansible_password"],
        "ca_trust_path": inventory["ansible_winrm_ca_trust_path"],
        "proxy": None,
    }
    return Protocol(**{**settings, **options})


def test_ansible_reads_the_inventory(lab):
    running = lab("lync2010")
    command = [str(Path(sys.executable).with_name("ansible-inventory")), "-i", running.inventory, "--list"]
    found = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert found["lync_2013_front_ends"]["hosts"] == ["fe2013"]
    assert found["lync_2013_edges"]["hosts"] == ["edge2013"]
    assert found["lync_legacy_gateway"]["hosts"] == ["xmppgw"]
    host = found["_meta"]["hostvars"]["edge2013"]
    assert host["expected_computer_name"] == "edge2013.contoso.test"
    assert (host["ansible_connection"], host["ansible_user"]) == ("winrm", "EDGE2013\\Administrator")
    assert host["ansible_password"]
    settings = host["lync_migration"]
    assert settings["edge"]["external_address"] == running.ready["prefix"] + ".40"
    assert settings["dns"]["servers"] == [{"address": "127.0.0.1", "port": running.ready["dns"]["port"]}]
    assert Path(settings["certificates"]["authority"]["key"]).read_text().startswith("-----BEGIN ENCRYPTED")
    assert host["lync_migration_dns_tsig_secret"] and host["lync_migration_ca_key_passphrase"]


def test_a_client_reaches_every_host_with_what_the_inventory_says(running):
    for host, user in (("fe", "CONTOSO\\lyncadmin"), ("edge", "EDGE\\Administrator")):
        warm = Warm(connect(running, host)).begin()
        assert warm.hello["computer"] == host.upper()
        assert warm.hello["domain"] == "contoso.test"
        assert warm.hello["user"] == user
        partners = {
            "cmdlet": "Get-CsXmppAllowedPartner",
            "parameters": {"LocalStore": True},
            "properties": ["Identity"],
        }
        rows, ends = warm.ask(partners)
        assert (rows, ends[0]["ok"]) == ([["fabrikam.test"]], True)
        warm.close()


def test_it_counts_and_records_what_was_asked(running):
    before = running.counts()["hosts"]["fe"]
    warm = Warm(connect(running)).begin()
    warm.ask({"cmdlet": "Get-CsUser", "properties": ["SipAddress"]})
    warm.close()
    after = running.counts()["hosts"]["fe"]
    grown = {name: after[name] - before.get(name, 0) for name in ("shells", "powershell_starts", "create", "delete")}
    assert grown == {"shells": 1, "powershell_starts": 1, "create": 1, "delete": 1}
    assert after["open_shells"] == 0
    line = running.transcript()[-1]
    assert {name: line[name] for name in ("host", "run", "cmdlet", "outcome", "write")} == {
        "host": "fe.contoso.test",
        "run": "",
        "cmdlet": "Get-CsUser",
        "outcome": "ok",
        "write": False,
    }
    assert running.counts()["violations"] == []


def test_it_listens_on_loopback_only(running):
    pids = family(running.ready["pid"])
    listing = subprocess.run(["ss", "-H", "-ltnup"], capture_output=True, text=True, check=True).stdout
    own = [line for line in listing.splitlines() if any(f"pid={pid}," in line for pid in pids)]
    assert len(own) >= 4
    addresses = {line.split()[4].rpartition(":")[0] for line in own}
    assert all(re.fullmatch(r"127\.\d+\.\d+\.\d+", address) for address in addresses), addresses


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.0.2.1"])  # noqa: S104
def test_no_endpoint_can_be_told_to_listen_elsewhere(tmp_path, address):
    from ansible_collections.lync.xmpp_migration.tests.lab.endpoint_support import serving

    with serving(tmp_path) as server, pytest.raises(ValueError, match="loopback only"):
        Endpoint(server.service, server.endpoint.accounts, server.endpoint._tls, address=address)


def test_its_files_are_for_nobody_else(running):
    paths = [running.directory, *running.directory.rglob("*")]
    open_to_others = [
        str(path) for path in paths if stat.S_IMODE(path.lstat().st_mode) & 0o077 and not path.is_socket()
    ]
    assert open_to_others == []


def test_its_secrets_are_random_and_begin_as_was_asked(running, lab):
    first, second = running.secrets(), lab("small").secrets()
    assert first.keys() >= {"lyncadmin", "certification authority"}
    assert all(len(value) >= 20 for value in [*first.values(), *second.values()])
    assert not set(first.values()) & set(second.values())
    assert first["lyncadmin"].startswith("CANARY-")


def test_no_secret_is_in_what_it_records(running):
    warm = Warm(connect(running)).begin()
    secret = {"$": "secret", "value": "CANARY-in-a-call"}
    warm.ask({"cmdlet": "New-CsXmppAllowedPartner", "parameters": {"Identity": "x.test", "DialbackPassphrase": secret}})
    warm.close()
    for name in ("transcript.ndjson", "lab.log", "lab.json"):
        assert "CANARY" not in (running.directory / name).read_text()
    for pid in family(running.ready["pid"]):
        assert b"CANARY" not in Path(f"/proc/{pid}/cmdline").read_bytes()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_reads_no_password(running):
    command = [
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        "cat",
        str(running.directory / "secrets.json"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "CANARY" not in done.stdout


def test_the_state_is_told_in_the_estates_addresses(running):
    text = json.dumps(running.state())
    assert running.ready["prefix"] not in text
    assert "203.0.113.40" in text


def test_clock_and_switches_can_be_changed(running):
    assert json.loads(running.command("clock", "--speed", "2"))["speed"] == 2
    now = json.loads(running.command("clock", "--set", "2030-01-01T00:00:00+00:00"))["now"]
    assert now.startswith("2030-01-01T00:00:0")
    assert json.loads(running.command("clock", "--advance", "3600"))["now"].startswith("2030-01-01T01:00:0")
    assert json.loads(running.command("set", "latency.Get-CsSite", "0.5")) == {"latency.Get-CsSite": 0.5}
    running.command("set", "latency.Get-CsSite", "0")
    with pytest.raises(RuntimeError, match="no limit"):
        running.command("set", "limits.bogus", "1")
    with pytest.raises(RuntimeError, match="no known question"):
        running.command("set", "bogus", "yes")
    with pytest.raises(RuntimeError, match="cannot run backwards"):
        running.command("clock", "--speed", "-1")


def test_faults_can_be_injected_and_taken_away(running):
    running.fault({"do": "fault", "operation": "create", "code": 2150859173})
    from winrm.exceptions import WSManFaultError

    with pytest.raises(WSManFaultError):
        connect(running).open_shell()
    running.fault(clear=True)
    assert json.loads(running.command("fault")) == []
    with pytest.raises(RuntimeError, match="needs the key 'do'"):
        running.command("fault", "{}")


def test_a_second_lab_does_not_start_over_a_first(running):
    with pytest.raises(RuntimeError, match="is up in"):
        running.command("up", "--estate", "small")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--estate", "/no/such.yml"], "no/such.yml"),
        (["--estate", "small", "--prefix", "10.0.0"], "loopback"),
        (["--estate", "small", "--secret-prefix", "a:b"], "letters, digits"),
        (["--estate", "small", "--faults", "/no/such"], "/no/such"),
    ],
)
def test_a_start_that_fails_says_why_and_leaves_nothing(tmp_path, options, sentence):
    directory = tmp_path / "lab"
    done = subprocess.run(
        [*LAB, "up", "--state-dir", str(directory), *options], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert {path.name for path in directory.iterdir()} <= {"lab.log", "transcript.ndjson"}


def test_a_directory_that_is_open_to_others_is_refused(tmp_path):
    tmp_path.chmod(0o755)
    command = [*LAB, "up", "--state-dir", str(tmp_path), "--estate", "small"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, "open to others" in done.stderr) == (1, True)


def test_a_path_too_long_for_a_socket_is_no_matter(tmp_path, lab):
    from ansible_collections.lync.xmpp_migration.tests.lab.conftest import RunningLab

    running = RunningLab(tmp_path / ("d" * 100), "small")
    assert Path(running.ready["control"]).parent != running.directory
    running.down()
    assert not Path(running.ready["control"]).parent.exists()


@pytest.mark.parametrize("end", ["down", "SIGTERM", "SIGKILL", "owner"])
def test_nothing_is_left_of_a_lab(lab, tmp_path, end, needs):
    options = []
    owner = None
    if end == "owner":
        owner = subprocess.Popen(["sleep", "60"])
        options = ["--owner", str(owner.pid)]
    if end == "SIGKILL":
        needs("krb5kdc", "kdb5_util", "kadmin.local")
        options = ["--kerberos"]
    running = lab("small", *options)
    pids = [Process.of(pid) for pid in family(running.ready["pid"])]
    if end == "down":
        running.down()
    elif owner is not None:
        owner.kill()
        owner.wait()
    else:
        os.kill(running.ready["pid"], getattr(signal, end))
    wait_for(lambda: not any(process.alive() for process in pids), 15)
    if end == "SIGKILL":
        running.down()  # takes away what the lab itself could not
    wait_for(lambda: {path.name for path in running.directory.iterdir()} <= {"lab.log", "transcript.ndjson"})


def test_ten_thousand_users_start_in_seconds(lab):
    started = time.monotonic()
    running = lab("small", "--users", "10000")
    assert time.monotonic() - started < 15
    warm = Warm(connect(running)).begin()
    started = time.monotonic()
    rows, _ = warm.ask(
        {"cmdlet": "Get-CsUser", "properties": ["SipAddress", "DisplayName", "RegistrarPool", "Enabled"]}
    )
    assert len(rows) == 10000
    assert time.monotonic() - started < 10
    warm.close()


def test_binding_answers_line_by_line():
    lines = [
        {"cmdlet": "Get-CsXmppAllowedPartner", "parameters": {"Identity": "fabrikam.test"}},
        {"cmdlet": "Get-CsXmppAllowedPartner", "parameters": {"Bogus": 1}},
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    done = subprocess.run([*LAB, "bind"], input=text, capture_output=True, text=True, check=True)
    first, second = map(json.loads, done.stdout.splitlines())
    assert first["set"] == 1
    assert second["error"] == "NamedParameterNotFound"
