internal import Admission
internal import Cluster
internal import Controllers
internal import Logging

/// Everything that makes automatic pools, and keeps subnets and their pools together.
struct AutomaticPools: Sendable {
  let preparer: Preparer
  private let workloads: WorkloadFollower
  private let applications: ApplicationKeeper
  private let owners: OwnerKeeper
  private let subnets: SubnetKeeper

  /// Nothing runs yet.
  init(
    _ store: any ClusterStore, _ types: TypeFinder, _ book: AddressBook, _ directory: PoolDirectory,
    _ settings: AdmissionSettings, _ events: EventRecorder, clock: CommitTiming, arrival: Duration,
    following: ReflectorTiming
  ) {
    let logger = Logger(label: "pools")
    let carver = PoolCarver(
      store: store, book: book, directory: directory, clock: clock, arrival: arrival, logger: logger)
    let pools = ApplicationPools(
      store: store, book: book, carver: carver, types: types, events: events, logger: logger)
    preparer = Preparer(pools: pools, carver: carver, directory: directory)
    let applications = ApplicationKeeper(
      pools: pools, directory: directory, settings: settings, events: events, clock: clock, logger: logger)
    self.applications = applications
    workloads = WorkloadFollower(
      book, from: store, timing: following, changed: { applications.note($0) }, logger: Logger(label: "feed"))
    owners = OwnerKeeper(
      pools: pools, directory: directory, settings: settings, events: events, clock: clock,
      following: following, logger: logger)
    subnets = SubnetKeeper(
      store: store, book: book, directory: directory, carver: carver, clock: clock, logger: logger)
  }

  /// Follows the workloads until the task is cancelled; on every replica.
  func follow() async { await workloads.run() }

  /// Makes, scales and deletes pools until the task is cancelled; on the replica that has the Lease.
  func keep() async {
    async let subnets: Void = subnets.run()
    async let owners: Void = owners.run()
    await workloads.synced()
    await applications.run()
    _ = await (subnets, owners)
  }
}
