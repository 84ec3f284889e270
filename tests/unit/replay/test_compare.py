# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan against journal: what counts as a difference, and what does not."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.tests.replay.compare import differences

UNKNOWN = {"$": "unknown"}
GUIDS = ("0f7f2a5e-1111-4222-8333-444455556666", "9a9a9a9a-1111-4222-8333-777788889999")
THUMBPRINTS = ("A" * 40, "B" * 40)
numbers = itertools.count()

Lines = list[dict[str, Any]]


def line(cmdlet: str, host: str = "fe", check: bool = True, effects: Any = (), **more: Any) -> dict[str, Any]:
    """An intent; words in capitals are parameters."""
    parameters = {name: value for name, value in more.items() if name[0].isupper()}
    rest = {name: value for name, value in more.items() if not name[0].isupper()}
    call = {"type": "cmdlet", "name": cmdlet, "parameters": parameters, "properties": []}
    return {
        "format": 1, "kind": "intent", "id": f"id{next(numbers)}", "host": host, "object": "thing", "check": check,
        "call": call, "prepare": [], "effects": list(effects), "conditional": False, **rest,
    }  # fmt: skip


def row(**properties: Any) -> dict[str, Any]:
    return {"collection": "thing", "scope": "organisation", "identity": "one", "properties": properties}


def made(*intents: dict[str, Any], failed: tuple[int, ...] = ()) -> Lines:
    """A journal of these intents, each with its outcome."""
    lines: Lines = []
    for position, intent in enumerate(intents):
        lines.append({**intent, "check": False})
        lines.append(
            {"format": 1, "kind": "outcome", "id": intent["id"], "host": intent["host"], "ok": position not in failed}
        )
    return lines


def test_the_same_calls_in_the_same_order_are_equal() -> None:
    plan = [line("New-A", Identity="x"), line("Set-B", host="edge"), line("Set-A", Identity="x")]
    assert differences(plan, made(*plan)) == []


def test_hosts_may_interleave_differently() -> None:
    one, two, three = line("New-A"), line("Set-B", host="edge"), line("Set-A")
    assert differences([one, two, three], made(two, one, three)) == []


def test_order_on_one_host_counts() -> None:
    one, two = line("New-A"), line("Set-A")
    assert differences([one, two], made(two, one)) != []


def test_nothing_planned_and_nothing_made_are_equal() -> None:
    assert differences([], []) == []


def test_other_kinds_of_lines_are_no_calls() -> None:
    evidence = {"format": 1, "kind": "evidence", "fact": "x", "member": "fe"}
    note = {"format": 1, "kind": "note", "text": "waiting"}
    one = line("New-A")
    assert differences([evidence, one], [note, *made(one), evidence]) == []


@pytest.mark.parametrize(
    ("planned", "done", "said"),
    [
        (["New-A", "Set-A"], ["New-A"], "planned and not made: Set-A"),
        (["New-A"], ["New-A", "Set-A"], "made and not planned: Set-A"),
        ([], ["New-A"], "made and not planned: New-A"),
        (["New-A"], [], "planned and not made: New-A"),
        (["New-A"], ["Set-A"], "planned New-A (thing), made Set-A (thing)"),
    ],
)
def test_what_is_missing_is_named(planned: list[str], done: list[str], said: str) -> None:
    found = differences([line(name) for name in planned], made(*(line(name) for name in done)))
    assert len(found) == 1
    assert said in found[0]


@pytest.mark.parametrize(
    ("planned", "done"),
    [("x", "y"), (1, 2), (True, False), (1, True), (["a"], ["a", "b"]), ({"a": 1}, {"b": 1}), ("x", 1), (None, "x")],
)
def test_other_values_of_a_parameter_are_a_difference(planned: Any, done: Any) -> None:
    found = differences([line("Set-A", Value=planned)], made(line("Set-A", Value=done)))
    assert len(found) == 1
    assert "call[0].parameters.Value" in found[0]


