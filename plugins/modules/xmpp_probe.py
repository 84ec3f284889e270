#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: xmpp_probe
short_description: Ask XMPP servers from outside whether they answer for a domain
version_added: 0.1.0
description:
  - Opens a stream between servers on port 5269, reads what the server offers, starts TLS, and judges the certificate that it shows.
  - Takes the addresses from the service record of the domain, or from O(hosts) or O(addresses), so that a new Edge can be asked
    before any record points at it. Only then the answer counts as evidence that the new Edge answers from outside.
  - Given a certificate and key it carries SASL EXTERNAL through to its end; with O(dialback_listen) it is the authoritative server of
    O(sender) for as long as it asks, and carries dialback through. Over a stream that was authenticated it pings.
  - From what it found it recommends the strictest combination of TLS, SASL and dialback that will work with the partner, and says why.
  - Connects to the address that was checked and to no other. Private, loopback and link-local addresses are refused unless O(allow_private) is set.
  - Needs nothing but Python where it runs, so it can run on an ordinary host outside. Service records and O(name_servers) need dnspython there.
options:
  domains:
    description: XMPP domains that are to be answered for.
    type: list
    elements: str
    required: true
  hosts:
    description: Hosts to ask instead of those in the service record.
    type: list
    elements: str
    default: []
  addresses:
    description: Addresses to ask instead of what DNS says.
    type: list
    elements: str
    default: []
  port:
    description: Port of O(hosts) and O(addresses).
    type: int
    default: 5269
  sender:
    description:
      - Domain that the stream is said to come from. A server may answer only to partners that it knows, so give the domain of one.
      - Without it each domain asks for itself.
    type: str
  name_servers:
    description: Name servers to look names up at, instead of the host's own.
    type: list
    elements: dict
    default: []
    suboptions:
      address:
        description: Address of the server.
        type: str
        required: true
      port:
        description: Port of the server.
        type: int
        default: 53
  allow_private:
    description: Whether addresses that are not of the public internet may be asked.
    type: bool
    default: false
  require_tls:
    description: Whether a server that does not start TLS is an error.
    type: bool
    default: true
  validate_certs:
    description: Whether a certificate that is not trusted is an error.
    type: bool
    default: true
  ca_file:
    description: Certificates of authorities that are trusted, in PEM, instead of those that the system trusts.
    type: path
  thumbprints:
    description: The thumbprint (SHA-1 as Lync shows it, or SHA-256) of the certificate that is to be shown; any of several.
    type: list
    elements: str
    default: []
  certificate:
    description: Certificate of O(sender) with its chain, in PEM, to be shown for SASL EXTERNAL.
    type: path
  key:
    description: Private key of O(certificate), in PEM.
    type: path
  key_passphrase:
    description: Passphrase of O(key), where it has one.
    type: str
  dialback_listen:
    description:
      - Listen as the authoritative server of O(sender), so that dialback can be carried through and pings can be answered.
      - The service record of O(sender) has to lead to this address and port, which must be of the host that asks.
      - Only streams of this very task are vouched for. Who asks over TLS is shown O(certificate), or one made for the occasion where the
        host has the Python package cryptography.
    type: dict
    suboptions:
      address:
        description: Address of the host to listen on.
        type: str
        required: true
      port:
        description: Port to listen on.
        type: int
        default: 5269
  tls_versions:
    description: Whether to try each version of TLS by itself, for the oldest ones with lowered security.
    type: bool
    default: false
  negotiation:
    description: The combination that the partner is configured with, to be compared with what is found.
    type: dict
    suboptions:
      tls_negotiation:
        description: As in M(lync.xmpp_migration.xmpp_partner).
        type: str
        choices: [Required, Optional, NotSupported]
        required: true
      sasl_negotiation:
        description: As in M(lync.xmpp_migration.xmpp_partner).
        type: str
        choices: [Required, Optional, NotSupported]
        required: true
      support_dialback_negotiation:
        description: As in M(lync.xmpp_migration.xmpp_partner).
        type: bool
        required: true
  wait_seconds:
    description: Seconds to ask again until every answer is right.
    type: int
    default: 0
  seconds:
    description: Seconds that all asking may take at most, waiting apart. One address never takes more than 30.
    type: int
    default: 60
  fail_on_error:
    description: Whether the task fails where something is wrong. Otherwise it returns what was found.
    type: bool
    default: true
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.anywhere
attributes:
  check_mode:
    details:
      - Asks nobody in check mode and takes the answer for right, because what is to answer may be planned only.
  diff_mode:
    support: none
seealso:
  - module: lync.xmpp_migration.dns_record_set
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Ask the new Edge before any record points at it
  lync.xmpp_migration.xmpp_probe:
    domains:
      - contoso.test
      - wingtip.test
    hosts:
      - access.contoso.test
    sender: fabrikam.test

- name: Find out what a partner's server can do, before it is configured
  lync.xmpp_migration.xmpp_probe:
    domains:
      - fabrikam.test
    sender: contoso.test
    certificate: /etc/pki/migration/contoso.pem
    key: /etc/pki/migration/contoso.key
    fail_on_error: false

- name: See who answers today
  lync.xmpp_migration.xmpp_probe:
    domains:
      - contoso.test
    fail_on_error: false
