public import Admission
public import ArgumentParser
internal import Cluster
internal import Controllers
internal import Glibc
internal import JSON
internal import Telemetry

struct ReviewCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "review",
    abstract: "Answer one AdmissionReview without a cluster.",
    discussion: "The answer goes to standard output. Exit 0: allowed; 1: denied; 2: not a review.")

  @Option(help: "mutate or validate.")
  var phase: Phase

  @Option(help: "A folder of manifests that are the world the review is judged in.")
  var state: String?

  @Option(help: "Settings as YAML, with Spiderpool's keys.")
  var config: String?

  @Argument(help: ArgumentHelp("The review as JSON; - is standard input.", valueName: "file"))
  var file: String

  func run() async throws {
    let settings = try config.map(Settings.init(file:)) ?? Settings()
    let directory = PoolDirectory()
    try await DirectoryFeed.fill(directory, from: world())
    let reviewer = Reviewer(directory: directory, settings: settings.admission)
    let body = try InputFile.read(file)
    var parser = JSONParser()
    let outcome = reviewer.review(body, parser: &parser, phase: phase, now: Timestamp.now())
    Console.output(outcome.body + [0x0a])
    switch outcome.decision.verdict {
    case .allowed, .notJudged: return
    case .denied: throw ExitStatus(.findings)
    case .bad: throw ExitStatus(.usage)
    }
  }

  private func world() throws -> LocalCluster {
    do throws(LocalClusterError) {
      return try LocalCluster.inMemory(manifests: state.map { [$0] } ?? [])
    } catch {
      throw ExitStatus(.unreadable, "\(error)")
    }
  }
}

extension Phase: ExpressibleByArgument {
  /// `mutate` or `validate`.
  public init?(argument: String) {
    switch argument {
    case "mutate": self = .mutate
    case "validate": self = .validate
    default: return nil
    }
  }
}
