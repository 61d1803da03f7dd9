import JSON
import KubernetesAPI
import Synchronization
import Testing

@testable import Admission

/// A reviewer with its directory, spoken to in JSON texts.
struct World {
  static let now: UInt64 = 1_800_000_000_000

  var directory = PoolDirectory()
  var settings = AdmissionSettings()
  var now = World.now

  var reviewer: Reviewer { Reviewer(directory: directory, settings: settings) }

  /// What the directory holds now.
  var index: PoolIndex.Contents { directory.withIndex { index in index.contents } }

  func answer(_ bytes: [UInt8], _ phase: Phase) -> ReviewOutcome {
    var parser = JSONParser()
    return reviewer.review(bytes, parser: &parser, phase: phase, now: now)
  }

  func answer(_ text: String, _ phase: Phase) -> ReviewOutcome { answer(Array(text.utf8), phase) }

  /// Puts an object into the directory, as the watch would.
  func store(_ kind: String, _ name: String, _ spec: String, status: String = "{}", metadata: String = "")
    throws
  {
    let object = World.object(kind, name, spec, metadata: metadata, status: status)
    var parser = JSONParser()
    try parser.parse(Array(object.utf8)) { view in
      switch kind {
      case "SpiderIPPool": directory.upsert(SpiderIPPool(view))
      case "SpiderSubnet": directory.upsert(SpiderSubnet(view))
      default: directory.upsert(SpiderReservedIP(view))
      }
    }
  }

