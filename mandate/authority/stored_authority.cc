#include "mandate/authority/stored_authority.h"

#include <cstring>
#include <new>

namespace mandate {

std::size_t StoredAuthority::size_of(std::span<const Part> parts) {
  std::size_t bytes = sizeof(StoredAuthority) + parts.size() * sizeof(Slot);
  for (const Part& part : parts) bytes += part.identifier ? part.identifier->size() : 0;
  return bytes;
}

const StoredAuthority* StoredAuthority::make(void* memory, std::span<const Part> parts) {
  char* const begin = static_cast<char*>(memory);
  auto* const made = new (memory) StoredAuthority(parts.size());
  std::size_t text_at = sizeof(StoredAuthority) + parts.size() * sizeof(Slot);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    Slot slot{parts[i].terms, 0, 0};
    if (const std::optional<std::string_view> text = parts[i].identifier) {
      slot.text_at = static_cast<std::uint32_t>(text_at);
      slot.text_bytes = static_cast<std::uint32_t>(text->size());
      std::memcpy(begin + text_at, text->data(), text->size());
      text_at += text->size();
    }
    new (begin + sizeof(StoredAuthority) + i * sizeof(Slot)) Slot(slot);
  }
  return made;
}

StoredAuthority::Part StoredAuthority::operator[](std::size_t index) const {
  const Slot& slot = slots()[index];
  if (slot.text_at == 0) return {slot.terms, std::nullopt};
  return {slot.terms,
          std::string_view(reinterpret_cast<const char*>(this) + slot.text_at, slot.text_bytes)};
}

Authority StoredAuthority::whole() const {
  std::vector<Permission> permissions;
  permissions.reserve(size_);
  for (std::size_t i = 0; i < size_; ++i) {
    const Part part = (*this)[i];
    Permission& each = permissions.emplace_back(*part.terms);
    if (part.identifier) each.identifier = Pattern::parse(*part.identifier).value();
  }
  return Authority::of(std::move(permissions)).value();  // it was one before
}

bool operator==(const StoredAuthority& stored, const Authority& authority) {
  const std::vector<Permission>& permissions = authority.permissions();
  if (stored.size() != permissions.size()) return false;
  for (std::size_t i = 0; i < permissions.size(); ++i) {
    const StoredAuthority::Part part = stored[i];
    const std::optional<Pattern>& identifier = permissions[i].identifier;
    if (part.identifier.has_value() != identifier.has_value() ||
        (identifier && *part.identifier != identifier->text()) ||
        !same_terms(*part.terms, permissions[i])) {
      return false;
    }
  }
  return true;
}

}  // namespace mandate
