#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: server_readiness
short_description: See whether a host can become a Lync Server 2013
version_added: 0.1.0
description:
  - Reads what a host has to be and to have before Lync Server 2013 is installed on it, and what a long remote session needs. Changes nothing.
  - Everything that stands in the way is told at once, one sentence each with what to do. What cannot be seen yet, because it comes with a later step, is told
    as not known and stops nobody.
  - The rights of the account are those of its token. A group that was joined after the logon is in the directory, but not in the token.
  - On a host where Lync Server is installed, disk space and ports are not judged any more, because both are in use by it.
options:
  role:
    description: What the host is to become.
    type: str
    required: true
    choices: [front_end, edge]
  source:
    description:
      - What is migrated from.
      - Groups of Active Directory that the source brought with it have to be in the token of the account of a Front End Server.
    type: str
    choices: [lync_2010, ocs_2007_r2]
  names:
    description:
      - FQDNs that the host has to find an address for, for example those of the new pool, of its web services and of SQL Server.
      - Leave out those that M(lync.xmpp_migration.hosts_file) is to bring later.
    type: list
    elements: str
    default: []
  ports:
    description:
      - TCP ports that nobody else may listen on.
      - The default depends on O(role), V(444), V(4443), V(5061) and V(8080) for a Front End Server, V(443), V(4443), V(5061), V(5062), V(5269), V(8057) and
        V(23456) for an Edge Server.
    type: list
    elements: int
  media:
    description: Files of the installation media that have to be there, with their full paths on the host.
    type: list
    elements: str
    default: []
  disk_gb:
    description: Gigabytes that have to be free on drive C.
    type: int
    default: 32
  workgroup:
    description:
      - Whether the host belongs to no domain.
      - By default that is so for an Edge Server.
    type: bool
  accept:
    description: Findings, by their ids, that are warnings here instead of errors.
    type: list
    elements: str
    default: []
    choices:
      - account
      - administrator
      - disk
      - domain_admin
      - forest_admin
      - media
      - membership
      - names
      - ports
      - powershell
      - root_certificates
      - root_count
      - schema_admin
      - second_hop_ad
      - second_hop_sql
      - server_core
      - time_skew
      - token_csadministrator
      - token_filter
      - token_rtcuniversalserveradmins
      - windows_kind
      - windows_version
      - winrm_hotfix
      - winrm_idle
      - winrm_memory
      - winrm_processes
      - winrm_shells
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
attributes:
  check_mode:
    details:
      - Reads what is there in check mode too. A host without a session is one of which nothing is known.
  diff_mode:
    support: none
seealso:
  - module: lync.xmpp_migration.migration_readiness
  - name: Server and tools operating system support
    description: Microsoft's page of what Lync Server 2013 is installed on.
    link: https://learn.microsoft.com/en-us/previous-versions/office/lync-server-2013/lync-server-2013-server-and-tools-operating-system-support
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: See whether the host can become a Front End Server
  lync.xmpp_migration.server_readiness:
    role: front_end
    source: lync_2010
    names:
      - pool2013.contoso.test
      - files.contoso.test
    media:
      - D:\Setup\amd64\Setup\ocscore.msi

- name: See whether the host can become an Edge Server, on a disk that is smaller than usual
  lync.xmpp_migration.server_readiness:
    role: edge
    accept:
      - disk
"""

RETURN = r"""
ready:
  description: That nothing stands in the way, apart from what is accepted and what is not known.
  returned: success
  type: bool
  sample: true
findings:
  description: What is not as it should be but stops nobody, and what is not known yet.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Name of the finding, for O(accept) and for the documentation.
      type: str
    severity:
      description: V(warning) or V(unknown).
      type: str
    what:
      description: What was looked at.
      type: str
    wanted:
      description: How it should be.
      type: str
    found:
      description: How it is.
      type: str
    do:
      description: What to do.
      type: str
    sentence:
      description: All that as one sentence.
      type: str
  sample:
    - id: winrm_memory
      severity: warning
      what: MaxMemoryPerShellMB of WinRM on edge2013.contoso.test
      wanted: 1024 MB or more, because the cmdlets of a whole run share one shell
      found: 600 MB
      do: 'run there: Set-Item WSMan:\localhost\Shell\MaxMemoryPerShellMB 1024, then Restart-Service WinRM'
      sentence: >-
        MaxMemoryPerShellMB of WinRM on edge2013.contoso.test should be 1024 MB or more, because the cmdlets of a whole run share one shell, but is 600 MB:
        run there: Set-Item WSMan:\localhost\Shell\MaxMemoryPerShellMB 1024, then Restart-Service WinRM.
not_known:
  description: Ids of what could not be seen.
  returned: success
  type: list
  elements: str
  sample:
    - second_hop_sql
error:
  description: What is wrong, as data. RV(ignore:error.findings) has all errors, in the form of RV(findings).
  returned: failure
  type: dict
  sample:
    kind: not_prepared
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._readiness.host import IDS, run

ARGUMENT_SPEC = {
    "role": {"type": "str", "required": True, "choices": ["front_end", "edge"]},
    "source": {"type": "str", "choices": ["lync_2010", "ocs_2007_r2"]},
    "names": {"type": "list", "elements": "str", "default": []},
    "ports": {"type": "list", "elements": "int"},
    "media": {"type": "list", "elements": "str", "default": []},
    "disk_gb": {"type": "int", "default": 32},
    "workgroup": {"type": "bool"},
    "accept": {"type": "list", "elements": "str", "default": [], "choices": sorted(IDS)},
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
