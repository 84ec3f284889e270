# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strikes a running lab in the middle of a playbook: strike.py CONTROL-SOCKET FAULTS [URL USER]

FAULTS is their JSON. With an URL the endpoint there is asked to identify itself, which sets a fault off that waits for
that while no session has anything under way; the password comes from the environment.
"""

from __future__ import annotations

import os
import sys
import urllib.error
from pathlib import Path

import requests
from ansible_collections.lync.xmpp_migration.lab import control

IDENTIFY = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header/><s:Body>'
    '<i:Identify xmlns:i="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"/></s:Body></s:Envelope>'
)


def main(path: str, faults: str, url: str = "", user: str = "") -> None:
    control.ask(Path(path), "fault", text=faults)
    if not url:
        return
    with requests.Session() as client:
        client.trust_env = False
        try:
            client.post(
                url,
                data=IDENTIFY,
                auth=(user, os.environ["LAB_PASSWORD"]),
                verify=os.environ["LAB_CA"],
                headers={"Content-Type": "application/soap+xml;charset=UTF-8"},
                timeout=10,
            )
        except (requests.RequestException, urllib.error.URLError):
            pass  # struck


if __name__ == "__main__":
    main(*sys.argv[1:])
