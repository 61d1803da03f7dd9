internal import HTTP
internal import JSON

/// Answers to requests that are no review: a Kubernetes Status (`meta/v1`) with one sentence.
enum StatusAnswer {
  static func make(_ code: Int, _ reason: StaticString, _ message: String, headers: [(String, String)] = [])
    -> HTTPResponse
  {
    var writer = JSONWriter()
    writer.raw(#"{"kind":"Status","apiVersion":"v1","status":"Failure","message":"#)
    writer.value(message)
    writer.raw(#","reason":""#)
    writer.raw(reason)
    writer.raw(#"","code":"#)
    writer.value(code)
    writer.raw("}")
    return HTTPResponse(status: code, extraHeaders: headers, body: writer.bytes)
  }
}
