public import JSON

/// Writes the answer to one review.
///
/// It is made from the request, so the UID cannot be lost. The members come in the order of the calls; `finish` ends the
/// document and hands it over.
public struct AdmissionResponse: ~Copyable {
  private var writer: JSONWriter

  /// Begins the answer to `request`.
  public init(to request: borrowing AdmissionRequest, allowed: Bool, reserving capacity: Int = 512) {
    self.init(allowed: allowed, reserving: capacity) { [uid = request.uid] in $0.value(uid) }
  }

  /// Begins the answer to the request with this UID.
  public init(uid: String, allowed: Bool, reserving capacity: Int = 512) {
    self.init(allowed: allowed, reserving: capacity) { $0.value(uid) }
  }

  @inline(__always)
  private init(allowed: Bool, reserving capacity: Int, writeUID: (inout JSONWriter) -> Void) {
    writer = JSONWriter(reserving: capacity)
    writer.raw("{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\"")
    writer.key("response")
    writer.beginObject()
    writer.key("uid")
    writeUID(&writer)
    writer.key("allowed")
    writer.value(allowed)
  }

  /// Adds a JSONPatch; call it at most once, and only for an allowed mutating review.
  public mutating func patch(_ patch: JSONPatch) {
    writer.key("patchType")
    writer.raw("\"JSONPatch\"")
    writer.key("patch")
    writer.base64(patch)
  }

  /// Adds the reason of a denial.
  public mutating func status(_ status: Status) {
    writer.key("status")
    status.write(to: &writer, asObject: false)
  }

  /// Adds warnings, which must fit the API server's limits.
  public mutating func warnings(_ warnings: [String]) {
    guard !warnings.isEmpty else { return }
    writer.key("warnings")
    writer.array { array in for warning in warnings { array.value(warning) } }
  }

  /// Adds audit annotations written out in the source code as a JSON object.
  public mutating func auditAnnotations(_ object: StaticString) {
    writer.key("auditAnnotations")
    writer.raw(object)
  }

  /// Begins the audit annotations.
  public mutating func beginAuditAnnotations() {
    writer.key("auditAnnotations")
    writer.beginObject()
  }

  /// An audit annotation. The API server puts the webhook's name and `/` before the key.
  public mutating func auditAnnotation(_ key: StaticString, _ value: StaticString) {
    writer.key(key)
    writer.value(value)
  }

  /// An audit annotation.
  public mutating func auditAnnotation(_ key: StaticString, _ value: String) {
    writer.key(key)
    writer.value(value)
  }

  /// Ends the audit annotations.
  public mutating func endAuditAnnotations() { writer.endObject() }

  /// Ends the document.
  public consuming func finish() -> [UInt8] {
    writer.endObject()
    writer.endObject()
    return writer.finish()
  }
}

extension Status {
  /// Writes the Status; as an object of its own it carries kind, apiVersion and `status: Failure`.
  public func write(to writer: inout JSONWriter, asObject: Bool) {
    writer.beginObject()
    if asObject {
      writer.key("kind")
      writer.value("Status" as StaticString)
      writer.key("apiVersion")
      writer.value("v1" as StaticString)
      writer.key("metadata")
      writer.raw("{}")
    }
    writer.key("status")
    writer.value("Failure" as StaticString)
    writer.key("message")
    writer.value(message)
    writer.key("reason")
    writer.value(reason)
    if let details {
      writer.key("details")
      details.write(to: &writer)
    }
    writer.key("code")
    writer.value(code)
    writer.endObject()
  }
}

extension Status.Details {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.beginObject()
    let texts: [(StaticString, String)] = [("name", name), ("group", group), ("kind", kind)]
    for (key, text) in texts where !text.isEmpty {
      writer.key(key)
      writer.value(text)
    }
    if !causes.isEmpty {
      writer.key("causes")
      writer.array { array in
        for cause in causes {
          array.object { object in
            object.key("reason")
            object.value(cause.reason)
            object.key("message")
            object.value(cause.message)
            object.key("field")
            object.value(cause.field)
          }
        }
      }
    }
    if let retryAfterSeconds {
      writer.key("retryAfterSeconds")
      writer.value(retryAfterSeconds)
    }
    writer.endObject()
  }
}
