import JSON
public import KubernetesAPI

/// Which of the two webhooks is asked.
public enum Phase: UInt8, Sendable, CaseIterable {
  /// Defaults are filled in.
  case mutate
  /// The complete object is judged.
  case validate
}

/// The answer to a review, and what the caller has to do about it.
public struct ReviewOutcome: Sendable {
  /// The HTTP status: 200 whenever the review as such could be answered.
  public let httpStatus: Int
  /// The body: an AdmissionReview, or a `Status` when what came was none.
  public let body: [UInt8]
  /// What was decided, for logs and metrics.
  public let decision: Decision
  /// Addresses that the admitted object holds from now on: with more than one replica the others must hear of them
  /// before the answer is sent. Nil when there are none.
  public var claim: AddressClaim? { consequences?.claim }
  /// Addresses that must be stored for the Pod before the answer is sent. Nil when there are none.
  public var binding: BindOrder? { consequences?.binding }
  /// What was admitted, if the settings ask for it: the embedded store writes it down before the answer is sent.
  public var admitted: AdmittedChange? { consequences?.admitted }
  /// What may lead to another answer if it is done first: then the review is judged again. Nil when this answer stays.
  public var prerequisite: Prerequisite? { consequences?.prerequisite }
  /// Apart, since most reviews have none and an outcome is passed on often.
  private let consequences: Consequences?

  private final class Consequences: Sendable {
    let claim: AddressClaim?
    let binding: BindOrder?
    let admitted: AdmittedChange?
    let prerequisite: Prerequisite?

    init?(
      _ claim: AddressClaim?, _ binding: BindOrder?, _ admitted: AdmittedChange?,
      _ prerequisite: Prerequisite?
    ) {
      if claim == nil, binding == nil, admitted == nil, prerequisite == nil { return nil }
      self.claim = claim
      self.binding = binding
      self.admitted = admitted
      self.prerequisite = prerequisite
    }
  }

  init(
    httpStatus: Int = 200, body: [UInt8], decision: Decision, claim: AddressClaim? = nil,
    binding: BindOrder? = nil, admitted: AdmittedChange? = nil, prerequisite: Prerequisite? = nil
  ) {
    self.httpStatus = httpStatus
    self.body = body
    self.decision = decision
    consequences = Consequences(claim, binding, admitted, prerequisite)
  }
}

/// A change that the validating review let pass.
public struct AdmittedChange: Sendable, Equatable {
  /// What is done.
  public let operation: AdmissionOperation
  /// The kind of object.
  public let type: ResourceType
  /// The name; empty while one is still to be generated.
  public let name: String
  /// The object as JSON; empty for DELETE.
  public let object: [UInt8]
}

/// What was decided, in a form that costs little to make: the texts are bytes in one buffer until someone reads them.
public struct Decision: Sendable {
  /// The possible outcomes.
  public enum Verdict: UInt8, Sendable, CaseIterable {
    /// Judged and found right.
    case allowed
    /// Let pass without judgement: a kind, operation or subresource without rules.
    case notJudged
    /// Refused.
    case denied
    /// The request could not be understood.
    case bad
  }

  /// What was judged.
  public enum Kind: UInt8, Sendable, CaseIterable {
    /// A SpiderIPPool.
    case pool
    /// A SpiderSubnet.
    case subnet
    /// A SpiderReservedIP.
    case reservedIP
    /// A Pod.
    case pod
    /// An object that makes Pods.
    case workload
    /// Anything else.
    case other
  }

  /// The webhook that was asked.
  public let phase: Phase
  /// What is done; nil when that could not be read.
  public let operation: AdmissionOperation?
  /// What was judged.
  public let kind: Kind
  /// The outcome.
  public let verdict: Verdict
  /// The code of the refusal, 200 when there is none.
  public let code: Int
  /// Whether nothing was to be changed.
  public let isDryRun: Bool
  /// Whether the answer holds a patch.
  public let isPatched: Bool
  /// The first rule that refused.
  public let rule: StaticString?
  private let texts: Texts

  init(
    phase: Phase, request: AdmissionRequest?, subject: Subject = .other, verdict: Verdict, code: Int = 200,
    isPatched: Bool = false, rule: StaticString? = nil
  ) {
    self.phase = phase
    operation = request?.operation
    kind = Kind(subject)
    self.verdict = verdict
    self.code = code
    isDryRun = request?.isDryRun ?? false
    self.isPatched = isPatched
    self.rule = rule
    texts = Texts(request)
  }

  init(_ other: Decision, deniedBy rule: StaticString, code: Int) {
    phase = other.phase
    operation = other.operation
    kind = other.kind
    verdict = .denied
    self.code = code
    isDryRun = other.isDryRun
    isPatched = false
    self.rule = rule
    texts = other.texts
  }

  /// The request's UID.
  public var uid: String { texts[0] }
  /// Who asked.
  public var user: String { texts[1] }
  /// The object's kind, as the request says it.
  public var kindName: String { texts[2] }
  /// The object's API group, empty for the core group.
  public var group: String { texts[3] }
  /// The object's namespace, empty for an object of the cluster.
  public var namespace: String { texts[4] }
  /// The object's name, empty while one is still to be generated.
  public var name: String { texts[5] }

  /// The texts of a decision, in the order of their places.
  public enum Text: Int, Sendable {
    /// As the properties of these names.
    case uid, user, kindName, group, namespace, name
  }

  /// Hands over a text as bytes, for those who write it on and need no `String`.
  public func withUTF8(_ text: Text, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
    texts.withUTF8(text.rawValue, body)
  }
}

/// Texts one behind the other.
private struct Texts: Sendable {
  /// A text longer than this is cut: names are shorter, and nothing else needs to be kept whole.
  static let limit = 1024

  var bytes: [UInt8] = []
  /// Where each text ends.
  var ends: SIMD8<UInt16> = .zero

  init(_ request: AdmissionRequest?) {
    guard let request else { return }
    bytes.reserveCapacity(160)
    append(request.uid.utf8, 0)
    append(request.username?.utf8, 1)
    append(request.kind?.utf8, 2)
    append(request.group?.utf8, 3)
    append(request.namespace?.utf8, 4)
    // A name that is still to be generated is told as far as it is known.
    append((request.name ?? request.object?["metadata"]?["generateName"])?.utf8, 5)
  }

  private mutating func append(_ text: UnsafeBufferPointer<UInt8>?, _ place: Int) {
    if let text {
      bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text.prefix(Self.limit)))
    }
    ends[place] = UInt16(bytes.count)
  }

  subscript(place: Int) -> String { String(decoding: bytes[range(place)], as: UTF8.self) }

  func withUTF8(_ place: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
    bytes.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[range(place)])) }
  }

  private func range(_ place: Int) -> Range<Int> {
    let start = place == 0 ? 0 : Int(ends[place - 1])
    return start..<max(start, Int(ends[place]))
  }
}

extension Decision.Kind {
  /// What refusals call its objects, for the kinds that are known.
  var plural: String? {
    switch self {
    case .pool: ResourceType.spiderIPPool.plural
    case .subnet: ResourceType.spiderSubnet.plural
    case .reservedIP: ResourceType.spiderReservedIP.plural
    case .pod: ResourceType.pod.plural
    case .workload, .other: nil
    }
  }

  fileprivate init(_ subject: Subject) {
    self =
      switch subject {
      case .pool: .pool
      case .subnet: .subnet
      case .reservedIP: .reservedIP
      case .pod, .binding: .pod
      case .workload, .thirdParty: .workload
      case .other: .other
      }
  }
}
