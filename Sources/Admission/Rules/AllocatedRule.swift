import Addressing
import JSON
import KubernetesAPI

/// A pool keeps the addresses that Pods hold.
///
/// What Pods hold is read from the stored object: the new one's status is the client's word until the API server puts
/// the stored status in its place, which it does only for kinds with a status subresource. The write is conditional on
/// the version that was judged, so an allocation in between sends the request through here again.
enum AllocatedRule {
  static let id = RuleID("addresses-in-use")
  static let statusID = RuleID("allocated-ips-readable")

  /// Addresses beyond this many are counted, not listed.
  private static let maximumShown = 10

  static let check: ObjectRule = { review, findings in
    guard let old = review.old, let addresses = review.spec.addresses, review.keepsIdentity else { return }
    if let lost = review.lost, lost.isEmpty { return }
    let text = review.request.oldObject?["status"]?["allocatedIPs"]?.utf8
    guard let text, !text.isEmpty else { return }
    let allocations = allocations(in: text) { !addresses.contains($0) && old.addresses?.contains($0) ?? true }
    guard let allocations else {
      findings.report(
        .internalError, FieldPath("status").child("allocatedIPs"), .none,
        "is not the JSON object of allocations, so that no address can be taken out of the pool; repair it first",
        statusID)
      return
    }
    guard !allocations.isEmpty else { return }
    let listed = allocations.prefix(maximumShown).map { "\($0.address) is used by Pod \($0.pod)" }
    let more = allocations.count - listed.count
    findings.report(
      .forbidden, .spec.child("ips"), .none,
      "\(listed.joined(separator: ", "))\(more > 0 ? " and \(more) more are in use" : ""); "
        + "keep addresses in use in spec.ips and out of spec.excludeIPs, or delete the Pods first",
      id)
  }

  /// The allocations of the addresses that `matches`, in numerical order; nil when the text is no JSON object. Keys
  /// that are no addresses are passed over.
  private static func allocations(
    in text: UnsafeBufferPointer<UInt8>, where matches: (IPAddress) -> Bool
  ) -> [(address: IPAddress, pod: String)]? {
    var parser = JSONParser()
    var found: [(address: IPAddress, pod: String)] = []
    do throws(JSONError) {
      let isObject = try parser.parse(UnsafeRawBufferPointer(text)) { view in
        for (key, record) in view.members {
          guard let key = key.utf8, let address = try? IPAddress(key), matches(address) else { continue }
          found.append((address, GoText.shortened(record["pod"]?.string ?? "(unknown)")))
        }
        return view.kind == .object
      }
      guard isObject else { return nil }
    } catch { return nil }
    found.sort { $0.address < $1.address }
    return found
  }
}
