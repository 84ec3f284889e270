# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The performer: form, laws, journal, overlay and shell, in this order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import (
    UNKNOWN,
    Change,
    Cmdlet,
    Effect,
    Executable,
    HashFile,
    Query,
    ReadSlice,
    Result,
    Secret,
    WriteSlice,
    change_to_json,
    query_to_json,
    to_json,
)
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import (
    AnswerTimeout,
    BadAnswer,
    CmdletFailed,
    InDoubt,
    InvalidRequest,
    NeverRan,
    NoCmdlet,
    NoSession,
    Refused,
    Unreachable,
)
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.performer import (
    NoShell,
    Performer,
    Reply,
    full_name,
    make_performer,
    text_of,
)
from ansible_collections.lync.xmpp_migration.tests.unit.doubles import Bench, Estate, FakeShell, ServerError

CANARY = "CANARY-4Xw"
ALLOWED = {"Identity": "fabrikam.test", "Domain": "fabrikam.test", "ProxyFqdn": "xmppgw.contoso.test"}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(
        tmp_path, Estate(allowed_domain=[ALLOWED], sip_domain=[{"Identity": "contoso.test", "Name": "contoso.test"}])
    )


def performer(bench: Bench, *, check: bool = False, host: str = "fe2013") -> Performer:
    context = bench.context(host, check=check)
    return bench.connect(context)(host).performer


def read(bench: Bench, *queries: Query, check: bool = False, host: str = "fe2013") -> list[list[dict[str, Any]]]:
    request = {"op": "read", "check": check, "queries": [query_to_json(one) for one in queries]}
    return [one["rows"] for one in performer(bench, check=check, host=host).perform(request)["results"]]


def ask(bench: Bench, *changes: Change, check: bool = False, host: str = "fe2013", **more: Any) -> list[dict[str, Any]]:
    request = {"op": "change", "check": check, "changes": [change_to_json(one) for one in changes], **more}
    return list(performer(bench, check=check, host=host).perform(request)["outcomes"])


def allow(domain: str, **parameters: Any) -> Change:
    return Change(
        Cmdlet("New-CsAllowedDomain", {"Identity": domain, "Confirm": False, **parameters}),
        f"allowed domain {domain}",
        (Effect("allowed_domain", "organisation", domain, {"Identity": domain, **parameters}),),
    )


# --- reading


def test_several_queries_are_one_request(bench: Bench) -> None:
    allowed, domains = read(bench, Query("allowed_domain", properties=("ProxyFqdn",)), Query("sip_domain"))
    assert allowed == [{"Identity": "fabrikam.test", "ProxyFqdn": "xmppgw.contoso.test"}]
    assert domains == [{"Identity": "contoso.test", "Name": "contoso.test", "IsDefault": None}]


def test_identities_are_filtered_here_in_any_case(bench: Bench) -> None:
    assert len(read(bench, Query("allowed_domain", "FABRIKAM.test"))[0]) == 1
    assert read(bench, Query("allowed_domain", "*"))[0] == []


def test_a_host_without_the_tools_is_empty_in_check_mode_and_an_error_otherwise(bench: Bench) -> None:
    bench.hosts["fe2013"].tools = False
    assert read(bench, Query("xmpp_partner"), check=True) == [[]]
    with pytest.raises(NoCmdlet, match="Get-CsXmppAllowedPartner"):
        read(bench, Query("xmpp_partner"))


def test_a_host_that_is_only_a_name_is_empty_in_check_mode_and_an_error_otherwise(bench: Bench) -> None:
    assert read(bench, Query("xmpp_partner"), check=True, host="fe2099") == [[]]
    with pytest.raises(NoSession, match="fe2099"):
        read(bench, Query("xmpp_partner"), host="fe2099")


def test_an_error_of_a_read_is_typed_and_partial_rows_only_on_demand(bench: Bench) -> None:
    bench.hosts["fe2013"].failures["Get-CsUser"] = ServerError("ProcessingFailed")
    with pytest.raises(CmdletFailed) as caught:
        read(bench, Query("user"))
    assert caught.value.errors[0].name == "ProcessingFailed"
    assert read(bench, Query("user", partial=True)) == [[]]


