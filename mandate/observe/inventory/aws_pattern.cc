#include "mandate/observe/inventory/aws_pattern.h"

#include <algorithm>
#include <vector>

namespace mandate::observe {
namespace {

// With `covers`, a wildcard in the text stands for itself: only `*` covers it, and `?` another `?`.
bool match(std::string_view pattern, std::string_view text, bool covers) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t mark = 0;
  while (t < text.size()) {
    bool is_one = p < pattern.size() && pattern[p] != '*' &&
                  (pattern[p] == text[t] || (pattern[p] == '?' && (!covers || text[t] != '*')));
    if (is_one && !(covers && text[t] == '*')) {
      ++p;
      ++t;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

}  // namespace

bool glob_match(std::string_view pattern, std::string_view text) {
  return pattern == "*" || match(pattern, text, false);
}

bool glob_covers(std::string_view general, std::string_view specific) {
  return general == "*" || match(general, specific, true);
}

bool glob_meet(std::string_view a, std::string_view b) {
  if (a == "*" || b == "*") return true;
  if (a.find_first_of("*?") == std::string_view::npos) return glob_match(b, a);
  if (b.find_first_of("*?") == std::string_view::npos) return glob_match(a, b);
  // meets[j]: the rest of `a` from i and of `b` from j have a text in common.
  std::vector<bool> below(b.size() + 1);
  std::vector<bool> meets(b.size() + 1);
  for (std::size_t i = a.size() + 1; i-- > 0;) {
    for (std::size_t j = b.size() + 1; j-- > 0;) {
      bool a_ends = i == a.size();
      bool b_ends = j == b.size();
      bool holds = a_ends && b_ends;
      if (!a_ends && a[i] == '*') holds = below[j] || (!b_ends && meets[j + 1]);
      if (!b_ends && b[j] == '*') holds = holds || meets[j + 1] || (!a_ends && below[j]);
      if (!a_ends && !b_ends && a[i] != '*' && b[j] != '*') {
        holds = (a[i] == b[j] || a[i] == '?' || b[j] == '?') && below[j + 1];
      }
      meets[j] = holds;
    }
    std::swap(meets, below);
  }
  return below[0];
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

}  // namespace mandate::observe
