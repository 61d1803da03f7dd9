public import Addressing
public import JSON

/// One entry of a pool's `status.allocatedIPs`: an address and the Pod it is for.
public struct AllocationRecord: Hashable, Sendable {
  /// The address.
  public let address: IPAddress
  /// The Pod.
  public let pod: PodKey
  /// Its UID.
  public let uid: PodUID

  /// A record from its parts.
  public init(address: IPAddress, pod: PodKey, uid: PodUID) {
    self.address = address
    self.pod = pod
    self.uid = uid
  }
}

/// The JSON text of `status.allocatedIPs`, byte for byte as Spiderpool writes it: keys are address texts in the order of
/// their bytes, each value holds `pod` and `podUid`.
public enum AllocationText {
  /// Why a text is of no use.
  public struct Unreadable: Error, Hashable, Sendable, CustomStringConvertible {
    /// A sentence without a final stop.
    public let description: String
  }

  /// Reads a status' field; one that is absent or empty holds no records.
  public static func read(_ text: String?) throws(Unreadable) -> [AllocationRecord] {
    guard var text, !text.isEmpty else { return [] }
    let outcome = text.withUTF8 { bytes -> Result<[AllocationRecord], Unreadable> in
      var parser = JSONParser()
      do throws(Unreadable) { return .success(try read(bytes, parser: &parser)) } catch {
        return .failure(error)
      }
    }
    return try outcome.get()
  }

  /// Reads a text. Unknown members are passed over; what cannot be read fails as a whole, since addresses would be lost.
  public static func read(
    _ text: UnsafeBufferPointer<UInt8>, parser: inout JSONParser
  ) throws(Unreadable) -> [AllocationRecord] {
    var records: [AllocationRecord] = []
    var fault: String?
    do throws(JSONError) {
      try parser.parse(UnsafeRawBufferPointer(text)) { view in
        guard view.kind == .object else {
          fault = "it is no JSON object"
          return
        }
        records.reserveCapacity(view.count)
        for (key, value) in view.members {
          guard let address = key.utf8.flatMap({ try? IPAddress($0) }) else {
            fault = "the key \(key.string ?? "") is no address"
            return
          }
          guard let pod = value["pod"]?.string.flatMap(PodKey.init), let uid = value["podUid"]?.utf8 else {
            fault = "the record of \(address) names no Pod"
            return
          }
          records.append(AllocationRecord(address: address, pod: pod, uid: PodUID(utf8: uid)))
        }
      }
    } catch {
      throw Unreadable(description: "\(error)")
    }
    if let fault { throw Unreadable(description: fault) }
    return records
  }

  /// Writes a text; nil when there are no records, because the field is absent then.
  public static func write(_ records: [AllocationRecord]) -> [UInt8]? {
    if records.isEmpty { return nil }
    let entries = records.map { (key: $0.address.description, record: $0) }.sorted { $0.key < $1.key }
    var writer = JSONWriter(reserving: entries.count * 128)
    writer.object { object in
      for (key, record) in entries {
        object.key(key)
        object.object { value in
          value.key("pod")
          value.value(record.pod.description)
          value.key("podUid")
          value.value(record.uid.description)
        }
      }
    }
    return writer.finish()
  }
}
