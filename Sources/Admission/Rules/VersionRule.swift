import Addressing
import JSON
import KubernetesAPI

/// `ipVersion` is 4 or 6, and a family that this installation uses.
enum VersionRule {
  static let valueID = RuleID("ip-version-supported")
  static let familyID = RuleID("ip-family-enabled")

  static let check: ObjectRule = { review, findings in
    let spec = review.spec
    judge(spec.versionView, spec.version, of: spec.network?.family, review.settings, &findings)
    if spec.versionView == nil, let family = spec.network?.family {
      findings.warn(
        .spec.child("ipVersion"),
        "is not set, \(family.rawValue) is meant by spec.subnet; is the mutating webhook registered?")
    }
  }

  /// The rule for any object with an `ipVersion`; `meant` is the family that the rest of the object shows.
  static func judge(
    _ view: JSONView?, _ version: IPFamily?, of meant: IPFamily?, _ settings: AdmissionSettings,
    _ findings: inout Findings
  ) {
    let path = FieldPath.spec.child("ipVersion")
    if let view, version == nil {
      findings.report(.notSupported, path, view.shown, "supported values: \"4\", \"6\"", valueID)
    } else if let family = version ?? meant, !settings.allows(family) {
      let other: IPFamily = family == .v4 ? .v6 : .v4
      findings.report(.forbidden, path, .none, "\(family) is disabled: use \(other)", familyID)
    }
  }
}

extension AdmissionSettings {
  /// Whether the family is in use here.
  func allows(_ family: IPFamily) -> Bool { family == .v4 ? allowsIPv4 : allowsIPv6 }
}

extension JSONView {
  /// The value as an error shows it.
  var shown: FieldError.Value {
    if let string { return .string(string) }
    if isNull { return .null }
    var writer = JSONWriter()
    writer.value(self)
    return .other(String(decoding: writer.bytes, as: UTF8.self))
  }
}
