internal import CLinux
internal import Glibc

/// A system call that the kernel refused.
public struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The C name of the call.
  public let call: String
  /// The value of `errno`.
  public let code: Int32

  init(_ call: String, _ code: Int32) {
    self.call = call
    self.code = code
  }

  /// The call, and the kernel's reason in words.
  public var description: String {
    "\(call): \(String(cString: strerror(code))) (errno \(code))"
  }
}
