#include "mandate/json/record_stream.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "mandate/base/bytes.h"
#include "mandate/json/walk.h"

namespace mandate::json {
namespace {

constexpr std::size_t kWindowBytesMin = 256;  // after damage, until something is whole again

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

struct Looked {
  std::size_t newlines = 0;
  bool has_escape = false;
};

// Both in one pass, as many bytes at once as the machine's vectors hold.
Looked look_at(std::string_view text) {
  using Lanes = std::uint8_t __attribute__((vector_size(16)));
  constexpr std::size_t kTurnsMax = 255;  // before a lane's count would begin again
  Looked looked;
  while (text.size() >= sizeof(Lanes)) {
    const std::size_t turns = std::min(kTurnsMax, text.size() / sizeof(Lanes));
    Lanes newlines{};
    Lanes escapes{};
    for (std::size_t i = 0; i < turns; ++i) {
      Lanes bytes;
      std::memcpy(&bytes, text.data() + i * sizeof bytes, sizeof bytes);
      newlines -= reinterpret_cast<Lanes>(bytes == '\n');  // a match is all ones: -1
      escapes |= reinterpret_cast<Lanes>(bytes == '\\');
    }
    for (std::size_t lane = 0; lane < sizeof(Lanes); ++lane) {
      looked.newlines += newlines[lane];
      looked.has_escape = looked.has_escape || escapes[lane] != 0;
    }
    text.remove_prefix(turns * sizeof(Lanes));
  }
  looked.newlines += static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  looked.has_escape = looked.has_escape || text.find('\\') != std::string_view::npos;
  return looked;
}

// Replaces what is not UTF-8 by '?', and control characters other than line ends by spaces.
void make_readable(char* text, std::size_t size) {
  for (std::size_t i = 0; i < size;) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 && c != '\n') text[i] = ' ';
    const std::size_t bytes = c < 0x80 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    const bool is_whole = c < 0x80 || (i + bytes <= size && is_utf8({text + i, bytes}));
    if (!is_whole) text[i] = '?';
    i += is_whole ? bytes : 1;
  }
}

// The first byte that `make_readable` would change, or that stands in its way.
std::size_t first_unreadable(const char* text, std::size_t size) {
  for (std::size_t i = 0; i < size;) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 && !is_space(text[i])) return i;
    const std::size_t bytes = c < 0x80 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    if (c >= 0x80 && (i + bytes > size || !is_utf8({text + i, bytes}))) return i;
    i += bytes;
  }
  return 0;
}

Damage::Kind kind_of(Walk::End end) {
  return end == Walk::End::kTooDeep ? Damage::Kind::kTooDeep : Damage::Kind::kMalformed;
}

}  // namespace

Result<std::size_t> MemorySource::read(std::span<char> into) {
  const std::size_t bytes = std::min(into.size(), text_.size());
  if (bytes > 0) std::memcpy(into.data(), text_.data(), bytes);
  text_.remove_prefix(bytes);
  return bytes;
}

void Damage::add(Kind kind, std::uint64_t offset) {
  Row& row = rows[static_cast<std::size_t>(kind)];
  if (row.count++ == 0) row.first_offset = offset;
}

std::uint64_t Damage::skipped() const {
  std::uint64_t sum = 0;
  for (const Row& row : rows) sum += row.count;
  return sum - of(Kind::kBadBytes).count;
}

std::string_view name(Damage::Kind kind) {
  switch (kind) {
    case Damage::Kind::kNotAnObject: return "not an object";
    case Damage::Kind::kMalformed: return "malformed JSON";
    case Damage::Kind::kTooDeep: return "nested too deep";
    case Damage::Kind::kTooLong: return "too long";
    case Damage::Kind::kTruncated: return "truncated";
    case Damage::Kind::kBadBytes: return "bytes that are not UTF-8 text";
  }
  return "";
}

RecordStream::RecordStream(ByteSource& source, std::span<const std::string_view> envelopes,
                           std::size_t window_bytes)
    : source_(source),
      envelopes_(envelopes),
      buffer_(window_bytes + StructuralIndex::kPadding),
      window_target_(window_bytes) {}

RecordStream::RecordStream(ByteSource& source, std::span<const std::string_view> envelopes,
                           const Piece& piece, std::size_t window_bytes)
    : RecordStream(source, envelopes, window_bytes) {
  piece_ = piece;
  base_ = piece.offset;
  where_ = piece.begins_in;
}