  /// Puts the subnets into the directory that recorded workloads name.
  func storeDemoSubnets() throws {
    try store(
      "SpiderSubnet", "subnet-demo-v4", #"{"subnet":"172.16.0.0/16","ips":["172.16.41.1-172.16.41.200"]}"#)
    try store(
      "SpiderSubnet", "subnet-demo-v6",
      #"{"subnet":"fc00:f853:ccd:e790::/64","ips":["fc00:f853:ccd:e790::2-fc00:f853:ccd:e790::ff"]}"#)
  }

  /// The object as JSON text; `metadata` holds further members with a comma in front.
  static func object(
    _ kind: String, _ name: String, _ spec: String, metadata: String = "", status: String? = nil
  ) -> String {
    let rest = status.map { ",\"status\":\($0)" } ?? ""
    return """
      {"apiVersion":"spiderpool.spidernet.io/v2beta1","kind":"\(kind)","metadata":{"name":"\(name)","uid":"uid-\(name)"\
      \(metadata)},"spec":\(spec)\(rest)}
      """
  }

  private static let reviews = Atomic(0)

  /// A UID that no other review of this process has.
  static func nextUID() -> String { "review-\(reviews.add(1, ordering: .relaxed).newValue)" }

  /// A review of one of Spiderpool's kinds.
  static func review(
    _ kind: String, _ operation: String, name: String, object: String?, old: String? = nil,
    dryRun: Bool = false
  ) -> String {
    """
    {"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"\(nextUID())","kind":{"group":\
    "spiderpool.spidernet.io","version":"v2beta1","kind":"\(kind)"},"resource":{"group":"spiderpool.spidernet.io",\
    "version":"v2beta1","resource":"\(kind.lowercased())s"},"name":"\(name)","operation":"\(operation)",\
    "userInfo":{"username":"admin"},"object":\(object ?? "null"),"oldObject":\(old ?? "null"),"dryRun":\(dryRun)}}
    """
  }

  /// Creates an object with this spec.
  func create(
    _ kind: String, _ spec: String, named name: String = "custom", metadata: String = "",
    dryRun: Bool = false,
    phase: Phase = .validate
  ) -> Answer {
    let object = World.object(kind, name, spec, metadata: metadata)
    return Answer(
      answer(World.review(kind, "CREATE", name: name, object: object, dryRun: dryRun), phase))
  }

  /// Changes an object from one spec to another. The status is the stored one.
  func update(
    _ kind: String, named name: String = "custom", from before: String, to after: String,
    status: String = "{}",
    metadata: String = "", oldMetadata: String? = nil, phase: Phase = .validate, dryRun: Bool = false
  ) -> Answer {
    let old = World.object(kind, name, before, metadata: oldMetadata ?? metadata, status: status)
    let object = World.object(kind, name, after, metadata: metadata, status: status)
    return Answer(
      answer(World.review(kind, "UPDATE", name: name, object: object, old: old, dryRun: dryRun), phase))
  }
}

/// An answer, taken apart.
struct Answer {
  let outcome: ReviewOutcome
  let isAllowed: Bool
  let status: Status?
  let warnings: [String]
  let audit: [String: String]
  let patch: [UInt8]?

  init(_ outcome: ReviewOutcome) {
    self.outcome = outcome
    var parser = JSONParser()
    var isAllowed = false
    var status: Status?
    var warnings: [String] = []
    var audit: [String: String] = [:]
    var patch: [UInt8]?
    let read: Void? = try? parser.parse(outcome.body) { view in
      let response = view["response"]
      isAllowed = response?["allowed"]?.bool ?? false
      if let found = response?["status"] { status = Status(statusPart: found) }
      warnings = response?["warnings"]?.elements.compactMap(\.string) ?? []
      for (key, value) in response?["auditAnnotations"]?.members ?? view.members {
        audit[key.string ?? ""] = value.string ?? ""
      }
      patch = response?["patch"]?.string.flatMap(Base64Text.decode)
    }
    #expect(read != nil, "the answer is no JSON document")
    self.isAllowed = isAllowed
    self.status = status
    self.warnings = warnings
    self.audit = audit
    self.patch = patch
  }

  /// `field: message` of every cause.
  var causes: [String] { status?.details?.causes.map { "\($0.field): \($0.message)" } ?? [] }

  /// The patch as text.
  var patchText: String { patch.map { String(decoding: $0, as: UTF8.self) } ?? "" }

  /// What kubectl prints when it gets this refusal for `verb`ing a file, as far as it is ours.
  var printed: String {
    guard let status, status.reason == "Invalid", let details = status.details else {
      return status?.message ?? ""
    }
    let head = "The \(details.kind) \"\(details.name)\" is invalid:"
    return causes.count == 1 ? "\(head) \(causes[0])" : head + causes.map { "\n* \($0)" }.joined()
  }
}

extension Status {
  /// Reads the `status` of an AdmissionReview response, which carries no kind.
  init(statusPart view: JSONView) {
    let details = view["details"]
    self.init(
      code: Int(view["code"]?.int ?? 0), reason: view["reason"]?.string ?? "",
      message: view["message"]?.string ?? "",
      details: details.map { details in
        Details(
          group: details["group"]?.string ?? "", kind: details["kind"]?.string ?? "",
          name: details["name"]?.string ?? "",
          causes: (details["causes"]?.elements).map { causes in
            causes.map {
              Cause(
                reason: $0["reason"]?.string ?? "", field: $0["field"]?.string ?? "",
                message: $0["message"]?.string ?? "")
            }
          } ?? [])
      })
  }
}

/// Base64 as the API server reads it.
enum Base64Text {
  static func decode(_ text: String) -> [UInt8]? {
    var bytes: [UInt8] = []
    var bits: UInt32 = 0
    var count = 0
    for byte in text.utf8 where byte != UInt8(ascii: "=") {
      let value: UInt8
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = byte - UInt8(ascii: "A")
      case UInt8(ascii: "a")...UInt8(ascii: "z"): value = byte - UInt8(ascii: "a") + 26
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = byte - UInt8(ascii: "0") + 52
      case UInt8(ascii: "+"): value = 62
      case UInt8(ascii: "/"): value = 63
      default: return nil
      }
      bits = bits << 6 | UInt32(value)
      count += 6
      if count >= 8 {
        count -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
      }
    }
    return bytes
  }
}
