import Addressing
import IPAM
import JSON
import Testing

@testable import Controllers

@Suite struct `A check's report` {
  static let leak = AddressFinding(
    .leak, pool: "a", address: IPAddress(v4: 0x0A06_0002), pod: PodKey(namespace: "default", name: "web-0"),
    uid: PodUID("0d9e3c62-8f5c-4e37-9d5c-6e1c5e0c1a11"), resourceVersion: "17",
    detail: "Pod default/web-0 does not exist")

  @Test func `has a form that programs rely on`() {
    let report = CheckReport(time: 1_767_323_045, pools: 1, records: 2, pods: 3, findings: [Self.leak])
    #expect(
      report.json.description == """
        {"report":"addresses","version":1,"time":"2026-01-02T03:04:05Z","unixTime":1767323045,"pools":1,"records":2,\
        "pods":3,"findings":[{"kind":"leak","pool":"a","address":"10.6.0.2","pod":"default/web-0",\
        "uid":"0d9e3c62-8f5c-4e37-9d5c-6e1c5e0c1a11","resourceVersion":"17",\
        "detail":"Pod default/web-0 does not exist"}]}
        """)
  }

  @Test func `names the subnet of a finding, if one is concerned`() {
    let finding = AddressFinding(
      .wrongEntry, pool: "a", subnet: "s", resourceVersion: "18", detail: "it is wrong")
    let report = CheckReport(time: 5, pools: 1, records: 2, pods: 3, findings: [finding])
    #expect(
      report.json["findings"]?.description == """
        [{"kind":"wrong-entry","pool":"a","subnet":"s","resourceVersion":"18","detail":"it is wrong"}]
        """)
  }

  @Test(arguments: AddressFinding.Kind.allCases)
  func `reads back what it wrote`(kind: AddressFinding.Kind) throws {
    let bare = AddressFinding(kind, pool: "b", resourceVersion: "", detail: "d")
    let subnet = AddressFinding(kind, pool: "b", subnet: "s", resourceVersion: "", detail: "d")
    let report = CheckReport(time: 5, pools: 1, records: 2, pods: 3, findings: [Self.leak, bare, subnet])
    #expect(try CheckReport(json: report.json.bytes) == report)
  }

  @Test func `passes over what a later program may add`() throws {
    let text = """
      {"report":"addresses","version":1,"unixTime":1,"more":[],"findings":[{"kind":"new","x":1},
       {"kind":"outside","pool":"a","resourceVersion":"1","detail":"","more":2}]}
      """
    #expect(try CheckReport(json: Array(text.utf8)).findings.map(\.short) == ["outside a - -"])
  }

  @Test(arguments: [
    ("{", "it is not JSON: the document ends in the middle of a value"),
    ("[]", "it is no report of ipam check"),
    ("{\"report\":\"other\"}", "it is no report of ipam check"),
    ("{\"report\":\"addresses\",\"version\":2}", "its version is not 1"),
    ("{\"report\":\"addresses\",\"version\":1,\"findings\":[]}", "unixTime or findings is missing"),
    ("{\"report\":\"addresses\",\"version\":1,\"unixTime\":1,\"findings\":[{}]}", "findings[0] has no kind"),
    (
      """
      {"report":"addresses","version":1,"unixTime":1,"findings":[{"kind":"leak","pool":"a","address":"10.6.0"}]}
      """, "findings[0] names no pool, or an address, a Pod or a UID that is none"
    ),
  ])
  func `says why something else is none`(text: String, why: String) {
    #expect(throws: CheckReport.Unreadable(description: why)) { try CheckReport(json: Array(text.utf8)) }
  }
}
