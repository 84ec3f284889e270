# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action plugin and the daemon under ansible-playbook: one session for each host, and nothing left of it.

A run of ansible-playbook takes seconds, so each of them shows several things.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import NotReady, Unreachable
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils._claim import claim
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils._runtime import Process

sys.path.insert(0, str(Path(__file__).parent))
from transport_support import (
    Controller,
    control,
    eventually,
    files_with,
    module,
    play,
    shell_of,
    short_home,
    transcript,
)

CANARY = "CANARY-"
FE = "fe.contoso.test"
SESSION = module("session")
READ = module("xmpp_partner_info")
ACCEPT = module("acceptance", accepted=True)


@pytest.fixture(scope="module")
def running(lab: Any) -> Any:
    return lab("small", "--secret-prefix", CANARY)


@pytest.fixture
def controller(running: Any) -> Iterator[Controller]:
    with short_home() as home:
        one = Controller(running, home)
        yield one
        running.fault(clear=True)
        clean = eventually(one.nothing_left)
        left = (one.daemons(), control(running, "counts")["total"]["open_shells"], [str(path) for path in home.glob("lync-*/*/*")])
        if not clean:
            forget_shells(running, one)
        assert clean, left


def forget_shells(running: Any, controller: Controller) -> None:
    """What nobody is left to close: the server does it at its idle limit, or when it restarts."""
    control(running, "fault", text=json.dumps({"do": "restart", "operation": "create", "times": 1}), clear=True)
    with pytest.raises(Unreachable):
        shell_of(running, "fe").open()
    assert eventually(lambda: controller.open_shells() == 0)


def policy(name: str, **more: Any) -> dict[str, Any]:
    """A write that no law is against."""
    return module("external_access_policy", identity=name, enable_federation_access=True, **more)


def made(running: Any, name: str) -> int:
    lines = transcript(running)
    return sum(one["cmdlet"] == "New-CsExternalAccessPolicy" and one["parameters"].get("Identity") == name for one in lines)


def show(name: str) -> dict[str, Any]:
    return {"ansible.builtin.debug": {"var": name}}


LOOK = [{**SESSION, "register": "session"}, show("session")]


def sessions(played: Any) -> list[dict[str, Any]]:
    return [one["session"] for one in played.results() if "session" in one]


def reasons(session: dict[str, Any]) -> list[str]:
    return [one["reason"] for one in session["renewals"]]


def starts(running: Any) -> dict[str, int]:
    return {name: one["powershell_starts"] for name, one in control(running, "counts")["hosts"].items()}


# --- one session for each host and run


def test_one_process_for_each_host_whatever_the_playbook_does(running: Any, controller: Controller) -> None:
    running.fault({"do": "noise", "cmdlet": "Get-CsXmppAllowedPartner", "lines": ["Größe 日本"], "times": 0})
    before = starts(running)
    played = controller.run(
        [
            play("all", {**SESSION, "loop": [1, 2, 3]}, {**READ, "when": "inventory_hostname == 'fe'"}),
            play("fe", READ, strategy="free"),
            play(
                "all",
                {**SESSION, "delegate_to": "fe"},
                {**policy("Shared"), "delegate_to": "fe", "when": "inventory_hostname == 'edge'"},
                ACCEPT,
                *LOOK,
            ),
        ],
        "--forks", "5", "-vvvvvv",
    )  # fmt: skip
    assert played.code == 0, played.output
    assert {name: count - before[name] for name, count in starts(running).items()} == {"fe": 1, "edge": 1}
    assert sorted(one["hello"]["computer"] for one in sessions(played)) == ["EDGE", "FE"]
    assert {one["starts"] for one in sessions(played)} == {1}
    # a delegated change is the delegate's
    journal = controller.journal()
    intents = [one for one in journal if one["kind"] == "intent"]
    assert [(one["host"], one["scope"], one["module"]) for one in intents] == [("fe", FE, "external_access_policy")]
    # evidence of a module that needs no session
    assert sorted(one["host"] for one in journal if one["kind"] == "evidence") == ["edge", "fe"]
    assert played.said("HOST OUTPUT Größe 日本")
    assert CANARY not in played.output, "no secret at any verbosity"


def test_a_dry_run_plans_and_sends_nothing(running: Any, controller: Controller) -> None:
    see = module("xmpp_partner_info", expect=["fabrikam.test"], local_store=True)
    renew = module("session", state="renewed", reason="module_path")
    played = controller.run([play("fe", see, policy("Planned"), renew, *LOOK)], "--check", "--diff")
    assert played.code == 0 and played.recap("fe")["changed"] == 1, played.output
    assert made(running, "Planned") == 0 and controller.journal() == []
    (plan,) = controller.state.glob("runs/*/plan.ndjson")
    assert [json.loads(line)["kind"] for line in plan.read_text().splitlines()] == ["evidence", "intent"]
    assert sessions(played)[0]["starts"] == 1, "nothing happened that the session would have to be renewed for"


