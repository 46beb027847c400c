// What a document must keep that its own text does not tell. What breaks it would stand on record
// and never be met, or shut every door.
//
//   if (Result<void> fits = check_document(document, issuer, zones); !fits) return fail(...);
#pragma once

#include <string_view>

#include "mandate/authority/definition.h"
#include "mandate/base/ports.h"

namespace mandate::service {

// Trusted issuers are others than us and mint for us; every time zone is known. `bad_request`,
// naming the id.
Result<void> check_document(const Document& document, std::string_view issuer,
                            const TimeZones& zones);

}  // namespace mandate::service
