// The token endpoint (RFC 6749 section 3.2): who calls, with which key, for what; the grant; the
// entry; the token. A token is answered after its entry is durable (Law 8).
#pragma once

#include "mandate/service/core.h"

namespace mandate::service {

void token_endpoint(Core& core, const OAuthCall& call, Done done);
void introspection_endpoint(Core& core, const OAuthCall& call, Done done);
void revocation_endpoint(Core& core, const OAuthCall& call, Done done);

}  // namespace mandate::service
