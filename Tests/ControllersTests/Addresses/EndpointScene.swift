import Addressing
import Admission
import Cluster
import IPAM
import JSON
import KubernetesAPI
import Logging

@testable import Controllers

/// A writer of endpoints, the Pods it hears of as a replica does, and a clock.
final class EndpointScene {
  let base: LocalCluster
  let plan = FaultPlan()
  let book = AddressBook()
  let executor = StepExecutor()
  let clock = ManualClock()
  let writer: EndpointWriter
  private let follower: PodFollower
  private var tasks: [Task<Void, Never>] = []
  private var writing: Task<Void, Never>?

  init(_ change: (inout EndpointOptions) -> Void = { _ in }) throws {
    let base = try LocalCluster.inMemory()
    let clock = clock
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    var options = EndpointOptions()
    options.now = { clock.now }
    options.sleep = { await clock.sleep($0) }
    change(&options)
    self.base = base
    writer = EndpointWriter(
      store: FaultInjectingStore(base, plan: plan), book: book, options: options, logger: logger)
    follower = PodFollower(book, from: base, now: { 0 }, logger: logger)
    let (follower, writer) = (follower, writer)
    tasks.append(Task(executorPreference: executor) { await follower.run() })
    tasks.append(
      Task(executorPreference: executor) { for await news in follower.news { writer.take(news) } })
    executor.runAll()
  }

  deinit {
    stop()
    for task in tasks { task.cancel() }
    executor.runAll()
  }

  /// Begins to write, and does what can be done at once.
  func start() {
    let writer = writer
    writing = Task(executorPreference: executor) { await writer.run() }
    executor.runAll()
  }

  func stop() {
    writing?.cancel()
    executor.runAll()
  }

  func advance(seconds: Double) {
    clock.advance(by: .nanoseconds(Int64(seconds * 1_000_000_000))) { executor.runAll() }
  }

  /// Makes a Pod with an address, on `n1` unless told otherwise, and gives its UID.
  @discardableResult
  func pod(
    _ name: String, node: String? = "n1", owner: (kind: String, name: String)? = nil,
    allocation: String? = allocation
  ) async throws -> String {
    var metadata: JSONValue = ["name": .string(name), "namespace": "default"]
    if let allocation {
      metadata["annotations"] = [
        "ipam.spidernet.io/allocation": .string(allocation), "ipam.spidernet.io/reservation": "token",
      ]
    }
    metadata["ownerReferences"] = owner.map { owner in
      [
        [
          "apiVersion": "apps/v1", "kind": .string(owner.kind), "name": .string(owner.name), "uid": "o",
          "controller": true,
        ]
      ]
    }
    var spec: JSONValue = [:]
    spec["nodeName"] = node.map { .string($0) }
    let json: JSONValue = ["apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec]
    let uid = try await base.create(.pod, namespace: "default", json: json.bytes).uid
    executor.runAll()
    return uid
  }

  static let allocation = """
    [{"interface":"eth0","ipv4":"10.6.0.2/16","ipv4Pool":"a"}]
    """

  func delete(_ name: String) async throws {
    try await base.delete(.pod, namespace: "default", name: name)
    executor.runAll()
  }

  /// Records an address for a Pod in the book.
  func record(_ pod: String, uid: String) throws {
    let record = AllocationRecord(
      address: IPAddress(v4: 0x0A06_0002), pod: PodKey(namespace: "default", name: pod), uid: PodUID(uid))
    let text = String(decoding: AllocationText.write([record]) ?? [], as: UTF8.self)
    let json: JSONValue = [
      "metadata": ["name": "a", "uid": "p"], "spec": ["subnet": "10.6.0.0/16", "ips": ["10.6.0.2"]],
      "status": ["allocatedIPs": .string(text)],
    ]
    var parser = JSONParser()
    book.upsert(try parser.parse(json.bytes) { SpiderIPPool($0) }, now: 0)
  }

  /// The endpoint of this name; nil when there is none.
  func endpoint(_ name: String) async throws -> JSONValue? {
    do throws(ClusterError) {
      let object = try await base.get(.spiderEndpoint, namespace: "default", name: name)
      return try? JSONValue(parsing: object.json)
    } catch {
      guard case .notFound = error else { throw error }
      return nil
    }
  }

  /// The UIDs of the Pods that endpoints tell of, by name.
  func endpoints() async throws -> [String: String] {
    var all: [String: String] = [:]
    _ = try await base.list(.spiderEndpoint, namespace: nil) { object throws(ClusterError) in
      guard let value = try? JSONValue(parsing: object.json) else { return }
      all[object.name] = value["status"]?["current"]?["uid"]?.string ?? ""
    }
    return all
  }

  /// Makes an endpoint as another program would.
  func foreign(_ name: String, of uid: String, finalizers: [JSONValue]) async throws {
    let json: JSONValue = [
      "apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderEndpoint",
      "metadata": ["name": .string(name), "namespace": "default", "finalizers": .array(finalizers)],
      "status": [
        "current": ["uid": .string(uid), "node": "n0", "ips": [["interface": "net1"]]],
        "ownerControllerType": "Pod", "ownerControllerName": .string(name),
      ],
    ]
    _ = try await base.create(.spiderEndpoint, namespace: "default", json: json.bytes)
  }
}

extension EndpointStatus {
  init(
    created: Int = 0, replaced: Int = 0, removed: Int = 0, dropped: Int = 0, failures: Int = 0,
    lastFailure: ClusterError? = nil
  ) {
    self.init()
    self.created = created
    self.replaced = replaced
    self.removed = removed
    self.dropped = dropped
    self.failures = failures
    self.lastFailure = lastFailure
  }
}
