# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a whole migration, and how a real browser takes it."""

from __future__ import annotations

import html
import json
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._report.page import report_page
from ansible_collections.lync.xmpp_migration.tests.replay.migration import (  # noqa: F401
    ESTATE,
    USERS,
    Migration,
    migration,
)
from ansible_collections.lync.xmpp_migration.tests.replay.recording import Recorded
from ansible_collections.lync.xmpp_migration.tests.replay.replay import Replay

pytestmark = pytest.mark.timeout(300)

BROWSER = pytest.mark.needs("chromium-headless-shell")

EVIL = "</script><script>document.title='owned'</script><img src=http://canary.test/x onerror=alert(1)>\u202eRTL\x1b[31m\u2028"


def call(replay: Replay, module: str, run: str, **arguments: Any) -> dict[str, Any]:
    """One more task at the end of a run."""
    recorded = Recorded(
        module, "localhost", None, "migration_report", "Write the report", (), False, arguments, "ok", False
    )
    return replay.call(recorded, check=False, run=run)


@pytest.fixture(scope="module")
def reported(
    migration: Migration,  # noqa: F811
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Replay, dict[str, Any], dict[str, Any]]]:
    """A migration whose first run was broken off; what the report's task returned, and its data."""
    fault = {"do": "error", "id": "SomeClass", "cmdlet": "New-CsXmppAllowedPartner", "message": EVIL}
    with Replay(ESTATE, tmp_path_factory.mktemp("report") / "lab", users=USERS, faults=[fault]) as replay:
        assert replay.run(migration.recording).failure is not None
        real = replay.run(migration.recording).done()
        server = replay._server
        assert server is not None
        result = call(
            replay, "migration_report", real.run,
            settings={"name": "contoso", "source": "lync_2010", "legacy": {"gateway_fqdn": "xmppgw.contoso.test"}},
            hosts=["fe2013", "edge2013"],
            domains=["contoso.test"],
            dns_servers=[{"address": server.address, "port": server.port}],
        )  # fmt: skip
        assert not result.get("failed"), result
        yield replay, result, json.loads(Path(result["data"]).read_text(encoding="ascii"))


def test_the_six_steps_are_told(reported: tuple[Replay, dict[str, Any], dict[str, Any]]) -> None:
    _replay, result, data = reported
    steps = {one["step"]: one for one in data["steps"]}
    assert [steps[number]["outcome"] for number in range(1, 7)] == ["done"] * 6
    assert all(one["open"] == [] and one["from"] <= one["to"] for one in steps.values())
    assert data["users"]["moved"] == 4 and data["users"]["points"][-1]["moved"] == 4
    assert [one["class"] for one in data["failures"]] == ["SomeClass"]
    assert data["failures"][0]["count"] == 1
    assert len(data["runs"]) == 2 and data["runs"][0]["failed"] == 1
    assert data["accepted"] is None and result["accepted"] is None


def test_the_servers_are_asked(reported: tuple[Replay, dict[str, Any], dict[str, Any]]) -> None:
    _replay, _result, data = reported
    uses = {(one["host"], one["use"]) for one in data["certificates"]}
    assert {("edge2013", "XmppServer"), ("fe2013", "Default")} <= uses
    assert all(one["days_left"] > 0 for one in data["certificates"])
    (record,) = data["records"]
    assert record["values"] == ["0 0 5269 access.contoso.test."]
    assert any("xmppgw.contoso.test" in one for one in data["afterwards"])


def test_the_page_says_the_same(reported: tuple[Replay, dict[str, Any], dict[str, Any]]) -> None:
    _replay, result, data = reported
    page = html.unescape(Path(result["page"]).read_text(encoding="utf-8"))
    for wanted in ("Move the users", "SomeClass", "XmppServer", "0 0 5269 access.contoso.test.", *data["afterwards"]):
        assert wanted in page
    assert Path(result["page"]).stat().st_mode & 0o077 == 0


# --- in a browser


def browser(tmp_path: Path, *options: str) -> str:
    program = shutil.which("chromium-headless-shell")
    assert program
    fixed = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    done = subprocess.run([program, *fixed, *options], capture_output=True, text=True, timeout=120, check=True)
    return done.stdout


def evil_page(tmp_path: Path, data: dict[str, Any]) -> Path:
    """A report in which every text tries to become something else."""

    def turned(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                name: value if name in ("at", "outcome", "severity") else turned(value) for name, value in value.items()
            }
        if isinstance(value, list):
            return [turned(one) for one in value]
        return EVIL if isinstance(value, str) else value

    turned_data = {
        **turned(data),
        "users": data["users"],
        "probe": {"at": "now", "findings": [{"id": EVIL, "severity": "error", "reason": EVIL}]},
    }
    file = tmp_path / "report.html"
    file.write_text(report_page(turned_data), encoding="utf-8")
    return file


@BROWSER
def test_a_browser_runs_nothing_and_asks_nobody(
    reported: tuple[Replay, dict[str, Any], dict[str, Any]], tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        proxy.settimeout(0.5)
        file = evil_page(tmp_path, reported[2])
        rules = f"MAP * 127.0.0.1:{proxy.getsockname()[1]}"
        shown = browser(
            tmp_path, f"--host-resolver-rules={rules}", "--disable-background-networking", "--dump-dom", file.as_uri()
        )
        with pytest.raises(TimeoutError):
            proxy.accept()
    assert "owned" in shown and "<title>owned" not in shown, "it is there as text alone"
    assert "<img" not in shown and "<script" not in shown
    assert not re.search("[\u202e\u2028\x1b]", shown)


@BROWSER
def test_a_phone_and_a_printer_can_show_it(
    reported: tuple[Replay, dict[str, Any], dict[str, Any]], tmp_path: Path
) -> None:
    """On a narrow screen nothing sticks out of the page; on paper it is a document of a few pages."""
    page = Path(reported[1]["page"]).read_text(encoding="utf-8")
    frame = tmp_path / "phone.html"
    frame.write_text(
        f'<iframe id="f" width="360" height="800" srcdoc="{html.escape(page)}" '
        "onload=\"document.title = document.getElementById('f').contentDocument.documentElement.scrollWidth\"></iframe>",
        encoding="utf-8",
    )
    shown = browser(tmp_path, "--dump-dom", frame.as_uri())
    width = re.search(r"<title>(\d+)</title>", shown)
    assert width and int(width[1]) <= 360, shown[:300]
    paper = tmp_path / "report.pdf"
    browser(tmp_path, f"--print-to-pdf={paper}", Path(reported[1]["page"]).as_uri())
    pages = len(re.findall(rb"/Type\s*/Page\b", paper.read_bytes()))
    assert 1 <= pages <= 20
