// An extern "C" view of simdjson's DOM parser.
#pragma once
#include <stddef.h>
#include <stdint.h>
