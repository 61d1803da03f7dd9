import Addressing
import JSON
import KubernetesAPI

/// What an admitted object keeps to itself until it can be seen.
enum ClaimRule {
  static let id = RuleID("claimed")

  /// The claim of a new object, of a pool that gains addresses, or of a subnet that loses some; nil for anything else.
  /// It holds all of the object's addresses, not the difference, so that the next change of the same object does not
  /// have to know of this one.
  static func claim(of review: borrowing AddressReview) -> AddressClaim? {
    guard let network = review.spec.network, let addresses = review.spec.addresses else { return nil }
    if !review.isCreate {
      let change = review.subject == .pool ? review.gained : review.lost
      if change?.isEmpty ?? true { return nil }
    }
    return AddressClaim(
      id: review.request.uid.string ?? "", uid: review.isCreate ? review.metadata.uid?.string ?? "" : "",
      kind: review.subject == .pool ? .pool : .subnet,
      name: review.name, network: network, addresses: addresses,
      expires: review.now + review.settings.claimLifetime)
  }
}
