#!/usr/bin/env python3
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What moving a user costs the controller, what several movers bring, and where their steering settles.

Each measurement has a lab of its own and real session daemons over WS-Management; the moves are driven as a module drives
them. One JSON document says what was measured. Seconds are of this machine at this moment.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import json
import math
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "ansible_collections.lync.xmpp_migration"
OLD, NEW = "pool2010.contoso.test", "pool2013.contoso.test"
TICKS = os.sysconf("SC_CLK_TCK")
MEASURED = [[1, 1.2], [24, 4.9]]
"""Moves at once and users per second, as people measured them."""

BAR_COST_MS, BAR_EXPONENT, BAR_MEMORY_MB = 2.0, 1.05, 300
BAR_FOUR, BAR_MANY, BAR_SETTLED, BAR_LOOP = 3.8, 21.0, 0.9, 50.0


class Broken(Exception):
    """The run did not measure what it was to measure."""


def estate(users: int, hosts: int, **more: Any) -> dict[str, Any]:
    machines = [f"fe{n}.contoso.test" for n in range(1, hosts + 1)]
    edge = "edge2010.contoso.test"
    names = {"web_conferencing_fqdn": "wc.contoso.test", "av_fqdn": "av.contoso.test"}
    return {
        "name": "movers", "domain": "contoso.test", "sip_domains": ["contoso.test"], "central_management": OLD,
        "certificates": {"key": "ec256"}, "sites": [{"name": "Redmond", "federation_route": edge}],
        "pools": [
            {"fqdn": OLD, "version": 5, "edge": edge},
            {"fqdn": NEW, "version": 6, "kind": "enterprise", "sql": "sql.contoso.test", "edge": edge, "machines": machines},
        ],
        "edges": [
            {"fqdn": edge, "version": 5, "access_fqdn": "sip.contoso.test", "internal_address": "10.0.1.20",
             "external_address": "203.0.113.20", "federation": True, **names},
            {"fqdn": "edge2013.contoso.test", "version": 6, "access_fqdn": "access.contoso.test", "internal_address": "10.0.1.40",
             "external_address": "203.0.113.40", **names},
        ],
        "users": [{"count": users, "pool": OLD}], **more,
    }  # fmt: skip


