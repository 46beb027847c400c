// Introspection (RFC 7662) and revocation (RFC 7009) of our tokens.
#include <functional>
#include <utility>

#include "mandate/base/bytes.h"
#include "mandate/record/command.h"
#include "mandate/service/form.h"
#include "mandate/service/sequencer.h"
#include "mandate/service/token_endpoint.h"

namespace mandate::service {
namespace {

// The caller and the presented token's text of either endpoint; one use of its assertion, which
// stands in `entry`.
struct Asked {
  Client client;
  std::string token;
  json::Value entry;
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
  entry.set("uses", json::Value::array({use_entry(client->use_key, client->use_until)}));
  Result<std::string_view> token = form->required("token");
  if (!token) return tl::unexpected<Reply>(refuse(core, token.error(), std::move(entry)));
  return Asked{*std::move(client), std::string(*token), std::move(entry)};
}

// Goes on when the use of the assertion is durable, so that it is spent after a restart too.
void when_spent(Core& core, json::Value entry, const Done& done, std::function<void()> go_on) {
  Result<std::string> written =
      core.journalist.write(core.journalist.draft("asked", std::move(entry)),
                            [done, go_on = std::move(go_on)](Result<void> durable) {
                              if (durable) return go_on();
                              Reply reply;
                              reply.error = durable.error();
                              done(std::move(reply));
                            });
  if (written) return;
  Reply reply;
  reply.error = written.error();
  done(std::move(reply));
}

// What a token allows now: its own bound, within what its lineage grants by now (Law 2), at its
// audience. Nothing where the token, its audience or anything it rests on is dead, or all of it was
// taken back.
std::optional<Authority> authority_now(const record::View& view, const TokenClaims& claims,
                                       Instant now) {
  const auto audience = view.find_resource(claims.audience.text());
  if (now >= claims.expires_at || !audience ||
      view.resource(*audience)->status != record::Status::kActive) {
    return std::nullopt;
  }
  const auto lineage = live_lineage(view, claims, now);
  if (!lineage) return std::nullopt;
  if (!*lineage) return Authority();  // it opens the caller's own statements and questions only
  Result<Authority> granted = decision::authority_of(view, **lineage);
  if (granted) granted = granted->attenuated_by(claims.authority);
  if (!granted) return std::nullopt;
  Authority there = granted->at(claims.audience);
  if (there.empty()) return std::nullopt;
  return there;
}

// Who may hear about a token: the resource server that it is for, and the client that holds it.
bool may_introspect(Core& core, const record::View& view, const Client& client,
                    const TokenClaims& claims) {
  if (claims.client_id == client.id) return true;
  if (claims.audience == core.issuer_resource) return false;
  const auto handle = view.find_resource(claims.audience.text());
  const record::Resource* resource = handle ? view.resource(*handle) : nullptr;
  return resource != nullptr && resource->status == record::Status::kActive &&
         resource->resource_server == client.handle;
}

}  // namespace

void introspection_endpoint(Core& core, const OAuthCall& call, Done done) {
  const Instant now = core.now();
  const record::View view = core.view();
  tl::expected<Asked, Reply> asked = read_call(core, call, view, now);
  if (!asked) return done(std::move(asked.error()));
  Result<VerifiedToken> token =
      core.issuer_keys(now).verifier.verify(asked->token, Place::kAccessToken, now);
  // What it says is what holds when it is said.
  when_spent(core, std::move(asked->entry), done, [&core, done, token, client = asked->client] {
    const record::View then = core.view();
    Reply reply;
    std::optional<Authority> allows;
    if (token && may_introspect(core, then, client, token->claims())) {
      allows = authority_now(then, token->claims(), core.now());
    }
    if (!allows) {
      reply.body = json::Value::object({{"active", false}});
      return done(std::move(reply));
    }
    TokenClaims claims = token->claims();
    claims.authority = *std::move(allows);
    reply.body = token::to_json(claims, core.deps.issuer);
    reply.body.set("active", true);
    reply.body.set("token_type", "DPoP");
    done(std::move(reply));
  });
}

void revocation_endpoint(Core& core, const OAuthCall& call, Done done) {
  const Instant now = core.now();
  const record::View view = core.view();
  tl::expected<Asked, Reply> asked = read_call(core, call, view, now);
  if (!asked) return done(std::move(asked.error()));
  Result<VerifiedToken> token =
      core.issuer_keys(now).verifier.verify(asked->token, Place::kAccessToken, now);
  if (token && token->claims().client_id != asked->client.id) {
    asked->entry.set("jti", token->claims().jti);
    return done(refuse(core,
                       {Reason::kBadRequest, Place::kRequest,
                        "the token was not issued to " + quoted(asked->client.id.text()) +
                            "; expected one of its own (RFC 7009 section 2.1)"},
                       std::move(asked->entry)));
  }
  when_spent(core, std::move(asked->entry), done, [&core, done, token, by = asked->client.id] {
    // A token that is none of ours, or has ended, has nothing left to revoke (RFC 7009
    // section 2.2).
    if (!token) return done(Reply{});
    core.deps.sequencer.submit(
        by.text(),
        [jti = token->claims().jti, until = token->claims().expires_at](const record::View& at,
                                                                        Instant) {
          return record::plan_revoke(at, record::NodeKind::kToken, jti, until);
        },
        [done](Result<Committed> committed) {
          Reply reply;
          if (!committed) reply.error = committed.error();
          done(std::move(reply));
        });
  });
}

}  // namespace mandate::service