def test_a_long_text_is_shown_where_it_parts() -> None:
    found = differences(
        [line("Set-A", Value="x" * 900 + "left" + "y" * 900)], made(line("Set-A", Value="x" * 900 + "right"))
    )
    assert len(found[0]) < 400
    assert "left" in found[0]
    assert "right" in found[0]


def test_another_object_is_a_difference() -> None:
    assert differences([line("Set-A", object="site Redmond")], made(line("Set-A", object="site Paris"))) != []


def test_calls_that_prepare_count() -> None:
    prepared = line("Set-A", prepare=[{"type": "cmdlet", "name": "New-B", "parameters": {}}])
    assert differences([prepared], made(line("Set-A"))) != []
    assert differences([prepared], made(prepared)) == []


# --- movers


def move(user: str, **more: Any) -> dict[str, Any]:
    return line("Move-CsUser", object=f"user {user}", Identity=f"sip:{user}", Target="pool2013", **more)


def test_moves_are_a_set() -> None:
    ann, bob, eve = move("ann"), move("bob"), move("eve")
    plan = [line("New-A"), ann, bob, eve, line("Set-A")]
    assert differences(plan, made(plan[0], eve, ann, bob, plan[4])) == []


def test_a_move_that_was_not_planned_and_one_that_was_not_made() -> None:
    found = differences([move("ann"), move("bob")], made(move("bob"), move("eve")))
    assert [one.split(": ")[1] for one in found] == ["planned and not made", "made and not planned"]


def test_a_move_to_another_pool_is_a_difference() -> None:
    elsewhere = line("Move-CsUser", object="user ann", Identity="sip:ann", Target="pool2014")
    assert differences([move("ann")], made(elsewhere)) != []


def test_a_move_twice_is_a_difference() -> None:
    assert differences([move("ann")], made(move("ann"), move("ann"))) == [
        "fe: moved more than once: Move-CsUser (user ann)"
    ]


def test_moves_are_planned_on_one_host_and_made_by_the_movers_of_several() -> None:
    ann, bob = move("ann"), move("bob")
    assert differences([ann, bob], made({**bob, "host": "fe2"}, {**ann, "host": "fe3"})) == []
    assert differences([ann, bob], made({**ann, "host": "fe2"}, {**ann, "host": "fe3"})) != []


def test_moves_before_something_else_stay_before_it() -> None:
    ann, other = move("ann"), line("New-A")
    assert differences([ann, other], made(other, ann)) != []


# --- retries


def test_a_failed_attempt_that_was_repeated_counts_once() -> None:
    first, again = line("Set-A", Value=1), line("Set-A", Value=1)
    assert differences([line("Set-A", Value=1)], made(first, again, failed=(0,))) == []


def test_a_failed_move_that_was_repeated_counts_once() -> None:
    assert differences([move("ann"), move("bob")], made(move("ann"), move("bob"), move("ann"), failed=(0,))) == []


def test_an_attempt_without_an_outcome_that_was_repeated_counts_once() -> None:
    lost = {**line("Set-A", Value=1), "check": False}
    assert differences([line("Set-A", Value=1)], [lost, *made(line("Set-A", Value=1))]) == []


def test_an_attempt_that_fails_as_often_as_it_is_planned_is_no_retry() -> None:
    plan = [line("Set-A"), line("Set-B"), line("Set-A")]
    assert differences(plan, made(*plan, failed=(0, 2))) == []
    assert differences(plan, made(line("Set-A"), *plan, failed=(0, 1, 3))) == []


def test_the_same_call_twice_with_success_is_a_difference() -> None:
    assert differences([line("Set-A")], made(line("Set-A"), line("Set-A"))) == [
        "fe: made and not planned: Set-A (thing)"
    ]


# --- what servers make