def test_a_file_that_is_not_there_is_no_row(bench: Bench) -> None:
    def no_file(shell: FakeShell, parameters: Any) -> None:
        raise ServerError("PathNotFound", "ObjectNotFound")

    bench.hosts["fe2013"].handlers["Get-Item"] = no_file
    assert read(bench, Query("file", "C:\\none")) == [[]]


def test_in_a_real_run_nothing_planned_is_seen(bench: Bench) -> None:
    ask(bench, allow("a.test"), check=True)
    assert [row["Identity"] for row in read(bench, Query("allowed_domain"))[0]] == ["fabrikam.test"]
    assert [row["Identity"] for row in read(bench, Query("allowed_domain"), check=True)[0]] == [
        "fabrikam.test",
        "a.test",
    ]


def test_an_unknown_identity_asks_nobody(bench: Bench) -> None:
    query = Query("stored_certificate", parameters={"Thumbprint": UNKNOWN})
    assert read(bench, query, check=True) == [[]] and bench.hosts["fe2013"].transcript == []


@pytest.mark.parametrize("row", [[], ["a"], ["a", "b", "c"], "text", None, [{"a": 1}, "b", "c", "d", "e"]])
def test_a_row_of_another_shape_is_a_bad_answer(bench: Bench, row: Any) -> None:
    shell = bench.hosts["fe2013"]
    shell.request = lambda calls, seconds: Reply([[row]], [{"call": 0, "ok": True}])  # type: ignore[method-assign]
    with pytest.raises(BadAnswer):
        read(bench, Query("allowed_domain"))


@pytest.mark.parametrize("end", [{"call": 7}, {"call": -1}, {"call": "0"}, "text"])
def test_an_answer_to_a_call_that_was_not_made_is_a_bad_answer(bench: Bench, end: Any) -> None:
    shell = bench.hosts["fe2013"]
    shell.request = lambda calls, seconds: Reply([[]], [end])  # type: ignore[method-assign]
    with pytest.raises(BadAnswer):
        read(bench, Query("allowed_domain"))


def test_half_characters_of_a_server_do_not_reach_a_module(bench: Bench) -> None:
    bench.estate.put("allowed_domain", {"Identity": "x.test", "Comment": "\ud83d half"})
    assert read(bench, Query("allowed_domain", "x.test"))[0][0]["Comment"] == "\ufffd half"


def test_templates_in_remote_texts_stay_texts(bench: Bench) -> None:
    text = "{{ lookup('pipe', 'touch /tmp/X') }}"
    bench.estate.put("allowed_domain", {"Identity": "x.test", "Comment": text})
    assert read(bench, Query("allowed_domain", "x.test"))[0][0]["Comment"] == text


# --- calls


def call(bench: Bench, *calls: Any, check: bool = False) -> list[dict[str, Any]]:
    request = {"op": "call", "check": check, "calls": [to_json(one) for one in calls]}
    return list(performer(bench, check=check).perform(request)["replies"])


def test_reads_that_are_no_collection(bench: Bench) -> None:
    bench.hosts["fe2013"].files["c:\\a"] = b"hello"
    first, second, third = call(
        bench, Cmdlet("Get-CsAllowedDomain", properties=("Identity",)), ReadSlice("C:\\a", 1, 2), HashFile("C:\\b")
    )
    assert first["rows"] == [{"Identity": "fabrikam.test"}]
    assert second["ok"] and second["bytes"] == "ZWw=" and second["size"] == 5
    assert not third["ok"] and third["errors"][0]["id"].startswith("FileNotFoundException")


@pytest.mark.parametrize("write", [Cmdlet("Set-CsSite"), WriteSlice("C:\\a", 0, b""), Executable("C:\\a\\msiexec.exe")])
@pytest.mark.parametrize("check", [True, False])
def test_a_write_is_never_sent_as_a_read(bench: Bench, write: Any, check: bool) -> None:
    with pytest.raises(InvalidRequest):
        call(bench, write, check=check)
    assert bench.hosts["fe2013"].transcript == []


