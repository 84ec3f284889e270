# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A playbook that is killed leaves no secret, at whatever moment that is.

The playbook hands every kind of secret to a module: passwords of two hosts, the passphrase of a certification authority,
a key for DNS, a dialback passphrase. Some of its tasks fail, which is when programs say too much.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.tests.lab.canaries import found_in, inner_parts, leaks
from ansible_collections.lync.xmpp_migration.tests.lab.transport_support import (
    Controller,
    eventually,
    module,
    play,
    short_home,
)

pytestmark = pytest.mark.timeout(900)

POINTS = 20
AT_ONCE = 4
PASSPHRASE = "{{ lync_migration_ca_key_passphrase }}"


def plays() -> list[dict[str, Any]]:
    authority = {"certificate": "{{ lync_migration.certificates.authority.certificate }}",
                 "key": "{{ lync_migration.certificates.authority.key }}"}  # fmt: skip
    certificate = module(
        "certificate",
        uses=["Internal"],
        subject="edge2013.contoso.test",
        authority=authority,
        authority_passphrase=PASSPHRASE,
    )
    dialback = module("xmpp_gateway_configuration", dialback_passphrase=PASSPHRASE, update_dialback_passphrase=True)
    record = {"name": "killed", "type": "TXT", "values": ["{{ ansible_play_name }}"]}
    dns = module(
        "dns_record_set", zone="contoso.test", records=[record], servers="{{ lync_migration.dns.servers }}",
        tsig_key_name="{{ lync_migration.dns.tsig_key_name }}", tsig_secret="{{ lync_migration_dns_tsig_secret }}",
        wait_seconds=1,
    )  # fmt: skip
    tasks = [module("session"), dialback, certificate, {**dns, "run_once": True}]
    return [play("fe2013:edge2013", *({**one, "ignore_errors": True} for one in tasks))]


@pytest.fixture(scope="module")
def running(lab: Any) -> Any:
    return lab("lync2010", "--users", "2", "--secret-prefix", "CANARY-")


def killed(running: Any, secrets: dict[str, str], seconds: float) -> tuple[list[str], list[dict[str, Any]]]:
    with short_home() as home:
        one = Controller(running, home)
        process = one.start(plays(), "-vvv")
        time.sleep(seconds)
        # the playbook and its workers at once, as a cancelled job; daemons are no members of its group
        os.killpg(process.pid, signal.SIGKILL)
        output = process.communicate(timeout=60)[0]
        found = found_in(output.encode(), secrets)
        assert eventually(lambda: not one.daemons(), 60), "a daemon outlived its playbook"
        return [*found, *leaks(home, secrets)], one.journal()


def test_nothing_secret_stays_after_sigkill_at_any_moment(running: Any) -> None:
    secrets = inner_parts(running)
    with short_home() as home:
        one = Controller(running, home)
        begun = time.monotonic()
        whole = one.run(plays(), "-vvv")
        seconds = time.monotonic() - begun
        assert whole.recap("fe2013")["ok"] == 4, whole.output
        assert eventually(lambda: not one.daemons(), 60)
        assert found_in(whole.output.encode(), secrets) == [] and leaks(home, secrets) == []
        # the change with the passphrase was made, and is on record without it
        assert any("DialbackPassphrase" in str(entry) for entry in one.journal()) or "xmpp_gateway" in whole.output
    points = [seconds * (number + 0.5) / POINTS for number in range(POINTS)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        # several at once take longer than one alone, on a busy machine much longer: the last ones have come far all the same
        ended = list(pool.map(lambda after: killed(running, secrets, after * 3), points))
    assert [leak for leaked, _ in ended for leak in leaked] == []
    assert any(journal for _, journal in ended), "not one of them had come far enough to write"
    told = [running.directory / name for name in ("transcript.ndjson", "lab.log", "lab.json")]
    assert {path.name: found_in(path.read_bytes(), secrets) for path in told} == {path.name: [] for path in told}


def test_the_search_would_find_each_form() -> None:
    """A search that finds nothing anywhere proves nothing."""
    import base64
    import json
    import urllib.parse

    secret = 'CANARY-a"b<c&d/é+f'
    wide = secret.encode("utf-16-le")
    hidden = [
        secret.encode(),
        b"\0" + wide,
        json.dumps({"x": secret}).encode(),
        b"<a>CANARY-a&quot;b&lt;c&amp;d/\xc3\xa9+f</a>",
        urllib.parse.urlencode({"x": secret}).encode(),
        *(base64.b64encode(b"x" * skip + secret.encode() + b"y" * 5) for skip in range(3)),
        *(base64.b64encode(b"x" * skip + wide + b"y" * 5) for skip in range(3)),
        secret.encode().hex().encode(),
    ]
    for data in hidden:
        assert found_in(data, {"it": secret}), data
    assert found_in(b"CANARY-", {"it": secret}) == []


def test_no_secret_is_in_a_process_list(running: Any) -> None:
    """Neither in the arguments nor in the environment of a daemon or of the lab, where other users could see them."""
    secrets = inner_parts(running)
    with short_home() as home:
        one = Controller(running, home)
        pause = {"ansible.builtin.command": {"argv": ["sleep", "4"]}, "delegate_to": "localhost", "run_once": True}
        process = one.start(
            [play("fe2013:edge2013", module("session"), {**pause, "vars": {"ansible_connection": "local"}})]
        )
        assert eventually(one.daemons, 60)
        seen = subprocess.run(["ps", "axeww", "-o", "args"], capture_output=True, check=True).stdout
        assert b"_daemon.py" in seen and found_in(seen, secrets) == []
        process.communicate(timeout=60)
        assert process.returncode == 0
        assert eventually(one.nothing_left, 30)
