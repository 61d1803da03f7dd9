internal import ArgumentParser
internal import Controllers
internal import JSON

/// `ipam show`: what there is, read only.
struct IpamShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show pools, or who holds their addresses.",
    subcommands: [Pools.self, Holders.self], defaultSubcommand: Pools.self)

  /// How it is printed.
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case table, wide, json
  }

  /// What both have in common.
  struct Options: ParsableArguments {
    @OptionGroup(title: "State") var state: StateOptions

    @Option(name: .shortAndLong, help: "table, wide or json.")
    var output = Format.table

    @Argument(help: ArgumentHelp("Pools to show; none: all.", valueName: "pool"))
    var pools: [String] = []

    /// Of a snapshot the pools that are asked for.
    func chosen(_ snapshot: ClusterSnapshot) throws -> [InspectedPool] {
      let known = Set(snapshot.pools.map(\.name))
      let unknown = pools.filter { !known.contains($0) }
      guard unknown.isEmpty else {
        throw ExitStatus(.usage, "ipam show: there is no SpiderIPPool \(unknown.joined(separator: ", "))")
      }
      return pools.isEmpty ? snapshot.pools : snapshot.pools.filter { pools.contains($0.name) }
    }
  }

  struct Pools: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Per pool: network, addresses, how many are allocated and free; wide adds the ranges.")

    @OptionGroup var options: Options

    func run() async throws {
      try await options.state.withStore(for: "ipam show") { store in
        let snapshot = try await ClusterSnapshot(of: store, withPods: false)
        let listing = PoolListing(try options.chosen(snapshot), reserved: snapshot.reserved)
        switch options.output {
        case .table: Console.output(listing.table(isWide: false))
        case .wide: Console.output(listing.table(isWide: true))
        case .json: Console.output(listing.json.description)
        }
      }
    }
  }

  struct Holders: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Per allocated address: the Pod, its UID and whether it is there; wide adds the node.",
      discussion: """
        A Pod is live; or has ended; or it is gone, replaced by another of its name, or kept for the StatefulSet \
        that wants it back.
        """)

    @OptionGroup var options: Options

    func run() async throws {
      try await options.state.withStore(for: "ipam show") { store in
        let snapshot = try await ClusterSnapshot(of: store)
        let listing = HolderListing(try options.chosen(snapshot), in: snapshot)
        switch options.output {
        case .table: Console.output(listing.table(isWide: false))
        case .wide: Console.output(listing.table(isWide: true))
        case .json: Console.output(listing.json.description)
        }
        for sentence in listing.unreadable { Console.error(sentence) }
      }
    }
  }
}
