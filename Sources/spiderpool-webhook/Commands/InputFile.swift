internal import Glibc

/// A file named on the command line, or standard input.
enum InputFile {
  /// The whole of it; `-` is standard input.
  /// - Throws: an ``ExitStatus`` when it cannot be read.
  static func read(_ path: String) throws -> [UInt8] {
    let descriptor = path == "-" ? 0 : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(path) }
    defer { if descriptor != 0 { close(descriptor) } }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count > 0 {
        bytes.append(contentsOf: chunk[..<count])
      } else if count == 0 {
        return bytes
      } else if errno != EINTR {
        throw failure(path)
      }
    }
  }

  private static func failure(_ path: String) -> ExitStatus {
    ExitStatus(.unreadable, "\(path): \(String(cString: strerror(errno)))")
  }
}