def test_one_shot(running: Any, controller: Controller) -> None:
    before = starts(running)["fe"]
    played = controller.run([play("fe", policy("OneShot"), *LOOK)], "-e", "lync_session_mode=one_shot")
    assert played.code == 0 and made(running, "OneShot") == 1, played.output
    session = sessions(played)[0]
    assert (session["mode"], session["renewals"]) == ("one_shot", [])
    assert starts(running)["fe"] - before == session["starts"] > 2


def test_options_are_templated_and_unvaulted(running: Any, controller: Controller) -> None:
    (controller.home / "vault").write_text("vault password\n")
    vault = str(Path(sys.executable).with_name("ansible-vault"))
    command = [vault, "encrypt_string", "--vault-password-file", "vault", running.secrets()["lyncadmin"]]
    done = subprocess.run(
        command, cwd=controller.home, env=controller.environment(), capture_output=True, text=True, check=True
    )
    text = "".join(f"  {line.strip()}\n" for line in done.stdout.splitlines()[1:])
    (controller.home / "vars.yml").write_text(
        f'stored: !vault |\n{text}ansible_password: "{{{{ stored }}}}"\nport: {running.ready["hosts"]["fe"]["https"]}\n'
        'ansible_port: "{{ port }}"\nname: fe\nexpected_computer_name: "{{ name ~ \'.contoso.test\' }}"\n'
    )
    played = controller.run([play("fe", policy("Vaulted"))], "-e", "@vars.yml", "--vault-password-file", "vault")
    assert played.code == 0 and made(running, "Vaulted") == 1, played.output


# --- between tasks


KILLER = """
import os, signal, socket, struct, sys
for directory, _, names in os.walk(sys.argv[1]):
    for name in names:
        path = os.path.join(directory, name)
        if len(name) == 16 and os.path.exists(path):
            with socket.socket(socket.AF_UNIX) as end:
                end.connect(path)
                pid = struct.unpack("3i", end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
            os.kill(pid, signal.SIGKILL)
            print("killed", pid)
"""


def test_what_changes_between_tasks(running: Any, controller: Controller) -> None:
    """Other options, a renewal, a task tried again, a shell that the server closed, a daemon that was killed."""
    wrong = {**SESSION, "vars": {"ansible_password": "{{ wrong }}"}, "ignore_unreachable": True}
    down = {**SESSION, "vars": {"ansible_port": 9}, "ignore_unreachable": True}
    renew = module("session", state="renewed", reason="module_path")
    again = {**policy("Retried"), "retries": 2, "delay": 0, "register": "policy", "until": "policy is success"}
    here = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    kill = {
        "ansible.builtin.command": {"argv": [sys.executable, "-c", KILLER, str(controller.home)]},
        "register": "killed", "failed_when": "'killed' not in killed.stdout", "vars": here,
    }  # fmt: skip
    running.fault({"do": "error", "cmdlet": "New-CsExternalAccessPolicy", "id": "Odd"})
    inspect = {**module("session", state="inspected"), "register": "session"}
    played = controller.run(
        [play("fe", inspect, show("session"), SESSION, wrong, down, SESSION, renew, again, *LOOK, kill, policy("Survivor"), *LOOK)],
        "-e", json.dumps({"wrong": f"{CANARY}wrong"}),
    )  # fmt: skip
    assert played.code == 0, played.output
    first, before, after = sessions(played)
    assert (first["hello"], first["open"], first["starts"]) == (None, False, 0)
    assert played.said("rejected the user name or the password of CONTOSO\\\\lyncadmin") and CANARY not in played.output
    assert played.said("127.0.0.1:9 refuses the connection: the host is down, or WinRM does not listen on port 9.")
    assert (before["starts"], reasons(before)) == (3, ["options_changed", "module_path"])
    assert made(running, "Retried") == 2
    assert (after["starts"], made(running, "Survivor")) == (1, 1), "another daemon"
    assert eventually(lambda: controller.daemons() == [])
    assert eventually(lambda: controller.open_shells() == 1), "nobody was left to close the first one"
    forget_shells(running, controller)


def test_a_host_that_restarts_is_waited_for(running: Any, controller: Controller) -> None:
    running.fault({"do": "restart", "operation": "signal", "host": FE, "seconds": 3})
    back = module("session", state="renewed", reason="host_restarted", wait_seconds=60)
    played = controller.run([play("fe", SESSION, {**back, "register": "session"}, show("session"))])
    assert played.code == 0, played.output
    assert sessions(played)[0]["open"] and reasons(sessions(played)[0]) == ["host_restarted"]


