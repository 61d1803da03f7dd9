internal import JSON
internal import KubernetesAPI

/// Decides writes, makes them durable, and tells what changed. Used by one thread at a time.
///
/// Writes that come together share one transaction, and none of them is done unless all of it is on disk.
struct WriteEngine: ~Copyable {
  /// What a group of writes came to.
  struct Group {
    var results: [Result<WriteOutcome, ClusterError>]
    /// To be published in this order.
    var changes: [Change]
  }

  private var parser = JSONParser()
  /// `nil` for a store in memory.
  private var journal: Journal?
  private let now: @Sendable () -> Int64
  private var random = SystemRandomNumberGenerator()
  /// Why writes are refused from now on: what is on disk is no longer known for sure.
  private var breakdown: String?

  init(journal: consuming Journal?, now: @escaping @Sendable () -> Int64) {
    self.journal = journal
    self.now = now
  }

  /// Closes the database; every later write fails.
  mutating func close() {
    journal = nil
    breakdown = breakdown ?? "the store is closed"
  }

  /// Decides writes in order, each seeing those before it, and commits what they come to, `entries` included.
  mutating func run(
    _ writes: [ObjectWrite], and entries: [JournalEntry] = [], version: UInt64,
    lookUp: (ResourceType, ObjectKey) -> StoredObject?
  ) -> Group {
    if let breakdown { return refuse(writes, breakdown) }
    var draft = GroupDraft(version: version, entries: entries)
    var results: [Result<WriteOutcome, ClusterError>] = []
    results.reserveCapacity(writes.count)
    for write in writes {
      do throws(ClusterError) {
        results.append(.success(try decide(write, &draft, lookUp)))
      } catch {
        results.append(.failure(error))
      }
    }
    do throws(SQLiteError) {
      if journal != nil, !draft.entries.isEmpty { try journal?.commit(draft.entries, version: draft.version) }
      return Group(results: results, changes: draft.changes)
    } catch {
      // Results that rest on writes which did not happen are void as well.
      let reason = "the store cannot be written: \(error)"
      if !error.isPassing { breakdown = "\(reason); it takes no more writes until it is opened again" }
      return refuse(writes, reason)
    }
  }

  /// Reads from the journal, for opening the store.
  mutating func withJournal<R>(
    _ body: (inout Journal) throws(SQLiteError) -> R
  ) throws(SQLiteError) -> R? {
    guard var open = journal.take() else { return nil }
    let result: Result<R, SQLiteError>
    do throws(SQLiteError) { result = .success(try body(&open)) } catch { result = .failure(error) }
    journal = consume open
    return try result.get()
  }

  private func refuse(_ writes: [ObjectWrite], _ reason: String) -> Group {
    Group(results: writes.map { _ in .failure(.unavailable(reason)) }, changes: [])
  }

  private mutating func decide(
    _ write: ObjectWrite, _ draft: inout GroupDraft, _ lookUp: (ResourceType, ObjectKey) -> StoredObject?
  ) throws(ClusterError) -> WriteOutcome {
    let rules = ObjectRules(type: write.type, origin: origin())
    let incoming = try value(write)
    let key: ObjectKey
    if let name = write.name {
      key = ObjectKey(namespace: write.type.isNamespaced ? write.namespace : nil, name: name)
    } else {
      key = try rules.key(of: incoming, namespace: write.namespace)
    }
    let existing = draft.object(write.type, key) ?? lookUp(write.type, key)
    let present = existing.flatMap { draft.isDeleted(write.type, key) ? nil : $0 }
    let verdict = try verdict(write, rules, key, incoming, present)
    var outcome = WriteOutcome.absent
    var stored = present
    switch verdict {
    case .unchanged: if let present { outcome = .stored(present.object) }
    case .changed(let object):
      let made = draft.add(object, type: write.type, former: present)
      outcome = object.kind == .deleted ? .deleted(made.object) : .stored(made.object)
      stored = made
    }
    draft.note(write, key: key, mainVersion: stored?.mainVersion ?? 0)
    return outcome
  }

  private mutating func verdict(
    _ write: ObjectWrite, _ rules: ObjectRules, _ key: ObjectKey, _ incoming: JSONValue,
    _ present: StoredObject?
  ) throws(ClusterError) -> ObjectRules.Verdict {
    guard let present else { return try verdictWithout(write, rules, key, incoming) }
    let existing = try parse(present.object.json)
    switch write.operation {
    case .create: throw .alreadyExists("\(rules.described(key)) already exists")
    case .update: return try rules.update(existing, of: key, with: incoming)
    case .updateStatus: return try rules.updateStatus(existing, of: key, with: incoming)
    case .patch: return try rules.patch(existing, of: key, with: incoming)
    case .delete(let preconditions):
      return try rules.delete(existing, of: key, preconditions: preconditions)
    case .record(.create):
      guard try rules.isReplay(existing, incoming) else {
        throw .alreadyExists("\(rules.described(key)) already exists")
      }
      return .unchanged
    case .record(.update): return try rules.recordUpdate(existing, of: key, with: incoming)
    case .record(.delete): return try rules.delete(existing, of: key, preconditions: Preconditions())
    case .apply: return try rules.apply(existing, of: key, manifest: incoming)
    case .move: return .unchanged
    case .retract(let mainVersion):
      guard present.mainVersion == mainVersion else { return .unchanged }
      return try rules.delete(existing, of: key, preconditions: Preconditions())
    }
  }

  private func verdictWithout(
    _ write: ObjectWrite, _ rules: ObjectRules, _ key: ObjectKey, _ incoming: JSONValue
  ) throws(ClusterError) -> ObjectRules.Verdict {
    switch write.operation {
    case .create: .changed(try rules.create(incoming, key: key, from: .client))
    case .update, .updateStatus, .patch, .delete: throw .notFound("\(rules.described(key)) not found")
    case .record(.create), .record(.update): .changed(try rules.create(incoming, key: key, from: .review))
    case .record(.delete), .move, .retract: .unchanged
    case .apply: .changed(try rules.create(incoming, key: key, from: .manifest))
    }
  }

  private mutating func value(_ write: ObjectWrite) throws(ClusterError) -> JSONValue {
    switch write.operation {
    case .delete, .record(.delete), .move, .retract: .null
    default: try parse(write.json)
    }
  }

  private mutating func parse(_ json: [UInt8]) throws(ClusterError) -> JSONValue {
    do throws(JSONError) { return try parser.parse(json) { JSONValue($0) } } catch {
      throw .invalid("the object is not JSON: \(error)")
    }
  }

  private mutating func origin() -> ObjectRules.Origin {
    ObjectRules.Origin(
      timestamp: ObjectTime.text(seconds: now()), uid: Identifier.uid(using: &random),
      suffix: Identifier.suffix(using: &random))
  }
}
