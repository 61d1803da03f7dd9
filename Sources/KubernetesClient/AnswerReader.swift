internal import Cluster
internal import JSON
internal import KubernetesAPI

/// Reads what an API server answers. One parser, so one at a time.
struct AnswerReader: ~Copyable {
  /// One object is at most 1.5 MiB in etcd, and a page holds 500; a page that large is an error, and no crash.
  static let maximumBytes = 512 << 20

  private var parser = JSONParser(maximumBytes: maximumBytes)

  /// The object in `bytes`.
  mutating func object(_ bytes: [UInt8], _ type: ResourceType) throws(ClusterError) -> ClusterObject {
    try parsed(bytes) { view in ClusterObject(view, type, whole: bytes) }
  }

  /// The version in the answer to `/version`.
  mutating func version(_ bytes: [UInt8]) throws(ClusterError) -> String {
    try parsed(bytes) { view in view["gitVersion"]?.string }
  }

  /// The type of this kind in an `APIResourceList`; nil when there is none. Subresources are kinds of their own and do not count.
  mutating func type(_ bytes: [UInt8], kind: String) throws(ClusterError) -> ResourceType? {
    let found: [ResourceType] = try parsed(bytes) { view in
      guard let version = view["groupVersion"]?.string, let resources = view["resources"] else { return nil }
      let parts = version.split(separator: "/").map(String.init)
      let names = resources.elements.compactMap { $0["name"]?.string }
      return resources.elements.compactMap { resource in
        guard resource["kind"]?.equals(kind) == true, let name = resource["name"]?.string, !name.contains("/")
        else { return nil }
        return ResourceType(
          group: parts.count > 1 ? parts[0] : "", version: parts.last ?? "", plural: name, kind: kind,
          isNamespaced: resource["namespaced"]?.bool ?? false, hasStatus: names.contains("\(name)/status"),
          hasScale: names.contains("\(name)/scale"))
      }
    }
    return found.first
  }

  /// Reads the versions of a group, as `apiVersion`s, in the server's order.
  mutating func versions(_ bytes: [UInt8]) throws(ClusterError) -> [String] {
    try parsed(bytes) { view in
      view["versions"]?.elements.compactMap { $0["groupVersion"]?.string }
    }
  }

  /// Reads one page of a list.
  /// - Parameters:
  ///   - onNext: gets what asks for the next page before the items are read, unless this is the last.
  ///   - onItem: gets each item, which must not leave it.
  /// - Returns: the version of the list.
  mutating func page(
    _ bytes: [UInt8], onNext: (_ token: String) -> Void, onItem: (JSONView) throws(ClusterError) -> Void
  ) throws(ClusterError) -> ResourceVersion {
    let outcome: Result<ResourceVersion, ClusterError> = try parsed(bytes) { view in
      guard let metadata = view["metadata"], let version = metadata["resourceVersion"]?.string else {
        return nil
      }
      if let token = metadata["continue"]?.string, !token.isEmpty { onNext(token) }
      do throws(ClusterError) {
        if let items = view["items"], !items.isNull { for item in items.elements { try onItem(item) } }
        return .success(ResourceVersion(rawValue: version))
      } catch { return .failure(error) }
    }
    return try outcome.get()
  }

  /// The watch event in one line; nil for a type of event that is not known.
  mutating func event(_ line: [UInt8], _ type: ResourceType) throws(ClusterError)
    -> WatchEvent?
  {
    let reading: Reading
    do throws(JSONError) {
      reading = try parser.parse(line) { view in Reading(view, type) }
    } catch {
      throw .malformed("a watch event is no JSON: \(error)")
    }
    switch reading {
    case .event(let event): return event
    case .unknown: return nil
    case .failure(let error): throw error
    }
  }

  private enum Reading {
    case event(WatchEvent), unknown, failure(ClusterError)

    init(_ view: JSONView, _ type: ResourceType) {
      guard let name = view["type"], let object = view["object"] else {
        self = .failure(.malformed("a watch event has no type or no object"))
        return
      }
      if name.equals("ERROR") {
        self = .failure(ClusterError(status: object, code: Int(object["code"]?.int ?? 500)))
      } else if name.equals("BOOKMARK") {
        let version = object["metadata"]?["resourceVersion"]?.string ?? ""
        self = version.isEmpty ? .unknown : .event(.bookmark(ResourceVersion(rawValue: version)))
      } else if let object = ClusterObject(object, type) {
        if name.equals("ADDED") {
          self = .event(.added(object))
        } else if name.equals("MODIFIED") {
          self = .event(.modified(object))
        } else {
          self = name.equals("DELETED") ? .event(.deleted(object)) : .unknown
        }
      } else {
        self = .failure(.malformed("a watch event's object has no name or no resource version"))
      }
    }
  }