class Lab:
    """A lab in a process of its own, below a short path."""

    def __init__(self, users: int, hosts: int, speed: float = 1.0, transport: str = "basic", **more: Any) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="lync-bench-", dir="/tmp"))
        self.place = str(self.directory / "lab")
        file = self.directory / "movers.yml"
        file.write_text(yaml.safe_dump(estate(users, hosts, **more)), encoding="utf-8")
        self.hosts = [f"fe{n}" for n in range(1, hosts + 1)]
        self.users = users
        self.ready = self._run("up", "--estate", str(file), "--owner", str(os.getpid()), "--transport", transport)
        if speed != 1:
            self._run("clock", "--speed", str(speed))
        limits = {"MaxShellsPerUser": 30, "MaxProcessesPerShell": 25}
        for name, value in limits.items():
            subprocess.run(
                self._command("set", f"limits.{name}", str(value)), cwd=ROOT, check=False, capture_output=True
            )

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "lab", *arguments, "--state-dir", self.place]

    def _run(self, *arguments: str) -> Any:
        done = subprocess.run(self._command(*arguments), cwd=ROOT, check=False, capture_output=True, text=True)
        if done.returncode:
            raise Broken(f"The lab said: {done.stderr.strip()}")
        return json.loads(done.stdout) if done.stdout.strip() else None

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *exc: object) -> None:
        subprocess.run(self._command("down"), cwd=ROOT, check=False, capture_output=True)
        reap(set())
        shutil.rmtree(self.directory, ignore_errors=True)

    def drive(self, **options: Any) -> dict[str, Any]:
        """Move all users in a process of its own, so that its memory and its time are its own."""
        told = {"hosts": self.hosts, "inventory": self.ready["inventory"], "ports": self.ready["hosts"], "users": self.users,
                "home": str(self.directory), **options}  # fmt: skip
        environment = {**os.environ, "XDG_RUNTIME_DIR": str(self.directory), "TMPDIR": str(self.directory)}
        done = subprocess.run(
            [sys.executable, __file__, "--drive"], input=json.dumps(told), env=environment, check=False, capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode:
            raise Broken(f"The users were not moved:\n{done.stderr}")
        result: dict[str, Any] = json.loads(done.stdout)
        return result


# --- the process that drives


def drive(told: Mapping[str, Any]) -> dict[str, Any]:
    if "prove" in told:
        return proved(told)
    from ansible.plugins.loader import init_plugin_loader

    init_plugin_loader()
    import importlib

    parts = {
        name: importlib.import_module(f"{PACKAGE}.plugins.{name}")
        for name in (
            "module_utils._engine.calls", "module_utils._engine.context", "module_utils._engine.journal", "module_utils._users.moving",
            "module_utils._users.moving_run",
            "module_utils._engine.session", "module_utils._users.move", "module_utils._engine.values", "plugin_utils._client", "plugin_utils._guard",
            "plugin_utils._runtime",
        )
    }  # fmt: skip
    calls, moving, running = (
        parts[f"module_utils.{one}"] for one in ("_engine.calls", "_users.moving", "_users.moving_run")
    )
    runtime = parts["plugin_utils._runtime"]
    state = str(Path(told["home"]) / f"state-{time.monotonic_ns()}")
    run = runtime.Run.current()
    groups = {
        "lync_2013_edges": ("edge2013",),
        "lync_2013_front_ends": tuple(told["hosts"]),
        "lync_legacy_front_ends": (OLD,),
    }
    contexts = {
        host: parts["module_utils._engine.context"].Context(state, run.name, host, groups=groups)
        for host in told["hosts"]
    }
    prove(parts, state, run.name, contexts[told["hosts"][0]])
    sockets = {host: open_session(parts, run, host, contexts[host], told) for host in told["hosts"]}
    transports = {host: parts["module_utils._engine.session"].SocketTransport(path) for host, path in sockets.items()}
    daemons = [peer(runtime, path) for path in sockets.values()]

    def ask(host: str) -> Any:
        context = {"host": host, "groups": {name: list(members) for name, members in groups.items()}}
        return lambda op, **message: transports[host].perform({"op": op, "check": False, "context": context, **message})

    names = [f"sip:user{n:03}@contoso.test" for n in range(1, told["users"] + 1)]
    params = {"move_conference_data": False, "pilot": False, "domain_controller": None}
    user_move = parts["module_utils._users.move"]

    def change_of(one: int) -> Any:
        row = {"SipAddress": names[one], "RegistrarPool": OLD, "Guid": "00000000-0000-0000-0000-000000000000"}
        return calls.change_to_json(user_move.change_of(row, NEW, params))

    roster = moving.Roster(names, told["hosts"])
    way = running.Way(movers=told["movers"], steered=told["steered"], seconds=tuple(told["seconds"]))
    moved: list[float] = []
    one = running.Drive(
        {host: ask(host) for host in told["hosts"]}, roster, change_of, way, look=lambda some: {},
        finished=lambda user, verdict, entry: moved.append(time.monotonic()),
    )  # fmt: skip
    steps: list[list[float]] = []
    watch(one, steps)
    before, began = [cpu(pid) for pid in daemons], time.monotonic()
    own = time.process_time()
    reason = one.run([range(len(names))])
    seconds, own = time.monotonic() - began, time.process_time() - own
    used = sum(cpu(pid) - earlier for pid, earlier in zip(daemons, before, strict=True))
    if reason or roster.moved != len(names):
        raise Broken(f"{roster.moved} of {len(names)} users were moved: {reason or list(roster.failed.values())[:3]}")
    memory = {
        "driver": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "daemons": max(peak(pid) for pid in daemons),
    }
    for transport in transports.values():
        transport.perform({"op": "close"})
    return {
        "users": len(names), "hosts": len(told["hosts"]), "movers": told["movers"] * len(told["hosts"]), "seconds": round(seconds, 2),
        "users_per_second": round(len(names) / seconds, 2), "steady_users_per_second": steady(moved),
        "controller_ms_per_user": round(1000 * (own + used) / len(names), 3), "memory_mb": {k: round(v) for k, v in memory.items()},
        "steering": {"at": one.steering.wanted, "settled": one.steering.settled, "peak": one.peak, "steps": steps,
                     "rates": {str(k): round(v, 2) for k, v in sorted(one.steering.rates.items())}},
    }  # fmt: skip


def watch(one: Any, steps: list[list[float]]) -> None:
    """Each measurement that the steering learns from."""
    learn = one.steering.learn

    def told(rate: float, strain: float = 0.0) -> None:
        steps.append([one.steering.wanted, round(rate, 2)])
        learn(rate, strain)

    one.steering.learn = told


def steady(moments: Sequence[float]) -> float:
    """Users per second between the first and the last tenth."""
    first, last = len(moments) // 10, len(moments) - 1 - len(moments) // 10
    span = moments[last] - moments[first]
    return round((last - first) / span, 2) if span > 0 else 0.0


def proved(told: Mapping[str, Any]) -> dict[str, Any]:
    from ansible.plugins.loader import init_plugin_loader

    init_plugin_loader()
    import importlib

    names = ("module_utils._engine.journal", "module_utils._engine.values", "module_utils._engine.context")
    parts = {name: importlib.import_module(f"{PACKAGE}.plugins.{name}") for name in names}
    prove(parts, told["prove"], "before", parts[names[2]].Context(told["prove"], "before", told["host"]))
    return {}


def prove(parts: Mapping[str, Any], state: str, run: str, context: Any) -> None:
    """What the laws want to have seen, as the modules before would have recorded it."""
    evidence = parts["module_utils._engine.values"].Evidence
    facts = [evidence("services_running", "edge2013")]
    facts += [evidence(fact, "organisation") for fact in ("legacy_route", "no_partner", "pilot_reached_partner")]
    parts["module_utils._engine.journal"].Journal(state, run).evidence(facts, context, check=False)


def open_session(parts: Mapping[str, Any], run: Any, host: str, context: Any, told: Mapping[str, Any]) -> str:
    inventory = Path(told["inventory"])
    user = yaml.safe_load((inventory.parent / "host_vars" / host / "credentials.yml").read_text(encoding="utf-8"))
    options = {
        "remote_addr": "127.0.0.1", "port": told["ports"][host]["https"], "scheme": "https", "path": "/wsman", "transport": ["basic"],
        "remote_user": user["ansible_user"], "remote_password": user["ansible_password"], "kerberos_command": "kinit",
    }  # fmt: skip
    extras = {"ansible_winrm_ca_trust_path": str(inventory.with_name("ca.pem"))}
    guard = parts["plugin_utils._guard"].Guard(host, "127.0.0.1", told["ports"][host]["fqdn"])
    settings = {"options": options, "extras": extras, "mode": "warm", "digest": host, "context": context.to_json()}
    parts["plugin_utils._client"].attach(run, host, settings, {"guard": guard.to_json(), "open": True})
    return str(run.socket(host))


def peer(runtime: Any, path: str) -> int:
    import socket

    with runtime.connect(path) as end:
        return int.from_bytes(end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 4), sys.byteorder)


def cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def peak(pid: int) -> float:
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("VmHWM:")) / 1024


# --- measurements


def bar(limit: float, measured: float, *, least: bool = False) -> dict[str, Any]:
    return {"bar": limit, "measured": round(measured, 3), "met": measured >= limit if least else measured <= limit}


SHORT = (0.5, 1.0)
"""Seconds of a request where the lab's moves take a tenth of their real time."""


TRANSPORT = "ntlm"
"""Of `cost` and `loop` alike. Moving a user takes an account of the domain, which Basic does not sign in."""
PLAY = [
    {"lync.xmpp_migration.session": {}, "name": "Open the session"},
    {
        "lync.xmpp_migration.user_move": {"target_pool": NEW, "movers": 4},
        "name": "Read all users, move them, read them back",
        "tags": ["move"],
    },
]


def cost(counts: Sequence[int]) -> dict[str, Any]:
    """At zero latency, through ansible-playbook: all that is measured is ours and core's. The lab is not counted."""
    runs = []
    for count in counts:
        with Lab(count, 1, transport=TRANSPORT) as lab:
            runs.append(moved_by_playbook(lab))
    worst = max(one["controller_ms_per_user"] for one in runs)
    memory = max(max(one["memory_mb"].values()) for one in runs)
    bars = {"controller_ms_per_user": bar(BAR_COST_MS, worst), "memory_mb": bar(BAR_MEMORY_MB, memory)}
    if len(runs) > 1:
        first, last = runs[0], runs[-1]
        times = last["controller_ms_per_user"] * last["users"] / (first["controller_ms_per_user"] * first["users"])
        bars["exponent"] = bar(BAR_EXPONENT, math.log(times) / math.log(last["users"] / first["users"]))
    return {"transport": TRANSPORT, "runs": runs, "bars": bars}