def test_server_made_values_are_symbols() -> None:
    plan = [line("New-A", Thumbprint=THUMBPRINTS[0]), line("Set-A", Thumbprint=THUMBPRINTS[0])]
    done = [line("New-A", Thumbprint=THUMBPRINTS[1]), line("Set-A", Thumbprint=THUMBPRINTS[1])]
    assert differences(plan, made(*done)) == []


def test_a_symbol_stands_for_one_value_on_all_hosts() -> None:
    plan = [line("New-A", Thumbprint=THUMBPRINTS[0]), line("Set-A", host="edge", Thumbprint=THUMBPRINTS[0])]
    done = [line("New-A", Thumbprint=THUMBPRINTS[1]), line("Set-A", host="edge", Thumbprint="C" * 40)]
    assert "stands for another value elsewhere" in differences(plan, made(*done))[0]


def test_two_symbols_do_not_become_one() -> None:
    plan = [line("New-A", Thumbprint=one) for one in THUMBPRINTS]
    done = [line("New-A", Thumbprint=THUMBPRINTS[0]) for _ in THUMBPRINTS]
    assert differences(plan, made(*done)) != []


@pytest.mark.parametrize(
    ("planned", "done"),
    [
        (f"backup {GUIDS[0]}.xml", f"backup {GUIDS[1]}.xml"),
        ("at 2026-11-21T08:00:00Z", "at 2026-11-21T09:30:12.5000000Z"),
        ("before-20261121T080000.xml", "before-20261121T093012.xml"),
    ],
)
def test_server_made_parts_of_a_text_are_symbols(planned: str, done: str) -> None:
    assert differences([line("Set-A", FileName=planned)], made(line("Set-A", FileName=done))) == []


def test_the_rest_of_such_a_text_counts() -> None:
    assert differences([line("Set-A", F=f"one {GUIDS[0]}")], made(line("Set-A", F=f"two {GUIDS[1]}"))) != []


def test_the_slices_of_a_file_are_one_call_of_any_length() -> None:
    def piece(offset: int, length: int) -> dict[str, Any]:
        return line("", call={"type": "write", "path": r"C:\a.xml", "offset": offset, "length": length})

    assert differences([piece(0, 400_000)], made(piece(0, 500_000), piece(500_000, 17))) == []
    other = line("", call={"type": "write", "path": r"C:\b.xml", "offset": 0, "length": 400_000})
    assert "C:\\b.xml" not in differences([piece(0, 1)], made(piece(0, 1)))
    assert differences([piece(0, 400_000)], made(other)) != []


def test_programs_are_named() -> None:
    run = line("", call={"type": "executable", "path": r"C:\Program Files\Bootstrapper.exe", "arguments": ["/x"]})
    assert differences([run], []) == ["fe: planned and not made: Bootstrapper.exe (thing)"]


# --- what the plan does not know


def test_what_the_plan_does_not_know_may_be_anything() -> None:
    plan = [line("Set-A", Value=UNKNOWN, effects=[row(Thumbprint=UNKNOWN, Names=UNKNOWN)])]
    done = [line("Set-A", Value="anything", effects=[row(Thumbprint=THUMBPRINTS[0], Names=["a"])])]
    assert differences(plan, made(*done)) == []


def test_what_the_plan_knows_may_not_be_unknown_later() -> None:
    assert differences([line("Set-A", Value="x")], made(line("Set-A", Value=UNKNOWN))) != []


def test_conditional_calls_may_be_missing() -> None:
    plan = [line("New-A"), line("Set-B", conditional=True), line("Set-A")]
    assert differences(plan, made(plan[0], plan[2])) == []
    assert differences(plan, made(*plan)) == []
    assert differences([plan[1]], []) == []


def test_a_conditional_call_may_not_be_another_one() -> None:
    plan = [line("Set-B", conditional=True, Value=1), line("Set-A")]
    assert differences(plan, made(line("Set-B", Value=2), line("Set-A"))) != []