"""

RETURN = r"""
ok:
  description: Whether every domain was answered for by every address without an error.
  returned: success
  type: bool
  sample: true
answers:
  description: What each address said for each domain.
  returned: success
  type: list
  elements: dict
  contains:
    domain:
      description: The domain that was asked for.
      type: str
    host:
      description: Name of the host, where there was one.
      type: str
    address:
      description: Address that was asked.
      type: str
    port:
      description: Port that was asked.
      type: int
    answered:
      description: Whether an XMPP server answered.
      type: bool
    stream_from:
      description: The domain that the server answers as.
      type: str
    starttls:
      description: Whether TLS is offered.
      type: bool
    starttls_required:
      description: Whether TLS is demanded.
      type: bool
    tls_version:
      description: Version of TLS.
      type: str
    tls_versions:
      description: Versions of TLS that the server speaks, with O(tls_versions).
      type: list
      elements: str
    cipher:
      description: Cipher suite.
      type: str
    mechanisms_before_tls:
      description: SASL mechanisms that are offered where everybody can read along.
      type: list
      elements: str
    mechanisms:
      description: SASL mechanisms that are offered in the end.
      type: list
      elements: str
    dialback:
      description: Whether dialback is offered.
      type: bool
    external_carried_through:
      description: Whether SASL EXTERNAL came to its end. Null where it was not tried.
      type: bool
    dialback_carried_through:
      description: Whether dialback came to its end. Null where it was not tried.
      type: bool
    ping:
      description: Whether a ping was answered. Null where none could be sent.
      type: bool
    certificate:
      description: The certificate that was shown, with its names, both verdicts on them, its uses and thumbprints.
      type: dict
  sample:
    - domain: contoso.test
      host: access.contoso.test
      address: 192.0.2.40
      port: 5269
      answered: true
      stream_from: contoso.test
      starttls: true
      tls_version: TLSv1.2
      cipher: ECDHE-RSA-AES256-GCM-SHA384
      mechanisms: []
      dialback: true
      certificate:
        thumbprint: 0123456789ABCDEF0123456789ABCDEF01234567
        sha256: 0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF
        trusted: true
        dns_names:
          - access.contoso.test
          - contoso.test
        srv_names: []
        xmpp_addresses: []
        not_after: "2027-11-21T00:00:00+00:00"
findings:
  description: What was found, with an id, a severity (error, warning or info), the reason in a sentence, and evidence.
  returned: success
  type: list
  elements: dict
  sample:
    - id: ends_soon
      severity: warning
      reason: The certificate of 192.0.2.40:5269 is valid until 2026-12-01 only.
      domain: contoso.test
      address: 192.0.2.40:5269
      evidence:
        days_left: 10
        not_before: "2025-12-01T00:00:00+00:00"
        not_after: "2026-12-01T00:00:00+00:00"
advice:
  description: For each domain the strictest combination that will work with it as a partner, and why. Null where none will.
  returned: success
  type: list
  elements: dict
  sample:
    - domain: fabrikam.test
      tls_negotiation: Required
      sasl_negotiation: NotSupported
      support_dialback_negotiation: true
      verdict: clean
      reason: The partner starts TLS and does dialback, but does not take SASL EXTERNAL.
table:
  description: The answers in columns, to be printed.
  returned: success
  type: list
  elements: str
  sample:
    - DOMAIN         ADDRESS          ANSWERS  TLS
    - fabrikam.test  192.0.2.60:5269  yes      TLSv1.2
"""


from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._settings.options import SERVER
from ansible_collections.lync.xmpp_migration.plugins.module_utils._xmpp.run import run

ARGUMENT_SPEC = {
    "domains": {"type": "list", "elements": "str", "required": True},
    "hosts": {"type": "list", "elements": "str", "default": []},
    "addresses": {"type": "list", "elements": "str", "default": []},
    "port": {"type": "int", "default": 5269},
    "sender": {"type": "str"},
    "name_servers": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": SERVER,
    },
    "allow_private": {"type": "bool", "default": False},
    "require_tls": {"type": "bool", "default": True},
    "validate_certs": {"type": "bool", "default": True},
    "ca_file": {"type": "path"},
    "thumbprints": {"type": "list", "elements": "str", "default": []},
    "certificate": {"type": "path"},
    "key": {"type": "path", "no_log": False},
    "key_passphrase": {"type": "str", "no_log": True},
    "dialback_listen": {
        "type": "dict",
        "options": {"address": {"type": "str", "required": True}, "port": {"type": "int", "default": 5269}},
    },
    "tls_versions": {"type": "bool", "default": False},
    "negotiation": {
        "type": "dict",
        "options": {
            "tls_negotiation": {"type": "str", "choices": ["Required", "Optional", "NotSupported"], "required": True},
            "sasl_negotiation": {"type": "str", "choices": ["Required", "Optional", "NotSupported"], "required": True},
            "support_dialback_negotiation": {"type": "bool", "required": True},
        },
    },
    "wait_seconds": {"type": "int", "default": 0},
    "seconds": {"type": "int", "default": 60},
    "fail_on_error": {"type": "bool", "default": True},
}


def main() -> None:
    execute(ARGUMENT_SPEC, run, anywhere=True)


if __name__ == "__main__":
    main()
