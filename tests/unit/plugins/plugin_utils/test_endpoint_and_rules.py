# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a connection's options mean, and what a playbook cannot have."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils import _rules
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils._endpoint import Endpoint, protect


def endpoint(extras: dict[str, Any] | None = None, **options: Any) -> Endpoint:
    return Endpoint.of({"remote_addr": "fe", "remote_user": "CONTOSO\\admin", "port": 5986, **options}, extras or {})


def test_defaults_are_those_of_core() -> None:
    assert (endpoint().url, endpoint().transports) == ("https://fe:5986/wsman", ("ssl",))
    assert (endpoint(port=5985).url, endpoint(port=5985).transports) == ("http://fe:5985/wsman", ("plaintext",))
    assert endpoint(remote_user="admin@CONTOSO.TEST").transports == ("kerberos",)
    assert endpoint(port=None, scheme="http", path="/x", transport=["ntlm"]).url == "http://fe:5986/x"
    assert endpoint(remote_addr="fe80::1").url == "https://[fe80::1]:5986/wsman"


@pytest.mark.parametrize(
    ("options", "extras", "encrypted"),
    [
        ({}, {}, True),
        ({"transport": ["basic"]}, {}, True),
        ({"port": 5985}, {}, False),
        ({"port": 5985, "transport": ["basic"]}, {}, False),
        ({"port": 5985, "transport": ["ssl"]}, {}, False),
        ({"port": 5985, "transport": ["certificate"]}, {}, False),
        ({"port": 5985, "transport": ["ntlm"]}, {}, True),
        ({"port": 5985, "transport": ["kerberos"]}, {}, True),
        ({"port": 5985, "transport": ["credssp"]}, {}, True),
        ({"port": 5985, "transport": ["ntlm", "basic"]}, {}, False),
        ({"port": 5985, "transport": ["ntlm"]}, {"ansible_winrm_message_encryption": "never"}, False),
        ({"port": 5986, "transport": ["ntlm"]}, {"ansible_winrm_message_encryption": "never"}, True),
        ({"port": 80, "scheme": "http", "transport": ["ntlm"]}, {}, True),
    ],
)
def test_what_is_encrypted(options: dict[str, Any], extras: dict[str, Any], encrypted: bool) -> None:
    one = endpoint(extras, **options)
    assert one.encrypted is encrypted
    assert (_rules.unencrypted(one, "fe", False) is None) is encrypted
    assert _rules.unencrypted(one, "fe", True) is None


def test_the_sentence_of_an_unencrypted_connection_names_what_to_set() -> None:
    said = _rules.unencrypted(endpoint(port=5985), "fe", False)
    assert said and "lync_allow_unencrypted: true" in said and "5986" in said


def test_proxies_of_the_environment_are_not_obeyed() -> None:
    assert protect(endpoint(), {})["ansible_winrm_proxy"] is None
    assert protect(endpoint(), {"ansible_winrm_proxy": "http://p"})["ansible_winrm_proxy"] == "http://p"


def test_encryption_is_demanded_of_pywinrm_where_nothing_else_does_it() -> None:
    sealed = endpoint(port=5985, transport=["ntlm"])
    assert protect(sealed, {})["ansible_winrm_message_encryption"] == "always"
    assert "ansible_winrm_message_encryption" not in protect(endpoint(transport=["ntlm"]), {})


def test_certificates() -> None:
    open_one = endpoint({"ansible_winrm_server_cert_validation": "ignore"})
    assert "ansible_winrm_ca_trust_path" in (_rules.not_validated(open_one, "fe") or "")
    assert _rules.not_validated(endpoint(), "fe") is None
    assert _rules.not_validated(endpoint({"ansible_winrm_server_cert_validation": "ignore"}, port=5985), "fe") is None


@pytest.mark.parametrize("transport", ["psrp", "ssh", "local", "docker"])
def test_other_connections_are_refused_with_what_to_set(transport: str) -> None:
    said = _rules.wrong_transport("xmpp_partner", "fe", transport)
    assert said and "ansible_connection: winrm" in said and said.count(". ") == 0
    assert _rules.wrong_transport("xmpp_partner", "fe", "winrm") is None


def test_become_names_what_helps() -> None:
    said = _rules.become("xmpp_partner", "fe")
    assert "credssp" in said and "ansible_winrm_kerberos_delegation" in said and "become: false" in said


@pytest.mark.parametrize("name", ["free", "host_pinned", "ansible.builtin.free", "mitogen_linear"])
def test_strategies_other_than_linear(name: str) -> None:
    assert "strategy: linear" in (_rules.strategy(name) or "")


def test_linear_strategies() -> None:
    assert _rules.strategy("linear") is _rules.strategy("ansible.builtin.linear") is _rules.strategy("debug") is None


@pytest.mark.parametrize("other", ["CONTOSO\\admin", "admin@contoso.test", "ADMIN", ".\\admin"])
def test_credssp_on_the_perimeter_with_an_account_that_is_used_elsewhere(other: str) -> None:
    credssp = endpoint(transport=["credssp"])
    groups = {"lync_2013_edges": ["edge"], "lync_2013_front_ends": ["fe"]}
    said = _rules.exposed_account(credssp, "edge", groups, {"fe": other})
    assert said and "fe uses the same account" in said
    assert _rules.exposed_account(credssp, "edge", groups, {"fe": "other"}) is None
    assert _rules.exposed_account(credssp, "fe", groups, {"edge": other}) is None
    assert _rules.exposed_account(endpoint(transport=["ntlm"]), "edge", groups, {"fe": other}) is None


def test_secrets_of_options_are_taken_out_of_failures() -> None:
    arguments = {"identity": "visible", "pfx_password": "CANARY-1", "source": {"key_passphrase": ["CANARY-2"], "path": "/etc"}}
    secrets = _rules.secrets_in(arguments)
    assert secrets == ["CANARY-1", "CANARY-2"]
    result = {"msg": "Traceback: CANARY-1", "lines": [{"x": "y CANARY-2 z"}], "rc": 1, "path": "/etc"}
    assert "CANARY" not in str(_rules.scrubbed(result, secrets))
    assert _rules.scrubbed(result, secrets)["path"] == "/etc"