# --- changing


def test_a_change_is_on_disk_before_it_is_sent_and_its_outcome_after(bench: Bench) -> None:
    shell, seen = bench.hosts["fe2013"], []
    original = shell.request

    def request(calls: list[dict[str, Any]], seconds: float) -> Reply:
        seen.append([entry["kind"] for entry in bench.journal()])
        return original(calls, seconds)

    shell.request = request  # type: ignore[method-assign]
    (first, second) = ask(bench, allow("a.test"), allow("b.test"))
    assert seen == [["intent", "intent"]] and first["ok"] and second["ran"]
    kinds = [(entry["kind"], entry.get("ok")) for entry in bench.journal()]
    assert kinds == [("intent", None), ("intent", None), ("outcome", True), ("outcome", True)]
    assert (
        [e["id"] for e in bench.journal()[:2]] == [e["id"] for e in bench.journal()[2:]] == [first["id"], second["id"]]
    )
    assert bench.journal()[2]["starts"] == 1


def test_in_check_mode_it_is_planned_and_nothing_is_sent(bench: Bench) -> None:
    (outcome,) = ask(bench, allow("a.test"), check=True)
    assert outcome["planned"] and outcome["ok"] and not outcome["ran"]
    assert bench.writes == [] and bench.journal() == []
    (entry,) = bench.plan()
    assert entry["check"] and entry["call"]["name"] == "New-CsAllowedDomain" and entry["id"] == outcome["id"]


def test_a_failed_change_is_an_outcome_and_hides_no_other(bench: Bench) -> None:
    bad, good = ask(bench, allow("fabrikam.test"), allow("b.test"))
    assert (bad["ok"], bad["ran"], good["ok"]) == (False, True, True)
    assert bad["errors"][0]["id"].startswith("AlreadyExists")
    assert [entry["ok"] for entry in bench.journal() if entry["kind"] == "outcome"] == [False, True]


@pytest.mark.parametrize(
    ("trouble", "ran"),
    [
        (Unreachable("down"), False),
        (NeverRan("gone"), False),
        (InDoubt("dropped"), None),
        (AnswerTimeout("late"), None),
        (BadAnswer("odd"), None),
    ],
)
def test_whatever_happens_the_outcome_is_journalled(bench: Bench, trouble: Exception, ran: Any) -> None:
    def request(calls: list[dict[str, Any]], seconds: float) -> Reply:
        raise trouble

    bench.hosts["fe2013"].request = request  # type: ignore[method-assign]
    with pytest.raises(type(trouble)):
        ask(bench, allow("a.test"))
    intent, outcome = bench.journal()
    assert intent["kind"] == "intent" and (outcome["ok"], outcome["ran"]) == (False, ran)
    assert outcome["errors"][0]["id"] == trouble.kind  # type: ignore[attr-defined]


def test_a_row_that_breaks_the_rules_after_a_write_is_journalled_too(bench: Bench) -> None:
    change = Change(Cmdlet("New-CsAllowedDomain", {"Identity": "a.test"}, ("Identity",)), "a")
    bench.hosts["fe2013"].request = lambda calls, seconds: Reply([["odd"]], [{"call": 0, "ok": True}])  # type: ignore
    with pytest.raises(BadAnswer):
        ask(bench, change)
    assert [(e["kind"], e.get("ran")) for e in bench.journal()] == [("intent", None), ("outcome", None)]


def test_a_law_stops_the_whole_request_before_the_journal(bench: Bench) -> None:
    gone = Change(
        Cmdlet("Remove-CsAllowedDomain", {"Identity": "fabrikam.test"}),
        "allowed domain fabrikam.test",
        (Effect("allowed_domain", "organisation", "fabrikam.test", None),),
        before=ALLOWED,
    )
    for check in (True, False):
        with pytest.raises(Refused) as caught:
            ask(bench, allow("a.test"), gone, check=check)
        assert len(caught.value.reasons) == 1
    assert bench.journal() == [] == bench.plan() and bench.writes == []


