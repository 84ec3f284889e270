# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pure parts of export and rehearsal: addresses, settings of the twin, scaled times, durations, the file, and a rehearsal's steps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.context import Context
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import InvalidInput, NotReady
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import Task
from ansible_collections.lync.xmpp_migration.plugins.module_utils._rehearsal import durations, rehearse
from ansible_collections.lync.xmpp_migration.plugins.module_utils._rehearsal.addresses import Addresses
from ansible_collections.lync.xmpp_migration.plugins.module_utils._rehearsal.estate_yaml import chunks
from ansible_collections.lync.xmpp_migration.plugins.module_utils._rehearsal.scaling import movable, scaled
from ansible_collections.lync.xmpp_migration.plugins.module_utils._rehearsal.twin_settings import TwinSettings


def test_real_addresses_become_those_of_an_estate() -> None:
    known = Addresses()
    assert known.outside("198.51.100.7") == "203.0.113.7"
    assert known.outside("192.0.2.7") == "203.0.113.1"  # the number is taken
    assert known.outside("198.51.100.7") == "203.0.113.7"
    assert known.of("192.168.5.6") == "10.254.5.6"
    assert known.of("10.1.2.3") == "10.1.2.3"
    assert known.of("0.0.0.0") == ""  # noqa: S104 - that it listens everywhere
    assert known.of("2001:db8::1") == ""
    assert known.left_out == ["2001:db8::1"]
    many = [known.outside(f"198.18.0.{n}") for n in range(256)]
    assert len({one for one in many if one}) == len([one for one in many if one])


SETTINGS: dict[str, Any] = {
    "name": "contoso", "topology_source": "builder", "trusted_roots": ["/secret/ca.pem"], "media": {"path": r"\\files\media"},
    "edge": {"internal_address": "192.168.1.5", "external_address": "198.51.100.40"},
    "certificates": {"authority": {"certificate": "/a", "key": "/k"}, "front_end": {"source": "online_ca", "ca": "CA\\x"}, "renew_days": 30},
    "dns": {"servers": [{"address": "198.51.100.1"}], "method": "microsoft", "ttl_window": 300, "kerberos_keytab": "/k"},
    "partner_probe": {"name_servers": [{"address": "198.51.100.2"}], "key": "/k"},
    "users": {"pilot": ["sip:ann@contoso.test"], "domain_controller": "dc.contoso.test", "select": {"file": "/users.csv"}},
}  # fmt: skip


def test_no_file_key_or_server_of_the_user_is_in_the_settings_of_the_twin() -> None:
    made = TwinSettings(SETTINGS, Addresses())
    said = str(made.made)
    assert not any(
        one in said for one in ("/secret", "/k", "/a", "198.51.100", "192.168", "dc.contoso", "users.csv", "files")
    )
    assert made.made["topology_source"] == "declared"
    assert made.made["media"] == {"path": "D:\\"}
    assert made.made["certificates"] == {"renew_days": 30}
    assert made.made["dns"] == {"ttl_window": 300, "probe_allow_private": True}
    assert len(made.assumed) == 4
    assert SETTINGS["users"]["select"] == {"file": "/users.csv"}  # what was given stays


ESTATE: dict[str, Any] = {
    "sip_domains": ["contoso.test"],
    "pools": [{"fqdn": "old.contoso.test", "version": 5}, {"fqdn": "new.contoso.test", "version": 6}],
    "zones": [{"name": "contoso.test", "ttl": 3600, "records": [{"name": "_xmpp-server._tcp", "type": "SRV", "value": "", "ttl": 7200}]}],
    "users": [{"count": 10, "pool": "old.contoso.test", "disabled_every": 5}, {"sip": "sip:a@contoso.test", "pool": "new.contoso.test"},
              {"sip": "sip:c@contoso.test", "hosting_provider": "sipfed.online.lync.com"}],
    "migration": {"users": {"hours": "08:00-17:00", "wave_pause": 600}, "dns": {"ttl_window": 300}},
}  # fmt: skip


def test_times_are_divided_and_nothing_waits_for_an_hour_of_the_day() -> None:
    made = scaled(ESTATE, 60)
    assert made["moves_per_second"] == [[1.0, 72.0], [24.0, 294.0]]
    assert made["latency"] == {"restart": 0.5}
    assert made["zones"][0]["records"][0]["ttl"] == 120
    assert made["migration"]["users"] == {"wave_pause": 10}
    assert made["migration"]["dns"] == {"ttl_window": 5, "ttl_final": 60, "margin": 1}
    assert "users" not in made
    assert movable(ESTATE) == {"lync": 8, "ocs": 0}


def test_durations_have_a_source_or_are_unknown() -> None:
    known = durations.estimates({"dns": {"ttl_window": 300, "margin": 60}}, {"lync": 35_000, "ocs": 0}, 3600)
    assert 29_000 < known[3]["most"] < 29_500  # just under 8 hours and a little more, as one pipeline took
    assert durations.MOVES in known[3]["source"]
    assert durations.at_once(24) == pytest.approx(4.9)
    assert (known[6]["least"], known[6]["most"]) == (360, 3960)
    unknown = [step for step, one in known.items() if one["most"] is None]
    assert unknown == [0, 1, 2, 4, 5]
    assert all(known[step]["source"] == durations.UNKNOWN for step in unknown)
    assert durations.estimates({}, {"lync": 3, "ocs": 5}, 60)[3]["most"] is None