def test_a_conditional_call_may_have_more_effects_than_are_planned() -> None:
    plan = [line("Set-A", conditional=True, effects=[row(FullName="a")])]
    assert differences(plan, made(line("Set-A", effects=[row(FullName="a", Size=5)]))) == []
    assert differences(plan, made(line("Set-A", effects=[row(FullName="b", Size=5)]))) != []


# --- effects


def test_declared_effects_count_unless_told_otherwise() -> None:
    plan, done = [line("Set-A", effects=[row(Name="x")])], made(line("Set-A", effects=[row(Name="y")]))
    assert "effects: thing organisation one.Name" in differences(plan, done)[0]
    assert differences(plan, done, effects=False) == []


def test_gone_is_not_the_same_as_changed() -> None:
    gone = {"collection": "thing", "scope": "organisation", "identity": "one", "properties": None}
    assert differences([line("Set-A", effects=[gone])], made(line("Set-A", effects=[row(Name="x")]))) != []


def certificate(thumbprint: str, **properties: Any) -> dict[str, Any]:
    return {
        "collection": "stored_certificate", "scope": "fe", "identity": thumbprint,
        "properties": {"Thumbprint": thumbprint, **properties},
    }  # fmt: skip


def test_a_row_that_the_server_names_is_known_by_its_symbol() -> None:
    planned = "PLANNED-7614D70C"
    plan = [
        line("Import-A", effects=[certificate(planned, HasPrivateKey=True, PlannedNames=["a"])]),
        line("Set-A", Thumbprint=planned),
    ]
    real = line("Import-A", effects=[certificate(THUMBPRINTS[0], HasPrivateKey=True, RawData=[48])])
    assert differences(plan, made(real, line("Set-A", Thumbprint=THUMBPRINTS[0]))) == []
    assert differences(plan, made(real, line("Set-A", Thumbprint=THUMBPRINTS[1]))) != []
    known = line("Import-A", effects=[certificate(THUMBPRINTS[1], HasPrivateKey=True)])
    assert differences([known], made(real)) == []
    other = line("Import-A", effects=[certificate(THUMBPRINTS[0], HasPrivateKey=False)])
    assert differences(plan, made(other, line("Set-A", Thumbprint=THUMBPRINTS[0]))) != []


def test_the_signature_of_a_topology_is_made_anew_each_time() -> None:
    def document(signature: str, rest: str = "") -> dict[str, Any]:
        return row(**{".": f'<Topology xmlns="urn:x" Signature="{signature}">{rest}</Topology>'})

    plan = [line("Publish-A", effects=[document(GUIDS[0])]), line("Import-A", effects=[document(GUIDS[0])])]
    done = [line("Publish-A", effects=[document(GUIDS[0])]), line("Import-A", effects=[document(GUIDS[1])])]
    assert differences(plan, made(*done)) == []
    assert differences(plan, made(done[0], line("Import-A", effects=[document(GUIDS[1], "<Edge/>")]))) != []


def services(*names: str) -> list[dict[str, Any]]:
    return [
        {"collection": "windows_service", "scope": "fe", "identity": name, "properties": {"Status": "Running"}}
        for name in names
    ]


def test_a_host_may_have_services_that_the_plan_could_not_know() -> None:
    plan = [line("Start-A", effects=services("RTCSRV", "XMPP proxy")), line("Stop-A", effects=services("XMPP proxy"))]
    done = [
        line("Start-A", effects=services("RTCCLSAGT", "RTCSRV", "RTCPROXY")),
        line("Stop-A", effects=services("RTCPROXY")),
    ]
    assert differences(plan, made(*done)) == []
    assert "RTCSRV planned, not made" in differences(plan, made(line("Start-A", effects=services("RTCPROXY"))))[0]
    assert "pool" in differences([line("Set-A")], made(line("Set-A", effects=[{**row(), "collection": "pool"}])))[0]


