internal import Admission

/// What a path of the webhook port stands for.
enum Route: Equatable {
  case review(Phase)
  /// Spiderpool's own health path on the TLS port.
  case health
  case unknown

  /// Spiderpool's webhook paths end in `-spiderippool` and the like; the object in the review says which it is,
  /// so its prefixes are enough.
  init(path: String) {
    switch path {
    case "/mutate": self = .review(.mutate)
    case "/validate": self = .review(.validate)
    case "/webhook-health-check": self = .health
    case _ where path.hasPrefix("/mutate-spiderpool-spidernet-io-v2beta1-"): self = .review(.mutate)
    case _ where path.hasPrefix("/validate-spiderpool-spidernet-io-v2beta1-"): self = .review(.validate)
    case "/mutate--v1-pod": self = .review(.mutate)
    case "/validate--v1-pod": self = .review(.validate)
    default: self = .unknown
    }
  }
}

/// The time the API server gives a review, told in the query: `?timeout=10s`.
enum ReviewTimeout {
  /// What applies when the query names none: the API server's own default.
  static let standard: Duration = .seconds(10)

  /// Reads Go's duration text as the API server writes it (`10s`, `1m30s`, `500ms`); what cannot be read counts as absent.
  static func parse(query: String) -> Duration {
    for pair in query.split(separator: "&") where pair.hasPrefix("timeout=") {
      return goDuration(pair.dropFirst("timeout=".count)) ?? standard
    }
    return standard
  }

  private static func goDuration(_ text: Substring) -> Duration? {
    var rest = text
    var total: Duration = .zero
    repeat {
      let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
      guard let count = Double(digits), count >= 0, count < 100_000 else { return nil }
      rest = rest.dropFirst(digits.count)
      let unit = rest.prefix { !($0.isASCII && $0.isNumber) }
      rest = rest.dropFirst(unit.count)
      switch unit {
      case "ms": total += .milliseconds(count)
      case "s": total += .seconds(count)
      case "m": total += .seconds(count * 60)
      case "h": total += .seconds(count * 3600)
      default: return nil
      }
    } while !rest.isEmpty
    return total > .zero ? total : nil
  }
}