def test_whatever_is_in_a_name_comes_back_from_the_file() -> None:
    texts = [
        'O\'Neil "Bob"',
        "\u202eevil",
        "\x85\x9f\u2028",
        "\U0001f600",
        "a: b # c",
        "{{ 7 }}",
        "- x",
        "\x07\ufeff",
        "half \ud800",
    ]
    users = [{"sip": f"sip:u{n}@contoso.test", "display_name": one} for n, one in enumerate(texts)]
    whole = b"".join(chunks(["not read: \u202e\n- x: y"], {"name": "x", "comment": texts[1]}, users)).decode("utf-8")
    again = yaml.safe_load(whole)
    assert [one["display_name"] for one in again["users"]] == [*texts[:-1], "half \ufffd"]
    assert again["name"] == "x"
    assert set(again) == {"name", "comment", "users"}


def task(tmp_path: Path, check: bool = False, **params: Any) -> Task:
    options = {"estate": None, "speed": 60.0, "plan": True, "keep_state": False, **params}
    return Task(options, Context(str(tmp_path), "run", "localhost", module="rehearsal", check=check))


def test_check_mode_says_what_it_would_do(tmp_path: Path) -> None:
    path = tmp_path / "estate.yml"
    path.write_text(yaml.safe_dump(ESTATE), encoding="utf-8")
    value = rehearse.run(task(tmp_path, True, estate=str(path))).value
    assert value["users"] == 8
    assert "Nothing would be connected to but this machine" in value["say"][0]
    assert [one.name for one in tmp_path.iterdir()] == ["estate.yml"]


def test_what_cannot_be_rehearsed_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match=r"There is no estate .*run the playbook lync\.xmpp_migration\.assess first"):
        rehearse.run(task(tmp_path))
    path = tmp_path / "estate.yml"
    path.write_text("name: x\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match="has no migration"):
        rehearse.run(task(tmp_path, estate=str(path)))
    with pytest.raises(InvalidInput, match="speed"):
        rehearse.run(task(tmp_path, estate=str(path), speed=0.0))


class Twin:
    """Runs that end as they are told, and consoles that write down what is done at them."""

    state = Path()

    def __init__(self, *runs: list[dict[str, Any]]) -> None:
        self.runs, self.done = list(runs), []

    def play(self, *_arguments: str) -> tuple[int, list[dict[str, Any]]]:
        tasks = self.runs.pop(0)
        return int(any(one["outcome"] == "failed" for one in tasks)), tasks

    def gui(self, name: str, value: str) -> None:
        self.done.append((name, value))

    def confirm(self, gate: str) -> None:
        self.done.append(("confirmed", gate))


def row(outcome: str = "ok", **more: Any) -> dict[str, Any]:
    return {
        "role": "pool_deploy",
        "task": "T",
        "host": "fe",
        "outcome": outcome,
        "msg": "",
        "from": 1.0,
        "to": 3.0,
        **more,
    }


def gate(name: str, **arguments: Any) -> dict[str, Any]:
    return row(
        "failed", msg="by hand", error={"kind": "manual_gate", "gate": name, "steps": ["do it"]}, arguments=arguments
    )


def carried_out(tmp_path: Path, twin: Twin) -> tuple[Any, rehearse.Rehearsal]:
    rehearsal = rehearse.Rehearsal(task(tmp_path), tmp_path, ESTATE, 60)
    return rehearsal._carried_out(twin)[0], rehearsal  # type: ignore[arg-type]


def test_a_manual_step_is_listed_and_done_at_the_consoles(tmp_path: Path) -> None:
    twin = Twin([gate("ocs_edge_internal_list", servers=["a.test", "b.test"])], [gate("gateway_stop")], [row()])
    stopped, rehearsal = carried_out(tmp_path, twin)
    assert stopped is None
    assert [one["gate"] for one in rehearsal.gates] == ["ocs_edge_internal_list", "gateway_stop"]
    assert twin.done == [
        ("ocs_edge_internal_list", "a.test"), ("ocs_edge_internal_list", "b.test"), ("confirmed", "ocs_edge_internal_list"),
        ("gateway_service", "stopped"), ("confirmed", "gateway_stop"),
    ]  # fmt: skip


def test_the_plan_of_the_dry_run_is_kept(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    where = tmp_path / "state" / "runs" / "dry"
    where.mkdir(mode=0o700, parents=True)
    call = {"kind": "cmdlet", "name": "Set-CsSite", "parameters": {}}
    entry = {
        "format": 1,
        "kind": "intent",
        "role": "pool_deploy",
        "host": "fe",
        "object": "site",
        "call": call,
        "effects": [],
        "undo": None,
    }
    (where / "plan.ndjson").write_text(json.dumps(entry) + "\n" + '{"torn', encoding="ascii")
    (where / "plan.html").write_text("the plan", encoding="ascii")
    (where / "plan.html").chmod(0o600)
    twin = Twin()
    twin.state = tmp_path / "state"
    found = rehearse.Rehearsal(task(tmp_path), tmp_path, ESTATE, 60)._plan(twin)  # type: ignore[arg-type]
    assert [(one["step"], one["changes"]) for one in found["plan"]["steps"]] == [(1, 1)]
    assert Path(found["plan_page"]).read_text() == "the plan"


def test_what_stops_it_is_the_sentence_of_the_first_task_that_failed(tmp_path: Path) -> None:
    stopped, _ = carried_out(
        tmp_path, Twin([row(), row("failed", msg="Not enough space."), row("failed", msg="later")])
    )
    assert (stopped["said"], stopped["step"]) == ("Not enough space.", 1)
    again, _ = carried_out(tmp_path, Twin([gate("gateway_stop")], [gate("gateway_stop")]))
    assert again["said"] == "by hand"  # it was done, and did not help
    nobody, _ = carried_out(tmp_path, Twin([gate("something_new")]))
    assert nobody["said"] == "The twin has no console for the manual step something_new."
