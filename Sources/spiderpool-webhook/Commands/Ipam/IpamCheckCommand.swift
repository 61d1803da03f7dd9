internal import Addressing
internal import ArgumentParser
internal import Controllers
internal import JSON

/// `ipam check`: compares pools with Pods, subnets and applications.
struct IpamCheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Compare what is allocated with the Pods, subnets and applications there are.",
    discussion: """
      Finds addresses of Pods that are gone (leak), with two owners (duplicate-record, duplicate-allocation), used \
      and not recorded (unrecorded), recorded and not the pool's (outside), and statuses that cannot be read or count \
      wrongly. Between subnets and their pools: entries of a subnet's status without their pool (entry-without-pool), not as \
      their pool is (wrong-entry, wrong-addresses) or with addresses in common (shared-addresses), pools without an entry \
      (pool-without-entry), and automatic pools whose application is gone (application-gone). What looks wrong is looked at again after a while. Exit 0: nothing found; 1: findings; 4: cluster out of \
      reach.
      """)

  /// How it is printed.
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case text, json
  }

  @OptionGroup(title: "State") var state: StateOptions

  @Option(name: .shortAndLong, help: "text, or json: what ipam release reads.")
  var output = Format.text

  @Option(
    help:
      "How long what looks wrong is given to come right; 0s: one look is enough, because nothing is running.")
  var settle = DurationArgument(.seconds(5))

  func run() async throws {
    try await state.withStore(for: "ipam check") { store in
      let report = try await CheckReport.make(of: store, settling: settle.duration)
      switch output {
      case .text: Console.output(Self.text(report))
      case .json: Console.output(report.json.description)
      }
      if !report.findings.isEmpty { throw ExitStatus(.findings) }
    }
  }

  /// A line for each finding, and one that sums up.
  static func text(_ report: CheckReport) -> String {
    var lines = report.findings.map { finding in
      let object = finding.pool.isEmpty ? finding.subnet ?? "" : finding.pool
      let subject = [object, finding.address?.description ?? ""].filter { !$0.isEmpty }.joined(separator: " ")
      return "\(finding.kind.rawValue): \(subject.isEmpty ? "" : "\(subject): ")\(finding.detail)"
    }
    let extent = "\(report.pools) pools, \(report.records) allocated addresses, \(report.pods) Pods"
    let count = report.findings.count
    lines.append("\(extent): \(count == 0 ? "nothing" : "\(count)") found")
    return lines.joined(separator: "\n")
  }
}
