# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the action plugin makes of a task, without a host: the whole way is tested against the lab."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible._internal._datatag._tags import TrustedAsTemplate
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible.plugins.loader import init_plugin_loader
from ansible.utils.collection_loader import AnsibleCollectionConfig
from ansible_collections.lync.xmpp_migration.plugins.action import session as action
from ansible_collections.lync.xmpp_migration.plugins.action.session import ActionModule
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.context import Context
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import InvalidInput
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.journal import entries
from ansible_collections.lync.xmpp_migration.plugins.modules import dns_record_set, xmpp_partner
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils import _client, _context

if AnsibleCollectionConfig.collection_finder is None:
    init_plugin_loader()

ROOT = Path(__file__).resolve().parents[4]
PASSWORD = "CANARY-password"


def same(value: Any) -> Any:
    return value


# --- where a module runs


def test_the_table_of_modules_without_a_windows_host_is_true() -> None:
    modules = (ROOT / "plugins" / "modules").glob("*.py")
    found = {path.stem for path in modules if "_attributes.windows_host" not in path.read_text()}
    assert found == set(_context.CONTROLLER)


@pytest.mark.parametrize(
    ("module", "transport", "place"),
    [
        ("xmpp_partner", "winrm", "session"),
        ("xmpp_partner", "ssh", "session"),
        ("settings", "winrm", "controller"),
        ("dns_record_set", "ssh", "controller"),
        ("acceptance", "psrp", "controller"),
        ("xmpp_probe", "winrm", "controller"),
        ("xmpp_probe", "psrp", "controller"),
        ("xmpp_probe", "ssh", "host"),
        ("xmpp_probe", "local", "host"),
    ],
)
def test_places(module: str, transport: str, place: str) -> None:
    assert _context.place_of(module, transport) == place


# --- the state directory


@pytest.fixture(autouse=True)
def no_execution_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWX_ISOLATED_DATA_DIR", raising=False)


def test_the_state_directory_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/var/state")
    assert (
        _context.state_directory({"lync_migration": {"name": "contoso"}}, same)
        == "/var/state/lync_xmpp_migration/contoso"
    )
    assert _context.state_directory({}, same) == "/var/state/lync_xmpp_migration/default"
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", "/home/x")
    assert _context.state_directory({}, same) == "/home/x/.local/state/lync_xmpp_migration/default"


def test_the_state_directory_as_named() -> None:
    named = {"lync_migration_state_dir": "{{ there }}", "lync_migration": {"name": "/../.."}}
    assert _context.state_directory(named, lambda value: "/srv/../srv/state/") == "/srv/state"


@pytest.mark.parametrize("name", ["..", "a/b", "", " ", "a" * 64, "-x", "näme", "a\nb"])
def test_names_that_are_no_directory(name: str) -> None:
    with pytest.raises(InvalidInput, match=r"lync_migration\.name"):
        _context.state_directory({"lync_migration": {"name": name}}, same)


@pytest.mark.parametrize("migration", [{}, {"name": None}, "text", ["name"]])
def test_a_migration_without_a_name(migration: Any) -> None:
    with pytest.raises(InvalidInput, match="needs a name"):
        _context.state_directory({"lync_migration": migration}, same)


def test_it_is_a_full_path_outside_of_the_collection() -> None:
    with pytest.raises(InvalidInput, match="full path"):
        _context.state_directory({"lync_migration_state_dir": "state"}, same)
    with pytest.raises(InvalidInput, match="inside of the collection"):
        _context.state_directory({"lync_migration_state_dir": str(ROOT / "roles")}, same)
    lab = str(ROOT / ".lab" / "state")
    assert _context.state_directory({"lync_migration_state_dir": lab}, same) == lab


def test_in_an_execution_environment_it_has_to_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _context.dies_with_the_run({}) is None
    monkeypatch.setenv("AWX_ISOLATED_DATA_DIR", "/runner/artifacts/1")
    assert "lync_migration_state_dir" in (_context.dies_with_the_run({}) or "")
    assert _context.dies_with_the_run({"lync_migration_state_dir": "/srv"}) is None


