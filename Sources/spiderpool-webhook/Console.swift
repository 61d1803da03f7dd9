internal import Glibc

/// Standard output and standard error of the commands that end.
enum Console {
  /// Writes bytes to standard output, all of them or until it is closed.
  static func output(_ bytes: [UInt8]) {
    write(bytes, to: 1)
  }

  /// Writes a line to standard output.
  static func output(_ line: String) {
    write(Array(line.utf8) + [0x0a], to: 1)
  }

  /// Writes a line to standard error.
  static func error(_ line: String) {
    write(Array(line.utf8) + [0x0a], to: 2)
  }

  private static func write(_ bytes: [UInt8], to descriptor: Int32) {
    bytes.withUnsafeBytes { buffer in
      var rest = buffer[...]
      while !rest.isEmpty {
        let written = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if written < 0 && errno != EINTR { return }
        rest = rest.dropFirst(max(0, written))
      }
    }
  }
}
