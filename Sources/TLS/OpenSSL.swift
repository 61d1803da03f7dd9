internal import COpenSSL

/// The library as a whole.
enum OpenSSL {
  /// Must come before anything else is asked of the library. Without it OpenSSL frees its tables when the process exits, under the
  /// feet of every event loop that is still closing a connection.
  private static let isPrepared = OPENSSL_init_crypto(UInt64(OPENSSL_INIT_NO_ATEXIT), nil) == 1

  /// Makes the library ready, and this thread's error queue empty.
  static func begin() {
    precondition(isPrepared, "OpenSSL cannot be initialised")
    ERR_clear_error()
  }

  /// Makes the library ready.
  static func prepare() {
    precondition(isPrepared, "OpenSSL cannot be initialised")
  }
}
