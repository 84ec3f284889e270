# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.context import Context
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import perform
from ansible_collections.lync.xmpp_migration.plugins.modules import settings as module
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.module_utils.test_settings import GOOD


def call(tmp_path, **params):
    groups = {"lync_2013_front_ends": ("fe2013",), "lync_2013_edges": ()}
    context = Context(str(tmp_path / "state"), "run1", "localhost", groups=groups)
    return perform(module.ARGUMENT_SPEC, module.run, params, context)


def test_good_settings(tmp_path):
    result = call(tmp_path, settings=GOOD, required_groups=["lync_2013_front_ends"])
    assert result["changed"] is False and "failed" not in result
    assert result["checked"] == {
        "name": "contoso",
        "sip_domains": ["contoso.test", "wingtip.test"],
        "partners": ["fabrikam.test", "nwtraders.test"],
    }


def test_every_problem_is_in_the_result(tmp_path):
    settings = {**GOOD, "pool": {"fqdn": "x"}, "colour": "red"}
    result = call(tmp_path, settings=settings, required_groups=["lync_2013_front_ends", "lync_2013_edges"])
    assert result["failed"] and result["error"]["kind"] == "invalid_settings"
    assert len(result["error"]["problems"]) == 5
    assert "have 5 problems; nothing was changed" in result["msg"]
    assert "The inventory group lync_2013_edges has no member" in result["msg"]


def test_groups_can_be_given(tmp_path):
    groups = {"lync_2013_edges": ["edge2013"]}
    assert not call(tmp_path, settings=GOOD, required_groups=["lync_2013_edges"], groups=groups).get("failed")


def test_warnings_reach_the_result(tmp_path):
    settings = {**GOOD, "partners": [{"domain": "fabrikam.test"}]}
    assert "Dialback is never used" in call(tmp_path, settings=settings)["warnings"][0]
