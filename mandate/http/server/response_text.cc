#include "mandate/http/server/response_text.h"

#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <utility>

namespace mandate::http {
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;

std::string to_text(Response response, unsigned version, bool keep_alive) {
  bhttp::response<bhttp::string_body> message;
  message.version(version);
  message.result(static_cast<unsigned>(response.status));
  for (const auto& [name, value] : response.headers) message.insert(name, value);
  message.keep_alive(keep_alive);
  message.body() = std::move(response.body);
  message.prepare_payload();
  bhttp::response_serializer<bhttp::string_body> serializer(message);
  std::string out;
  for (beast::error_code code; !code && !serializer.is_done();) {
    std::size_t taken = 0;
    serializer.next(code, [&](beast::error_code& /*none*/, const auto& buffers) {
      for (const boost::asio::const_buffer buffer : beast::buffers_range_ref(buffers)) {
        out.append(static_cast<const char*>(buffer.data()), buffer.size());
        taken += buffer.size();
      }
    });
    serializer.consume(taken);
  }
  return out;
}

}  // namespace mandate::http