bool RecordStream::next(const Projection& wanted, std::span<Slot> slots) {
  assert(slots.size() == wanted.slots());
  record_bytes_ = 0;
  bool is_record = false;
  while (step(wanted, slots, is_record)) {
    if (is_record) return true;
  }
  return false;
}

// One token's worth of progress, or a record; false at the end.
bool RecordStream::step(const Projection& wanted, std::span<Slot> slots, bool& is_record) {
  if (token_ == tokens_.size()) return fill(false);
  const char c = text_[tokens_[token_]];
  if (is_lost_) {
    resync(token_, token_, Damage::Kind::kMalformed);
    return true;
  }
  if (where_ == Where::kTail) {
    skip_tail();
  } else if (c == '{') {
    is_record = read_record(wanted, slots);
    return is_record || token_ < tokens_.size() || fill(record_token_ < tokens_.size());
  } else if (c == ',') {
    ++token_;
  } else if (c == ']' && where_ != Where::kTop) {
    tail_depth_ = 1;
    where_ = where_ == Where::kEnvelope ? Where::kTail : Where::kTop;
    ++token_;
  } else if (c == '[' && where_ == Where::kTop) {
    where_ = Where::kArray;
    ++token_;
  } else {
    skip_item();
  }
  return true;
}

// At '{'. Where the window ends first, `token_` is at its end and `record_token_` at the record.
bool RecordStream::read_record(const Projection& wanted, std::span<Slot> slots) {
  record_token_ = token_;
  record_begin_ = tokens_[token_];
  Walk walk(text_, tokens_, token_);
  const Walk::End end = walk.record(wanted, where_ == Where::kTop ? &envelopes_ : nullptr, slots);
  switch (end) {
    case Walk::End::kWhole: break;
    case Walk::End::kEnvelope:
      where_ = Where::kEnvelope;
      token_ = walk.token();
      return false;
    case Walk::End::kOpen: token_ = tokens_.size(); return false;
    case Walk::End::kMalformed:
    case Walk::End::kTooDeep: resync(token_, walk.token(), kind_of(end)); return false;
  }
  token_ = walk.token();
  record_token_ = tokens_.size();
  record_bytes_ = tokens_[token_ - 1] + 1 - record_begin_;
  if (may_escape_) unescape(slots);
  return true;
}

void RecordStream::read(const Projection& wanted, std::span<Slot> slots) {
  assert(slots.size() == wanted.slots() && record_bytes_ > 0);
  const auto at = std::lower_bound(tokens_.begin(), tokens_.end(), record_begin_);
  Walk(text_, tokens_, static_cast<std::size_t>(at - tokens_.begin()))
      .record(wanted, nullptr, slots);
  if (may_escape_) unescape(slots);
}

void RecordStream::unescape(std::span<Slot> slots) {
  std::size_t used = 0;
  for (Slot& slot : slots) {
    if (slot.kind != SlotKind::kString || slot.text.empty()) continue;
    if (std::memchr(slot.text.data(), '\\', slot.text.size()) == nullptr) continue;
    if (used == 0) unescaped_.resize(record_bytes_ + StructuralIndex::kPadding);
    const std::optional<std::size_t> bytes =
        index_.unescape(slot.text.data(), unescaped_.data() + used);
    if (!bytes) continue;  // a wrong escape: the text as it stands
    slot.text = {unescaped_.data() + used, *bytes};
    used += *bytes;
  }
}

void RecordStream::skip_item() {
  record_token_ = token_;
  record_begin_ = tokens_[token_];
  const std::uint64_t at = offset();
  Walk walk(text_, tokens_, token_);
  const Walk::End end = walk.skip();
  if (end == Walk::End::kWhole) {
    token_ = walk.token();
    record_token_ = tokens_.size();
    damage_.add(Damage::Kind::kNotAnObject, at);
    // What is no JSON at all is one loss, not one for each word.
    is_lost_ = where_ == Where::kTop;
  } else if (end == Walk::End::kOpen) {
    token_ = tokens_.size();
    if (!fill(true)) token_ = tokens_.size();
  } else {
    resync(token_, walk.token(), kind_of(end));
  }
}

void RecordStream::skip_tail() {
  for (; token_ < tokens_.size() && tail_depth_ > 0; ++token_) {
    const char c = text_[tokens_[token_]];
    if (c == '{' || c == '[') ++tail_depth_;
    if (c == '}' || c == ']') --tail_depth_;
  }
  if (tail_depth_ == 0) where_ = Where::kTop;
}

