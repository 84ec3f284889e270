# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The noun engine, on nouns made up for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import UNKNOWN, Query
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import (
    CmdletFailed,
    InvalidInput,
    Mismatch,
)
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import Report, Task
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.noun import Field, Noun, Situation, ensure
from ansible_collections.lync.xmpp_migration.tests.unit.doubles import Bench, Estate, FakeShell

NOUN = Noun(
    noun="CsAllowedDomain",
    collection="allowed_domain",
    label="entry {identity}",
    verbs={"get", "new", "set", "remove"},
    repeated=("Domain",),
    fields=(
        Field("proxy", "ProxyFqdn", kind="fqdn", default=None),
        Field("comment", "Comment", default=None),
        Field("watched", "MarkForMonitoring", kind="bool"),
    ),
)
GLOBAL = Noun(
    noun="CsXmppGatewayConfiguration",
    collection="xmpp_gateway_configuration",
    label="configuration {identity}",
    given=frozenset({"global"}),
    fields=(
        Field("limit", "ConnectionLimit", kind="int", default=1000),
        Field("interval", "KeepAliveInterval", kind="int"),
        Field("passphrase", "DialbackPassphrase", secret=True),
    ),
)
ROW = {
    "Identity": "A.test",
    "Domain": "A.test",
    "ProxyFqdn": "GW.test.test",
    "Comment": None,
    "MarkForMonitoring": False,
}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    made = Bench(tmp_path, Estate(allowed_domain=[ROW]))
    made.prove("accepted")
    return made


def task(bench: Bench, *, check: bool = False) -> Task:
    context = bench.context(check=check)
    return Task({}, context, bench.connect(context))


def make(
    bench: Bench, identity: str, wanted: dict[str, Any], state: str = "present", *, check: bool = False, **more: Any
) -> Report:
    noun, more["check"] = more.pop("noun", NOUN), more.pop("checking", None)
    return ensure(task(bench, check=check), noun, identity, wanted, state, **more)


def test_a_new_object(bench: Bench) -> None:
    report = make(bench, "b.test", {"proxy": "gw.test.test"})
    assert report.changed and report.value["allowed_domain"]["proxy"] == "gw.test.test" and report.before == {}
    assert bench.writes == [
        ("New-CsAllowedDomain", {"Identity": "b.test", "ProxyFqdn": "gw.test.test", "Confirm": False})
    ]
    effect = bench.journal()[-2]["effects"][0]
    assert effect["properties"] == {
        "Identity": "b.test", "Domain": "b.test", "ProxyFqdn": "gw.test.test", "Comment": None,
        "MarkForMonitoring": {"$": "unknown"},
    }  # fmt: skip


def test_what_is_so_already_is_left_alone(bench: Bench) -> None:
    report = make(bench, "a.TEST", {"proxy": "gw.test.test", "comment": "", "watched": None})
    assert not report.changed and bench.writes == [] and report.before == report.after


def test_only_what_differs_is_set(bench: Bench) -> None:
    report = make(bench, "a.test", {"proxy": "gw.test.test", "comment": "x", "watched": True})
    assert bench.writes == [
        ("Set-CsAllowedDomain", {"Identity": "a.test", "Comment": "x", "MarkForMonitoring": True, "Confirm": False})
    ]
    intent = bench.journal()[-2]
    assert intent["before"] == {"Comment": None, "MarkForMonitoring": False}
    assert intent["undo"][0]["parameters"] == {
        "Identity": "a.test", "Comment": "", "MarkForMonitoring": False, "Confirm": False,
    }  # fmt: skip
    # The row has the name that the server gave it.
    assert intent["effects"][0]["identity"] == "A.test"
    assert (report.before["comment"], report.after["comment"]) == (None, "x")


def test_gone_and_gone_again(bench: Bench) -> None:
    report = make(bench, "a.test", {}, "absent")
    assert report.changed and report.value == {"allowed_domain": None} and report.after == {}
    undo = bench.journal()[-2]["undo"][0]
    assert (undo["name"], undo["parameters"]["ProxyFqdn"]) == ("New-CsAllowedDomain", "gw.test.test")
    assert not make(bench, "a.test", {}, "absent").changed


def test_check_mode_sends_nothing_and_the_next_task_sees_it(bench: Bench) -> None:
    assert make(bench, "b.test", {"proxy": "gw.test.test"}, check=True).changed
    assert not make(bench, "b.test", {"proxy": "gw.test.test"}, check=True).changed
    assert make(bench, "b.test", {"comment": "x"}, check=True).changed
    assert make(bench, "b.test", {}, "absent", check=True).changed
    assert not make(bench, "b.test", {}, "absent", check=True).changed
    assert bench.writes == []
    assert [entry["call"]["name"].split("-")[0] for entry in bench.plan()] == ["New", "Set", "Remove"]


def test_a_value_that_is_not_known_yet_is_planned_as_conditional(bench: Bench) -> None:
    make(bench, "b.test", {}, check=True)
    report = make(bench, "b.test", {"watched": True}, check=True)
    assert report.changed and bench.plan()[-1]["conditional"] is True and report.before["watched"] is UNKNOWN


def test_the_plan_is_what_the_real_run_does(bench: Bench) -> None:
    for check in (True, False):
        make(bench, "b.test", {"proxy": "gw.test.test"}, check=check)
        make(bench, "a.test", {}, "absent", check=check)
    planned = [(e["call"], e["effects"], e["undo"]) for e in bench.plan() if e["kind"] == "intent"]
    done = [(e["call"], e["effects"], e["undo"]) for e in bench.journal() if e["kind"] == "intent"]
    assert planned == done


