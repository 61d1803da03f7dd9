import Addressing
import JSON
import KubernetesAPI

/// `subnet` is a network of the right family in its one canonical form.
enum SubnetFormatRule {
  static let id = RuleID("subnet-format")
  static let canonicalID = RuleID("subnet-canonical")
  static let familyID = RuleID("subnet-family")

  static let check: ObjectRule = { review, findings in
    let spec = review.spec
    let path = FieldPath.spec.child("subnet")
    let example = spec.version == .v6 ? "fd00:10::/64" : "10.6.0.0/16"
    guard let view = spec.subnetView else {
      findings.report(.required, path, .none, "write the network, such as \(example)", id)
      return
    }
    guard let network = spec.network else {
      findings.report(
        .invalid, path, view.shown, "\(fault(in: view.string)); write a network such as \(example)", id)
      return
    }
    if !spec.isCanonical {
      findings.report(.invalid, path, view.shown, "is not in canonical form; write \(network)", canonicalID)
    }
    if let version = spec.version, version != network.family, review.keepsIdentity {
      findings.report(
        .invalid, path, view.shown,
        "is \(network.family), but spec.ipVersion is \(version.rawValue); "
          + "write an \(version) network, or set spec.ipVersion to \(network.family.rawValue)",
        familyID)
    }
  }

  private static func fault(in text: String?) -> String {
    guard let text else { return "must be a string" }
    do throws(CIDRError) {
      _ = try CIDR(text)
      return "is not a network"
    } catch {
      return "\(error)"
    }
  }
}
