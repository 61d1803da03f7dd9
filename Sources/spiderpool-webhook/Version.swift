internal import ArgumentParser
internal import HTTP
internal import TLS

/// What this build is.
enum Version {
  /// The program's own version (semantic versioning).
  static let text = "0.1.0"
  /// The Swift release it was compiled by.
  #if compiler(>=6.4)
    static let compiler = "6.4 or later"
  #elseif compiler(>=6.3)
    static let compiler = "6.3"
  #else
    static let compiler = "6.2"
  #endif
  /// How it was compiled.
  #if DEBUG
    static let mode = "debug"
  #else
    static let mode = "release"
  #endif
}

struct VersionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "version", abstract: "Print the version, and the versions of the libraries in use.")

  func run() {
    Console.output("spiderpool-webhook \(Version.text)")
    Console.output("swift \(Version.compiler) (\(Version.mode))")
    Console.output(TLSLibrary.versionText)
    Console.output("nghttp2 \(HTTP2.versionText)")
  }
}