def test_a_sketched_topology_stands_for_any() -> None:
    sketched = line("Publish-A", effects=[row(text='<Topology Signature="planned"><Sites /></Topology>')])
    real = line("Publish-A", effects=[row(text='<Topology Signature="x"><Sites /><More /></Topology>')])
    assert differences([sketched], made(real)) == []
    assert differences([real], made(sketched)) != []


def test_what_the_server_alone_writes_into_a_topology_is_not_compared() -> None:
    plan = line("Publish-A", effects=[row(text="<WebService>\n  <A />\n</WebService>")])
    real = line(
        "Publish-A", effects=[row(text='<WebService>\n  <A />\n  <InternalSettings Host="w.test" />\n</WebService>')]
    )
    assert differences([plan], made(real)) == []


def test_what_prepares_a_call_of_unknown_parameters_is_not_compared() -> None:
    prepare = [{"type": "cmdlet", "name": "New-B", "parameters": {}, "properties": []}]
    plan, real = line("Set-A", conditional=True, Value=UNKNOWN), line("Set-A", prepare=prepare, Value=["one"])
    assert differences([plan], made(real)) == []
    assert differences([line("Set-A", Value=UNKNOWN)], made(real)) != []


@pytest.mark.parametrize("cmdlet", ["Move-CsLegacyUser", "Grant-A"])
def test_one_call_for_unknown_users_stands_for_any_number_of_the_same_and_for_no_other(cmdlet: str) -> None:
    def one(identity: Any, target: str = "new", **more: Any) -> dict[str, Any]:
        return line(cmdlet, Identity=identity, Target=target, object=f"user {identity}", **more)

    after = line("Set-B")
    plan = [one("pilot", conditional=True), one(UNKNOWN, conditional=True), after]
    assert differences(plan, made(one("pilot"), one("a"), one("b"), after)) == []
    assert differences(plan, made(one("pilot"), after)) == []
    assert differences(plan, made(one("pilot"), one("a", target="other"), after)) != []
    assert differences([one("pilot"), after], made(one("pilot"), one("a"), after)) != []
    assert differences([one(UNKNOWN), after], made(one("a"), after)) != [], "only what is conditional"


def test_what_the_plan_does_not_know_to_be_there_need_not_be_removed() -> None:
    gone, maybe, surely = {**row(), "properties": None}, row(Name=UNKNOWN), row(Name="one")
    real = made(line("New-A", effects=[maybe]), line("Restart-A"))
    assert differences([line("New-A", effects=[maybe]), line("Restart-A", effects=[gone])], real) == []
    real = made(line("New-A", effects=[surely]), line("Restart-A"))
    assert differences([line("New-A", effects=[surely]), line("Restart-A", effects=[gone])], real) != []


def test_a_lock_is_the_same_whoever_holds_it() -> None:
    def lock(owner: str, **more: Any) -> str:
        held = {"format": 1, "owner": owner, "operator": owner, "controller": "c", "run": owner, "time": "t", **more}
        return json.dumps(held)

    assert differences([line("New-A", Value=lock("a"))], made(line("New-A", Value=lock("b")))) == []
    assert differences([line("New-A", Value=lock("a"))], made(line("New-A", Value=lock("b", format=2)))) != []
    assert differences([line("New-A", Value='{"owner": "a"}')], made(line("New-A", Value='{"owner": "b"}'))) != []


def test_a_row_that_is_named_after_a_thumbprint_is_the_one_with_the_other() -> None:
    def written(thumbprint: str) -> dict[str, Any]:
        return line("New-A", effects=[{**row(), "identity": f"file-{thumbprint}.cer"}])

    one, other = THUMBPRINTS
    assert differences([written(one)], made(written(other))) == []
    renamed = line("New-A", effects=[{**row(), "identity": f"other-{other}.cer"}])
    assert differences([written(one)], made(renamed)) != []
