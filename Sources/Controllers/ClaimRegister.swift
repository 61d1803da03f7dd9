public import Admission
public import Cluster
internal import JSON
internal import KubernetesAPI

/// What replicas agree on before they admit a new address range: the claims under way, in an annotation of one Lease.
///
/// Each write is conditional on the Lease's resource version, so whoever writes second has read what the first one wrote. Of two
/// claims that clash the later is told so, whichever replicas they came through. Claims that come while a write is under way
/// share the next one.
public actor ClaimRegister {
  /// What became of a claim.
  public enum Outcome: Sendable, Equatable {
    /// Every replica that admits anything later will see it.
    case registered
    /// Another claim was first.
    case conflict(ClaimConflict)
    /// The Lease could not be read or written; whether another claim was first is not known.
    case unavailable(String)
  }

  /// The annotation that carries the claims.
  static let annotation = "ipam.spidernet.io/claims"
  /// All annotations of an object together may have 256 KiB; this leaves room for others.
  static let maximumBytes = 200 << 10
  /// How often a write that met another one is tried again.
  static let maximumAttempts = 12

  private typealias Waiting = (claim: AddressClaim, reply: CheckedContinuation<Outcome, Never>)

  private let store: any ClusterStore
  private let namespace: String
  private let name: String
  private let directory: PoolDirectory
  private let now: @Sendable () -> UInt64
  private var waiting: [Waiting] = []
  private var isWriting = false
  /// The Lease as it was last read or written; what is remembered wrongly shows as a conflict.
  private var last: ClusterObject?

  /// - Parameters:
  ///   - directory: whose claims these are; what other replicas claim is laid over it.
  ///   - now: milliseconds since 1970. Replicas' clocks may differ by some seconds: claims live longer than a write takes.
  public init(
    store: any ClusterStore, namespace: String, name: String = "spiderpool-webhook-claims",
    directory: PoolDirectory, now: @escaping @Sendable () -> UInt64
  ) {
    self.store = store
    self.namespace = namespace
    self.name = name
    self.directory = directory
    self.now = now
  }

  /// Makes a claim known to every replica, or says who was first. A claim that was not registered is withdrawn from the directory.
  public func register(_ claim: AddressClaim) async -> Outcome {
    await withCheckedContinuation { reply in
      waiting.append((claim, reply))
      if isWriting { return }
      isWriting = true
      Task { await writeAll() }
    }
  }

  private func writeAll() async {
    while !waiting.isEmpty {
      let batch = waiting
      waiting = []
      await write(batch)
    }
    isWriting = false
  }

  /// Writes a batch, again and again as long as others write in between.
  private func write(_ batch: [Waiting]) async {
    var undecided = batch
    for _ in 0..<Self.maximumAttempts {
      do throws(ClusterError) {
        let lease = try await read()
        var shared = lease.map(claims) ?? []
        undecided = judge(undecided, against: &shared)
        if undecided.isEmpty { return }
        let annotation = text(of: shared)
        guard annotation.count <= Self.maximumBytes else {
          return fail(undecided, "too many pools are being created at this moment; try again in a minute")
        }
        last = try await write(annotation, over: lease)
        return reply(undecided, .registered)
      } catch {
        last = nil
        switch error {
        case .conflict, .alreadyExists: continue
        default: return fail(undecided, "\(error)")
        }
      }
    }
    fail(undecided, "other replicas write claims all the time; try again")
  }

  /// Answers the claims that clash with one before them, adds the others, and returns these.
  private func judge(_ batch: [Waiting], against shared: inout [AddressClaim]) -> [Waiting] {
    let now = now()
    shared.removeAll { !$0.isLive(at: now) }
    directory.register(claims: shared, now: now)
    var accepted: [Waiting] = []
    for entry in batch {
      if let conflict = directory.conflict(of: entry.claim, with: shared, now: now) {
        directory.withdraw(entry.claim)
        entry.reply.resume(returning: .conflict(conflict))
      } else {
        shared.removeAll { $0.id == entry.claim.id }
        shared.append(entry.claim)
        accepted.append(entry)
      }
    }
    return accepted
  }

  private func fail(_ batch: [Waiting], _ reason: String) {
    for entry in batch { directory.withdraw(entry.claim) }
    reply(batch, .unavailable(reason))
  }

  private func reply(_ batch: [Waiting], _ outcome: Outcome) {
    for entry in batch { entry.reply.resume(returning: outcome) }
  }

  // MARK: the Lease

  /// The Lease as last seen, or as it is now; nil if there is none yet.
  private func read() async throws(ClusterError) -> ClusterObject? {
    if let last { return last }
    return try await store.find(.lease, namespace: namespace, name: name)
  }

  private func write(
    _ annotation: [UInt8], over lease: ClusterObject?
  ) async throws(ClusterError) -> ClusterObject {
    var writer = JSONWriter()
    writer.object { object in
      object.key("apiVersion")
      object.value("coordination.k8s.io/v1")
      object.key("kind")
      object.value("Lease")
      object.key("metadata")
      object.object { metadata in
        metadata.key("name")
        metadata.value(name)
        metadata.key("namespace")
        metadata.value(namespace)
        if let lease {
          metadata.key("resourceVersion")
          metadata.value(lease.resourceVersion.rawValue)
        }
        metadata.key("annotations")
        metadata.object { annotations in
          annotations.key(Self.annotation)
          annotations.value(String(decoding: annotation, as: UTF8.self))
        }
      }
      object.key("spec")
      object.object { _ in }
    }
    if lease == nil {
      return try await store.create(.lease, namespace: namespace, json: writer.bytes)
    }
    return try await store.update(.lease, namespace: namespace, name: name, json: writer.bytes)
  }

  private func text(of claims: [AddressClaim]) -> [UInt8] {
    var writer = JSONWriter()
    writer.array { array in
      for claim in claims { claim.write(to: &array) }
    }
    return writer.bytes
  }

  /// The claims in a Lease; what cannot be read as one is passed over.
  private func claims(in lease: ClusterObject) -> [AddressClaim] {
    var parser = JSONParser()
    let text = try? parser.parse(lease.json) { view in
      view["metadata"]?["annotations"]?.member(Self.annotation)?.string
    }
    guard let text = text ?? nil else { return [] }
    let claims = try? parser.parse(Array(text.utf8)) { view in
      view.elements.compactMap(AddressClaim.init)
    }
    return claims ?? []
  }
}
