internal import COpenSSL
internal import Glibc

/// What a certificate says, as values.
public struct CertificateInfo: Sendable, Equatable {
  /// Start of validity, seconds since 1970.
  public let notBefore: Int64
  /// End of validity, seconds since 1970.
  public let notAfter: Int64
  /// DNS names among the subject's alternative names, in lower case.
  public let dnsNames: [String]
  /// IP addresses among the subject's alternative names, as text.
  public let ipAddresses: [String]
  /// The serial number in hexadecimal digits.
  public let serial: String
  /// The subject, as RFC 2253 writes it.
  public let subject: String
  /// The issuer, as RFC 2253 writes it.
  public let issuer: String
  /// The subject's common name, if it has one.
  public let commonName: String?
  /// Whether the certificate may sign others.
  public let isAuthority: Bool

  init(_ handle: OpaquePointer) {
    notBefore = unixTime(X509_get0_notBefore(handle))
    notAfter = unixTime(X509_get0_notAfter(handle))
    (dnsNames, ipAddresses) = alternativeNames(handle)
    serial = serialText(handle)
    subject = nameText(X509_get_subject_name(handle))
    issuer = nameText(X509_get_issuer_name(handle))
    commonName = commonNameText(X509_get_subject_name(handle))
    isAuthority = X509_check_ca(handle) == 1
    ERR_clear_error()
  }

  /// Whole days from `now` until the certificate expires; negative when it has.
  public func daysLeft(now: Int64) -> Int {
    Int((Double(notAfter - now) / 86400).rounded(.down))
  }
}

/// The time as `2026-01-31 23:59:59 UTC`.
func utcText(_ seconds: Int64) -> String {
  var moment = time_t(seconds)
  var parts = tm()
  gmtime_r(&moment, &parts)
  func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
  return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday)) "
    + "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) UTC"
}

private func unixTime(_ time: UnsafePointer<ASN1_TIME>?) -> Int64 {
  var parts = tm()
  guard ASN1_TIME_to_tm(time, &parts) == 1 else { return 0 }
  return Int64(timegm(&parts))
}

private func serialText(_ handle: OpaquePointer) -> String {
  guard let number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(handle), nil) else { return "" }
  defer { BN_free(number) }
  guard let text = BN_bn2hex(number) else { return "" }
  defer { COpenSSL_free(text) }
  return String(cString: text)
}

private func nameText(_ name: OpaquePointer?) -> String {
  let bytes = PEM.written { bio in
    X509_NAME_print_ex(bio, name, 0, COpenSSL_name_format) >= 0 ? 1 : 0
  }
  return String(decoding: bytes, as: UTF8.self)
}

private func commonNameText(_ name: OpaquePointer?) -> String? {
  let index = X509_NAME_get_index_by_NID(name, NID_commonName, -1)
  guard index >= 0, let entry = X509_NAME_get_entry(name, index) else { return nil }
  var text: UnsafeMutablePointer<UInt8>?
  let count = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(entry))
  guard count >= 0, let text else { return nil }
  defer { COpenSSL_free(text) }
  return String(decoding: UnsafeBufferPointer(start: text, count: Int(count)), as: UTF8.self)
}

private func alternativeNames(_ handle: OpaquePointer) -> (dns: [String], addresses: [String]) {
  guard let names = X509_get_ext_d2i(handle, NID_subject_alt_name, nil, nil) else { return ([], []) }
  let stack = OpaquePointer(names)
  defer { GENERAL_NAMES_free(stack) }
  var dns: [String] = []
  var addresses: [String] = []
  for index in 0..<max(0, OPENSSL_sk_num(stack)) {
    guard let raw = OPENSSL_sk_value(stack, index) else { continue }
    let name = raw.assumingMemoryBound(to: GENERAL_NAME.self).pointee
    let value = UnsafePointer<ASN1_STRING>(OpaquePointer(name.d.ptr))
    let bytes = UnsafeBufferPointer(
      start: ASN1_STRING_get0_data(value), count: Int(ASN1_STRING_length(value)))
    switch name.type {
    case GEN_DNS: dns.append(String(decoding: bytes, as: UTF8.self).lowercased())
    case GEN_IPADD: addresses.append(addressText(bytes))
    default: break
    }
  }
  return (dns, addresses)
}

private func addressText(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
  var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
  let family = bytes.count == 4 ? AF_INET : AF_INET6
  guard bytes.count == 4 || bytes.count == 16,
    inet_ntop(family, bytes.baseAddress, &text, socklen_t(text.count)) != nil
  else { return "" }
  return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
