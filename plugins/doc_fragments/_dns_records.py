# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the modules for DNS records; `RECORD_OPTIONS` and `UPDATE_OPTIONS` in module_utils/_dns/options.py are their
specification.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  zone:
    description: Name of the zone. Letters outside ASCII are taken as they are written, or as C(xn--). With O(domains) it is one of O(zones).
    type: str
  domains:
    description:
      - Change O(records) of each of these domains. All are read and compared before the first is changed, there is one update for each zone, and
        all are waited for together. A zone where something goes wrong keeps no other from being changed; the task fails in the end and says which.
      - A name in O(records) is below the domain then; with a dot at its end it is absolute, and its records are there once.
    type: list
    elements: str
    default: []
  zones:
    description: Zones that hold O(domains) and the hosts of targets with addresses. A domain that is in none of them is a zone of its own.
    type: list
    elements: str
    default: []
  records:
    description: Record sets, each with all of its values.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the record, in the zone or absolute. V(@) is the zone itself.
        type: str
        required: true
      type:
        description: Type of the record.
        type: str
        required: true
        choices: [A, AAAA, CNAME, MX, SRV, TXT]
      values:
        description:
          - All values of the record set, as a zone file has them.
          - Names of hosts are full names, with or without the last dot.
        type: list
        elements: str
      targets:
        description: Hosts that a record of type V(SRV) leads to, beside those in O(records[].values).
        type: list
        elements: dict
        suboptions:
          host:
            description: Full name of the host.
            type: str
            required: true
          priority:
            description: Hosts with the lowest priority are tried first.
            type: int
            default: 0
          weight:
            description: Share among hosts of the same priority.
            type: int
            default: 0
          port:
            description: Port of the host.
            type: int
            default: 5269
          addresses:
            description:
              - Addresses that O(records[].targets[].host) is to have, as records A and AAAA. They go into the update of the zone that holds it,
                before the record that leads there.
              - Without them nothing is done about the addresses of the host.
            type: list
            elements: str
            default: []
      ttl:
        description: Lifetime in seconds. Without it the present one stays; a new record gets that of the zone's negative answers, at most an hour.
        type: int
      state:
        description: Whether the record set is to be there.
        type: str
        choices: [present, absent]
        default: present
  ttl_only:
    description:
      - Change the lifetimes and leave the values as they are. Give O(records[].ttl) and no values then.
      - Records, as evidence, from when on no resolver holds a record with its old lifetime.
    type: bool
    default: false
  until_expired:
    description:
      - With O(ttl_only), go on only when no resolver holds a record with its former lifetime. Where that takes longer than O(wait_seconds) the task fails,
        and says when to run it again; the lifetime is lowered all the same.
      - So a window is not opened before it can be closed.
    type: bool
    default: false
  unless_values:
    description: Leave a record set alone that has exactly these values already.
    type: list
    elements: str
    default: []
  unless_targets:
    description: The same as O(unless_values), with the values as O(records[].targets) has them.
    type: list
    elements: dict
    default: []
    suboptions:
      host:
        description: Full name of the host.
        type: str
        required: true
      priority:
        description: Hosts with the lowest priority are tried first.
        type: int
        default: 0
      weight:
        description: Share among hosts of the same priority.
        type: int
        default: 0
      port:
        description: Port of the host.
        type: int
        default: 5269
      addresses:
        description: Not compared here.
        type: list
        elements: str
        default: []
  verify_delegation:
    description:
      - Ask the name servers of the zone above which servers this zone is delegated to. One of their addresses that is not looked at is an
        error, because resolvers would go on getting the old records there.
    type: bool
    default: false
  parent_servers:
    description: Name servers of the zone above. Without them the controller's own resolver finds them. Given, they are asked in any case.
    type: list
    elements: dict
    default: []
    suboptions:
      address:
        description: IP address or name of the server.
        type: str
        required: true
      port:
        description: Port of the server.
        type: int
        default: 53
  override:
    description:
      - Name records here to change them although resolvers may still hold what they were, such as
        V(_xmpp-server._tcp.contoso.test SRV). Until they have forgotten that, some partners go to the old server.
      - What else has to be verified before is still asked for.
    type: list
    elements: str
    default: []
  former_ttl:
    description: Lifetime that the records had before they were lowered by hand. Only asked for where nothing is on record.
    type: int
  wait_seconds:
    description: Seconds to wait for every authoritative server to show the change, and for an old lifetime to run out before a swap.
    type: int
    default: 60
"""

    #: What a module takes that sends updates by itself: `UPDATE_OPTIONS` in module_utils/_dns/options.py.
    UPDATES = r"""
options:
  method:
    description:
      - With V(rfc2136) the change is a conditional dynamic update.
      - With V(manual) somebody else makes it. The task says exactly what is to be changed, waits O(wait_seconds) for it, and verifies it.
    type: str
    choices: [rfc2136, manual]
    default: rfc2136
  tsig_key_name:
    description: Name of the TSIG key.
    type: str
  tsig_secret:
    description: Secret of the TSIG key in base64.
    type: str
  tsig_algorithm:
    description: Algorithm of the TSIG key. Only SHA-2 is taken.
    type: str
    choices: [hmac-sha224, hmac-sha256, hmac-sha384, hmac-sha512]
    default: hmac-sha256
  gss_tsig:
    description:
      - Sign the update by way of Kerberos (GSS-TSIG), as zones of Active Directory that take only secure updates want it.
      - The server has to prove who it is as well.
    type: bool
    default: false
  kerberos_server_name:
    description: Full name of the first server as Kerberos knows it. Only needed where O(servers) has an address.
    type: str
  kerberos_principal:
    description: Principal to sign as, such as V(dnsupdate@CONTOSO.COM). Without it that of the ticket cache.
    type: str
  kerberos_keytab:
    description: File on the controller with the key of O(kerberos_principal). The tickets stay in memory.
    type: path
  kerberos_cache:
    description: Ticket cache to use, such as V(FILE:/tmp/krb5cc_1000). Without it and O(kerberos_keytab) that of the process.
    type: str
"""