// Counts the loss of the record at `record_token` and moves to the next record that can be told:
// an object at the start of a line, or one that follows an object.
void RecordStream::resync(std::size_t record_token, std::size_t failed_token, Damage::Kind kind) {
  if (!is_lost_) {
    record_begin_ = tokens_[record_token];
    damage_.add(kind, offset());
  }
  auto char_at = [&](std::size_t token) { return text_[tokens_[token]]; };
  for (token_ = is_lost_ ? record_token : record_token + 1; token_ < tokens_.size(); ++token_) {
    if (char_at(token_) != '{') continue;
    const std::uint32_t at = tokens_[token_];
    bool is_start = at > 0 ? text_[at - 1] == '\n' : is_lost_;
    if (token_ >= failed_token && token_ >= 1) {
      const char before = char_at(token_ - 1);
      const bool is_next = before == ',' && (token_ < 2 || char_at(token_ - 2) == '}');
      is_start = is_start || before == '}' || is_next;
    }
    if (!is_start) continue;
    is_lost_ = false;
    record_token_ = tokens_.size();
    return;
  }
  record_token_ = tokens_.size();
  is_lost_ = true;
}

bool RecordStream::is_sound_piece() const {
  const bool is_damaged = std::any_of(damage_.rows.begin(), damage_.rows.end(),
                                      [](const Damage::Row& row) { return row.count > 0; });
  if (is_damaged || error_ || is_lost_) return false;
  return piece_.is_last || ended_in_ == piece_.ends_in;
}

std::uint64_t RecordStream::line() {
  count_lines(record_begin_);
  return line_;
}

void RecordStream::count_lines(std::size_t until) {
  line_ += look_at({text_ + lined_, until - lined_}).newlines;
  lined_ = until;
}

// The end of the last line or, where there is none late enough, of the last object that another
// follows; 0 where there is neither.
std::size_t RecordStream::last_boundary(std::size_t within) const {
  const char* text = buffer_.data() + begin_;
  const void* newline = ::memrchr(text, '\n', within);
  const std::size_t line_end =
      newline == nullptr ? 0
                         : static_cast<std::size_t>(static_cast<const char*>(newline) - text) + 1;
  if (line_end > within / 2) return line_end;
  for (std::size_t at = within; at-- > line_end;) {
    if (text[at] != '{') continue;
    std::size_t before = at;
    while (before > 0 && is_space(text[before - 1])) --before;
    if (before > 0 && text[before - 1] == ',') --before;
    while (before > 0 && is_space(text[before - 1])) --before;
    if (before > 0 && text[before - 1] == '}') return before;
  }
  return line_end;
}

// Gives up the first `bytes` of what is to be read.
void RecordStream::drop(std::size_t bytes, Damage::Kind kind) {
  text_ = buffer_.data() + begin_;
  std::size_t lead = 0;
  while (lead + 1 < bytes && (is_space(text_[lead]) || text_[lead] == ',')) ++lead;
  if (!is_lost_) damage_.add(kind, base_ + begin_ + lead);
  lined_ = 0;
  count_lines(bytes);
  lined_ = 0;
  begin_ += bytes;
  open_bytes_ = 0;
  window_target_ = std::min(window_target_, kWindowBytes);
  is_lost_ = true;
}

// Gives up the first line; where there is only one, all `bytes`.
void RecordStream::drop_line(std::size_t bytes, Damage::Kind kind) {
  const char* text = buffer_.data() + begin_;
  const void* newline = std::memchr(text, '\n', bytes);
  drop(newline == nullptr ? bytes
                          : static_cast<std::size_t>(static_cast<const char*>(newline) - text) + 1,
       kind);
}

// Moves the rest to the front and reads until the buffer is full.
void RecordStream::read_ahead() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    base_ += begin_;
    end_ -= begin_;
    begin_ = 0;
  }
  const std::size_t room = buffer_.size() - StructuralIndex::kPadding;
  while (!at_end_ && end_ < room) {
    Result<std::size_t> bytes = source_.read({buffer_.data() + end_, room - end_});
    if (!bytes) error_ = bytes.error();
    at_end_ = !bytes || *bytes == 0;
    if (bytes) end_ += *bytes;
  }
  std::memset(buffer_.data() + end_, 0, buffer_.size() - end_);
}