  /// What a status other than 2xx says.
  mutating func failure(
    status: Int, retryAfter: String?, body: [UInt8], asking summary: String
  ) -> ClusterError {
    let retryAfter = retryAfter.flatMap { Int($0) }.map { Duration.seconds(max(0, $0)) }
    do throws(JSONError) {
      return try parser.parse(body) { view in
        guard view["kind"]?.equals("Status") == true else {
          return ClusterError(
            code: status, reason: "", retryAfter: retryAfter, "\(summary) was answered \(status)")
        }
        return ClusterError(status: view, code: status, retryAfter: retryAfter)
      }
    } catch {
      // Not from the API server itself: a proxy, or a page for people.
      return ClusterError(
        code: status, reason: "", retryAfter: retryAfter, "\(summary) was answered \(status)")
    }
  }

  private mutating func parsed<Result>(_ bytes: [UInt8], _ body: (JSONView) -> Result?) throws(ClusterError)
    -> Result
  {
    let result: Result?
    do throws(JSONError) {
      result = try parser.parse(bytes, body)
    } catch {
      throw .malformed("the API server's answer is no JSON: \(error)")
    }
    guard let result else { throw .malformed("the API server's answer is not what was asked for") }
    return result
  }
}

extension ClusterObject {
  /// The object that the view shows; nil without a name or a resource version.
  ///
  /// In a list of a built-in type the items do not say their kind; it is put into them.
  /// - Parameter whole: the bytes of the view, if they are at hand.
  init?(_ view: JSONView, _ type: ResourceType, whole: [UInt8]? = nil) {
    guard let metadata = view["metadata"], let name = metadata["name"]?.string,
      let version = metadata["resourceVersion"]?.string
    else { return nil }
    let json: [UInt8]
    if view["kind"] != nil && view["apiVersion"] != nil {
      json = whole ?? Self.bytes(of: view)
    } else {
      json = Self.bytes(of: view, of: type)
    }
    self.init(
      name: name, namespace: metadata["namespace"]?.string, uid: metadata["uid"]?.string ?? "",
      resourceVersion: ResourceVersion(rawValue: version), json: json)
  }

  private static func bytes(of view: JSONView) -> [UInt8] {
    var writer = JSONWriter()
    writer.value(view)
    return writer.bytes
  }

  private static func bytes(of view: JSONView, of type: ResourceType) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("apiVersion")
    writer.value(type.apiVersion)
    writer.key("kind")
    writer.value(type.kind)
    for member in view.members where !member.key.equals("kind") && !member.key.equals("apiVersion") {
      writer.key(member.key)
      writer.value(member.value)
    }
    writer.endObject()
    return writer.bytes
  }
}

extension ClusterError {
  /// From a `Status` object.
  init(status view: JSONView, code: Int, retryAfter: Duration? = nil) {
    let reason = view["reason"]?.string ?? ""
    let seconds = view["details"]?["retryAfterSeconds"]?.int.map { Duration.seconds(max(0, $0)) }
    let message = view["message"]?.string ?? ""
    self.init(
      code: view["code"]?.int.map { Int($0) } ?? code, reason: reason, retryAfter: retryAfter ?? seconds,
      message.isEmpty ? "the API server answered \(code) \(reason)".trimmed : message)
  }

  /// From an HTTP status, and the `reason` of a `Status` if there was one.
  init(code: Int, reason: String, retryAfter: Duration?, _ message: String) {
    switch code {
    case 401: self = .unauthorized(message)
    case 403: self = .forbidden(message)
    case 404: self = .notFound(message)
    case 409: self = reason == "AlreadyExists" ? .alreadyExists(message) : .conflict(message)
    case 410: self = .gone(message)
    case 408, 504: self = .timeout(message)
    case 429: self = .tooManyRequests(retryAfter: retryAfter)
    case 500...: self = .unavailable(message)
    case 400...: self = .invalid(message)
    default: self = .malformed(message)
    }
  }
}
