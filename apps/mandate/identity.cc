#include "apps/mandate/identity.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <filesystem>

#include <cerrno>
#include <cstring>

#include "mandate/base/bytes.h"
#include "mandate/base/limits.h"
#include "mandate/json/reader.h"

namespace mandate::app {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ > 2) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

// What is there already is refused; what the system does not do could not be done.
tl::unexpected<Error> io_failure(std::string_view doing, const std::string& file) {
  const int code = errno;
  return fail(code == EEXIST ? Reason::kBadRequest : Reason::kRecordUnavailable,
              std::string(doing) + " " + mandate::quoted(file) + ": " + std::strerror(code));
}

}  // namespace

crypto::Algorithm algorithm_for(crypto::KeyType type) {
  switch (type) {
    case crypto::KeyType::kP256: return crypto::Algorithm::kEs256;
    case crypto::KeyType::kP384: return crypto::Algorithm::kEs384;
    case crypto::KeyType::kEd25519: return crypto::Algorithm::kEdDsa;
    case crypto::KeyType::kRsa: return crypto::Algorithm::kRs256;
  }
  return crypto::Algorithm::kEs256;
}

Result<std::string> read_file(const std::string& file, std::size_t bytes_max) {
  const Descriptor in(file == "-" ? 0 : ::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (in.get() < 0) return io_failure("cannot open", file);
  std::string text;
  char buffer[65536];
  for (;;) {
    const ssize_t count = ::read(in.get(), buffer, sizeof(buffer));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return io_failure("cannot read", file);
    if (count == 0) return text;
    text.append(buffer, static_cast<std::size_t>(count));
    if (text.size() > bytes_max) {
      return fail(Reason::kLimitExceeded,
                  mandate::quoted(file) + " has more than " + std::to_string(bytes_max) + " bytes");
    }
  }
}

Result<std::string> read_given(const std::string& text_or_file, std::size_t bytes_max) {
  std::error_code ignored;
  if (!std::filesystem::exists(text_or_file, ignored)) return text_or_file;
  return read_file(text_or_file, bytes_max);
}

Result<Identity> read_identity(const std::string& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return io_failure("cannot open identity", file);
  if ((status.st_mode & 077) != 0) {
    return fail(Reason::kBadRequest, "identity " + mandate::quoted(file) +
                                         " can be read by others; expected "
                                         "mode 0600 (chmod 600)");
  }
  Result<std::string> text = read_file(file, limits::kJsonBytesMax);
  if (!text) return fail(text.error());
  Result<json::Value> value = json::parse(*text);
  if (!value) return fail(value.error());
  json::ObjectReader in(*value, "the identity");
  Result<PrincipalId> client = PrincipalId::parse(in.required_string("client_id"));
  const json::Value* jwk = in.required("jwk");
  if (Result<void> whole = in.finish(); !whole) return fail(whole.error());
  if (!client) return fail(client.error());
  Result<crypto::PrivateKey> key = crypto::PrivateKey::from_jwk(*jwk);
  if (!key) return fail(key.error());
  return Identity{*std::move(client), *std::move(key)};
}

Result<void> write_identity(const std::string& file, const Identity& identity) {
  const json::Value value = json::Value::object(
      {{"client_id", identity.client_id.text()}, {"jwk", identity.key.to_private_jwk()}});
  const std::string text = json::pretty(value) + "\n";
  const Descriptor out(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (out.get() < 0) return io_failure("cannot create identity", file);
  if (::write(out.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      ::fsync(out.get()) != 0) {
    return io_failure("cannot write identity", file);
  }
  return {};
}

}  // namespace mandate::app
