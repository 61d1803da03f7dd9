import Addressing
import JSON
import Testing

@testable import IPAM

@Suite struct AllocationTextTests {
  private func read(_ text: String) throws -> [AllocationRecord] {
    var parser = JSONParser()
    return try Array(text.utf8).withUnsafeBufferPointer { try AllocationText.read($0, parser: &parser) }
  }

  @Test func `writes keys in the order of their bytes, as Go does`() throws {
    let records = try ["10.6.0.9", "10.6.0.10", "fd00::1"].map { text in
      AllocationRecord(
        address: try IPAddress(text), pod: PodKey(namespace: "default", name: "web-0"),
        uid: PodUID("6f9619ff-8b86-4011-b42d-00c04fc964ff"))
    }
    let text = try #require(AllocationText.write(records))
    let value = #"{"pod":"default/web-0","podUid":"6f9619ff-8b86-4011-b42d-00c04fc964ff"}"#
    #expect(
      String(decoding: text, as: UTF8.self)
        == #"{"10.6.0.10":\#(value),"10.6.0.9":\#(value),"fd00::1":\#(value)}"#)
    #expect(Set(try read(String(decoding: text, as: UTF8.self))) == Set(records))
  }

  @Test func `has no text for no records`() {
    #expect(AllocationText.write([]) == nil)
  }

  @Test func `passes over members it does not know`() throws {
    let records = try read(#"{"10.6.0.1":{"interface":"eth0","pod":"a/b","podUid":"old"}}"#)
    #expect(records.map(\.uid) == [.text("old")])
  }

  @Test(arguments: [
    "[]", "{", #"{"x":{"pod":"a/b","podUid":"u"}}"#, #"{"10.6.0.1":{"pod":"b","podUid":"u"}}"#,
  ])
  func `refuses a text that it cannot read as a whole`(text: String) {
    #expect(throws: AllocationText.Unreadable.self) { _ = try read(text) }
  }
}

@Suite struct PodIdentityTests {
  @Test(arguments: [
    "6f9619ff-8b86-4011-b42d-00c04fc964ff", "00000000-0000-0000-0000-000000000000",
    "6F9619FF-8b86-4011-b42d-00c04fc964ff",
    "", "pod-uid",
  ])
  func `keeps the text of a UID`(text: String) {
    #expect(PodUID(text).description == text)
  }
}
