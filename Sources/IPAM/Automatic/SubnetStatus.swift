public import Addressing
internal import JSON

/// What `status.controlledIPPools` of a subnet says: which addresses each of its pools has.
public struct SubnetStatus: Sendable, Equatable {
  /// One pool's part.
  public struct Entry: Sendable, Equatable {
    /// Its addresses; nil when they cannot be read, or there are none.
    public var addresses: AddressSet?
    /// The application of an automatic pool, as ``Application/statusText``; nil for any other.
    public var application: String?

    /// An entry from its parts.
    public init(addresses: AddressSet?, application: String? = nil) {
      self.addresses = addresses
      self.application = application
    }
  }

  /// The pools by name.
  public var entries: [String: Entry]

  /// A status from its parts.
  public init(entries: [String: Entry] = [:]) { self.entries = entries }

  /// Reads the field's text; nil when it is no JSON object. Of an entry is taken what can be read.
  public init?(_ text: String?) {
    entries = [:]
    guard let text, !text.isEmpty else { return }
    var parser = JSONParser()
    do throws(JSONError) {
      let isObject = try parser.parse(Array(text.utf8)) { view in
        guard view.kind == .object else { return false }
        for (key, value) in view.members {
          guard let name = key.string, let ips = value["ips"] else { continue }
          entries[name] = Entry(addresses: Self.addresses(ips), application: value["application"]?.string)
        }
        return true
      }
      if !isObject { return nil }
    } catch { return nil }
  }

  private static func addresses(_ view: JSONView) -> AddressSet? {
    let ranges = view.elements.compactMap { $0.string.flatMap { try? AddressRange($0) } }
    guard let family = ranges.first?.family else { return nil }
    return AddressSet(family, ranges.filter { $0.family == family })
  }

  /// The name under which stands what a pool is about to lose: it is nobody else's until the pool was written. No pool can
  /// have such a name.
  public static func leavingName(_ pool: String) -> String { "\(pool)~" }

  /// The pool that is about to lose what stands under this name; nil for a pool's own name.
  public static func leavingPool(_ name: String) -> String? {
    name.hasSuffix("~") ? String(name.dropLast()) : nil
  }

  /// How many addresses the pools have together.
  public var allocatedCount: Int64 {
    entries.values.reduce(0) { sum, entry in
      let count = entry.addresses?.saturatingInt64Count ?? 0
      return sum.addingReportingOverflow(count).overflow ? .max : sum + count
    }
  }

  /// The addresses of all pools of a family.
  public func addresses(_ family: IPFamily) -> AddressSet {
    AddressSet(
      family,
      entries.values.lazy.compactMap(\.addresses).filter { $0.family == family }.flatMap { Array($0.ranges) })
  }

  /// The field's text, keys sorted; nil when there is no pool, because the field is absent then.
  public var text: String? {
    if entries.isEmpty { return nil }
    var writer = JSONWriter(reserving: entries.count * 96)
    writer.object { object in
      for (name, entry) in entries.sorted(by: { $0.key < $1.key }) {
        object.key(name)
        object.object { value in
          value.key("ips")
          value.array { array in for text in entry.addresses?.texts ?? [] { array.value(text) } }
          if let application = entry.application {
            value.key("application")
            value.value(application)
          }
        }
      }
    }
    return String(decoding: writer.finish(), as: UTF8.self)
  }
}
