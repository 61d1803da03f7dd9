// An extern "C" view of simdjson's DOM parser: bytes go in, the tape and the string buffer come out as pointers.
// Nothing here throws or aborts: whatever goes wrong, memory included, is a status.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum csimdjson_status {
  CSIMDJSON_OK = 0,
  CSIMDJSON_NO_MEMORY = 1,  // buffers could not be allocated
  CSIMDJSON_REFUSED = 2,    // the document is not JSON, is too deep, or holds a number that fits no 64-bit type
  CSIMDJSON_UNUSABLE = 3,   // simdjson has no implementation for this processor
} csimdjson_status;

// What a parse leaves behind; valid until the next call with the same parser.
// The layout of both buffers is simdjson's, described in its doc/tape.md.
typedef struct csimdjson_document {
  const uint64_t *tape;    // tape[0] is the root word, tape[1] the first word of the document's value
  const uint8_t *strings;  // each string: 32-bit length, bytes, a NUL; at least 8 readable bytes follow any string
} csimdjson_document;

typedef struct csimdjson_parser csimdjson_parser;

// NULL when there is no memory. An object or array without content is no level of depth. A new parser holds no buffers yet.
csimdjson_parser *csimdjson_create(size_t maximum_depth);
void csimdjson_destroy(csimdjson_parser *parser);

// The bytes behind a document that may be read, whatever they hold, if it is not to be copied first.
enum { CSIMDJSON_PADDING = 64 };

// Parses the bytes. `room` is how many further bytes behind them may be read: with CSIMDJSON_PADDING or more the document is
// parsed where it lies, with less a copy of it is.
csimdjson_status csimdjson_parse(csimdjson_parser *parser, const uint8_t *bytes, size_t length, size_t room,
                                 csimdjson_document *document);

// The largest document that fits the buffers the parser holds now. The buffers take about 15 bytes per byte of it.
size_t csimdjson_capacity(const csimdjson_parser *parser);

// Gives all buffers back.
void csimdjson_release_buffers(csimdjson_parser *parser);

#ifdef __cplusplus
}
#endif
