public import JSON

/// What is done to an object.
public enum AdmissionOperation: UInt8, Sendable {
  /// The four operations of `admission.k8s.io/v1`.
  case create, update, delete, connect

  /// As the API writes it.
  public var text: StaticString {
    switch self {
    case .create: "CREATE"
    case .update: "UPDATE"
    case .delete: "DELETE"
    case .connect: "CONNECT"
    }
  }

  init?(_ view: JSONView) {
    if view.equals("CREATE") {
      self = .create
    } else if view.equals("UPDATE") {
      self = .update
    } else if view.equals("DELETE") {
      self = .delete
    } else if view.equals("CONNECT") {
      self = .connect
    } else {
      return nil
    }
  }
}

/// Why a document cannot be answered as a review, as a sentence for the caller.
public enum ReviewFault: Error, Sendable, Equatable {
  /// The document is no object, or its `kind` is another.
  case notAnAdmissionReview
  /// A version other than `admission.k8s.io/v1`; the text is what it says.
  case unsupportedVersion(String)
  /// There is no `request` object.
  case noRequest
  /// `request.uid` is missing, empty or no string, so that no answer could name it.
  case noUID

  /// The sentence.
  public var sentence: String {
    switch self {
    case .notAnAdmissionReview: "the body is not an AdmissionReview: kind must be \"AdmissionReview\""
    case .unsupportedVersion(let version):
      "apiVersion \(GoText.quoted(version)) is not served: send \"admission.k8s.io/v1\""
    case .noRequest: "the AdmissionReview holds no request object"
    case .noUID: "request.uid is missing: it must be a string that is not empty"
    }
  }
}

/// The request of an AdmissionReview, `admission.k8s.io/v1`, as views into the parsed document.
///
/// Like those views it lives only as long as the document. Strings that the API leaves out when they are empty are nil.
public struct AdmissionRequest {
  /// The request's own UID, which the answer must repeat.
  public let uid: JSONView
  /// The object's API group; nil for the core group.
  public private(set) var group: JSONView?
  /// The object's version.
  public private(set) var version: JSONView?
  /// The object's kind.
  public private(set) var kind: JSONView?
  /// The subresource, such as `status`; nil for the object itself.
  public private(set) var subResource: JSONView?
  /// The object's name; nil while one is still to be generated.
  public private(set) var name: JSONView?
  /// The object's namespace.
  public private(set) var namespace: JSONView?
  /// Who asks.
  public private(set) var username: JSONView?
  /// What is done; nil when it is none of the four operations.
  public private(set) var operation: AdmissionOperation?
  /// The object as it would be stored; nil on DELETE.
  public private(set) var object: JSONView?
  /// The object as it is stored; nil on CREATE.
  public private(set) var oldObject: JSONView?
  /// Whether nothing may be changed by this review.
  public private(set) var isDryRun = false

  /// Reads a review.
  public init(_ root: JSONView) throws(ReviewFault) {
    var kind: JSONView?
    var version: JSONView?
    var request: JSONView?
    for (key, value) in root.members {
      if key.equals("kind") {
        kind = value
      } else if key.equals("apiVersion") {
        version = value
      } else if key.equals("request") {
        request = value
      }
    }
    guard kind?.equals("AdmissionReview") == true else { throw .notAnAdmissionReview }
    guard version?.equals("admission.k8s.io/v1") == true else {
      throw .unsupportedVersion(version?.string ?? "")
    }
    guard let request, request.kind == .object else { throw .noRequest }
    guard let uid = request["uid"], let text = uid.utf8, !text.isEmpty else { throw .noUID }
    self.uid = uid
    for (key, value) in request.members { read(key, value) }
  }

  /// Takes up one member. Keys are told apart by their length first, as there is one of each.
  @inline(__always)
  private mutating func read(_ key: JSONView, _ value: JSONView) {
    switch key.utf8?.count {
    case 4:
      if key.equals("name") {
        name = value.nonEmptyString
      } else if key.equals("kind") {
        group = value["group"]?.nonEmptyString
        version = value["version"]?.nonEmptyString
        kind = value["kind"]?.nonEmptyString
      }
    case 6:
      if key.equals("object") {
        object = value.kind == .object ? value : nil
      } else if key.equals("dryRun") {
        isDryRun = value.bool ?? false
      }
    case 8:
      if key.equals("userInfo") { username = value["username"]?.nonEmptyString }
    case 9:
      if key.equals("operation") {
        operation = AdmissionOperation(value)
      } else if key.equals("oldObject") {
        oldObject = value.kind == .object ? value : nil
      } else if key.equals("namespace") {
        namespace = value.nonEmptyString
      }
    case 11:
      if key.equals("subResource") { subResource = value.nonEmptyString }
    default: break
    }
  }
}

extension JSONView {
  /// The view itself if it is a string that is not empty.
  var nonEmptyString: JSONView? {
    guard let utf8, !utf8.isEmpty else { return nil }
    return self
  }

  /// The view itself unless it is `null`: the API treats a `null` member as absent.
  public var present: JSONView? { isNull ? nil : self }
}
