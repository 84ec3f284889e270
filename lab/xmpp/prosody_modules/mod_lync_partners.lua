-- Copyright: (c) 2026, lync.xmpp_migration contributors
-- GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- A host that knows partners, as a gateway of Lync's does, each with its own TLS, SASL and dialback settings.
-- source: Negotiation settings for XMPP federated partners (lync-server-2013-negotiation-settings-...), its complete table
-- rules: xmpp-settings-both-ways (inferred), stream-before-partner (a switch of the lab's)
--
-- The file lync_partners_file has one line each: domain, TLS, SASL, dialback (true, false), direction (both, out); and the
-- line "strangers silent" or "strangers answered". It is read whenever somebody is asked about, so it can change at any time.

local path = module:get_option_string("lync_partners_file");
local xmlns_stream = "http://etherx.jabber.org/streams";
local xmlns_sasl = "urn:ietf:params:xml:ns:xmpp-sasl";
local xmlns_dialback = "urn:xmpp:features:dialback";
local xmlns_tls = "urn:ietf:params:xml:ns:xmpp-tls";

local function lookup(wanted)
	local found, silent = nil, false;
	local file = path and io.open(path, "r");
	if not file then return nil, true; end
	for line in file:lines() do
		local domain, tls, sasl, dialback, direction = line:match("^(%S+) (%S+) (%S+) (%S+) (%S+)$");
		if domain and domain == wanted then
			found = { tls = tls, sasl = sasl, dialback = dialback == "true", incoming = direction == "both" };
		elseif line == "strangers silent" then
			silent = true;
		end
	end
	file:close();
	return found, silent;
end

local function dialback_possible(partner, secure)
	if not partner.dialback or (partner.tls == "Required" and partner.sasl == "Required") then return false; end
	if secure then return true; end
	return partner.tls ~= "Required";
end

local function sasl_possible(partner, secure)
	return secure and partner.tls ~= "NotSupported" and partner.sasl ~= "NotSupported";
end

local function close(session, text)
	session.log("info", "%s", text);
	session:close({ condition = "not-authorized", text = text }, nil, text);
	return true;
end

local function incoming_partner(session)
	local partner, silent = lookup(session.from_host);
	if partner and not partner.incoming then partner = nil; end
	return partner, silent;
end

-- What is offered to who connects.
module:hook("s2s-stream-features", function (event)
	local session, features = event.origin, event.features;
	local partner = incoming_partner(session);
	if not partner then return; end
	features:maptags(function (tag)
		if tag.attr.xmlns == xmlns_tls and partner.tls == "NotSupported" then return nil; end
		if tag.attr.xmlns == xmlns_sasl and not sasl_possible(partner, session.secure) then return nil; end
		if tag.attr.xmlns == xmlns_dialback and not dialback_possible(partner, session.secure)
		and not (partner.tls ~= "NotSupported" and dialback_possible(partner, true)) then return nil; end
		return tag;
	end);
	-- Where there is no other way, also to who has shown no certificate that could be taken: it is refused when it tries. (inferred)
	if sasl_possible(partner, session.secure) and not dialback_possible(partner, true) and session.type == "s2sin_unauthed"
	and not features:get_child("mechanisms", xmlns_sasl) then
		session.external_auth = "offered";
		features:tag("mechanisms", { xmlns = xmlns_sasl }):tag("mechanism"):text("EXTERNAL"):up():up();
	end
end, -1000);

module:hook("stanza/jabber:server:dialback:result", function (event)
	local session = event.origin;
	if session.type ~= "s2sin_unauthed" and session.type ~= "s2sin" then return; end
	local partner = incoming_partner(session);
	if not partner then return close(session, "This domain is not a partner"); end
	if not dialback_possible(partner, session.secure) then return close(session, "Dialback is not supported here"); end
end, 1000);

module:hook("stanza/" .. xmlns_sasl .. ":auth", function (event)
	local session = event.origin;
	local partner = incoming_partner(session);
	if not partner then return close(session, "This domain is not a partner"); end
	if not sasl_possible(partner, session.secure) then return close(session, "SASL is not supported here"); end
end, 1000);

-- What is taken of what a partner offers.
module:hook_tag(xmlns_stream, "features", function (session, stanza)
	local partner = lookup(session.to_host);
	if not partner then return; end
	if not session.secure and stanza:get_child("starttls", xmlns_tls) then
		if partner.tls ~= "NotSupported" then return; end
		stanza:maptags(function (tag) if tag.attr.xmlns ~= xmlns_tls then return tag; end end);
	end
	if not session.secure and partner.tls == "Required" then
		return close(session, "TLS is required, and the partner does not offer it");
	end
	if session.type == "s2sout" then return; end
	local external = false;
	local mechanisms = stanza:get_child("mechanisms", xmlns_sasl);
	for mechanism in mechanisms and mechanisms:childtags("mechanism") or function () end do
		external = external or mechanism:get_text() == "EXTERNAL";
	end
	if external and sasl_possible(partner, session.secure) then
		if partner.sasl == "Required"
		and (session.cert_chain_status ~= "valid" or session.cert_identity_status ~= "valid") then
			return close(session, "SASL is required, and the certificate of the partner cannot be taken");
		end
		return;
	end
	stanza:maptags(function (tag) if tag.attr.xmlns ~= xmlns_sasl then return tag; end end);
	if not dialback_possible(partner, session.secure) then
		return close(session, "No method of authentication is left with the settings of this partner");
	end
end, 1000);

module:hook_tag(xmlns_sasl, "failure", function (session)
	local partner = lookup(session.to_host);
	if partner and not dialback_possible(partner, session.secure) then
		return close(session, "The partner refused SASL EXTERNAL");
	end
end, 1000);

module:hook("route/remote", function (event)
	if not lookup(event.to_host) then return false; end -- bounced
end, 1000);

-- A stranger is told nothing at all, until it goes away: this is before the answer to its stream header.
module:hook_global("s2s-created", function (event)
	local session = event.session;
	if session.direction ~= "incoming" then return; end
	local open_stream = session.open_stream;
	function session.open_stream(self, from, to)
		if from == module.host then
			local partner, silent = incoming_partner(self);
			if not partner and silent then
				self.destroyed = "a stranger";
				return true;
			end
		end
		return open_stream(self, from, to);
	end
end);
