internal import COpenSSL

/// The OpenSSL in use.
public enum TLSLibrary {
  /// Its version in its own words: `OpenSSL 3.0.19 27 Jan 2026`.
  public static var versionText: String { String(cString: OpenSSL_version(OPENSSL_VERSION)) }
}
