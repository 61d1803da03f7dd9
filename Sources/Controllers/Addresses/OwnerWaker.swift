public import Admission
public import Cluster
internal import CoreMetrics
internal import JSON
internal import KubernetesAPI
public import Logging

/// Wakes the controllers whose Pods were refused for want of an address, as soon as there is one again.
///
/// A controller that was refused waits longer each time, minutes in the end; a change of its object makes it try at once. So
/// an annotation of the owner is written, whatever it is, if our account may write it. Runs on every replica, for those it
/// refused itself.
public struct OwnerWaker: Sendable {
  /// The annotation that is written; its value is the time, in milliseconds since 1970.
  public static let annotation: StaticString = "ipam.spidernet.io/addresses-available"
  /// How often pools are looked at while somebody waits.
  private static let period = Duration.milliseconds(250)
  private let store: any ClusterStore
  private let types: TypeFinder
  private let book: AddressBook
  private let clock: CommitTiming
  private let logger: Logger
  private let wakes = Counter(label: "spiderpool_webhook_owners_woken_total")

  /// A waker for those whom `book` refused.
  public init(
    store: any ClusterStore, types: TypeFinder, book: AddressBook, clock: CommitTiming, logger: Logger
  ) {
    self.store = store
    self.types = types
    self.book = book
    self.clock = clock
    self.logger = logger
  }

  /// Wakes until the task is cancelled.
  public func run() async {
    while !Task.isCancelled {
      for owner in book.takeRefused(now: clock.wallClock()) where !Task.isCancelled { await wake(owner) }
      await clock.sleep(Self.period)
    }
  }

  private func wake(_ owner: RefusedOwner) async {
    var writer = JSONWriter()
    writer.object { patch in
      patch.key("metadata")
      patch.object { metadata in
        metadata.key("annotations")
        metadata.object { annotations in
          annotations.key(Self.annotation)
          annotations.value(String(clock.wallClock()))
        }
      }
    }
    do throws(ClusterError) {
      guard let type = try await types.type(apiVersion: owner.apiVersion, kind: owner.kind) else { return }
      _ = try await store.patch(
        type, namespace: type.isNamespaced ? owner.namespace : nil, name: owner.name, mergePatch: writer.bytes
      )
      wakes.increment()
    } catch {
      logger.debug(
        "an owner was not woken",
        metadata: ["owner": "\(owner.kind) \(owner.namespace)/\(owner.name)", "reason": "\(error)"])
    }
  }
}