def moved_by_playbook(lab: Lab) -> dict[str, Any]:
    """The module as a playbook has it. What ansible-playbook and opening the session cost alone is taken off."""
    adopt()
    state = lab.directory / "state"
    told = {"prove": str(state), "host": lab.hosts[0]}
    subprocess.run(
        [sys.executable, __file__, "--drive"], input=json.dumps(told), check=True, text=True, capture_output=True
    )
    play = [{"hosts": lab.hosts[0], "gather_facts": False, "tasks": PLAY}]
    variables = ["-e", f"lync_migration_state_dir={state}"]
    alone = played(lab.directory, lab.ready["inventory"], play, *variables, "--skip-tags", "move")
    whole = played(lab.directory, lab.ready["inventory"], play, *variables)
    (rows,) = (state / "runs").glob("*/users.csv")
    moved = rows.read_text(encoding="utf-8-sig").count(",moved,")
    if moved != lab.users:
        raise Broken(f"{moved} of {lab.users} users were moved.")
    return {
        "users": lab.users,
        "seconds": round(whole.seconds - alone.seconds, 2),
        "controller_ms_per_user": round(1000 * (whole.used - alone.used) / lab.users, 3),
        "alone_seconds_of_processor": round(alone.used, 2),
        "memory_mb": {name: round(size) for name, size in sorted(whole.memory.items())},
    }


@dataclass
class Played:
    """One run of ansible-playbook: seconds, seconds of the processor of it and all its processes, memory of each kind."""

    seconds: float
    used: float
    memory: dict[str, float]


