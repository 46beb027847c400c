// What a refused exchange's entry tells of its subject token: on whose behalf, who took part so
// far, under which delegations, and the entry that it follows; so that a refusal's path is as whole
// as a permit's.
//
//   tell_subject(core, view, request.client, request.form, now, entry);
#pragma once

#include "mandate/service/core.h"
#include "mandate/service/form.h"

namespace mandate::service {

// Adds `sub`, `actors`, `txn`, `delegations`, `revision` and `predecessors`, as a decision's entry
// has them, where the subject token is ours; else nothing, since what it says is then unproven.
void tell_subject(Core& core, const record::View& view, const Client& client, const Form& form,
                  Instant now, json::Value& entry);

}  // namespace mandate::service
