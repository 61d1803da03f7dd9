internal import COpenSSL

/// A directory with an authority and one serving certificate, under the names that Kubernetes gives such files: `ca.crt`,
/// `ca.key`, `tls.crt` and `tls.key`.
///
/// Keys are readable by their owner alone. Every file is replaced at once, the key right before its certificate; a server that
/// looks between the two sees a pair that does not fit, refuses it, and finds the right one when it looks again.
public struct CertificateDirectory: Sendable {
  /// How long certificates are made for.
  public struct Lifetimes: Sendable, Equatable {
    /// Days that a new authority is valid: it is built into webhook configurations, so it changes rarely.
    public var authorityDays: Int
    /// Days that a new serving certificate is valid: it is renewed without anybody noticing, so it changes often.
    public var leafDays: Int

    /// Ten years for the authority, ninety days for the certificate, unless told otherwise.
    public init(authorityDays: Int = 3650, leafDays: Int = 90) {
      self.authorityDays = authorityDays
      self.leafDays = leafDays
    }
  }

  /// What was written.
  public struct Outcome: Sendable, Equatable {
    /// Whether the authority is new: who trusted the old one must be told.
    public var madeAuthority: Bool
    /// What the authority's certificate says.
    public var authority: CertificateInfo
    /// What the new serving certificate says.
    public var leaf: CertificateInfo
  }

  /// The directory.
  public let path: String

  /// The directory at `path`, which need not be there yet.
  public init(_ path: String) { self.path = path }

  /// The authority's certificate, which goes into a webhook configuration's `caBundle`.
  public var authorityCertificateFile: String { "\(path)/ca.crt" }
  /// The authority's key. A server does not need it.
  public var authorityKeyFile: String { "\(path)/ca.key" }
  /// The serving certificate.
  public var certificateFile: String { "\(path)/tls.crt" }
  /// The serving certificate's key.
  public var keyFile: String { "\(path)/tls.key" }

  /// Makes a serving certificate for `hosts`, and first an authority if there is none.
  /// - Throws: when a host is neither a name nor an address, when only half of the authority is there or it has expired, and when
  ///   a file cannot be read or written. Nothing is replaced then.
  public func issue(
    hosts: [String], lifetimes: Lifetimes = Lifetimes(), now: Int64 = currentUnixTime()
  ) throws(TLSError) -> Outcome {
    try Files.makeDirectory(path)
    let isNew = !Files.exists(authorityCertificateFile) && !Files.exists(authorityKeyFile)
    let authority =
      isNew
      ? try CertificateAuthority.make(
        commonName: "spiderpool-webhook-ca", days: lifetimes.authorityDays, now: now)
      : try readAuthority()
    let leaf = try authority.issue(.server(hosts: hosts), days: lifetimes.leafDays, now: now)
    if isNew { try write(authority.pair, authorityCertificateFile, authorityKeyFile) }
    try write(leaf, certificateFile, keyFile)
    return Outcome(
      madeAuthority: isNew, authority: try info(authority.pair.certificate, authorityCertificateFile),
      leaf: try info(leaf.certificate, certificateFile))
  }

  /// Makes a new serving certificate with a new key, for the names of the one that is there unless `hosts` are given.
  public func renew(
    hosts: [String] = [], lifetimes: Lifetimes = Lifetimes(), now: Int64 = currentUnixTime()
  ) throws(TLSError) -> Outcome {
    let authority = try readAuthority()
    let old = try info(try Files.read(certificateFile), certificateFile)
    let names = hosts.isEmpty ? old.dnsNames + old.ipAddresses : hosts
    let leaf = try authority.issue(.server(hosts: names), days: lifetimes.leafDays, now: now)
    try write(leaf, certificateFile, keyFile)
    return Outcome(
      madeAuthority: false, authority: try info(authority.pair.certificate, authorityCertificateFile),
      leaf: try info(leaf.certificate, certificateFile))
  }

  private func readAuthority() throws(TLSError) -> CertificateAuthority {
    let pair = CertificateAuthority.Pair(
      certificate: try Files.read(authorityCertificateFile), key: try Files.read(authorityKeyFile))
    do throws(TLSError) {
      return try CertificateAuthority(pair)
    } catch {
      throw TLSError(
        error.reason, "\(authorityCertificateFile) and \(authorityKeyFile) are of no use: \(error)")
    }
  }

  private func info(_ pem: [UInt8], _ name: String) throws(TLSError) -> CertificateInfo {
    try PEM.certificates(pem, named: name)[0].info
  }

  private func write(_ pair: CertificateAuthority.Pair, _ certificate: String, _ key: String) throws(TLSError)
  {
    let stagedKey = try Files.stage(pair.key, for: key, mode: 0o600)
    let stagedCertificate = try Files.stage(pair.certificate, for: certificate, mode: 0o644)
    try Files.put(stagedKey, at: key)
    try Files.put(stagedCertificate, at: certificate)
    try Files.sync(directory: path)
  }
}
