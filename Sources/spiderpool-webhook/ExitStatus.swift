internal import Glibc

/// How a command ends: the program's exit codes, with the sentence that goes to standard error.
struct ExitStatus: Error {
  /// The codes that scripts rely on.
  enum Code: Int32 {
    /// Nothing found, or allowed.
    case clean = 0
    /// Findings, or denied.
    case findings = 1
    /// Wrong usage; for `review`, also what is not a review.
    case usage = 2
    /// Input that cannot be read or parsed.
    case unreadable = 3
    /// The cluster is out of reach, or refuses us.
    case cluster = 4
  }

  let code: Code
  let message: String

  init(_ code: Code, _ message: String = "") {
    self.code = code
    self.message = message
  }

  /// Ends the process.
  func exit() -> Never {
    if !message.isEmpty { Console.error(message) }
    Glibc.exit(code.rawValue)
  }
}
