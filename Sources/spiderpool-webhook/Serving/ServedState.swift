internal import Admission
internal import Cluster
internal import Controllers
internal import Logging
internal import Telemetry
internal import Transport

/// The cluster's state, what reviews are answered from, and who keeps both in step.
struct ServedState: Sendable {
  /// Where it comes from.
  let source: StateSource
  /// What answers reviews.
  let service: ReviewService
  private let feed: DirectoryFeed
  /// nil where Pods get no addresses.
  private let addresses: AddressService?

  /// Nothing is read yet.
  /// - Throws: an ``ExitStatus`` when the settings or the state are of no use.
  init(_ options: ServeCommand, sink: LogSink) throws {
    let settings = try options.config.map(Settings.init(file:)) ?? Settings()
    source = try StateSource(options.state)
    let directory = PoolDirectory()
    var admission = source.admission(settings)
    admission.followsThirdParties = options.addresses.elasticThirdParty
    var following = ReflectorTiming()
    following.afterList = Allocator.trim
    addresses =
      options.addresses.pods
      ? AddressService(source, options.addresses, admission, directory, following: following) : nil
    feed = DirectoryFeed(
      directory, addresses?.admission.book, from: source.store, timing: following,
      logger: Logger(label: "feed"))
    service = ReviewService(
      reviewer: Reviewer(directory: directory, settings: admission, pods: addresses?.admission),
      committer: addresses?.committer, preparer: addresses?.preparer,
      register: source.register(for: directory), recorder: source.local,
      log: DecisionLog(sink: sink, format: options.log.logFormat, isEnabled: options.log.logLevel <= .info))
  }

  /// How each kind of object is followed.
  var statuses: [DirectoryFeed.Status] { feed.statuses + (addresses?.follower.statuses ?? []) }

  /// Follows the cluster until the task is cancelled.
  /// - Parameter onSynced: called once reviews can be answered.
  func run(onSynced: @escaping @Sendable () -> Void) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await feed.run() }
      group.addTask {
        await feed.synced()
        await addresses?.ready()
        onSynced()
      }
      if let addresses { group.addTask { await addresses.run() } }
    }
  }
}
