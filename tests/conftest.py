# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a test needs of the system.

    @pytest.mark.needs("named", "kinit")
    def test_something(): ...

    @pytest.fixture(scope="module")
    def kdc(needs):
        needs("krb5kdc")

Where it is missing the test is skipped, and a line at the end of the run names the package. On a build machine
(CI=true) such a skip is a failure: all of it was to be installed there. A PowerShell is never demanded.
"""

from __future__ import annotations

import glob
import importlib.util
import os
import shutil
from collections.abc import Callable, Generator

import pytest
from ansible.plugins.loader import init_plugin_loader
from ansible.utils.collection_loader import AnsibleCollectionConfig

# Before the first import of the collection: what was imported without Ansible's loader cannot be found by it afterwards.
if AnsibleCollectionConfig.collection_finder is None:
    init_plugin_loader()

PREFIX = "needs system package"

# The name that a test uses -> the Debian package that brings it.
PACKAGES = {
    "chromium-headless-shell": "chromium-headless-shell",
    "dig": "bind9-dnsutils",
    "gssapi": "libkrb5-dev",
    "kadmin.local": "krb5-admin-server",
    "kdb5_util": "krb5-kdc",
    "kerberos": "libkrb5-dev",
    "kinit": "krb5-user",
    "krb5": "libkrb5-dev",
    "knotd": "knot",
    "krb5kdc": "krb5-kdc",
    "lua-unbound": "lua-unbound",
    "named": "bind9",
    "nsupdate": "bind9-dnsutils",
    "prosody": "prosody",
    "prosodyctl": "prosody",
    "shellcheck": "shellcheck",
}
# Python packages that set-up can build only with the package's headers.
MODULES = frozenset({"gssapi", "kerberos", "krb5"})


def _is_there(name: str) -> bool:
    if name in MODULES:
        return importlib.util.find_spec(name) is not None
    if name == "lua-unbound":
        return bool(glob.glob("/usr/lib/*/lua/5.*/lunbound.so") or glob.glob("/usr/l*/lua/5.*/lunbound.so"))
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"])
    return shutil.which(name, path=path) is not None


def need(*names: str) -> None:
    """Skips the test, or the fixture, unless all that is named is there."""
    for name in names:
        if name == "pwsh":
            if not _is_there(name):
                pytest.skip("pwsh is not on PATH")
        elif name not in PACKAGES:
            raise ValueError(f"tests/conftest.py does not know which package brings {name}: add it to PACKAGES")
        elif not _is_there(name):
            pytest.skip(f"{PREFIX} {PACKAGES[name]} ({name})")


@pytest.fixture(scope="session")
def needs() -> Callable[..., None]:
    return need


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("needs"):
        need(*marker.args)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and os.environ.get("CI") == "true" and PREFIX in _reason(report):
        report.outcome = "failed"
        report.longrepr = f"{_reason(report)}: with CI=true this may not be skipped"
    return report


def _reason(report: pytest.TestReport) -> str:
    return report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.stats.get("skipped", []):
        if PREFIX in _reason(report):
            terminalreporter.write_line(f"not run: {report.nodeid}: {_reason(report).removeprefix('Skipped: ')}")
    for report in terminalreporter.stats.get("passed", []):
        for name, value in report.user_properties:
            if name == "figure":  # record_property("figure", "a sentence with a number")
                terminalreporter.write_line(str(value))
