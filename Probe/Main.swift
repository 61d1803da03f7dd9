import Glibc
import HTTP
import TLS
import Transport

final class Constant: LoopHandler {
  let body: [UInt8]
  init(_ count: Int) { body = [UInt8](repeating: 0x78, count: count) }
  func handle(_ request: borrowing HTTPRequest, _ responder: @autoclosure () -> Responder) -> HTTPResponse? {
    HTTPResponse(status: 200, body: body)
  }
}

@main
struct Probe {
  static func main() async throws {
    let arguments = CommandLine.arguments
    let tls = try TLSServerContext(certificateFile: arguments[2], keyFile: arguments[3], alpn: [.h2, .http1_1])
    let count = Int(arguments[5]) ?? 1000
    let server = HTTPServer(
      ServerConfiguration(
        name: "probe", addresses: [try SocketAddress(parsing: "127.0.0.1:\(arguments[1])")],
        loops: Int(arguments[4]) ?? 1, tls: tls)
    ) { _ in Constant(count) }
    print("listening on \(try await server.start())")
    while true {
      try await Task.sleep(for: .seconds(3600))
    }
  }
}
