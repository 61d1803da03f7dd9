#define SIMDJSON_EXCEPTIONS 0
#include "CSimdjson.h"

#include <simdjson.h>

#include <memory>
#include <new>

static_assert(CSIMDJSON_PADDING >= simdjson::SIMDJSON_PADDING, "simdjson reads further");

using simdjson::dom::document;
using simdjson::dom::parser;

struct csimdjson_parser {
  explicit csimdjson_parser(size_t depth) noexcept : maximum_depth(depth) {}

  size_t maximum_depth;
  size_t capacity = 0;
  parser parser_;
  document document_;

  // Buffers for documents of `length` bytes: the next power of two, so that a growing series of documents
  // reallocates a few times only.
  csimdjson_status reserve(size_t length) noexcept {
    if (length <= capacity) return CSIMDJSON_OK;
    size_t wanted = 4096;
    while (wanted < length) wanted *= 2;
    capacity = 0;
    // simdjson refuses the level its limit names.
    auto error = parser_.allocate(wanted, maximum_depth + 1);
    if (!error) error = document_.allocate(wanted);
    if (error == simdjson::UNSUPPORTED_ARCHITECTURE) return CSIMDJSON_UNUSABLE;
    if (error) return CSIMDJSON_NO_MEMORY;
    capacity = wanted;
    return CSIMDJSON_OK;
  }
};

csimdjson_parser *csimdjson_create(size_t maximum_depth) {
  return new (std::nothrow) csimdjson_parser(maximum_depth);
}

void csimdjson_destroy(csimdjson_parser *parser) { delete parser; }

csimdjson_status csimdjson_parse(csimdjson_parser *p, const uint8_t *bytes, size_t length, size_t room,
                                 csimdjson_document *out) {
  auto status = p->reserve(length);
  if (status != CSIMDJSON_OK) return status;
  bool copies = room < CSIMDJSON_PADDING;
  auto error = p->parser_.parse_into_document(p->document_, bytes, length, copies).error();
  if (error == simdjson::UNSUPPORTED_ARCHITECTURE) return CSIMDJSON_UNUSABLE;
  if (error == simdjson::MEMALLOC) return CSIMDJSON_NO_MEMORY;
  if (error) return CSIMDJSON_REFUSED;
  out->tape = p->document_.tape.get();
  out->strings = p->document_.string_buf.get();
  return CSIMDJSON_OK;
}

size_t csimdjson_capacity(const csimdjson_parser *p) { return p->capacity; }

void csimdjson_release_buffers(csimdjson_parser *p) {
  p->parser_ = parser();
  p->document_ = document();
  p->capacity = 0;
}
