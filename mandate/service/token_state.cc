// Introspection (RFC 7662) and revocation (RFC 7009) of our tokens.
#include <memory>
#include <utility>

#include "mandate/base/bytes.h"
#include "mandate/record/command.h"
#include "mandate/service/form.h"
#include "mandate/service/sequencer.h"
#include "mandate/service/token_endpoint.h"

namespace mandate::service {
namespace {

json::Value inactive() { return json::Value::object({{"active", false}}); }

// The caller and the presented token's text of either endpoint; one use of its assertion.
struct Asked {
  Client client;
  std::string token;
};
tl::expected<Asked, Reply> read_call(Core& core, const OAuthCall& call, const record::View& view,
                                     Instant now) {
  auto refused = [&](const Error& error) {
    return tl::unexpected<Reply>(refuse_unknown(core, error));
  };
  Result<Form> form = Form::parse(call.parameters, {"token", "token_type_hint", "client_id",
                                                    "client_assertion", "client_assertion_type"});
  if (!form) return refused(form.error());
  Result<Client> client = authenticate_client(core, *form, call, view, now);
  if (!client) return refused(client.error());
  json::Value entry = json::Value::object({{"at", call.path}, {"client_id", client->id.text()}});
  Result<void> once = core.consume(client->use_key, client->use_until, Place::kClient);
  if (!once) return tl::unexpected<Reply>(refuse(core, once.error(), std::move(entry)));
  Result<std::string_view> token = form->required("token");
  if (!token) return tl::unexpected<Reply>(refuse(core, token.error(), std::move(entry)));
  return Asked{*std::move(client), std::string(*token)};
}

// Live in every respect but the caller's question: itself, what it rests on, its lineage.
Result<VerifiedToken> verify_live(Core& core, const record::View& view, std::string_view text,
                                  Instant now) {
  Result<VerifiedToken> token = core.access_tokens.verify(text, Place::kAccessToken, now);
  if (!token) return token;
  const TokenClaims& claims = token->claims();
  if (Result<void> live = decision::check_token(view, claims, now); !live) {
    return fail(live.error());
  }
  if (claims.authority.empty()) return token;
  Result<decision::Lineage> lineage = decision::lineage_of(view, claims);
  if (!lineage) return fail(lineage.error());
  if (Result<void> live = decision::check_live(view, now, *lineage); !live) {
    return fail(live.error());
  }
  return token;
}

// Who may hear about a token: the resource server that it is for, and the client that holds it.
bool may_introspect(Core& core, const record::View& view, const Client& client,
                    const TokenClaims& claims) {
  if (claims.client_id == client.id) return true;
  if (claims.audience == core.issuer_resource) return false;
  const auto handle = view.find_resource(claims.audience.text());
  const record::Resource* resource = handle ? view.resource(*handle) : nullptr;
  return resource != nullptr && resource->resource_server == client.handle;
}

}  // namespace

void introspection_endpoint(Core& core, const OAuthCall& call, Done done) {
  const Instant now = core.now();
  const record::View view = core.view();
  tl::expected<Asked, Reply> asked = read_call(core, call, view, now);
  if (!asked) return done(std::move(asked.error()));
  Reply reply;
  Result<VerifiedToken> token = verify_live(core, view, asked->token, now);
  if (!token || !may_introspect(core, view, asked->client, token->claims())) {
    reply.body = inactive();
    return done(std::move(reply));
  }
  reply.body = token::to_json(token->claims(), core.deps.issuer);
  reply.body.set("active", true);
  reply.body.set("token_type", "DPoP");
  done(std::move(reply));
}

void revocation_endpoint(Core& core, const OAuthCall& call, Done done) {
  const Instant now = core.now();
  const record::View view = core.view();
  tl::expected<Asked, Reply> asked = read_call(core, call, view, now);
  if (!asked) return done(std::move(asked.error()));
  // A token that is none of ours, or has ended, has nothing left to revoke (RFC 7009 section 2.2).
  Result<VerifiedToken> token = core.access_tokens.verify(asked->token, Place::kAccessToken, now);
  if (!token) return done(Reply{});
  const TokenClaims& claims = token->claims();
  if (claims.client_id != asked->client.id) {
    return done(refuse(
        core,
        {Reason::kBadRequest, Place::kRequest,
         "the token was not issued to " + quoted(asked->client.id.text()) +
             "; expected one of its own (RFC 7009 section 2.1)"},
        json::Value::object(
            {{"at", call.path}, {"client_id", asked->client.id.text()}, {"jti", claims.jti}})));
  }
  core.deps.sequencer.submit(
      asked->client.id.text(),
      [jti = claims.jti, until = claims.expires_at](const record::View& at, Instant) {
        return record::plan_revoke(at, record::NodeKind::kToken, jti, until);
      },
      [done = std::move(done)](Result<Committed> committed) {
        Reply reply;
        if (!committed) reply.error = committed.error();
        done(std::move(reply));
      });
}

}  // namespace mandate::service