def test_a_shell_that_the_server_closed_and_a_host_that_turns_us_away(running: Any, controller: Controller) -> None:
    # the script, the import, and then the first request of a module
    running.fault({"do": "kill_shell", "operation": "send", "host": FE, "nth": 3})
    running.fault({"do": "refuse", "operation": "send", "host": FE, "nth": 12, "times": 0})
    played = controller.run([play("fe", policy("Again"), *LOOK, *[READ] * 12)])
    assert made(running, "Again") == 1 and reasons(sessions(played)[0]) == ["idle_closed"], played.output
    assert played.code == 4 and played.recap("fe")["unreachable"] == 1, played.output


# --- the end of a playbook in the middle of a call


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_signals_leave_no_shell_no_daemon_and_a_whole_journal(
    running: Any, controller: Controller, number: signal.Signals
) -> None:
    running.fault({"do": "delay", "cmdlet": "New-CsExternalAccessPolicy", "seconds": 8, "when": "after"})
    process = controller.start([play("fe", policy(number.name), policy("Never"))])
    # the intent is on disk before the call is sent; the lab's transcript has it only when it has ended
    assert eventually(lambda: bool(controller.journal()) or process.poll() is not None, 60)
    assert process.poll() is None and controller.daemons()
    if number is signal.SIGKILL:
        os.kill(process.pid, number)
    else:
        os.killpg(process.pid, number)
    process.communicate(timeout=60)
    assert eventually(controller.nothing_left, 45), controller.daemons()
    assert [one["kind"] for one in controller.journal()] == ["intent", "outcome"]
    assert controller.journal()[1]["ok"] is True, "the call in flight was heard to its end"
    assert (made(running, number.name), made(running, "Never")) == (1, 0)
    assert files_with(running.secrets()["lyncadmin"], controller.home) == []


