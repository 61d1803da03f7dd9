internal import Admission
internal import Cluster
internal import Controllers
internal import Glibc
internal import IPAM
internal import Logging
internal import Synchronization
internal import TLS

/// Everything that gives Pods their addresses: the book, those who keep it up to date, and those who write.
struct AddressService: Sendable {
  /// The Lease that one replica holds, and with it the right to give addresses back.
  private static let leaseName = "spiderpool-webhook-controllers"

  let admission: PodAdmission
  let committer: PoolCommitter
  let follower: PodFollower
  private let signer = ReplicaSigner()
  private let store: any ClusterStore
  private let namespace: String
  private let events: EventRecorder
  private let keeper: AddressKeeper
  private let endpoints: EndpointWriter
  private let elector: LeaseElector
  private let waker: OwnerWaker
  /// Who makes automatic pools; nil where there are none.
  private let automatic: AutomaticPools?
  private let logger: Logger

  /// Nothing runs yet.
  /// - Parameter following: how the cluster's objects are followed.
  init(
    _ state: StateSource, _ options: AddressOptions, _ settings: AdmissionSettings,
    _ directory: PoolDirectory, following: ReflectorTiming
  ) {
    let store = state.store
    let identity = Self.newIdentity()
    self.store = store
    namespace = state.namespace
    logger = Logger(label: "addresses")
    let clock = CommitTiming()
    var limits = Ledger.Limits()
    limits.unconfirmedPerOwner = options.unconfirmedPerOwner
    limits.arrival = options.unconfirmedGrace.milliseconds
    let book = AddressBook(limits: limits)
    var admission = PodAdmission(book: book, signer: signer) { UInt128.random(in: .min ... .max) }
    admission.choice = settings.choice
    admission.scattersSearches = state.local == nil
    self.admission = admission
    committer = PoolCommitter(store: store, book: book, timing: clock, logger: logger)
    follower = PodFollower(
      book, from: store, timing: following, now: clock.wallClock, logger: Logger(label: "feed"))
    var timing = AddressKeeper.Timing()
    timing.grace = options.unconfirmedGrace.milliseconds
    timing.following = following
    events = EventRecorder(store: store, logger: Logger(label: "events"))
    keeper = AddressKeeper(
      store: store, book: book, committer: committer, signer: signer, events: events, clock: clock,
      timing: timing, logger: logger)
    var endpointOptions = EndpointOptions()
    endpointOptions.isEnabled = options.endpoints
    endpointOptions.following = following
    endpointOptions.perSecond = Double(options.endpointsPerSecond)
    endpoints = EndpointWriter(store: store, book: book, options: endpointOptions, logger: logger)
    elector = LeaseElector(
      store: store, namespace: namespace, name: Self.leaseName, identity: identity,
      timing: LeaseTiming(leaseDuration: options.leaderElectLeaseDuration.duration),
      logger: Logger(label: "lease"))
    let types = TypeFinder(store: store, now: clock.monotonic)
    waker = OwnerWaker(store: store, types: types, book: book, clock: clock, logger: logger)
    automatic =
      settings.usesSubnets
      ? AutomaticPools(
        store, types, book, directory, settings, events, clock: clock,
        arrival: options.unconfirmedGrace.duration, following: following) : nil
  }

  /// Who makes what a review needs first; nil where there are no automatic pools.
  var preparer: Preparer? { automatic?.preparer }

  /// Names this process, and no other one ever: the host, and a number that was never drawn before.
  private static func newIdentity() -> String {
    var name = [CChar](repeating: 0, count: 256)
    let isNamed = gethostname(&name, name.count - 1) == 0
    let host =
      isNamed ? String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self) : "host"
    return "\(host)_\(String(UInt64.random(in: .min ... .max), radix: 16))"
  }

  /// Works until the task is cancelled.
  func run() async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await follower.run() }
      group.addTask { await waker.run() }
      group.addTask { await events.run() }
      group.addTask { await deliver() }
      if let automatic { group.addTask { await automatic.follow() } }
      group.addTask {
        await ready()
        await elector.run {
          async let endpoints: Void = endpoints.run()
          async let pools: Void? = automatic?.keep()
          await keeper.run()
          _ = await (endpoints, pools)
        }
      }
    }
  }

  /// Returns when reviews of Pods can be answered, or the task is cancelled.
  func ready() async {
    await follower.synced()
    await loadKey()
  }

  /// News go to the keeper while this replica has the Lease; whoever gets it looks at everything anyway.
  private func deliver() async {
    for await news in follower.news where elector.isLeader {
      await keeper.take(news)
      endpoints.take(news)
    }
  }

  private func loadKey() async {
    var pause = Duration.milliseconds(200)
    while !Task.isCancelled, !signer.hasKey {
      do throws(ClusterError) {
        signer.use(
          try await ReservationKey.load(from: store, namespace: namespace) {
            (0..<32).map { _ in UInt8.random(in: .min ... .max) }
          })
      } catch {
        logger.warning("the replicas' key is not to be had yet", metadata: ["reason": "\(error)"])
        await SystemTime.sleep(pause)
        pause = min(pause * 2, .seconds(10))
      }
    }
  }
}

/// Signs reservations with the replicas' common key.
final class ReplicaSigner: TokenSigner {
  private let key = Mutex<[UInt8]>([])

  /// Whether the key is known. Nothing may be signed before.
  var hasKey: Bool { key.withLock { !$0.isEmpty } }

  func use(_ bytes: [UInt8]) { key.withLock { $0 = bytes } }

  func code(of message: [UInt8]) -> [UInt8] {
    let key = key.withLock { $0 }
    precondition(!key.isEmpty, "reviews are answered once the key is known")
    return hmacSHA256(key: key, message: message)
  }

  func areEqual(_ one: [UInt8], _ other: [UInt8]) -> Bool { equalInConstantTime(one, other) }
}
