internal import Addressing
internal import ArgumentParser
internal import Controllers
internal import IPAM

/// `ipam release`: gives leaked addresses back.
struct IpamReleaseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "release",
    abstract: "Give the leaked addresses of an ipam check report back to their pools.",
    discussion: """
      Every address is looked at again: it is released only if it is still recorded for the Pod of the report, and \
      that Pod is not there and not wanted by a StatefulSet. Exit 0: done, or passed over with good reason; 4: something \
      could not be read or written.
      """)

  @OptionGroup(title: "State") var state: StateOptions

  @Option(help: ArgumentHelp("The report, by ipam check -o json; - is standard input.", valueName: "file"))
  var from: String

  @Flag(help: "Say what would be done, and do nothing.")
  var dryRun = false

  @Option(
    help: """
      How old the report must be; a younger one is waited for. Never shorter than the API server may take to store a \
      Pod whose addresses are recorded already (its --request-timeout, 60s).
      """)
  var grace = DurationArgument(.seconds(65))

  func run() async throws {
    let report = try read()
    try await state.withStore(for: "ipam release") { store in
      var options = LeakRelease.Options()
      options.isDryRun = dryRun
      options.grace = Int64(grace.milliseconds / 1000)
      let release = LeakRelease(in: store, options: options)
      let wait = release.wait(for: report)
      if wait > 0 {
        Console.error("ipam release: the report is young; waiting \(wait)s for Pods that are being created")
      }
      var failures = 0
      await release.run(report) { finding, outcome in
        Console.output(Self.sentence(finding, outcome))
        if case .failed = outcome { failures += 1 }
      }
      if failures > 0 {
        throw ExitStatus(.cluster, "ipam release: \(failures) addresses could not be dealt with")
      }
    }
  }

  private func read() throws -> CheckReport {
    let bytes = try InputFile.read(from)
    do throws(CheckReport.Unreadable) { return try CheckReport(json: bytes) } catch {
      throw ExitStatus(.unreadable, "\(from): \(error)")
    }
  }

  /// A line for people.
  static func sentence(_ finding: AddressFinding, _ outcome: LeakRelease.Outcome) -> String {
    let address = "\(finding.address.map(\.description) ?? "?") of pool \(finding.pool)"
    let pod = finding.pod.map { " (Pod \($0))" } ?? ""
    switch outcome {
    case .released: return "released \(address)\(pod)"
    case .wouldRelease: return "would release \(address)\(pod)"
    case .passedOver(let why): return "passed over \(address)\(pod): \(why)"
    case .failed(let why): return "failed \(address)\(pod): \(why)"
    }
  }
}