def test_killed_anywhere_nothing_stays(running: Any) -> None:
    """At twenty points from start to end. Files are looked at as they are left, before anything sweeps them."""
    with contextlib.ExitStack() as stack:
        plays = [play("fe", policy("Killed"), READ)]
        first = Controller(running, stack.enter_context(short_home()))
        began = time.monotonic()
        assert first.run(plays).code == 0
        whole = time.monotonic() - began
        killed: list[Controller] = []
        for points in zip(range(1, 21, 2), range(2, 21, 2), strict=True):
            group = [Controller(running, stack.enter_context(short_home())) for _ in points]
            began = time.monotonic()
            processes = [one.start(plays) for one in group]
            for point, process in zip(points, processes, strict=True):
                time.sleep(max(0.0, began + whole * point / 20 - time.monotonic()))
                process.kill()
            for process in processes:
                process.communicate(timeout=30)
            killed += group
        for one in killed:
            assert eventually(one.nothing_left, 30), (one.daemons(), list(one.home.rglob("*")))
            assert files_with(running.secrets()["lyncadmin"], one.home) == []
            kinds = [entry["kind"] for entry in one.journal()]
            assert kinds == ["intent", "outcome"] * (len(kinds) // 2)


def test_runs_on_one_state_directory_wait_for_each_other(running: Any, controller: Controller) -> None:
    running.fault({"do": "delay", "cmdlet": "New-CsExternalAccessPolicy", "seconds": 8, "when": "after"})
    first = controller.start([play("fe", policy("First"))])
    assert eventually(lambda: made(running, "First") == 1, 60)
    with pytest.raises(NotReady, match="is changing the same organisation"):
        claim(str(controller.state), "another", Process.of(os.getpid()), 0)
    first.kill()
    first.communicate(timeout=30)
    assert controller.daemons(), "the call is still in flight"
    second = controller.run([play("fe", READ, policy("Second"))])
    assert second.code == 0, second.output
    kinds = [(one["kind"], one["run"]) for one in controller.journal()]
    assert [kind for kind, _ in kinds] == ["intent", "outcome", "intent", "outcome"]
    assert kinds[0][1] == kinds[1][1] != kinds[2][1] == kinds[3][1]


# --- what a playbook cannot have


def test_refusals(running: Any, controller: Controller) -> None:
    """Each with its sentence, and before any byte is sent."""
    before = control(running, "counts")["total"]
    port = running.ready["hosts"]["fe"]["http"]
    plain = {"ansible_port": port, "ansible_winrm_scheme": "http", "ansible_winrm_transport": "basic"}
    never = {**plain, "ansible_winrm_transport": "ntlm", "ansible_winrm_message_encryption": "never"}
    tasks = [
        {**SESSION, "vars": {"ansible_connection": "psrp"}},
        {**SESSION, "vars": {"ansible_connection": "ssh"}},
        {**SESSION, "delegate_to": "localhost", "vars": {"ansible_connection": "local"}},
        {**SESSION, "become": True, "become_method": "runas", "become_user": "x"},
        {**SESSION, "async": 10, "poll": 1},
        {**SESSION, "vars": plain},
        {**SESSION, "vars": never},
        {**SESSION, "vars": {"lync_session_mode": "cold"}},
    ]
    played = controller.run([play("fe", *({**one, "ignore_errors": True} for one in tasks))], "-e", "{}")
    assert played.code == 0 and played.recap("fe")["ignored"] == len(tasks), played.output
    for text in (
        "fe has ansible_connection: psrp: set ansible_connection: winrm, and ansible_winrm_* in place of the ansible_psrp_*",
        "fe has ansible_connection: ssh: set ansible_connection: winrm and enable WinRM on the host",
        "localhost has ansible_connection: local: set ansible_connection: winrm on the host, and do not delegate",
        "set become: false", "ansible_winrm_transport: credssp",
        "does not support async", "would not be encrypted", "lync_allow_unencrypted: true", "warm or one_shot",
    ):  # fmt: skip
        assert played.said(text), (text, played.output)
    assert played.flat.count("would not be encrypted") >= 2
    after = control(running, "counts")["total"]
    assert (after["requests"], after["refused"]) == (before["requests"], before["refused"])


def test_refusals_of_changes(running: Any, controller: Controller) -> None:
    ports = running.ready["hosts"]
    swapped = {
        "ansible_port": ports["fe"]["https"], "ansible_password": "{{ hostvars.fe.ansible_password }}",
        "ansible_user": "{{ hostvars.fe.ansible_user }}",
    }  # fmt: skip
    played = controller.run(
        [
            play("fe", {**policy("Wrong"), "ignore_errors": True}, vars={"expected_computer_name": "edge.contoso.test"}),
            play("edge", {**policy("Wrong"), "vars": swapped, "ignore_errors": True}),
            play("fe", {**policy("Wrong"), "ignore_errors": True}, {**ACCEPT, "ignore_errors": True}, strategy="free"),
        ],
        "-e", "ansible_winrm_server_cert_validation=ignore",
    )  # fmt: skip
    assert played.code == 0 and (played.recap("fe")["ignored"], played.recap("edge")["ignored"]) == (3, 1), played.output
    for host in ("fe", "edge"):
        told = f"Nothing is changed on {host}: fe.contoso.test answers at 127.0.0.1, and expected_computer_name says edge.contoso.test"
        assert played.said(told), played.output
    assert played.flat.count("which lets hosts run ahead of each other: set strategy: linear") >= 2
    assert made(running, "Wrong") == 0
    assert played.flat.count("is not validated") == 1, "one session, one warning"
    controller.state.mkdir(exist_ok=True)
    controller.state.chmod(0o777)
    played = controller.run([play("fe", policy("Open"))])
    assert played.code == 2 and played.said("chmod 700") and made(running, "Open") == 0, played.output


def test_without_pywinrm(controller: Controller) -> None:
    (controller.home / "site").mkdir()
    (controller.home / "site" / "sitecustomize.py").write_text("import sys\nsys.modules['winrm'] = None\n")
    played = controller.run([play("fe", SESSION)], PYTHONPATH=str(controller.home / "site"))
    assert played.code == 4 and played.said("pywinrm is not installed", "-m pip install 'pywinrm>=0.5.0'"), played.output


@pytest.mark.needs("krb5kdc", "kinit", "kerberos", "gssapi", "krb5")
def test_kerberos_keeps_its_ticket_in_the_directory_of_the_run(lab: Any) -> None:
    running = lab("small", "--kerberos", "--transport", "kerberos")
    here = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    with short_home() as home:
        controller = Controller(running, home)
        find = {
            "ansible.builtin.command": {"argv": ["find", f"{home}/lync-{os.geteuid()}", "-name", "tmp?*", "-printf", "%m %p\\n"]},
            "vars": here, "register": "found",
        }  # fmt: skip
        played = controller.run([play("fe", SESSION, find, show("found.stdout_lines"), *LOOK)])
        assert played.code == 0 and sessions(played)[0]["hello"]["user"] == "CONTOSO\\lyncadmin", played.output
        (ticket,) = played.results()[0]["found.stdout_lines"]
        assert ticket.startswith("600 ") and "/tmp/" in ticket.removeprefix(f"600 {home}")
        assert eventually(controller.nothing_left)
        assert not list(home.glob("krb5cc*"))
