internal import ArgumentParser
internal import Cluster

/// What an administrator asks of the addresses.
struct IpamCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ipam",
    abstract: "Show what is allocated and to whom, find what has leaked, and give it back.",
    subcommands: [IpamShowCommand.self, IpamCheckCommand.self, IpamReleaseCommand.self])
}

extension StateOptions {
  /// Opens the state for a command that ends, and closes it behind it.
  /// - Throws: what `body` throws; for a `ClusterError` of it an ``ExitStatus``.
  func withStore(for command: String, _ body: (any ClusterStore) async throws -> Void) async throws {
    try check(for: command)
    let source = try StateSource(self)
    do {
      try await body(source.store)
    } catch let error as ClusterError {
      await source.close()
      throw ExitStatus(.cluster, "\(command): \(source): \(error)")
    } catch {
      await source.close()
      throw error
    }
    await source.close()
  }
}