# --- reading back


def test_a_server_that_does_otherwise_than_it_says_is_an_error(bench: Bench) -> None:
    bench.hosts["fe2013"].handlers["Set-CsAllowedDomain"] = lambda shell, parameters: []
    with pytest.raises(Mismatch, match="comment is None instead of 'x'"):
        make(bench, "a.test", {"comment": "x"})
    bench.hosts["fe2013"].handlers["Remove-CsAllowedDomain"] = lambda shell, parameters: []
    with pytest.raises(Mismatch, match="still exists"):
        make(bench, "a.test", {}, "absent")
    bench.hosts["fe2013"].handlers["New-CsAllowedDomain"] = lambda shell, parameters: []
    with pytest.raises(Mismatch, match="does not exist"):
        make(bench, "c.test", {})


def test_a_default_that_is_not_as_documented_is_a_warning(bench: Bench) -> None:
    def create(shell: FakeShell, parameters: Any) -> None:
        shell.estate.put("allowed_domain", {"Identity": parameters["Identity"], "Comment": "by policy"})

    bench.hosts["fe2013"].handlers["New-CsAllowedDomain"] = create
    one = task(bench)
    assert ensure(one, NOUN, "b.test", {}).changed
    assert "documented default" in one.all_warnings[0]


def test_a_refused_write_is_an_error_that_names_the_object(bench: Bench) -> None:
    bench.estate.rows["allowed_domain"].clear()
    original = bench.hosts["fe2013"]._write

    def refuse(verb: str, table: Any, parameters: Any) -> None:
        bench.estate.put("allowed_domain", {"Identity": parameters["Identity"]})  # somebody else was faster
        original(verb, table, parameters)

    bench.hosts["fe2013"]._write = refuse  # type: ignore[method-assign]
    with pytest.raises(CmdletFailed, match=r"entry b\.test: New-CsAllowedDomain"):
        make(bench, "b.test", {})


# --- what comes with the product


def test_defaults_stand_in_for_what_a_dry_run_cannot_read(bench: Bench) -> None:
    report = make(bench, "Global", {"limit": 1000}, check=True, noun=GLOBAL)
    assert not report.changed
    report = make(bench, "Global", {"limit": 5, "interval": 9}, check=True, noun=GLOBAL)
    assert report.changed and bench.plan()[-1]["conditional"]
    with pytest.raises(InvalidInput, match="does not exist"):
        make(bench, "Global", {"limit": 5}, noun=GLOBAL)


def test_it_cannot_be_removed(bench: Bench) -> None:
    bench.estate.put("xmpp_gateway_configuration", {"Identity": "Global", "ConnectionLimit": 1000})
    with pytest.raises(InvalidInput, match="comes with the product"):
        make(bench, "Global", {}, "absent", noun=GLOBAL)


def test_what_no_cmdlet_creates_has_to_be_there_in_check_mode_too(bench: Bench) -> None:
    for check in (True, False):
        with pytest.raises(InvalidInput, match="does not exist"):
            make(bench, "Other", {"limit": 5}, noun=GLOBAL, check=check)


def test_secrets_are_sent_on_demand_and_kept_nowhere(bench: Bench) -> None:
    bench.estate.put("xmpp_gateway_configuration", {"Identity": "Global", "ConnectionLimit": 1000})
    wanted = {"limit": 1000, "passphrase": "CANARY-pass"}
    assert not make(bench, "Global", wanted, noun=GLOBAL).changed
    report = make(bench, "Global", wanted, noun=GLOBAL, always_send=["passphrase"])
    assert report.changed and bench.writes[-1][1]["DialbackPassphrase"] == "CANARY-pass"
    assert "CANARY" not in bench.state_dir.joinpath("journal.ndjson").read_text("ascii") + repr(report)
    assert bench.journal()[-2]["undo"] == {"irreversible": "what was there before was not readable"}


# --- around it


def test_a_check_sees_before_after_and_other_rows_and_stops_the_write(bench: Bench) -> None:
    seen: list[Situation] = []

    def look(situation: Situation) -> None:
        seen.append(situation)
        raise InvalidInput("no")

    with pytest.raises(InvalidInput):
        make(bench, "a.test", {"comment": "x"}, also=[Query("sip_domain")], checking=look)
    (situation,) = seen
    assert situation.before and situation.after and situation.after["comment"] == "x" and situation.rows[1] == []
    assert bench.writes == []


def test_what_cannot_be_changed_afterwards(bench: Bench) -> None:
    noun = Noun(
        "CsAllowedDomain", "allowed_domain", "entry {identity}", (Field("comment", "Comment", on_create_only=True),)
    )
    with pytest.raises(InvalidInput, match="cannot be changed"):
        make(bench, "a.test", {"comment": "x"}, noun=noun)


def test_a_model_gives_what_a_new_object_lacks(bench: Bench) -> None:
    make(
        bench, "b.test", {"comment": "own"}, on_create=lambda rows: {"comment": "theirs", "proxy": rows[0]["ProxyFqdn"]}
    )
    assert bench.writes[0][1] == {"Identity": "b.test", "ProxyFqdn": "gw.test.test", "Comment": "own", "Confirm": False}


def test_an_override_reaches_the_journal(bench: Bench, tmp_path: Path) -> None:
    unproved = Bench(tmp_path / "other", Estate(allowed_domain=[ROW]))
    assert make(unproved, "a.test", {}, "absent", override="a.test").changed
    assert unproved.journal()[0]["override"] == "a.test"