// The next window; `needs_more` where the record at `record_token_` did not end in this one.
bool RecordStream::fill(bool needs_more) {
  buffer_[begin_ + window_bytes_] = after_window_;
  const std::size_t consumed = needs_more ? tokens_[record_token_] : window_bytes_;
  if (window_bytes_ > 0 && consumed == window_bytes_) {
    line_ = window_line_ + window_lines_;
  } else if (window_bytes_ > 0) {
    count_lines(std::max(lined_, consumed));
  }
  begin_ += consumed;
  lined_ = 0;
  open_bytes_ = window_bytes_ - consumed;
  window_bytes_ = 0;
  after_window_ = '\0';
  tokens_ = {};
  token_ = record_token_ = record_begin_ = 0;
  // Twice what did not suffice, however small the window was.
  if (needs_more && open_bytes_ < limits::kRecordBytesMax)
    want(std::max(window_target_, 2 * open_bytes_));
  if (open_bytes_ >= limits::kRecordBytesMax) drop_line(open_bytes_, Damage::Kind::kTooLong);
  while (true) {
    if (!at_end_ && end_ - begin_ < window_target_) {
      const bool is_start = base_ == 0 && end_ == 0;
      read_ahead();
      if (is_start) skip_byte_order_mark();
    }
    if (begin_ == end_) break;
    if (index_window()) return true;
  }
  text_ = buffer_.data() + begin_;
  ended_in_ = where_;
  const bool is_open = where_ != Where::kTop && !is_lost_ && piece_.is_last;
  if (is_open) damage_.add(Damage::Kind::kTruncated, base_ + begin_);
  where_ = Where::kTop;
  return false;
}

void RecordStream::skip_byte_order_mark() {
  const std::string_view text(buffer_.data(), end_);
  if (text.starts_with("\xef\xbb\xbf")) begin_ += 3;
}

// Indexes [begin_, begin_ + bytes), made readable where it is not.
bool RecordStream::index(std::size_t bytes) {
  char* text = buffer_.data() + begin_;
  StructuralIndex::Status status = index_.build(text, bytes);
  if (status == StructuralIndex::Status::kBadBytes) {
    damage_.add(Damage::Kind::kBadBytes, base_ + begin_ + first_unreadable(text, bytes));
    make_readable(text, bytes);
    status = index_.build(text, bytes);
  }
  return status == StructuralIndex::Status::kWhole;
}

// Indexes as much as ends outside a string. False where it wants more bytes, or had to give some
// up, first.
bool RecordStream::index_window() {
  constexpr int kStepsBack = 4;  // a boundary may lie in a string; then it is the one before
  const char* text = buffer_.data() + begin_;
  const std::size_t available = std::min(end_ - begin_, window_target_);
  const bool is_last = at_end_ && available == end_ - begin_;
  std::size_t bytes = is_last ? available : last_boundary(available);
  for (int steps = 0; bytes > open_bytes_ && !index(bytes); ++steps) {
    if (steps > kStepsBack) window_target_ = std::max(kWindowBytesMin, window_target_ / 2);
    const std::size_t failed = bytes;
    bytes = last_boundary(steps < kStepsBack ? failed - 1 : failed / 2);
    if (bytes > open_bytes_) continue;
    const void* newline = std::memchr(text, '\n', failed);
    if (newline == nullptr) break;
    const auto line = static_cast<std::size_t>(static_cast<const char*>(newline) - text) + 1;
    if (line == failed) {
      drop(line, Damage::Kind::kMalformed);
      return false;
    }
    bytes = line;
  }
  if (bytes > open_bytes_) {
    open_window(bytes);
    return true;
  }
  if (!is_last && available < limits::kRecordBytesMax) {
    want(2 * available);
  } else {
    drop_line(available, is_last ? Damage::Kind::kTruncated : Damage::Kind::kTooLong);
  }
  return false;
}

void RecordStream::open_window(std::size_t bytes) {
  char* text = buffer_.data() + begin_;
  window_target_ = std::min(kWindowBytes, 2 * window_target_);
  window_target_ = std::min(window_target_, buffer_.size() - StructuralIndex::kPadding);
  open_bytes_ = 0;
  text_ = text;
  window_bytes_ = bytes;
  after_window_ = text[bytes];
  text[bytes] = '\0';
  tokens_ = index_.offsets();
  const Looked looked = look_at({text, bytes});
  may_escape_ = looked.has_escape;
  window_line_ = line_;
  window_lines_ = looked.newlines;
}

// A window of so many bytes, next.
void RecordStream::want(std::size_t bytes) {
  window_target_ = bytes;
  const std::size_t size = bytes + StructuralIndex::kPadding;
  if (buffer_.size() < size) buffer_.resize(size);
}

}  // namespace mandate::json
