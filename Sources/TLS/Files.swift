internal import Glibc

/// Whole files, read and replaced.
enum Files {
  /// Certificates and keys are small; a path that leads elsewhere must not fill the memory.
  static let maximumBytes = 1 << 20

  /// The bytes of the file at `path`.
  static func read(_ path: String) throws(TLSError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("read", path) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16 << 10)
    while true {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw failure("read", path) }
      if count == 0 { return bytes }
      bytes.append(contentsOf: chunk[..<count])
      guard bytes.count <= maximumBytes else {
        throw TLSError(.file, "cannot read \(path): larger than \(maximumBytes) bytes")
      }
    }
  }

  /// Writes `bytes` to a new file beside `path`, on disk when it returns, for `rename` to put in place.
  /// - Returns: the new file's path.
  static func stage(_ bytes: [UInt8], for path: String, mode: mode_t) throws(TLSError) -> String {
    let staged = "\(path).new"
    unlink(staged)
    let descriptor = open(staged, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
    guard descriptor >= 0 else { throw failure("write", staged) }
    defer { close(descriptor) }
    var written = 0
    while written < bytes.count {
      let count = bytes[written...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw failure("write", staged) }
      written += count
    }
    guard fsync(descriptor) == 0 else { throw failure("write", staged) }
    return staged
  }

  /// Puts a staged file in the place of `path`, at once for every reader.
  static func put(_ staged: String, at path: String) throws(TLSError) {
    guard rename(staged, path) == 0 else { throw failure("replace", path) }
  }

  /// Makes the directory if it is not there; its parent must be.
  static func makeDirectory(_ path: String) throws(TLSError) {
    guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw failure("make the directory", path) }
  }

  /// Writes a directory's names to disk.
  static func sync(directory path: String) throws(TLSError) {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("open", path) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw failure("write", path) }
  }

  /// Whether there is anything at `path`.
  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// The permission bits of the file at `path`, or nil if it cannot be asked.
  static func permissions(_ path: String) -> UInt32? {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_mode & 0o7777 : nil
  }

  private static func failure(_ verb: String, _ path: String) -> TLSError {
    TLSError(.file, "cannot \(verb) \(path): \(String(cString: strerror(errno)))")
  }
}

/// The bytes of a small file with credentials: a certificate, a key or a token.
/// - Throws: `.file`, with a sentence that names it.
public func readCredentialFile(_ path: String) throws(TLSError) -> [UInt8] {
  try Files.read(path)
}

/// Seconds since 1970 by the machine's clock.
public func currentUnixTime() -> Int64 { Int64(time(nil)) }
