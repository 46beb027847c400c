-- The question that haproxy.cfg asks: `http-request lua.mandate URL`. It leaves Mandate's answer in
-- variables of the transaction: txn.mandate is "200", "401" or "403", and anything else, or nothing
-- at all where this script fails, is a refusal.

-- For one attempt: HAProxy 2.6 makes four before it gives up.
local TIMEOUT_MS = 1250
local ANSWERS = {
  "www-authenticate", "dpop-nonce", "mandate-reason", "mandate-receipt", "mandate-subject",
  "mandate-actor", "mandate-lineage", "mandate-transaction", "mandate-assertion",
  "mandate-enforcement",
}

-- All values of a header, in their order: Lua's tables here begin at 0.
local function values(headers, name)
  local all = {}
  local at = 0
  while headers[name] and headers[name][at] do
    table.insert(all, headers[name][at])
    at = at + 1
  end
  return all
end

core.register_action("mandate", {"http-req"}, function(txn, url)
  local headers = txn.http:req_get_headers()
  local question = {
    ["x-original-method"] = {txn.f:method()},
    ["x-original-uri"] = {txn.f:pathq()},
    ["x-real-ip"] = {txn.f:src()},
  }
  for _, name in ipairs({"authorization", "dpop"}) do
    local sent = values(headers, name)
    if #sent > 0 then
      question[name] = sent
    end
  end
  local answer = core.httpclient():get{url = url, headers = question, timeout = TIMEOUT_MS}
  for _, name in ipairs(ANSWERS) do
    local sent = values(answer.headers or {}, name)
    if #sent > 0 then
      txn:set_var("txn." .. name:gsub("-", "_"), table.concat(sent, ", "))
    end
  end
  txn:set_var("txn.mandate", tostring(answer.status))
end, 1)
