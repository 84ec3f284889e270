#!/usr/bin/env python3
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The window of the cutover with real XMPP and DNS servers and the product at the wheel, while messages flow both ways.

Steps 1 to 4 are done first. Then one message each way every 200 ms, and ansible-playbook goes through the window: partners,
swap of the service record, stop of the old gateway's service. Prints one JSON document: for each run and direction what was
delivered through which side, what came back, what was lost, and the longest gap. Exit status 0 means that the bars hold.

Prosody stands in for Lync's gateways and for the partner.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dns.exception
import dns.message
import dns.query
import yaml

# The installed collection comes first: a script's own directory must not stand for it.
from ansible_collections.lync.xmpp_migration.lab import control
from ansible_collections.lync.xmpp_migration.lab.place import LabError
from ansible_collections.lync.xmpp_migration.lab.xmpp.traffic import IN, NEW, OUT, STANDS_IN, Traffic

ROOT = Path(__file__).resolve().parents[1]
ESTATE = "lync2010"
DOMAIN = "contoso.test"
PARTNERS = {"external": "fabrikam.test", "dialback": "nwtraders.test"}
BEFORE = "step1,step2,step3,step4,dns_prepare"
WINDOW, END, GATE = "step5,step6", "window_end", "gateway_stop"
EVERY = 0.2
#: Seconds beyond the lifetime of the record that the old gateway is left running.
MARGIN = 5
#: So long a server holds back what it cannot deliver before it sends it back.
SETTLE = 100.0
#: Messages of one direction that may be under way when the old gateway's service stops.
LOST = 1


class Broken(Exception):
    """The benchmark cannot go on: what was said."""


# --- the lab and the playbooks


def estate(kinds: Sequence[str], ttl: int) -> dict[str, Any]:
    """The estate with these partners alone, and a lifetime that the window lowers to this one."""
    found: dict[str, Any] = yaml.safe_load((ROOT / "lab" / "estates" / f"{ESTATE}.yml").read_text(encoding="utf-8"))
    kept = {PARTNERS[kind] for kind in kinds}
    for entries in (found["partners"], found["allowed_domains"], found["migration"]["partners"]):
        entries[:] = [one for one in entries if one["domain"] in kept]
    allowed = found["migration"]["legacy"].get("gateway_allow_list", [])
    allowed[:] = [one for one in allowed if one in kept]
    for zone in found["zones"]:
        if zone["name"] in found["sip_domains"]:
            zone["ttl"] = ttl + 4
    found["migration"]["dns"] |= {"ttl_window": ttl, "ttl_final": ttl + 4, "margin": MARGIN}
    return found