def played(
    directory: Path, inventory: str, play: Sequence[Mapping[str, Any]], *arguments: str, **environment: str
) -> Played:
    file = directory / "play.yml"
    file.write_text(yaml.safe_dump(list(play), sort_keys=False), encoding="utf-8")
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", inventory, str(file), *arguments]
    home = str(directory)
    kept = set(children(os.getpid()))
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=home,
        env={**os.environ, "HOME": home, "TMPDIR": home, "XDG_RUNTIME_DIR": home, "ANSIBLE_NOCOLOR": "1", **environment},
    )  # fmt: skip
    with Watch(process.pid, kept) as watch:
        output = process.communicate()[0]
        seconds = time.monotonic() - began
        reap(kept)
    if process.returncode:
        raise Broken(f"ansible-playbook ended with {process.returncode}:\n{output[-4000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Played(seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, watch.peaks)


class Watch:
    """The peak memory of ansible-playbook, of the workers of its tasks, and of the session daemons."""

    def __init__(self, playbook: int, kept: set[int]) -> None:
        self.peaks: dict[str, float] = {}
        self._playbook, self._kept = playbook, kept
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(0.1):
            for pid in descendants(os.getpid(), self._kept):
                with contextlib.suppress(OSError, StopIteration, ValueError):
                    program = Path(f"/proc/{pid}/cmdline").read_bytes()
                    name = (
                        "daemon" if b"_daemon" in program else "ansible_playbook" if pid == self._playbook else "worker"
                    )
                    self.peaks[name] = max(self.peaks.get(name, 0.0), peak(pid))


def children(pid: int) -> list[int]:
    """Also those of the process's other threads."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            found += map(int, (task / "children").read_text(encoding="ascii").split())
    return found


def descendants(pid: int, kept: set[int]) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):
        for child in set(children(pid)) - kept:
            found += [child, *descendants(child, kept)]
    return found


def parallel(users: int) -> dict[str, Any]:
    """A tenth of 0.8 s for each move and nothing shared behind it: this measures us, not Lync."""
    runs = {}
    for hosts, movers, count in ((1, 1, users), (1, 4, 4 * users), (6, 4, 24 * users)):
        with Lab(count, hosts, speed=10, latency={"Move-CsUser": 0.8}) as lab:
            runs[f"{hosts}x{movers}"] = lab.drive(movers=movers, steered=False, seconds=[5, 10])
    one = runs["1x1"]["users_per_second"]
    return {
        "measured": "this measures us, not Lync: no back end is shared",
        "runs": runs,
        "bars": {
            "4_movers": bar(BAR_FOUR, runs["1x4"]["users_per_second"] / one, least=True),
            "6x4_movers": bar(BAR_MANY, runs["6x4"]["users_per_second"] / one, least=True),
        },
    }


def curve(users: int) -> dict[str, Any]:
    """The back end that people measured, ten times as quick."""
    with Lab(users, 3, speed=10, moves_per_second=MEASURED) as lab:
        run = lab.drive(movers=8, steered=True, seconds=SHORT)
    at = run["steering"]["at"]
    each = [1 / 1.2, 24 / 4.9]
    rate = {n: n / (each[0] + (each[1] - each[0]) * (n - 1) / 23) for n in range(1, 25)}
    bars = {
        "of_the_best": bar(BAR_SETTLED, rate[at] / max(rate.values()), least=True),
        "movers": bar(24, run["steering"]["peak"]),
    }
    return {"back_end": MEASURED, "run": run, "settled": run["steering"]["settled"], "bars": bars}


SHELL = """#!powershell
#Requires -Module Ansible.ModuleUtils.Legacy
#Requires -Module Ansible.ModuleUtils.CommandUtil
#Requires -Module Ansible.ModuleUtils.FileUtil
$params = Parse-Args $args -supports_check_mode $false
$text = Get-AnsibleParam -obj $params -name 'text' -type 'str' -failifempty $true
$bytes = [Text.Encoding]::Unicode.GetBytes($text)
$done = Run-Command -command "powershell.exe -NoProfile -EncodedCommand $([Convert]::ToBase64String($bytes))"
Exit-Json @{ changed = $true; rc = $done.rc; stdout = $done.stdout; stderr = $done.stderr }
"""
"""What win_shell is to core: PowerShell that names these module utilities, packed with them into core's wrapper for Windows,
and sent for each item. The lab runs nothing of it."""
PACKED = "benchmark_shell"


def beside(users: int, items: int, module: str, rounds: int, first: float | None) -> dict[str, Any]:
    """The loop, and each time the same users moved beside it: what else the machine does at that moment weighs on both."""
    found = []
    for turn in range(rounds):
        ours = first if turn == 0 else cost([users])["runs"][0]["controller_ms_per_user"]
        found.append({**loop(items, module), "ours_ms_per_user": ours})
    each = statistics.median_low(one["controller_ms_per_user"] for one in found)
    result = next(one for one in found if one["controller_ms_per_user"] == each)
    if first:
        times = [one["controller_ms_per_user"] / one["ours_ms_per_user"] for one in found]
        result["rounds"] = [round(one, 1) for one in times]
        result["bars"] = {"times_as_much": bar(BAR_LOOP, statistics.median(times), least=True)}
    return result


def loop(items: int, module: str) -> dict[str, Any]:
    """A task loop over core's winrm connection, as people do it today: the time of the processor for one item."""
    text = "Import-Module Lync; Move-CsUser -Identity {{ item }} -Target pool -Confirm:$false"
    play = [{
        "hosts": "fe1", "gather_facts": False,
        "tasks": [{
            module: {"text": text} if module == PACKED else text,
            "loop": "{{ range(count | int) | list }}", "changed_when": False,
        }],
    }]  # fmt: skip
    used = {}
    adopt()
    directory = Path(tempfile.mkdtemp(prefix="lync-bench-", dir="/tmp"))
    server = subprocess.Popen(
        [sys.executable, str(ROOT / "benchmarks" / "answering.py"), str(directory)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        if server.stdout is None or server.stdout.readline().strip() != "ready":
            raise Broken("What answers the loop did not start.")
        library = directory / "library"
        library.mkdir()
        (library / f"{PACKED}.ps1").write_text(SHELL, encoding="utf-8")
        for count in (1, items + 1):
            inventory = str(directory / "inventory.yml")
            used[count] = played(directory, inventory, play, "-e", f"count={count}", ANSIBLE_LIBRARY=str(library)).used
        counts = json.loads(server.communicate()[0])
    finally:
        server.kill()
        server.wait()
        shutil.rmtree(directory, ignore_errors=True)
    each = 1000 * (used[items + 1] - used[1]) / items
    return {
        "items": items,
        "module": module,
        "controller_ms_per_user": round(each, 1),
        "requests_per_item": round(counts["requests"] / counts["powershell_starts"], 1),
        "measured": "the controller's side alone, against a server that takes everything, runs nothing and answers at once: "
        "a real one also has each item wait for a new PowerShell and for Import-Module Lync",
    }


def adopt() -> None:
    """Workers of a playbook outlive it for a moment: they come to this process, so that their time is counted too."""
    set_child_subreaper = 36
    ctypes.CDLL(None).prctl(set_child_subreaper, 1, 0, 0, 0)


def reap(kept: set[int]) -> None:
    """Wait for all that a playbook has left behind; not for the lab."""
    deadline = time.monotonic() + 30
    while (left := set(children(os.getpid())) - kept) and time.monotonic() < deadline:
        for pid in left:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        time.sleep(0.05)


PARTS = ("cost", "parallel", "curve", "loop")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description="Measures what moving users costs and how movers are steered; prints JSON."
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)} (default: all)")
    parser.add_argument(
        "--users", type=int, nargs="+", default=[1000, 10_000], metavar="N", help="numbers of users for the cost"
    )
    parser.add_argument(
        "--parallel-users", type=int, default=400, metavar="N", help="users for one mover (default: 400)"
    )
    parser.add_argument(
        "--curve-users", type=int, default=2000, metavar="N", help="users for the steering (default: 2000)"
    )
    parser.add_argument("--items", type=int, default=40, metavar="N", help="items of the task loop (default: 40)")
    parser.add_argument(
        "--rounds", type=int, default=1, metavar="N", help="of the loop, and of the cost beside it (default: 1)"
    )
    parser.add_argument(
        "--module",
        default=PACKED,
        metavar="NAME",
        help=f"what the loop calls, such as ansible.windows.win_shell (default: {PACKED}, a module of this benchmark's own)",
    )
    parser.add_argument("--drive", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if set(options.parts) - set(PARTS):
        parser.error(f"the parts are {', '.join(PARTS)}")
    try:
        if options.drive:
            print(json.dumps(drive(json.load(sys.stdin))))
            return 0
        parts = options.parts or PARTS
        result: dict[str, Any] = {
            "benchmark": "movers",
            "machine": {
                "cores": os.cpu_count(),
                "load": round(os.getloadavg()[0], 2),
                "python": platform.python_version(),
            },
        }
        if "cost" in parts:
            result["cost"] = cost(options.users)
        if "parallel" in parts:
            result["parallel"] = parallel(options.parallel_users)
        if "curve" in parts:
            result["curve"] = curve(options.curve_users)
        if "loop" in parts:
            # the loop's own beginning is taken off, so ours is to weigh as little as it can: the run with the most users
            runs = result["cost"]["runs"] if "cost" in result else []
            ours = max(runs, key=lambda one: one["users"])["controller_ms_per_user"] if runs else None
            result["loop"] = beside(max(options.users), options.items, options.module, options.rounds, ours)
        print(json.dumps(result, indent=2))
    except Broken as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
