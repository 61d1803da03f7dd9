internal import ArgumentParser
internal import Controllers
internal import JSON

/// `ipam show`: what there is, read only.
struct IpamShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show pools, subnets, or who holds addresses.",
    subcommands: [Pools.self, Subnets.self, Holders.self], defaultSubcommand: Pools.self)

  /// How it is printed.
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case table, wide, json
  }

  /// What all have in common.
  struct Options: ParsableArguments {
    @OptionGroup(title: "State") var state: StateOptions

    @Option(name: .shortAndLong, help: "table, wide or json.")
    var output = Format.table

    /// Lists what is needed, and shows what `listing` makes of it.
    func show<Listing: IpamListing>(
      _ extent: ClusterSnapshot.Extent, _ listing: (ClusterSnapshot) throws -> Listing
    ) async throws {
      try await state.withStore(for: "ipam show") { store in
        let listing = try listing(try await ClusterSnapshot(of: store, extent))
        switch output {
        case .table: Console.output(listing.table(isWide: false))
        case .wide: Console.output(listing.table(isWide: true))
        case .json: Console.output(listing.json.description)
        }
        for sentence in listing.unreadable { Console.error(sentence) }
      }
    }
  }

  /// Which pools are shown.
  struct PoolNames: ParsableArguments {
    @Argument(help: ArgumentHelp("Pools to show; none: all.", valueName: "pool"))
    var pools: [String] = []

    /// Of a snapshot the pools that are asked for.
    func chosen(_ snapshot: ClusterSnapshot) throws -> [InspectedPool] {
      try IpamShowCommand.chosen(pools, of: snapshot.pools, "SpiderIPPool", \.name)
    }
  }

  /// Of all objects of a kind those that are asked for.
  private static func chosen<Value>(
    _ names: [String], of all: [Value], _ kind: String, _ name: (Value) -> String
  ) throws -> [Value] {
    let known = Set(all.map(name))
    let unknown = names.filter { !known.contains($0) }
    guard unknown.isEmpty else {
      throw ExitStatus(.usage, "ipam show: there is no \(kind) \(unknown.joined(separator: ", "))")
    }
    return names.isEmpty ? all : all.filter { names.contains(name($0)) }
  }

  struct Pools: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Per pool: network, addresses, how many are allocated and free; wide adds the ranges.",
      discussion: """
        Of an automatic pool also its application, and how many addresses that wants now: 4 (+1) are one more than it \
        has replicas.
        """)

    @OptionGroup var options: Options
    @OptionGroup var names: PoolNames

    func run() async throws {
      try await options.show(.applications) { PoolListing(try names.chosen($0), in: $0) }
    }
  }

  struct Subnets: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Per subnet: network, addresses, how many its pools have and are free; wide adds the ranges.")

    @OptionGroup var options: Options

    @Argument(help: ArgumentHelp("Subnets to show; none: all.", valueName: "subnet"))
    var subnets: [String] = []

    func run() async throws {
      try await options.show(.subnets) { snapshot in
        let chosen = try IpamShowCommand.chosen(subnets, of: snapshot.subnets, "SpiderSubnet", \.name)
        return SubnetListing(chosen, in: snapshot)
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
    @OptionGroup var names: PoolNames

    func run() async throws {
      try await options.show(.pods) { HolderListing(try names.chosen($0), in: $0) }
    }
  }
}
