// spiderpool-webhook: the program. Arguments come in, the parts are wired together and run, an exit code goes out.
// No rule and no protocol lives here.

internal import ArgumentParser

@main
struct Main: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "spiderpool-webhook",
    abstract: "Admission-time IP address management for Kubernetes.",
    version: Version.text,
    subcommands: [
      ServeCommand.self, ReviewCommand.self, CertsCommand.self, IpamCommand.self, VersionCommand.self,
    ])

  static func main() async {
    do {
      var command = try parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch let status as ExitStatus {
      status.exit()
    } catch {
      if exitCode(for: error) == .validationFailure {
        ExitStatus(.usage, fullMessage(for: error)).exit()
      }
      exit(withError: error)
    }
  }
}
