# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every key of lync_migration.certificates reaches the module: the roles' certificate tasks, templated as a play does it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.lync.xmpp_migration.plugins.module_utils._certificates.origin import origin_of
from ansible_collections.lync.xmpp_migration.plugins.module_utils._settings.dictionary import check
from ansible_collections.lync.xmpp_migration.plugins.modules import certificate, certificate_assignment
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.module_utils.test_settings import GOOD

ROLES = Path(__file__).parents[4] / "roles"
#: which certificate -> where it is obtained, by the first of its uses
TASKS = {
    "front_end": [("pool_deploy", "servers", "Default")],
    "oauth": [("pool_deploy", "servers", "OAuthTokenIssuer")],
    "edge_internal": [("edge_deploy", "servers", "Internal")],
    "edge_external": [
        ("edge_deploy", "servers", "AccessEdgeExternal"),
        ("xmpp_access", "certificate", "AccessEdgeExternal"),
    ],
}
AUTHORITY = {"certificate": "/etc/pki/own.pem", "key": "/etc/pki/own.key", "days": 90}
SOURCES: list[dict[str, Any]] = [
    {"source": "private_ca", "authority": AUTHORITY, "names": ["more.contoso.test"]},
    {"source": "online_ca", "ca": "ca.contoso.test\\Contoso CA", "template": "Lync"},
    {"source": "offline", "directory": "/srv/requests", "chain": "/srv/chain.pem"},
    {"source": "pfx", "file": "/srv/one.pfx", "chain": "/srv/chain.pem"},
    {"source": "imported"},
]
PLACES = [(which, *place) for which, places in TASKS.items() for place in places]
PASSPHRASES = {f"lync_migration_{which}_pfx_passphrase": f"pass of {which}" for which in TASKS}
GROUPS = {"lync_2013_edges": ["edge2013"], "lync_2013_front_ends": ["fe2013"], "lync_legacy_edges": ["edge2010"]}


def trusted(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: trusted(one) for name, one in value.items()}
    if isinstance(value, list):
        return [trusted(one) for one in value]
    return trust_as_template(value) if isinstance(value, str) else value


def arguments(
    role: str, file: str, use: str, certificates: dict[str, Any], module: Any = certificate
) -> dict[str, Any]:
    """What the task hands over, checked as the module checks it."""
    settings = {**copy.deepcopy(GOOD), "certificates": certificates}
    assert check(settings).problems == ()
    defaults = yaml.safe_load((ROLES / role / "defaults" / "main.yml").read_text(encoding="utf-8"))
    templar = Templar(DataLoader(), {**trusted(defaults), **PASSPHRASES, "lync_migration": settings, "groups": GROUPS})
    name = f"lync.xmpp_migration.{module.__name__.rpartition('.')[2]}"
    for task in yaml.safe_load((ROLES / role / "tasks" / f"{file}.yml").read_text(encoding="utf-8")):
        if name in task:
            given = templar.template(trusted(task[name]))
            if given["uses"][0] == use:
                checked = ArgumentSpecValidator(dict(module.ARGUMENT_SPEC)).validate(given)
                assert not checked.error_messages
                return dict(checked.validated_parameters)
    raise AssertionError(f"{role} has no task for {use}")


@pytest.mark.parametrize(("which", "role", "file", "use"), PLACES)
@pytest.mark.parametrize("source", SOURCES, ids=lambda one: one["source"])
def test_a_source_reaches_the_module(which, role, file, use, source):
    found = arguments(role, file, use, {which: source, "renew_days": 12})
    origin = origin_of(found)
    assert origin.source == source["source"] and found["renew_days"] == 12 and not found["authority"]
    for name in ("ca", "template", "file", "directory", "chain"):
        assert getattr(origin, name) == source.get(name, "")
    assert (origin.authority or {}) == source.get("authority", {})
    assert found["origin"]["names"] == source.get("names", [])
    assert found["pfx_passphrase"] == f"pass of {which}"


@pytest.mark.parametrize(("which", "role", "file", "use"), PLACES)
def test_the_common_authority_is_for_all_that_name_no_other_source(which, role, file, use):
    common = {"certificate": "/etc/pki/ca.pem", "key": "/etc/pki/ca.key"}
    origin = origin_of(arguments(role, file, use, {"authority": common}))
    assert origin.source == "private_ca" and origin.authority["key"] == "/etc/pki/ca.key"
    own = origin_of(arguments(role, file, use, {"authority": common, which: {"source": "imported"}}))
    assert own.source == "imported" and own.authority is None


def test_the_legacy_edge_is_the_first_of_its_group():
    found = arguments("edge_deploy", "servers", "AccessEdgeExternal", {"edge_external": {"source": "legacy_edge"}})
    assert origin_of(found, GROUPS["lync_legacy_edges"]).holder == "edge2010"


def test_what_is_assigned_has_the_names_that_were_asked_for():
    certificates = {"edge_external": {"source": "imported", "names": ["more.contoso.test"]}, "renew_days": 12}
    found = arguments("federation_enable", "certificate", "AccessEdgeExternal", certificates, certificate_assignment)
    assert "more.contoso.test" in found["names"] and found["renew_days"] == 12 and found["shared_from"] == "edge2013"
    assert [one["domain"] for one in found["partners"]] == [one["domain"] for one in GOOD["partners"]]