def test_what_one_change_of_a_request_makes_stale_is_stale_for_the_next(bench: Bench) -> None:
    bench.prove("users_homed", "components", "xmpp_listening", "certificate_names", "replicated")
    move = Change(Cmdlet("Move-CsUser", {"Identity": "sip:a@contoso.test", "Target": "p"}), "user a")
    partner = Change(
        Cmdlet("New-CsXmppAllowedPartner", {"Identity": "a.test"}),
        "p",
        (Effect("xmpp_partner", "organisation", "a.test", {}),),
    )
    with pytest.raises(Refused, match="every user is homed"):
        ask(bench, move, partner)
    assert ask(bench, partner)[0]["ok"]


@pytest.mark.parametrize(
    "change",
    [
        Change(Cmdlet("Get-CsSite"), "x"),
        Change(Cmdlet("Set-CsSite", {"Identity": None}), "x"),
        Change(Cmdlet("Set-CsSite", {"Identity": "Red*"}), "x"),
        Change(Cmdlet("Move-CsUser", {"Identity": "Ken Myer", "Target": "p"}), "x"),
        Change(Cmdlet("Set-CsSite", {"ErrorAction": "Stop"}), "x"),
        Change(Cmdlet("Set-CsSite", {"Identity": "a"}), "x", prepare=(Cmdlet("Set-CsPool"),)),
        Change(Cmdlet("Set-CsSite", {"Identity": "a"}), "x", (Effect("no_such_collection", "o", "i", {}),)),
        Change(Executable("C:\\Windows\\cmd.exe", ("/c", "del")), "x"),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_a_change_of_a_wrong_form_is_never_journalled(bench: Bench, change: Change, check: bool) -> None:
    with pytest.raises(InvalidRequest):
        ask(bench, change, check=check)
    assert bench.journal() == [] == bench.plan() and bench.hosts["fe2013"].transcript == []


def test_an_unknown_value_can_be_planned_but_not_sent(bench: Bench) -> None:
    change = Change(Cmdlet("Set-CsCertificate", {"Thumbprint": UNKNOWN}), "certificate")
    ask(bench, change, check=True)
    assert bench.plan()[0]["conditional"] is True
    with pytest.raises(InvalidRequest, match="not known"):
        ask(bench, change)


def test_a_request_has_a_size(bench: Bench) -> None:
    with pytest.raises(InvalidRequest, match="too long"):
        ask(bench, allow("a.test", Comment="x" * 1_000_001))
    assert bench.journal() == []


def test_prepared_calls_come_first_and_their_failure_stops_the_change(bench: Bench) -> None:
    shell = bench.hosts["fe2013"]
    change = Change(
        Cmdlet("New-CsAllowedDomain", {"Identity": "a.test", "Comment": "x"}),
        "a",
        prepare=(Cmdlet("Get-CsAllowedDomain", keep=True),),
    )
    assert ask(bench, change)[0]["ok"] and [one[0] for one in shell.transcript][-2:] == [
        "Get-CsAllowedDomain", "New-CsAllowedDomain",
    ]  # fmt: skip
    shell.failures["Get-CsAllowedDomain"] = ServerError("ProcessingFailed")
    (outcome,) = ask(bench, change)
    assert (outcome["ok"], outcome["ran"]) == (False, False)
    assert outcome["errors"][0]["id"].startswith("ProcessingFailed")


def test_results_of_prepared_calls_count_per_change(bench: Bench) -> None:
    sent: list[Any] = []
    bench.hosts["fe2013"].request = lambda calls, seconds: sent.extend(calls) or Reply([], [])  # type: ignore
    change = Change(
        Cmdlet("Set-CsThing", {"Value": Result(0, 0)}), "a", prepare=(Cmdlet("New-CsSimpleUrl", keep=True),)
    )
    ask(bench, change, change)
    assert [one["parameters"].get("Value", {}).get("call") for one in sent] == [None, 0, None, 2]
    assert sent[0]["stop_on_error"] is True


def test_programs_end_with_an_exit_code(bench: Bench) -> None:
    shell = bench.hosts["fe2013"]
    change = Change(Executable("C:\\Program Files\\Lync\\Bootstrapper.exe", ("/BootstrapLocalMgmt",)), "local store")
    assert ask(bench, change)[0]["exit"] == 0
    shell.request = lambda calls, seconds: Reply([[]], [{"call": 0, "ok": True, "exit": 1603, "stdout": "YWJj"}])  # type: ignore
    (outcome,) = ask(bench, change)
    assert (outcome["ok"], outcome["exit"], outcome["stdout"]) == (False, 1603, "abc")


def test_a_secret_is_in_the_call_and_nowhere_else(bench: Bench) -> None:
    shell = bench.hosts["fe2013"]

    def repeat(host: FakeShell, parameters: Any) -> None:
        assert parameters["DialbackPassphrase"] == CANARY
        raise ServerError("ProcessingFailed", message=f"the passphrase {CANARY} is too short")

    shell.handlers["Set-CsXmppGatewayConfiguration"] = repeat
    change = Change(
        Cmdlet("Set-CsXmppGatewayConfiguration", {"DialbackPassphrase": Secret(CANARY, plain=True)}), "gateway"
    )
    (outcome,) = ask(bench, change)
    written = "".join(path.read_text("utf-8") for path in bench.state_dir.rglob("*") if path.is_file())
    assert CANARY not in json.dumps(outcome) + written and "********" in json.dumps(outcome)


def test_each_request_says_for_which_task_it_is(bench: Bench) -> None:
    told = {"role": "user_move", "task": "Move", "module": "user_move", "operator": "bob", "groups": {}}
    ask(bench, allow("a.test"), context=told)
    ask(bench, allow("b.test"))
    first, second = (entry for entry in bench.journal() if entry["kind"] == "intent")
    assert (first["role"], first["operator"], second["role"], second["operator"]) == ("user_move", "bob", "", "ann")
    assert first["scope"] == "pool2013.contoso.test" and first["host"] == "fe2013"


def test_evidence_and_notes_go_where_the_run_writes(bench: Bench) -> None:
    evidence = {"fact": "users_homed", "member": "organisation", "value": 1}
    for check in (True, False):
        performer(bench, check=check).perform({"op": "evidence", "check": check, "evidence": [evidence]})
        performer(bench, check=check).perform({"op": "note", "check": check, "text": "begun"})
    assert [e["kind"] for e in bench.journal()] == [e["kind"] for e in bench.plan()] == ["evidence", "note"]


def test_hello_and_unknown_operations(bench: Bench) -> None:
    answer = performer(bench).perform({"op": "hello"})
    assert answer["scope"] == "pool2013.contoso.test" and answer["hello"]["powershell"] == "3.0"
    with pytest.raises(InvalidRequest):
        performer(bench).perform({"op": "format c:"})


def test_no_changes_are_no_request(bench: Bench) -> None:
    assert ask(bench) == [] and bench.hosts["fe2013"].transcript == []


@pytest.mark.parametrize(
    ("hello", "name"),
    [
        ({"computer": "EDGE2013", "domain": "contoso.test"}, "edge2013.contoso.test"),
        ({"computer": "EDGE", "domain": ""}, "edge"),
        ({}, ""),
    ],
)
def test_a_hosts_full_name(hello: dict[str, str], name: str) -> None:
    assert full_name(hello) == name


def test_output_of_programs_is_shown_as_far_as_it_is_ascii() -> None:
    assert text_of("YWJj/w==") == "abc\ufffd" and text_of("no base64!") == "no base64!"


def test_the_performer_of_a_daemon(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    made = make_performer(NoShell("h"), bench.context("h", check=True))
    assert (
        made.perform({"op": "read", "check": True, "queries": [query_to_json(Query("pool"))]})["results"][0]["rows"]
        == []
    )
