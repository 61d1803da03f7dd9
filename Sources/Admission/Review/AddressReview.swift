import Addressing
import JSON
import KubernetesAPI

/// What the rules for one kind of object judge.
enum Subject: UInt8, Sendable {
  case pool, subnet, reservedIP, pod, binding, workload, thirdParty, other
}

/// The metadata of an object in a review, as far as rules look at it.
struct MetadataReading {
  private(set) var view: JSONView?
  private(set) var name: JSONView?
  private(set) var uid: JSONView?
  private(set) var finalizers: JSONView?
  private(set) var labels: JSONView?
  private(set) var annotations: JSONView?
  private(set) var ownerReferences: JSONView?
  private(set) var isTerminating = false

  init(_ object: JSONView?) {
    guard let metadata = object?["metadata"], metadata.kind == .object else { return }
    view = metadata
    for (key, value) in metadata.members where !value.isNull {
      switch key.utf8?.count {
      case 3: if key.equals("uid") { uid = value }
      case 4: if key.equals("name") { name = value }
      case 6: if key.equals("labels") { labels = value }
      case 10: if key.equals("finalizers") { finalizers = value }
      case 11: if key.equals("annotations") { annotations = value }
      case 15: if key.equals("ownerReferences") { ownerReferences = value }
      case 17: if key.equals("deletionTimestamp") { isTerminating = true }
      default: break
      }
    }
  }

  /// Whether our finalizer is set.
  var hasFinalizer: Bool { finalizers?.elements.contains { $0.equals(SpiderAPI.finalizer) } ?? false }

  /// The owner with `controller: true` and its position.
  var controller: (position: Int, reference: JSONView)? {
    guard let ownerReferences else { return nil }
    var position = 0
    for reference in ownerReferences.elements {
      if reference["controller"]?.bool == true { return (position, reference) }
      position += 1
    }
    return nil
  }
}

/// A pool or subnet under review.
struct AddressReview {
  let request: AdmissionRequest
  let subject: Subject
  let settings: AdmissionSettings
  let now: UInt64
  let name: String
  let metadata: MetadataReading
  let spec: SpecReading
  /// The stored object's spec; nil on CREATE.
  let old: SpecReading?

  init(_ request: AdmissionRequest, _ subject: Subject, _ settings: AdmissionSettings, now: UInt64) {
    self.request = request
    self.subject = subject
    self.settings = settings
    self.now = now
    metadata = MetadataReading(request.object)
    name = (request.name ?? metadata.name)?.string ?? ""
    var spec = SpecReading(request.object?["spec"])
    spec.readLists()
    self.spec = spec
    if request.operation == .update, let oldObject = request.oldObject {
      var old = SpecReading(oldObject["spec"])
      old.readLists()
      self.old = old
    } else {
      old = nil
    }
  }

  var isCreate: Bool { request.operation == .create }

  /// `SpiderIPPool` or `SpiderSubnet`.
  var kindName: String { subject == .pool ? "SpiderIPPool" : "SpiderSubnet" }

  /// The addresses that the object did not have before; nil when the new ones cannot be told.
  var gained: AddressSet? {
    guard let addresses = spec.addresses else { return nil }
    guard let before = old?.addresses, before.family == addresses.family else { return addresses }
    return addresses.subtracting(before)
  }

  /// The addresses that the object has no longer; nil when they cannot be told.
  var lost: AddressSet? {
    guard let before = old?.addresses, let addresses = spec.addresses, before.family == addresses.family
    else {
      return nil
    }
    return before.subtracting(addresses)
  }

  /// Whether the pool is one that a controller keeps for an application.
  var isAutomatic: Bool { metadata.labels?[SpiderAPI.Label.ownerApplicationName] != nil }

  /// Whether family and network stayed what they were. When they did not, that is the mistake, and what does not fit
  /// them is its consequence.
  var keepsIdentity: Bool {
    guard let old else { return true }
    return old.network == spec.network
      && (old.version == spec.version || old.version == nil || spec.version == nil)
  }

  /// The network that addresses must lie in.
  var network: CIDR? { keepsIdentity ? spec.network : nil }

  /// The family that addresses must have.
  var family: IPFamily? { keepsIdentity ? spec.family : nil }
}