class Lab:
    def __init__(self, directory: Path, kinds: Sequence[str], ttl: int, users: int) -> None:
        self.directory, self.place = directory, directory / "lab"
        file = directory / "cutover.yml"
        file.write_text(yaml.safe_dump(estate(kinds, ttl), allow_unicode=True), encoding="utf-8")
        self.ready = self._run("up", "--estate", str(file), "--owner", str(os.getpid()), "--users", str(users), "--xmpp", "prosody")  # fmt: skip
        self.secret = json.loads((self.place / "secrets.json").read_text(encoding="utf-8"))["xmpp component"]

    def _run(self, name: str, *arguments: str) -> Any:
        command = [sys.executable, "-m", "ansible_collections.lync.xmpp_migration.lab", name]
        done = subprocess.run(
            [*command, "--state-dir", str(self.place), *arguments], check=False, capture_output=True, text=True
        )
        if done.returncode:
            raise Broken(f"The lab said: {done.stderr.strip()}")
        return json.loads(done.stdout) if done.stdout.strip() else None

    def ask(self, op: str, **fields: Any) -> Any:
        return control.ask(Path(self.ready["control"]), op, **fields)

    def look(self) -> dict[str, Any]:
        return dict(self.ask("xmpp"))

    def gui(self, name: str, value: str) -> Any:
        return self.ask("gui", name=name, value=value)

    def target(self) -> str:
        """Where the service record leads at this moment."""
        query = dns.message.make_query(f"_xmpp-server._tcp.{DOMAIN}", "SRV")
        try:
            answer = dns.query.udp(query, self.ready["dns"]["address"], 2, self.ready["dns"]["port"])
        except (OSError, dns.exception.DNSException):
            return ""
        return next((str(one).split()[-1].rstrip(".") for rrset in answer.answer for one in rrset), "")

    def down(self) -> None:
        self._run("down")

    def play(self, *options: str) -> subprocess.Popen[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "XDG_"))}
        own = {"HOME": str(self.directory), "TMPDIR": str(self.directory), "XDG_RUNTIME_DIR": str(self.directory)}
        environment = {**kept, **own, "ANSIBLE_LOCALHOST_WARNING": "false", "ANSIBLE_NOCOLOR": "1"}
        told = json.dumps({"lync_migration_state_dir": str(self.directory / "migration")})
        command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", self.ready["inventory"], "-e", told]
        command += ["lync.xmpp_migration.migrate", *options]
        return subprocess.Popen(
            command, cwd=self.directory, env=environment, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip


def done(playing: subprocess.Popen[str]) -> str:
    output = playing.communicate()[0]
    if playing.returncode:
        raise Broken(f"ansible-playbook ended with {playing.returncode}:\n{output[-6000:]}")
    return output


# --- what happens when


class Events:
    """Looks at the servers from outside, and notes when each thing was seen first."""

    def __init__(self, lab: Lab, traffic: Traffic, partners: Sequence[str]) -> None:
        self.lab, self.traffic, self.partners = lab, traffic, partners
        self.seen: dict[str, float] = {}
        self.before = lab.target()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _note(self, name: str) -> None:
        self.seen.setdefault(name, round(self.traffic.elapsed, 1))

    def _run(self) -> None:
        while not self._ended.wait(0.1):
            try:
                if (target := self.lab.target()) and target != self.before:
                    self._note("swap")
                servers = self.lab.look()["servers"]
            except (LabError, OSError, KeyError):
                continue
            if all(one["kind"] != "gateway" for one in servers.values()):
                self._note("gateway_stopped")
            for partner in self.partners:
                if self.traffic.carriers().get(partner) == NEW:
                    self._note(f"partner_switched {partner}")

    def stop(self) -> None:
        self._ended.set()
        self._thread.join(10)


def window(lab: Lab) -> tuple[str, int | None]:
    """ansible-playbook, and where it stops at the gate, the operator at the console of the old gateway.

    Who stopped it, and the pause that was printed before anything was switched over.
    """
    addresses = [one["address"] for one in lab.look()["servers"].values() if one["kind"] == "gateway"]
    told = {"federation_enable_gateway_addresses": addresses}
    playing = lab.play("--tags", WINDOW, "-e", json.dumps(told))
    output = playing.communicate()[0]
    printed = re.search(r'"pause": (\d+)', output.partition("Create the ")[0])
    pause = int(printed[1]) if printed else None
    if playing.returncode == 0:
        return "playbook", pause
    if f"({GATE})" not in output:
        raise Broken(f"ansible-playbook ended with {playing.returncode}:\n{output[-6000:]}")
    lab.gui("gateway_service", "stopped")
    done(lab.play("--tags", END, "-e", json.dumps(told | {"federation_enable_gates_confirmed": [GATE]})))
    return "operator", pause


def measure(kinds: Sequence[str], ttl: int, seconds: float, users: int) -> dict[str, Any]:
    directory = Path(tempfile.mkdtemp(prefix="lync-cutover-", dir="/tmp"))
    partners = [PARTNERS[kind] for kind in kinds]
    try:
        lab = Lab(directory, kinds, ttl, users)
        try:
            done(lab.play("--tags", BEFORE))
            traffic = Traffic(lab.look, lab.secret, DOMAIN, partners, EVERY).begin()
            events = Events(lab, traffic, partners)
            try:
                time.sleep(2 * EVERY + 1)
                stopped_by, pause = window(lab)
                time.sleep(max(10.0, seconds - traffic.elapsed))
                streams = [one for one in lab.look()["streams"] if one["server"].startswith("xmppgw")]
            finally:
                events.stop()
                figures = traffic.finish(SETTLE)
        finally:
            lab.down()
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return judged(kinds, ttl, figures, events.seen, stopped_by, pause, streams)


# --- judging


def judged(
    kinds: Sequence[str],
    ttl: int,
    figures: Mapping[str, Any],
    seen: Mapping[str, float],
    stopped_by: str,
    pause: int | None,
    streams: Sequence[Mapping[str, str]],
) -> dict[str, Any]:
    found = []
    for kind in kinds:
        partner = PARTNERS[kind]
        planned = pause if kind == "dialback" else 0
        bars = bars_of(kind, figures[partner], planned)
        bars["no_stream_left_on_old"] = not streams
        found.append(
            {
                "partner": partner, "authentication": kind, "note": STANDS_IN, **figures[partner],
                "printed_pause": planned, "bars": bars, "ok": all(bars.values()),
            }
        )  # fmt: skip
    return {
        "ttl": ttl, "events": dict(seen), "gateway_stopped_by": stopped_by, "partners": found,
        "ok": all(one["ok"] for one in found),
    }  # fmt: skip


def bars_of(kind: str, figures: Mapping[str, Any], pause: int | None) -> dict[str, bool]:
    out, inward = figures[OUT], figures[IN]
    bars = {
        "through_old_before": all(one["delivered"]["old"] > 0 for one in (out, inward)),
        "through_new_after": all(one["delivered"]["new"] > 0 for one in (out, inward)),
        "at_most_one_lost_per_direction": all(one["lost"] <= LOST for one in (out, inward)),
        "nothing_from_partner_bounced": inward["bounced"] == 0,
    }
    if kind == "external":
        bars["nothing_to_partner_bounced"] = out["bounced"] == 0
    else:
        bars["bounced_no_longer_than_printed"] = pause is not None and float(out.get("pause", 0)) <= pause
    return bars


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Goes through the window while messages flow; prints JSON.")
    parser.add_argument("--ttl", type=int, nargs="+", default=[2, 20], metavar="S", help="lifetimes (default: 2 20)")
    parser.add_argument("--partner", choices=(*PARTNERS, "both"), nargs="+", default=["external", "dialback"])
    parser.add_argument("--seconds", type=float, default=120.0, help="of messages, at least (default: 120)")
    parser.add_argument("--users", type=int, default=5, metavar="N", help="of the estate (default: 5)")
    options = parser.parse_args(arguments)
    runs: list[dict[str, Any]] = []
    try:
        for kind in options.partner:
            for ttl in options.ttl:
                runs.append(measure([*PARTNERS] if kind == "both" else [kind], ttl, options.seconds, options.users))
    except Broken as problem:
        print(problem, file=sys.stderr)
        return 1
    machine = {"cores": os.cpu_count(), "load": round(os.getloadavg()[0], 2), "python": platform.python_version()}
    print(
        json.dumps(
            {"benchmark": "cutover", "note": STANDS_IN, "every": EVERY, "machine": machine, "runs": runs}, indent=2
        )
    )
    return 0 if all(one["ok"] for one in runs) else 1


if __name__ == "__main__":
    sys.exit(main())
