# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signing in to an endpoint: real pywinrm, and the winrm connection plugin of ansible-core, by every transport."""

from __future__ import annotations

import os

import pytest
import requests
import winrm.exceptions
from ansible_collections.lync.xmpp_migration.lab.place import Place
from ansible_collections.lync.xmpp_migration.lab.wsman.auth import KERBEROS
from ansible_collections.lync.xmpp_migration.lab.wsman.endpoint import SCHEMES
from ansible_collections.lync.xmpp_migration.lab.wsman.kdc import Kdc
from ansible_collections.lync.xmpp_migration.tests.lab.endpoint_support import (
    ARGUMENTS,
    LOADER_BASE64,
    PASSWORD,
    Warm,
    serving,
    session,
)

TRANSPORTS = [
    ("basic", "https"),
    ("ssl", "https"),
    ("ntlm", "https"),
    ("ntlm", "http"),
    ("credssp", "http"),
    ("kerberos", "http"),
    ("kerberos", "https"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("endpoint"), schemes=SCHEMES | {KERBEROS}) as server:
        yield server


@pytest.fixture(scope="module")
def kdc(server, tmp_path_factory, needs):
    needs("krb5kdc", "kdb5_util", "kadmin.local", "kinit", "kerberos", "gssapi", "krb5")
    before = dict(os.environ)
    kdc = Kdc(Place(tmp_path_factory.mktemp("kdc")), "contoso.test")
    try:
        kdc.start({"lyncadmin": PASSWORD}, [server.fqdn])
        yield kdc
    finally:
        kdc.stop()
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture
def ticket(kdc, tmp_path, monkeypatch):
    """What the plugin's managed kinit would get, for pywinrm by itself."""
    import subprocess

    monkeypatch.setenv("KRB5CCNAME", f"FILE:{tmp_path / 'ccache'}")
    subprocess.run(["kinit", "lyncadmin@CONTOSO.TEST"], input=PASSWORD.encode(), check=True, capture_output=True)


@pytest.mark.parametrize(("transport", "scheme"), TRANSPORTS)
def test_pywinrm_keeps_a_warm_powershell(server, request, transport, scheme):
    if transport == "kerberos":
        request.getfixturevalue("ticket")
    warm = Warm(server.protocol(transport, scheme)).begin()
    assert warm.hello["user"] == "CONTOSO\\lyncadmin"
    assert warm.echo("größe 日本語") == "größe 日本語"
    large = "x" * 400_000  # several Sends, several Receives, and more than one sealed piece of CredSSP
    assert warm.echo(large) == large
    warm.close()
    assert len(server.service.shells) == 0


@pytest.mark.parametrize("transport", ["basic", "ntlm", "credssp", "kerberos"])
def test_the_winrm_plugin_of_ansible_core_keeps_one_too(server, request, transport):
    from ansible.playbook.play_context import PlayContext
    from ansible.plugins.loader import connection_loader, init_plugin_loader
    from ansible.utils.collection_loader import AnsibleCollectionConfig

    options = {
        "remote_addr": "127.0.0.1",
        "remote_user": "CONTOSO\\lyncadmin",
        "remote_password": PASSWORD,
        "port": server.endpoint.http_port,
        "scheme": "http",
        "transport": [transport],
    }
    extras = {}
    if transport == "basic":
        options |= {"port": server.endpoint.https_port, "scheme": "https"}
        extras["ansible_winrm_ca_trust_path"] = str(server.ca)
    if transport == "kerberos":
        request.getfixturevalue("kdc")
        options["remote_user"] = "lyncadmin@CONTOSO.TEST"
        extras |= {
            "ansible_winrm_kerberos_hostname_override": server.fqdn,
            "ansible_winrm_kinit_env_vars": ["KRB5_CONFIG"],
        }
        options["kinit_env_vars"] = ["KRB5_CONFIG"]
    if AnsibleCollectionConfig.collection_finder is None:
        init_plugin_loader([])
    connection = connection_loader.get("ansible.builtin.winrm", PlayContext(), os.devnull)
    connection.set_options(direct=options, var_options={"_extras": extras})
    connection._connect()
    try:
        warm = Warm(connection.protocol, connection.shell_id).begin()
        assert warm.echo([1, "zwei"]) == [1, "zwei"]
    finally:
        connection.close()
    assert len(server.service.shells) == 0


@pytest.mark.parametrize(("transport", "scheme"), [item for item in TRANSPORTS if item[0] != "kerberos"])
def test_a_wrong_password_is_refused(server, transport, scheme):
    refused = server.counts["refused"]
    expected = winrm.exceptions.InvalidCredentialsError
    if transport == "credssp":
        from requests_credssp.exceptions import NTStatusException

        expected = NTStatusException  # CredSSP tells its own way
    with pytest.raises(expected):
        server.protocol(transport, scheme, password="wrong").open_shell()
    assert server.counts["refused"] > refused or transport == "credssp"
    assert len(server.service.shells) == 0


def test_wrong_credentials_are_answered_with_a_bare_401(server):
    response = server.post("", auth=("CONTOSO\\lyncadmin", "wrong"))
    assert (response.status_code, response.content) == (401, b"")
    assert "WWW-Authenticate" not in response.headers


def test_who_has_not_signed_in_is_told_how(server):
    with session() as client:
        response = client.post(server.http, data=b"", timeout=10)
    assert response.status_code == 401
    offers = response.headers["WWW-Authenticate"]
    assert "Negotiate" in offers and "CredSSP" in offers
    assert "Basic" not in offers  # not where the password would travel in clear
    tls = server.post(b"", auth=None)
    assert 'Basic realm="WSMAN"' in tls.headers["WWW-Authenticate"]


def test_basic_over_plain_http_is_refused(server):
    with pytest.raises(winrm.exceptions.InvalidCredentialsError):
        server.protocol("basic", "http").open_shell()


def test_a_plain_message_over_http_is_refused(server):
    with pytest.raises(winrm.exceptions.WinRMTransportError) as caught:
        server.protocol("ntlm", "http", message_encryption="never").open_shell()
    assert caught.value.code == 415


def test_a_seal_of_an_old_connection_does_not_open(server):
    """After a dropped connection pywinrm repeats a message that nobody can open any more."""
    protocol = server.protocol("ntlm", "http")
    shell = protocol.open_shell()
    for listener in server.endpoint._listeners:
        for connection in listener._connections():
            connection.close()
    protocol.transport.session.adapters["http://"].poolmanager.clear()
    with pytest.raises((winrm.exceptions.WinRMTransportError, requests.exceptions.ConnectionError)) as caught:
        protocol.run_command(shell, "powershell.exe", [*ARGUMENTS, "-EncodedCommand", LOADER_BASE64])
    assert getattr(caught.value, "code", 400) in (400, 401, 415)
    again = server.protocol("ntlm", "http")
    again.close_shell(shell)  # the shell is still there, for a new Protocol


def test_the_labs_authority_is_trusted_by_nobody_else(server):
    with pytest.raises(requests.exceptions.SSLError):
        server.protocol("basic", ca_trust_path="legacy_requests").open_shell()


@pytest.mark.parametrize(
    "user", ["lyncadmin", "CONTOSO\\LyncAdmin", "lyncadmin@contoso.test", "contoso.test\\lyncadmin"]
)
def test_a_user_has_several_names(server, user):
    protocol = server.protocol("basic", username=user)
    shell = protocol.open_shell()
    protocol.close_shell(shell)
    protocol = server.protocol("ntlm", "http", username=user)
    shell = protocol.open_shell()
    protocol.close_shell(shell)
