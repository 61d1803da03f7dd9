internal import HTTP
internal import JSON
internal import KubernetesAPI

/// Answers to requests that are no review: a Kubernetes Status (`meta/v1`) with one sentence.
enum StatusAnswer {
  static func make(_ code: Int, _ reason: String, _ message: String, headers: [(String, String)] = [])
    -> HTTPResponse
  {
    var writer = JSONWriter(reserving: 256)
    Status(code: code, reason: reason, message: message).write(to: &writer, asObject: true)
    return HTTPResponse(status: code, extraHeaders: headers, body: writer.bytes)
  }
}
