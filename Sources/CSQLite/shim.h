// SQLite 3. Destructor constants are macros with casts that Swift cannot import.
#pragma once
#include <sqlite3.h>
static inline sqlite3_destructor_type CSQLite_transient(void) { return SQLITE_TRANSIENT; }
