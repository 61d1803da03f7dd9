internal import Glibc
internal import JSON
internal import Logging
internal import Transport

/// Where the server listens, with the ports the kernel chose.
struct BoundAddresses {
  var webhook: SocketAddress?
  var health: SocketAddress?
  var metrics: SocketAddress?

  private var named: [(name: String, address: SocketAddress)] {
    [("webhook", webhook), ("health", health), ("metrics", metrics)].compactMap { name, address in
      address.map { (name, $0) }
    }
  }

  /// As fields of a log line.
  var metadata: Logger.Metadata {
    Dictionary(uniqueKeysWithValues: named.map { ($0.name, .string($0.address.description)) })
  }

  /// Writes them as a JSON object of texts, in one step: whoever sees the file sees all of it.
  /// - Throws: an ``ExitStatus`` when the file cannot be written.
  func write(to path: String?) throws {
    guard let path else { return }
    var writer = JSONWriter()
    writer.object { object in
      for (name, address) in named {
        object.key(name)
        object.value(address.description)
      }
    }
    let draft = "\(path).new"
    guard let file = fopen(draft, "we") else { throw failure(draft) }
    let written = fwrite(writer.bytes, 1, writer.bytes.count, file)
    guard fclose(file) == 0, written == writer.bytes.count, rename(draft, path) == 0 else {
      throw failure(path)
    }
  }

  private func failure(_ path: String) -> ExitStatus {
    ExitStatus(.unreadable, "\(path): \(String(cString: strerror(errno)))")
  }
}
