internal import CNghttp2

/// Fields on their way to nghttp2, which copies them: collected in one buffer that is used again and again.
struct HTTP2HeaderBlock {
  private struct Entry {
    var start: Int
    var nameCount: Int
    var valueCount: Int
  }

  private var text: [UInt8] = []
  private var entries: [Entry] = []

  mutating func removeAll() {
    text.removeAll(keepingCapacity: text.capacity <= 16 << 10)
    entries.removeAll(keepingCapacity: true)
  }

  mutating func add(_ name: StaticString, decimal value: Int) {
    begin(name)
    text.append(decimal: value)
    end()
  }

  /// Control characters of the value become spaces; spaces at its ends, which HTTP/2 does not allow, are nghttp2's to refuse.
  mutating func add(_ name: StaticString, _ value: String) {
    begin(name)
    append(value)
    end()
  }

  /// The name is put into lower case.
  mutating func add(_ name: String, _ value: String) {
    entries.append(Entry(start: text.count, nameCount: 0, valueCount: 0))
    for byte in name.utf8 { text.append(ASCII.lowercase(byte)) }
    entries[entries.count - 1].nameCount = text.count - entries[entries.count - 1].start
    append(value)
    end()
  }

  /// The name is in lower case already.
  mutating func add(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
    entries.append(Entry(start: text.count, nameCount: name.count, valueCount: value.count))
    text.append(contentsOf: name)
    text.append(contentsOf: value)
  }

  private mutating func begin(_ name: StaticString) {
    entries.append(Entry(start: text.count, nameCount: name.utf8CodeUnitCount, valueCount: 0))
    text.append(text: name)
  }

  private mutating func append(_ value: String) {
    let start = text.count
    text.append(contentsOf: value.utf8)
    for index in start..<text.count where !ASCII.isFieldValue(text[index]) { text[index] = ASCII.space }
  }

  private mutating func end() {
    let last = entries.count - 1
    entries[last].valueCount = text.count - entries[last].start - entries[last].nameCount
  }

  /// Hands the fields in nghttp2's form to the closure; they are valid inside it only.
  mutating func withFields<R>(_ body: (UnsafeBufferPointer<nghttp2_nv>) -> R) -> R {
    let entries = entries
    return text.withUnsafeMutableBufferPointer { text in
      withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: entries.count) { fields in
        guard let base = text.baseAddress else { return body(UnsafeBufferPointer(start: nil, count: 0)) }
        for (index, entry) in entries.enumerated() {
          let name = base + entry.start
          fields.initializeElement(
            at: index,
            to: nghttp2_nv(
              name: name, value: name + entry.nameCount, namelen: entry.nameCount,
              valuelen: entry.valueCount, flags: 0))
        }
        return body(UnsafeBufferPointer(rebasing: fields[..<entries.count]))
      }
    }
  }
}