# --- the plugin itself


class Connection:
    """core's winrm connection, as far as an action plugin looks at it."""

    option_definitions = ("remote_addr", "remote_user", "remote_password", "port", "scheme", "transport", "path")

    def __init__(self, kind: str = "winrm", **options: Any) -> None:
        self.transport = kind
        self.become = None
        self._shell = SimpleNamespace(tmpdir=None, env_prefix=lambda **names: "")
        self.options = {
            "remote_addr": "fe",
            "remote_user": "u",
            "remote_password": PASSWORD,
            "port": 5986,
            "_extras": {},
            **options,
        }

    def get_option(self, name: str) -> Any:
        return self.options.get(name)


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="a", dir="/tmp"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(path))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def plugin(home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """A plugin for one task; `ran` sees what the module would, `attached` what the daemon would be told."""

    def make(module: str = "xmpp_partner", result: Any = None, connection: Any = None, **task: Any) -> Any:
        given = {
            "action": f"lync.xmpp_migration.{module}", "resolved_action": f"lync.xmpp_migration.{module}", "name": "Do it", "args": {},
            "async_val": 0, "check_mode": False, "delegate_to": None, "become": False, "diff": False,
            "environment": None, "get_play": lambda: SimpleNamespace(strategy="linear"), **task,
        }  # fmt: skip
        one = ActionModule(
            SimpleNamespace(**given),
            connection or Connection(),
            SimpleNamespace(),
            None,
            SimpleNamespace(template=same),
            None,
        )
        one.ran, one.attached = [], []

        def execute(task_vars: dict[str, Any]) -> dict[str, Any]:
            one.ran.append(None)
            return dict(result or {"changed": False})

        def perform(
            spec: Any, run: Any, params: dict[str, Any], context: Context, **constraints: Any
        ) -> dict[str, Any]:
            one.ran.append(SimpleNamespace(spec=spec, run=run, params=params, context=context, constraints=constraints))
            if isinstance(result, Exception):
                raise result
            return dict(result or {"changed": False})

        def attach(run: Any, key: str, settings: Any, message: Any) -> tuple[dict[str, Any], bool]:
            one.attached.append((settings, message))
            return {}, True

        one._execute_module = execute
        monkeypatch.setattr(_client, "attach", attach)  # of the plugin made last
        monkeypatch.setattr(action, "perform", perform)
        return one

    return make


def variables(home: Path, **more: Any) -> dict[str, Any]:
    return {
        "inventory_hostname": "fe2013", "ansible_playbook_python": "/usr/bin/python3", "lync_migration_state_dir": str(home / "state"),
        "groups": {"lync_2013_front_ends": ["fe2013"], "all": ["fe2013"]}, "hostvars": {"fe2013": {}}, **more,
    }  # fmt: skip


def test_a_module_runs_in_the_worker_and_knows_its_task(plugin: Any, home: Path) -> None:
    one = plugin(check_mode=True, args={"domain": "fabrikam.test"})
    assert one.run(None, variables(home, expected_computer_name="pool2013", ansible_role_name="federation_enable")) == {
        "changed": False
    }
    (ran,) = one.ran
    assert (ran.spec, ran.run, ran.params) == (
        xmpp_partner.ARGUMENT_SPEC,
        xmpp_partner.run,
        {"domain": "fabrikam.test"},
    )
    known = ran.context
    assert (known.host, known.module, known.task, known.check) == ("fe2013", "xmpp_partner", "Do it", True)
    assert (known.role, known.expected_computer_name) == ("federation_enable", "pool2013")
    assert list(known.sockets) == ["fe2013"] and known.groups == {"lync_2013_front_ends": ("fe2013",)}
    assert PASSWORD not in json.dumps(known.to_json())


def test_constraints_and_environment_of_the_task_hold_in_the_worker(
    plugin: Any, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KRB5CCNAME", "before")
    one = plugin("dns_record_set", environment=[{"KRB5CCNAME": "FILE:/run/cc"}])
    one.run(None, variables(home))
    assert os.environ["KRB5CCNAME"] == "FILE:/run/cc"
    given = {name: value for name, value in one.ran[0].constraints.items() if name != "tell"}
    assert given == dns_record_set.CONSTRAINTS


def test_options_reach_the_module_as_plain_texts(plugin: Any, home: Path) -> None:
    one = plugin(args={"domain": TrustedAsTemplate().tag("{{ fabrikam }}")})
    one.run(None, variables(home))
    assert type(one.ran[0].params["domain"]) is str


def test_what_the_daemon_is_told(plugin: Any, home: Path) -> None:
    one = plugin()
    one.run(None, variables(home))
    ((settings, message),) = one.attached
    assert settings["options"]["remote_password"] == PASSWORD and settings["mode"] == "warm"
    assert message["guard"] == {"host": "fe2013", "address": "fe", "expected": None, "never": None, "not_really": None}
    assert message["open"] is True
    session = plugin("session")
    session.run(None, variables(home))
    assert session.attached[0][1]["open"] is False, "the module opens it, or does not"
    free = plugin(get_play=lambda: SimpleNamespace(strategy="free"))
    free.run(None, variables(home))
    assert "strategy: linear" in free.attached[0][1]["guard"]["never"]


def test_other_options_have_another_digest_and_the_same_socket(plugin: Any, home: Path) -> None:
    one = plugin()
    one.run(None, variables(home))
    two = plugin(connection=Connection(remote_password="other"))
    two.run(None, variables(home))
    assert one.attached[0][0]["digest"] != two.attached[0][0]["digest"]
    assert one.ran[0].context.sockets == two.ran[0].context.sockets


def test_a_delegated_task_is_about_the_delegate(plugin: Any, home: Path) -> None:
    theirs = {"expected_computer_name": "edge", "inventory_hostname": "fe2013"}
    one = plugin(delegate_to="edge2013")
    one.run(None, variables(home, ansible_delegated_vars={"edge2013": theirs}))
    known = one.ran[0].context
    assert (known.host, known.expected_computer_name) == ("edge2013", "edge")


def test_evidence_goes_into_the_journal_or_the_plan(plugin: Any, home: Path) -> None:
    evidence = {"changed": False, "evidence": [{"fact": "seen", "member": "fe2013", "digest": "d", "value": None}]}
    plugin(result=evidence).run(None, variables(home))
    (entry,) = entries(home / "state")
    assert (entry["kind"], entry["fact"], entry["member"], entry["host"]) == ("evidence", "seen", "fe2013", "fe2013")
    plugin(result=evidence, check_mode=True).run(None, variables(home))
    assert len(list(entries(home / "state"))) == 1
    assert len(list((home / "state").glob("runs/*/plan.ndjson"))) == 1
    plugin(result={**evidence, "failed": True, "msg": "no"}).run(None, variables(home))
    assert len(list(entries(home / "state"))) == 1, "what failed proves nothing"


def test_evidence_of_a_probe_that_ran_on_another_host(plugin: Any, home: Path) -> None:
    evidence = {"changed": False, "evidence": [{"fact": "answers", "member": "organisation"}]}
    one = plugin("xmpp_probe", result=evidence, connection=Connection("ssh"))
    one.run(None, variables(home))
    assert one.ran == [None] and one.attached == [], "as a program, on that host"
    assert [entry["fact"] for entry in entries(home / "state")] == ["answers"]


def test_a_session_that_was_lost_makes_the_host_unreachable(plugin: Any, home: Path) -> None:
    lost = {"failed": True, "msg": "the host is down", "error": {"kind": "unreachable"}}
    with pytest.raises(AnsibleConnectionFailure, match="the host is down"):
        plugin(result=lost).run(None, variables(home))
    doubt = {"failed": True, "msg": "in doubt", "error": {"kind": "in_doubt"}}
    assert plugin(result=doubt).run(None, variables(home))["msg"] == "in doubt"


def test_a_module_that_breaks_tells_no_secret(plugin: Any, home: Path) -> None:
    broken = KeyError(f"{PASSWORD} CANARY-option")
    one = plugin(result=broken, args={"pfx_password": "CANARY-option", "identity": "visible"})
    result = one.run(None, variables(home))
    assert result["failed"] and "xmpp_partner broke: KeyError" in result["msg"] and "Traceback" in result["exception"]
    assert "CANARY" not in json.dumps(result)


@pytest.mark.parametrize(
    ("task", "connection", "text"),
    [
        ({}, Connection("psrp"), "ansible_psrp_"),
        ({"become": True}, None, "become: false"),
        ({"module": "settings", "become": True}, None, "runs on the controller"),
        ({}, Connection(port=5985, transport=["basic"]), "lync_allow_unencrypted"),
    ],
)
def test_refusals_come_before_anything_is_started(
    plugin: Any, home: Path, task: dict[str, Any], connection: Any, text: str
) -> None:
    one = plugin(connection=connection, **task)
    with pytest.raises(AnsibleActionFail, match=text):
        one.run(None, variables(home))
    assert one.attached == [] and one.ran == []


def test_credssp_on_the_perimeter_with_an_account_of_the_inside(plugin: Any, home: Path) -> None:
    groups = {"lync_2013_edges": ["edge2013"], "lync_2013_front_ends": ["fe2013"]}
    hosts = {"edge2013": {}, "fe2013": {"ansible_user": "other", "ansible_winrm_user": "CONTOSO\\u"}}
    given = {**variables(home), "inventory_hostname": "edge2013", "groups": groups, "hostvars": hosts}
    one = plugin(connection=Connection(transport=["credssp"]))
    with pytest.raises(AnsibleActionFail, match="fe2013 uses the same account"):
        one.run(None, given)
    assert one.attached == []
    one.run(None, {**given, "hostvars": {**hosts, "fe2013": {"ansible_user": "other"}}})
    assert one.attached


def test_kept_files_hold_no_options(plugin: Any, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ansible.constants.DEFAULT_KEEP_REMOTE_FILES", True)
    one = plugin(args={"domain": "CANARY-option"})
    one.run(None, variables(home))
    assert one.ran != [None], "it was not packed into a program"
    kept = [path for path in home.rglob("*") if path.is_file() and "CANARY" in path.read_text(errors="replace")]
    assert kept == []


def test_unencrypted_where_the_host_allows_it(plugin: Any, home: Path) -> None:
    one = plugin(connection=Connection(port=5985, transport=["basic"]))
    one.run(None, variables(home, lync_allow_unencrypted="yes"))
    assert one.attached


def test_a_session_mode_that_there_is_not(plugin: Any, home: Path) -> None:
    with pytest.raises(AnsibleActionFail, match="warm or one_shot"):
        plugin().run(None, variables(home, lync_session_mode="cold"))


def test_a_writer_on_the_controller_is_guarded_too(plugin: Any, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = SimpleNamespace(strategy="free")
    with pytest.raises(AnsibleActionFail, match="strategy: linear"):
        plugin("dns_record_set", get_play=lambda: free).run(None, variables(home))
    plugin("settings", get_play=lambda: free).run(None, variables(home))
    monkeypatch.setenv("AWX_ISOLATED_DATA_DIR", "/runner/artifacts/1")
    unnamed = {name: value for name, value in variables(home).items() if name != "lync_migration_state_dir"}
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "xdg"))
    with pytest.raises(AnsibleActionFail, match="lync_migration_state_dir"):
        plugin("dns_record_set").run(None, unnamed)
    plugin("dns_record_set", check_mode=True).run(None, unnamed)


def test_the_documentation_of_the_module_is_true() -> None:
    from ansible_collections.lync.xmpp_migration.plugins.modules import session

    options = yaml.safe_load(session.DOCUMENTATION)["options"]
    assert {name: option.get("choices") for name, option in options.items()} == {
        name: option.get("choices") for name, option in session.ARGUMENT_SPEC.items()
    }
    from ansible_collections.lync.xmpp_migration.plugins.plugin_utils._shell import RENEWALS

    assert set(options["reason"]["choices"]) <= set(RENEWALS)
