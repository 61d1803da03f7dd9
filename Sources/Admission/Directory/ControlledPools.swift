import Addressing
import JSON

/// What `status.controlledIPPools` of a subnet says: the addresses of each of its pools.
enum ControlledPools {
  /// Reads the JSON text. Entries that cannot be read are left out; `isReadable` is false when the text as a whole is
  /// not an object.
  static func read(_ text: String?) -> (pools: [String: AddressSet], isReadable: Bool) {
    guard let text, !text.isEmpty else { return ([:], true) }
    var parser = JSONParser()
    do {
      return try parser.parse(Array(text.utf8)) { view in
        guard view.kind == .object else { return ([:], false) }
        var pools: [String: AddressSet] = [:]
        for (key, value) in view.members {
          guard let name = key.string, let ips = value["ips"] else { continue }
          pools[name] = AddressText.lenientAddresses(
            ips.elements.compactMap(\.string), without: [], like: nil)
        }
        return (pools, true)
      }
    } catch {
      // The text was written by someone else's hand; the rule that needs it reports that it cannot be read.
      return ([:], false)
    }
  }
}
